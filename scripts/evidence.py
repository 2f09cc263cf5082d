"""What a newcomer meets, measured: a fresh clone with empty caches, `make run` twice, one race. `make evidence`.

It clones what is committed, not what is changed. Prints a table in Markdown; ends with 1 where a promise is broken.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
# Where the package managers keep what they fetched: emptied, so that the first start is a first start.
CACHES = {"UV_CACHE_DIR": "uv", "PIP_CACHE_DIR": "pip", "XDG_CACHE_HOME": "xdg"}


class Broken(Exception):
    """A promise that did not hold."""


def start(clone: Path, env: dict[str, str]) -> tuple[subprocess.Popen[str], str, float]:
    """`make run` as in a terminal of its own. Returns it, its address, and the seconds to its Ready line."""
    began = time.monotonic()
    make = subprocess.Popen(
        ["make", "run"],
        cwd=clone,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    said = []
    for line in make.stdout or ():
        said.append(line)
        if line.startswith("Ready: "):
            return make, line.split()[1], time.monotonic() - began
    raise Broken(f"make run ended before it was ready:\n{''.join(said)}")


def stop(make: subprocess.Popen[str]) -> float:
    """Ctrl-C, which a terminal sends to make and to all in its group. Returns the seconds until nothing was left."""
    family = psutil.Process(make.pid).children(recursive=True)
    began = time.monotonic()
    os.killpg(make.pid, signal.SIGINT)
    make.communicate(timeout=120)
    seconds = time.monotonic() - began
    left = [process for process in family if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    if left:
        raise Broken(f"left behind: {left}")
    return seconds


def titles(address: str) -> str:
    """The catalog's page, to compare what two starts show."""
    with urllib.request.urlopen(f"{address}knowledge-center/") as answer:  # noqa: S310 - our own address
        return answer.read().decode().partition("<main")[2].partition("</main>")[0]


def race_at_full_size(clone: Path, env: dict[str, str]) -> float:
    """Fifty people, five seats, each person a process; and the same without the lock. Returns the seconds."""
    began = time.monotonic()
    command = ["make", "test", "ARGS=tests/members/test_seat_race.py -q"]
    result = subprocess.run(
        command,
        cwd=clone,
        env=env | {"FULL": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode:
        raise Broken(f"the race for the last seats:\n{result.stdout}")
    return time.monotonic() - began


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="cosn-evidence-") as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "PYTHON"))}
        env |= {name: str(Path(folder) / cache) for name, cache in CACHES.items()} | {"PORT": "0"}
        env.pop("DATABASE_URL", None)
        try:
            make, address, first = start(clone, env)
            before = titles(address)
            first_stop = stop(make)
            make, address, second = start(clone, env)
            same = titles(address) == before
            second_stop = stop(make)
            race = race_at_full_size(clone, env)
        except Broken as broken:
            print(broken, file=sys.stderr)
            return 1
    print("| `make run` | seconds to Ready | seconds from Ctrl-C until nothing was left |\n|---|---|---|")
    print(f"| first, empty clone, empty caches | {first:.1f} | {first_stop:.1f} |")
    print(f"| second | {second:.1f} | {second_stop:.1f} |")
    print(f"\nThe catalog was {'the same' if same else 'NOT the same'} after the second start.")
    print(f"Of fifty who raced for five seats five got one, and forty-five a request ({race:.0f} s in all).")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())

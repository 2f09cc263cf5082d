"""What a newcomer meets, measured, and what the tests show small, at its full size. `make evidence`.

A fresh clone with empty caches, `make run` twice, then the races and the random steps: half an hour on two cores. It
clones what is committed, not what is changed. Prints tables in Markdown; ends with 1 where a promise is broken.
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


# What a run of a few seconds in `make test` shows small, at its full size: the tests, and what it is that they show.
AT_FULL_SIZE = {
    "tests/members/test_seat_race.py": "of fifty who raced for five seats five got one, and forty-five a request",
    "tests/forums/test_registration_race.py": (
        "of a thousand who registered at once two hundred got a seat and eight hundred stood in line in the order in "
        "which they were admitted, twenty times; without the lock and the guard the forum was oversold"
    ),
    "tests/forums/test_random_operations.py": (
        "ten thousand random steps from four processes left what the law says, each; without the lock they did not"
    ),
    "tests/forums/test_seats_by_the_law.py": "four hundred stories of random steps, one by one, the same",
    "tests/forums/test_contending_for_a_seat.py": (
        "five hundred times two did something about one seat at once, and it was as if one had come after the other"
    ),
    "tests/forums/test_killed.py": (
        "a process was killed ten times at each of sixteen points: all or nothing, no letter twice but with one "
        "Message-ID, and within a minute after the restart everything that was due was done"
    ),
}


def at_full_size(clone: Path, env: dict[str, str], tests: str) -> float:
    """Run these tests as large as they are meant. Returns the seconds."""
    began = time.monotonic()
    command = ["make", "test", f"ARGS={tests} -q"]
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
        raise Broken(f"{tests}:\n{result.stdout}")
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
            seconds = {tests: at_full_size(clone, env, tests) for tests in AT_FULL_SIZE}
        except Broken as broken:
            print(broken, file=sys.stderr)
            return 1
    print("| `make run` | seconds to Ready | seconds from Ctrl-C until nothing was left |\n|---|---|---|")
    print(f"| first, empty clone, empty caches | {first:.1f} | {first_stop:.1f} |")
    print(f"| second | {second:.1f} | {second_stop:.1f} |")
    print(f"\nThe catalog was {'the same' if same else 'NOT the same'} after the second start.")
    print("\n| shown at full size | seconds |\n|---|---|")
    for tests, shown in AT_FULL_SIZE.items():
        print(f"| {shown} | {seconds[tests]:.0f} |")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())

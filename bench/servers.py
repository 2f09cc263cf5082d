"""The servers of the bench: gunicorn as deployed, and in front of it nginx with the file of deploy/.

Also used by tests/site/test_deploy.py.
"""

import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.place import HOST, ROOT
from scripts.processes import StartError, end, spawn, tail

NGINX_CONF = ROOT / "deploy/nginx.conf"
GUNICORN_CONF = ROOT / "deploy/gunicorn.conf.py"
_START_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Web:
    """A gunicorn that runs: at a port for those who ask it directly, at a socket for nginx."""

    port: int
    socket: Path
    pid: int

    def cpu_seconds(self) -> float:
        """Processor time of its processes so far."""
        times = [process.cpu_times() for process in psutil.Process(self.pid).children()]
        return sum(spent.user + spent.system for spent in times)


@contextmanager
def gunicorn(application: str, *, env: Mapping[str, str], folder: Path, port: int, ready: str) -> Iterator[Web]:
    """Run a WSGI application until the block ends. `ready` is the path that any answer of shows it is up."""
    name = application.partition(":")[0]
    socket = folder / f"{name}.sock"
    command = [sys.executable, "-m", "gunicorn", "--config", GUNICORN_CONF, application]
    bound = dict(env, WEB_BIND=f"{HOST}:{port},unix:{socket}")
    process = spawn(command, log=folder / f"{name}.log", env=bound, cwd=ROOT)
    try:
        _wait(process, lambda: _answers(port, ready), folder / f"{name}.log")
        yield Web(port, socket, process.pid)
    finally:
        end([process], (signal.SIGTERM, lambda: 10.0))


@dataclass(frozen=True, slots=True)
class Site:
    """One site for nginx: its name in the configuration, the application's socket, folders, where to listen."""

    name: str
    socket: Path
    files: Path
    static: Path
    port: int


@dataclass(frozen=True, slots=True)
class Tls:
    """What a site needs to speak HTTPS as deployed: certificate, key, and the port of plain HTTP."""

    certificate: Path
    key: Path
    plain_port: int


def site_conf(site: Site, tls: Tls | None = None) -> str:
    """deploy/nginx.conf with this site's places in it. Without TLS it has the one server that matters, which speaks
    plain HTTP at 127.0.0.1 and says HTTPS to the application.

    Raises ValueError when the file no longer says what is replaced here.
    """
    text = NGINX_CONF.read_text(encoding="utf-8")
    changes = [
        (r"\bcosn_", f"{site.name}_"),  # first, before there are folders' names in it
        (r"shared:cosn:", f"shared:{site.name}:"),
        (r"unix:/run/cosn/web\.sock", f"unix:{site.socket}"),
        (r"/srv/cosn/var/files/", f"{site.files}/"),
        (r"/srv/cosn/var/static/", f"{site.static}/"),
    ]
    if tls:
        changes += [
            (r"/etc/ssl/cosn/fullchain\.pem", str(tls.certificate)),
            (r"/etc/ssl/cosn/privkey\.pem", str(tls.key)),
            (r"listen 443\b", f"listen {HOST}:{site.port}"),
            (r"listen 80\b", f"listen {HOST}:{tls.plain_port}"),
        ]
    else:
        changes += [
            (r"(?ms)^server \{\n    listen 80.*?^\}\n", ""),
            (r"listen 443 ssl http2;", f"listen {HOST}:{site.port};"),
            (r"(?m)^    ssl_.*\n", ""),
            (r"www\.example\.org;", f"{HOST};"),
            (r"\$scheme", "https"),
        ]
    for pattern, replacement in changes:
        text, count = re.subn(pattern, replacement.replace("\\", r"\\"), text)
        if not count:
            raise ValueError(f"deploy/nginx.conf has nothing like {pattern}")
    return text


def main_conf(folder: Path, sites: Sequence[str]) -> Path:
    """Write what deploy/nginx.conf is included into; the platform's own nginx.conf is not used."""
    user = "user root;\n" if os.geteuid() == 0 else ""
    temporary = "".join(
        f"    {name}_temp_path {folder}/nginx-{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    text = (
        f"{user}worker_processes 1;\ndaemon off;\npid {folder}/nginx.pid;\nerror_log stderr warn;\n"
        "events {\n    worker_connections 512;\n}\n"
        "http {\n    access_log off;\n    default_type application/octet-stream;\n"
        "    types {\n        text/css css;\n        text/javascript js;\n        image/svg+xml svg;\n"
        "        font/woff2 woff2;\n        application/pdf pdf;\n    }\n"
        f"{temporary}{''.join(sites)}}}\n"
    )
    path = folder / "nginx.conf"
    path.write_text(text)
    return path


def nginx_program() -> str:
    """The path of nginx, which is often outside a user's PATH."""
    path = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if path is None:
        raise StartError("nginx is missing. `make bench` installs it or says how.")
    return path


def check_conf(conf: Path) -> subprocess.CompletedProcess[str]:
    """What `nginx -t` says about a configuration."""
    command = [nginx_program(), "-t", "-c", str(conf), "-e", "stderr"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@contextmanager
def nginx(conf: Path, *, port: int, folder: Path) -> Iterator[None]:
    """Run nginx on a configuration until the block ends."""
    process = spawn([nginx_program(), "-c", conf, "-e", "stderr"], log=folder / "nginx.log")
    try:
        _wait(process, lambda: _listens(port), folder / "nginx.log")
        yield
    finally:
        end([process], (signal.SIGTERM, lambda: 5.0))


def _wait(process: subprocess.Popen[bytes], ready: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise StartError(f"{log.stem} did not start:\n{tail(log)}")
        time.sleep(0.05)


def _listens(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.connect()
    except OSError:
        return False
    finally:
        connection.close()
    return True


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path)
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True

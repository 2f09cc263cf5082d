"""A whole house to break into: the site in a gunicorn of its own, with a database of its own, nginx in front if wished.

Django's test client tidies up a path before the site sees it. Who wants to get round the gate does not, so these
servers are spoken to through raw sockets, byte for byte.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from psycopg2 import sql

from members.models import User
from tests import people

ROOT = Path(__file__).resolve().parent.parent.parent
DATABASE = "around_the_gate"
STARTS_WITHIN = 60.0
HOST = "localhost"


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer as it came over the wire; status 0 stands for a connection closed without one."""

    status: int
    headers: HTTPMessage
    body: bytes


def database_url(name: str) -> str:
    """The address of another database on the server of the tests."""
    return urlunsplit(urlsplit(settings.DATABASE_URL)._replace(path=f"/{name}"))


@contextlib.contextmanager
def own_database() -> Iterator[None]:
    """A copy of the migrated test database, with rows that stay; Django's connection leads there inside the block."""
    tests_own = connection.settings_dict["NAME"]
    connection.close()
    _on_server("DROP DATABASE IF EXISTS {} WITH (FORCE)", DATABASE)
    _on_server("CREATE DATABASE {} TEMPLATE {}", DATABASE, tests_own)
    connection.settings_dict["NAME"] = DATABASE
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = tests_own


def drop_own_database() -> None:
    """Nothing is left on the server."""
    _on_server("DROP DATABASE IF EXISTS {} WITH (FORCE)", DATABASE)


def _on_server(statement: str, *names: str) -> None:
    server = psycopg2.connect(database_url("postgres"))
    try:
        server.autocommit = True
        server.cursor().execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
    finally:
        server.close()


def downloads() -> int:
    """How many rows the ledger of the own database has."""
    server = psycopg2.connect(database_url(DATABASE))
    try:
        cursor = server.cursor()
        cursor.execute("SELECT count(*) FROM store_download")
        (count,) = cursor.fetchone()
        return int(count)
    finally:
        server.close()


def end_connections() -> int:
    """Have PostgreSQL end all connections to the own database, as a restart does; answers how many there were."""
    server = psycopg2.connect(database_url("postgres"))
    try:
        server.autocommit = True
        cursor = server.cursor()
        cursor.execute("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s", [DATABASE])
        ended = cursor.fetchall()
        assert all(gone for (gone,) in ended)
        return len(ended)
    finally:
        server.close()


def cookie_of(person: User | None) -> str:
    """The Cookie header of a browser in which this person is signed in; empty for nobody."""
    browser = people.browser(person)
    return "; ".join(f"{name}={morsel.value}" for name, morsel in browser.cookies.items())


def collect_static() -> None:
    """The static files where the web servers look for them: beside the private ones."""
    call_command("collectstatic", verbosity=0, interactive=False)


@contextlib.contextmanager
def gunicorn(folder: Path, **environment: str) -> Iterator[Path]:
    """The site behind the socket that is given, with the deployment's own gunicorn settings and own database."""
    address, log = folder / "web.sock", folder / "gunicorn.log"
    env = os.environ | {
        "DATABASE_URL": database_url(DATABASE),
        "TESTING": "1",
        "WEB_BIND": f"unix:{address}",
        "WEB_CONCURRENCY": "1",
        **environment,
    }
    command = [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "cosn_site.wsgi"]
    with log.open("wb") as output:
        server = subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=subprocess.STDOUT)  # noqa: S603
        with _ends(server):
            _wait(server, address, log)
            yield address


@contextlib.contextmanager
def nginx(folder: Path, web: Path) -> Iterator[Path]:
    """deploy/nginx.conf as it stands, but for names: no TLS, our sockets, our folders."""
    address, log = folder / "nginx.sock", folder / "nginx.log"
    text = (ROOT / "deploy/nginx.conf").read_text(encoding="utf-8")
    for old, new in {
        "unix:/run/cosn/web.sock": f"unix:{web}",
        "listen 443 ssl http2;": f"listen unix:{address};",
        "/srv/cosn/var/files/": f"{settings.FILES_ROOT}/",
        "/srv/cosn/var/static/": f"{settings.STATIC_ROOT}/",
        "server_name www.example.org;": f"server_name {HOST};",
    }.items():
        assert old in text, f"deploy/nginx.conf no longer says {old}"
        text = text.replace(old, new)
    kept = [line for line in text.splitlines() if not line.strip().startswith(("ssl_", "listen 80", "listen 443"))]
    config = folder / "nginx.conf"
    places = "\n".join(f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi"))
    config.write_text(
        f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {log} info;\n"
        + ("user root;\n" if os.geteuid() == 0 else "")
        + f"events {{}}\nhttp {{ access_log off; {places}\nscgi_temp_path {folder}/scgi;\n"
        + "\n".join(_without_redirects(kept))
        + "\n}\n"
    )
    command = [find_nginx() or "nginx", "-c", str(config), "-p", str(folder), "-e", str(log)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    with _ends(server):
        _wait(server, address, log)
        yield address


def _without_redirects(lines: list[str]) -> list[str]:
    """Without the servers that only turn away or lead to TLS: they would all listen on port 80."""
    text = "\n".join(lines)
    blocks = text.split("\nserver {")
    kept = [block for block in blocks[1:] if "proxy_pass" in block]
    assert len(kept) == 1, "deploy/nginx.conf has one server that serves"
    return [blocks[0], "server {" + kept[0]]


def find_nginx() -> str | None:
    """The platform's nginx, if there is one."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@contextlib.contextmanager
def _ends(server: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(5)


def _wait(server: subprocess.Popen[bytes], address: Path, log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while True:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as attempt:
            attempt.connect(str(address))
            return
        assert server.poll() is None, log.read_text(encoding="utf-8", errors="replace")
        assert time.monotonic() < deadline, "the server did not start in time"
        time.sleep(0.05)


def say(
    address: Path,
    target: str | bytes,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    cookie: str = "",
    host: str = HOST,
    body: bytes = b"",
) -> Heard:
    """One request, its target sent byte for byte as it is given, and the whole answer."""
    lines = [f"{method} ".encode() + (target.encode() if isinstance(target, str) else target) + b" HTTP/1.1"]
    fields = {"Host": host, "Connection": "close", **(headers or {})}
    if cookie:
        fields.setdefault("Cookie", cookie)
    if body or method in {"POST", "PUT"}:
        fields["Content-Length"] = str(len(body))
    lines += [f"{name}: {value}".encode("latin-1") for name, value in fields.items()]
    return send(address, b"\r\n".join(lines) + b"\r\n\r\n" + body, method)


def send(address: Path, request: bytes, method: str = "GET") -> Heard:
    """These very bytes, and the answer to them."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(30)
        line.connect(str(address))
        line.sendall(request)
        response = HTTPResponse(line, method=method)
        try:
            response.begin()
        except (OSError, ValueError, HTTPException) as error:
            return Heard(0, HTTPMessage(), repr(error).encode())
        with response:
            return Heard(response.status, response.headers, response.read())

"""Where the bench works: its folder, its environment, its database."""

import os
import socket
import urllib.parse
from pathlib import Path

import psycopg2
from psycopg2 import sql

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "var/bench"
DATABASE = "cosn_bench"
HOST = "127.0.0.1"


def environment(server: str) -> dict[str, str]:
    """Production's settings, on the bench's own database and folder. Nothing of the caller's is kept but the path."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONPYCACHEPREFIX") if name in os.environ}
    return kept | {
        "DATABASE_URL": with_database(server, DATABASE),
        "SECRET_KEY": "only-for-the-bench-0123456789-abcdefghijklmnopqrstuvwxyz",
        "ALLOWED_HOSTS": HOST,
        "SITE_URL": f"https://{HOST}",
        "VAR_DIR": str(FOLDER),
        "FILES_DELIVERY": "accel",
        "LOG_LEVEL": "WARNING",
    }


def with_database(address: str, name: str) -> str:
    """The same DATABASE_URL with another database's name."""
    parts = urllib.parse.urlsplit(address)
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, parts.fragment))


def fresh_database(server: str) -> None:
    """The bench's database, empty, on the server of this address."""
    connection = psycopg2.connect(server)
    try:
        connection.autocommit = True
        cursor = connection.cursor()
        name = sql.Identifier(DATABASE)
        cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        cursor.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(name))
    finally:
        connection.close()


def drop_database(server: str) -> None:
    """Leave nothing on the server."""
    connection = psycopg2.connect(server)
    try:
        connection.autocommit = True
        connection.cursor().execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(DATABASE)))
    finally:
        connection.close()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as door:
        door.bind((HOST, 0))
        port: int = door.getsockname()[1]
        return port

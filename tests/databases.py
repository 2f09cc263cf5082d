"""The databases on the server of the tests: made, copied, named and dropped, from outside all of them.

Reads none of Django's settings, because the first database is begun before Django has them.
"""

import os
import urllib.parse
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
from django.db import connection
from psycopg2 import sql


def address(name: str) -> str:
    """The DATABASE_URL of a database on the server of the tests."""
    return urllib.parse.urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


def on_server(statement: str, *names: str) -> None:
    """Run a statement about databases; each {} in it is the next of the names."""
    with closing(psycopg2.connect(address("postgres"))) as server:
        server.autocommit = True
        server.cursor().execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def copy(name: str, template: str) -> None:
    """Make a database anew that has what the other one has. Nobody may be connected to that one."""
    drop(name)
    on_server("CREATE DATABASE {} TEMPLATE {}", name, template)


def drop(name: str) -> None:
    """Remove a database that may not be there, and end whoever is connected to it."""
    on_server("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def databases(pattern: str) -> list[str]:
    """The names that there are, by a pattern of LIKE."""
    with closing(psycopg2.connect(address("postgres"))) as server:
        cursor = server.cursor()
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [pattern])
        return [name for (name,) in cursor.fetchall()]


@contextmanager
def own_copy(suffix: str, template: str = "") -> Iterator[str]:
    """A copy of the test database (or of the template), where Django's connection leads inside the block; its address.

    What is committed in it, other tests do not see. It is dropped at the end.
    """
    connection.close()
    usual = str(connection.settings_dict["NAME"])
    own = f"{usual}_{suffix}"
    copy(own, template or usual)
    connection.settings_dict["NAME"] = own
    try:
        yield address(own)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = usual
        drop(own)

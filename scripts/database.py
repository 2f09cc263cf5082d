"""Is the database that DATABASE_URL names usable? One sentence when it is not."""

from typing import Any

import dj_database_url
import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection

from scripts.processes import StartError

OLDEST = 15  # what Django 6.1 supports
EXAMPLE = "It looks like postgresql://user:password@host:5432/name."
# What libpq says, and what that means for who set DATABASE_URL.
MEANINGS = (
    (("password authentication failed", "no password supplied", "role "), "the server refuses this user or password"),
    (("could not translate host name",), "its host name is not known"),
    (("Connection refused", "No such file or directory"), "nothing answers there"),
    (("timeout expired", "Network is unreachable", "No route to host"), "the server cannot be reached"),
    (("invalid", "unrecognized"), "PostgreSQL does not know one of its options"),
)


def ensure_database(url: str) -> None:
    """Make sure that the database exists and that its server is new enough. Creates an empty one where it is missing.

    Raises StartError, whose text never holds the password.
    """
    options = _options(url)
    place = _place(options)
    try:
        _check_version(_connect(options), place)
    except psycopg2.Error as error:
        if f'database "{options["dbname"]}" does not exist' not in str(error):
            raise StartError(f"DATABASE_URL ({place}) does not work: {_meaning(error)}.") from None
        _create(options, place)


def _options(url: str) -> dict[str, Any]:
    """The same reading of the address as in the settings, in libpq's words."""
    if not url.startswith(("postgresql://", "postgres://")):
        raise StartError(f"DATABASE_URL must begin with postgresql://. {EXAMPLE}")
    try:
        parts = dj_database_url.parse(url)
    except ValueError:
        raise StartError(f"DATABASE_URL cannot be read. {EXAMPLE}") from None
    if not parts.get("NAME"):
        raise StartError(f"DATABASE_URL names no database. {EXAMPLE}")
    words = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    options: dict[str, Any] = {word: value for word, key in words.items() if (value := dict(parts).get(key))}
    return {"connect_timeout": 5} | options | parts.get("OPTIONS", {})


def _place(options: dict[str, Any]) -> str:
    host = options.get("host", "the local socket")
    return f"database {options['dbname']} at {host}" + (f":{options['port']}" if "port" in options else "")


def _connect(options: dict[str, Any]) -> connection:
    return psycopg2.connect(**options)


def _check_version(server: connection, place: str) -> None:
    try:
        if server.server_version < OLDEST * 10000:
            raise StartError(f"The server of {place} is too old. PostgreSQL {OLDEST} or newer is needed.")
    finally:
        server.close()


def _create(options: dict[str, Any], place: str) -> None:
    try:
        server = _connect(options | {"dbname": "postgres"})
        try:
            server.autocommit = True
            server.cursor().execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(options["dbname"])))
        finally:
            server.close()
    except psycopg2.Error:
        raise StartError(f"DATABASE_URL names a {place} that does not exist and that this user may not make.") from None


def _meaning(error: psycopg2.Error) -> str:
    text = str(error)
    for signs, meaning in MEANINGS:
        if any(sign in text for sign in signs):
            return meaning
    return text.strip().splitlines()[-1].rstrip(".") if text.strip() else "the connection failed"

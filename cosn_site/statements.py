"""SQL of our own that is asked on every request: planned once a connection.

For what the ORM has no words for; what it has goes through `cosn_site.prepared`. A statement is prepared under its name
in the server session, so the name must stand for one text.
"""

from typing import Any
from weakref import WeakKeyDictionary

from django.db import connection

_prepared: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


def ask(name: str, types: str, sql: str, values: list[Any]) -> list[tuple[Any, ...]]:
    """The rows of a SELECT, or of an INSERT … RETURNING, with parameters $1, $2 … of these types. One statement."""
    with connection.cursor() as cursor:
        # only now: opening a cursor may have put a new connection in the place of one that the server ended
        known = _prepared.setdefault(connection.connection, set())
        if name not in known:
            # outside Django's own cursor, so that a log of statements shows what was asked, not the preparation
            with connection.connection.cursor() as plain:
                plain.execute(f"PREPARE {name} ({types}) AS {sql}" if types else f"PREPARE {name} AS {sql}")
            known.add(name)
        holders = ", ".join(["%s"] * len(values))
        cursor.execute(f"EXECUTE {name} ({holders})" if values else f"EXECUTE {name}", values)
        return cursor.fetchall()

"""SQL of our own that is asked on every request: planned once a connection.

For what the ORM has no words for; what it has goes through `cosn_site.prepared`. A statement is prepared under its name
in the server session, so the name must stand for one text.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from django.db import DEFAULT_DB_ALIAS, connection, connections
from pghistory.runtime import _inject_history_context

_prepared: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Statement:
    """A text with parameters $1, $2 … of these PostgreSQL types, under its name."""

    name: str
    types: str
    sql: str


def ask(name: str, types: str, sql: str, values: list[Any], *, writes: bool = True) -> list[tuple[Any, ...]]:
    """The rows of a SELECT, or of an INSERT … RETURNING, with parameters $1, $2 … of these types. One statement.

    One that `writes` goes with what the audit trail tells the server: who acts, and why.
    """
    return _carry_out([(Statement(name, types, sql), values)], writes=writes)


def ask_in_turn(*steps: tuple[Statement, Sequence[Any]]) -> list[tuple[Any, ...]]:
    """The rows of the last of several statements that are sent together, and that write.

    They are one transaction of their own where none is open. Each sees what is so when its turn comes: what stands
    after a lock sees what was done until the lock was had, which one statement that waits for a lock does not.
    """
    return _carry_out(steps, writes=True)


def _carry_out(steps: Sequence[tuple[Statement, Sequence[Any]]], *, writes: bool) -> list[tuple[Any, ...]]:
    with _cursor(writes=writes) as cursor:
        # only now: opening a cursor may have put a new connection in the place of one that the server ended
        known = _prepared.setdefault(connection.connection, set())
        for statement, _ in steps:
            if statement.name not in known:
                types = f"({statement.types})" if statement.types else ""
                cursor.execute(f"PREPARE {statement.name} {types} AS {statement.sql}")
                # Undone with its transaction or not, a prepared statement stays.
                known.add(statement.name)
        cursor.execute(
            "; ".join(_execute(statement.name, len(values)) for statement, values in steps),
            [value for _, values in steps for value in values],
        )
        return cursor.fetchall()


def _execute(name: str, count: int) -> str:
    return f"EXECUTE {name} ({', '.join(['%s'] * count)})" if count else f"EXECUTE {name}"


@contextmanager
def _cursor(*, writes: bool) -> Iterator[Any]:
    """Django's cursor; for what only reads, while nobody watches the statements, the driver's own, which costs half."""
    ours = connections[DEFAULT_DB_ALIAS]
    watched = ours.queries_logged or any(wrapper is not _inject_history_context for wrapper in ours.execute_wrappers)
    if writes or watched:
        with ours.cursor() as cursor:
            yield cursor
        return
    ours.close_if_health_check_failed()
    ours.ensure_connection()
    with ours.wrap_database_errors, ours.connection.cursor() as cursor:
        yield cursor

"""What a test puts into the database for a while: to see what happens in there, to hold it up, or to let it go wrong.

None of it is the product's, and each is taken away again. Our triggers run before those of the product, because the
database takes triggers by their names.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection

PATIENCE = 60  # seconds
_GATE = 20_270_423  # the number of an advisory lock
_LIMIT = " AND (d_held <= 0 OR held + d_held <= capacity OR handed_on_in = ours)"


def _run(statement: str, *values: int) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else []


def until(true: Callable[[], bool]) -> None:
    """Wait until it is true; it must be so within a minute."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "It never came to this."
        time.sleep(0.01)


# --- a witness --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Admitted:
    """Somebody came in; whether the transaction that let them in had the lock on the seating by then."""

    person: int
    had_lock: bool


@contextmanager
def witness() -> Iterator[Callable[[], list[Admitted]]]:
    """Who came into a seat or the line, in the order in which the database carried it out.

    Written by the very statement that lets them in, before the product's triggers; gone with it when it is undone.
    """
    _run(
        """
        CREATE TABLE witness (number bigserial, person bigint, had_lock boolean);
        CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF NEW.state IN ('confirmed', 'waiting')
                    AND (TG_OP = 'INSERT' OR OLD.state NOT IN ('confirmed', 'offered', 'waiting'))
                THEN
                    INSERT INTO witness (person, had_lock)
                    SELECT NEW.person_id, pg_current_xact_id()::xid IN (seating.xmin, seating.xmax)
                    FROM forums_seating seating WHERE forum_id = NEW.forum_id;
                END IF;
                RETURN NEW;
            END
        $$;
        CREATE TRIGGER a_witness BEFORE INSERT OR UPDATE OF state ON forums_registration
            FOR EACH ROW EXECUTE FUNCTION witness();
        """
    )

    def admitted() -> list[Admitted]:
        rows = _run("SELECT person, had_lock FROM witness ORDER BY number")
        return [Admitted(int(str(person)), bool(had_lock)) for person, had_lock in rows]

    try:
        yield admitted
    finally:
        _run("DROP FUNCTION witness CASCADE; DROP TABLE witness")


# --- holding it up ----------------------------------------------------------------------------------------------------
@contextmanager
def closed_gate() -> Iterator[None]:
    """Whoever writes a new registration stops in front of the row until the block is left: what they read, they read
    before, and what they lock, they have locked."""
    _run("SELECT pg_advisory_lock(%s)", _GATE)
    try:
        _run(
            f"""
            CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    PERFORM pg_advisory_xact_lock_shared({_GATE});
                    RETURN NEW;
                END
            $$;
            CREATE TRIGGER a_gate BEFORE INSERT ON forums_registration FOR EACH ROW EXECUTE FUNCTION gate();
            """
        )
        yield
    finally:
        _run("SELECT pg_advisory_unlock(%s)", _GATE)
        _run("DROP FUNCTION IF EXISTS gate CASCADE")


def waiting_for_a_lock() -> list[tuple[int, str]]:
    """Who else waits for a lock in this database: the server's process, and what it was told to do."""
    _run("SELECT pg_stat_clear_snapshot()")
    found = _run(
        """
        SELECT pid, query FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND wait_event_type = 'Lock' ORDER BY pid
        """
    )
    return [(int(str(pid)), str(query)) for pid, query in found]


def nobody_else_is_connected() -> bool:
    """Whether the server has noticed that all others are gone."""
    _run("SELECT pg_stat_clear_snapshot()")
    return not _run(
        """
        SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
        """
    )


# --- letting it go wrong ----------------------------------------------------------------------------------------------
@contextmanager
def lenient_guard() -> Iterator[None]:
    """The counts of a forum are kept as ever, but no seat is refused."""
    ((name, source),) = _run(
        "SELECT proname, pg_get_functiondef(oid) FROM pg_proc WHERE proname LIKE 'pgtrigger_no_seat_beyond_capacity%'"
    )
    lenient = str(source).replace(_LIMIT, "")
    assert lenient != source, name
    _run(lenient)
    try:
        yield
    finally:
        _run(str(source))

# ruff: noqa: S608 - statements as somebody at a console would send them; nothing in them comes from outside
"""Raw SQL cannot overfill a forum: whatever is tried here is refused, beside a twin that is allowed.

None of these statements comes from the product; it takes a seat through the verbs alone. They are what somebody with
a database console, or a fault in the product, might send.
"""

import io
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Any

import psycopg2
import pytest
from django.conf import settings
from django.db import Error, connection, transaction

from forums.models import Forum, Override, Registration, Seating
from members.models import User
from tests import people
from tests.factories import make_open_forum

NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)
TAKEN = "Every seat of this forum is taken"
KEPT = "The counts of a forum are kept by its registrations"
_numbers = count(1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def forum() -> Forum:
    """Two seats, nobody in them."""
    return make_open_forum(now=NOW, capacity=2)


@pytest.fixture
def full(forum: Forum) -> Forum:
    """Both seats taken, one person in line."""
    for state in ("confirmed", "confirmed", "waiting"):
        run(*insert(forum, state=state))
    return forum


# --- statements ---------------------------------------------------------------------------------------------------
COLUMNS = (
    *("forum_id", "person_id", "state", "seat_number", "place", "offer_expires_at", "override_id", "ticket"),
    *("takes_seat_at_once", "organization_name", "title", "us_state", "registered_at", "settled_at", "reason"),
    "revision",
)


def values(forum: Forum, person: User | None = None, state: str = "confirmed", **given: object) -> list[object]:
    """A row of the table, in the order of COLUMNS."""
    number = next(_numbers)
    fields = dict.fromkeys(COLUMNS[3:8]) | {
        "forum_id": forum.pk,
        "person_id": (person or people.person(f"guest{number}")).pk,
        "state": state,
        "ticket": f"T{number}",
        "takes_seat_at_once": False,
        "registered_at": NOW,
        "settled_at": NOW,
        "revision": 0,
    }
    return [(fields | given).get(name, "") for name in COLUMNS]


def insert(forum: Forum, person: User | None = None, **given: Any) -> tuple[str, list[object]]:
    """An INSERT of one registration."""
    marks = ", ".join(["%s"] * len(COLUMNS))
    return (
        f"INSERT INTO forums_registration ({', '.join(COLUMNS)}) VALUES ({marks})",
        values(forum, person, **given),
    )


def run(statement: str, params: Any = None) -> int:
    """Send it, in a savepoint of its own; answers how many rows."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, params)
        return int(cursor.rowcount)


@contextmanager
def refused(words: str = TAKEN) -> Iterator[None]:
    """What is sent in the block is refused with these words."""
    with pytest.raises(Error, match=words), transaction.atomic():
        yield


def counts(forum: Forum) -> tuple[int, int, int]:
    """Held, extra and waiting as the seating has them, which must be what the rows say."""
    kept = Seating.objects.values_list("held", "extra", "waiting").get(pk=forum.pk)
    rows = Registration.objects.filter(forum=forum)
    assert kept == (
        rows.holding().filter(override=None).count(),
        rows.holding().exclude(override=None).count(),
        rows.in_line().count(),
    )
    return kept


def set_state(state: str, where: str = "TRUE") -> int:
    return run(f"UPDATE forums_registration SET state = '{state}' WHERE {where}")


def chair_for(forum: Forum, person: User) -> Override:
    return Override.objects.create(forum=forum, person=person, reason="The speaker.", by=people.staff(), at=NOW)


# --- adding and changing rows ---------------------------------------------------------------------------------------
def test_an_insert_takes_the_last_seat_and_the_next_is_refused(forum: Forum) -> None:
    run(*insert(forum))
    run(*insert(forum))
    with refused():
        run(*insert(forum))
    assert counts(forum) == (2, 0, 0)


def test_an_offer_keeps_a_seat_like_a_registration(full: Forum) -> None:
    with refused():
        run(*insert(full, state="offered", place=0, offer_expires_at=NOW))
    set_state("cancelled", "seat_number = 2")
    set_state("cancelled", "state = 'waiting'")
    run(*insert(full, state="offered", place=0, offer_expires_at=NOW))
    with refused():
        run(*insert(full))
    assert counts(full) == (2, 0, 0)


def test_who_waits_cannot_be_updated_into_a_seat_that_is_not_there(full: Forum) -> None:
    with refused():
        set_state("confirmed", "state = 'waiting'")
    set_state("cancelled", "seat_number = 1")
    assert set_state("confirmed", "state = 'waiting'") == 1
    assert counts(full) == (2, 0, 0)


def test_a_seat_number_given_by_hand_is_no_seat(full: Forum) -> None:
    with refused():
        run("UPDATE forums_registration SET state = 'confirmed', seat_number = 77 WHERE state = 'waiting'")
    with refused():
        run(*insert(full, seat_number=78))
    set_state("cancelled", "seat_number = 1")
    run(*insert(full, seat_number=1))
    assert counts(full) == (2, 0, 1)


@pytest.mark.parametrize(("rows", "allowed"), [(2, True), (3, False)])
def test_one_statement_with_many_rows_seats_as_many_as_fit_or_nobody(forum: Forum, rows: int, *, allowed: bool) -> None:
    other = make_open_forum("other", now=NOW, capacity=5)
    for _ in range(rows):
        run(*insert(other))
    listed = ", ".join(COLUMNS[1:])
    copied = listed.replace("ticket", "'C' || ticket")
    statement = f"""
        INSERT INTO forums_registration (forum_id, {listed})
        SELECT {forum.pk}, {copied} FROM forums_registration WHERE forum_id = {other.pk}
    """
    if allowed:
        assert run(statement) == rows
    else:
        with refused():
            run(statement)
    assert counts(forum) == (rows if allowed else 0, 0, 0)


def test_one_update_of_many_rows_is_all_or_nothing(forum: Forum) -> None:
    for _ in range(3):
        run(*insert(forum, state="waiting"))
    with refused():
        set_state("confirmed")
    assert counts(forum) == (0, 0, 3)
    assert set_state("confirmed", "place <= 2") == 2
    assert counts(forum) == (2, 0, 1)


def test_on_conflict_does_not_get_around_it(full: Forum) -> None:
    waiting = Registration.objects.get(forum=full, state="waiting")
    statement, params = insert(full, ticket=waiting.ticket)
    with refused():
        run(*insert(full))
    assert run(f"{statement} ON CONFLICT (ticket) DO NOTHING", params) == 0
    with refused():
        run(f"{statement} ON CONFLICT (ticket) DO UPDATE SET state = EXCLUDED.state", params)
    assert counts(full) == (2, 0, 1)
    set_state("cancelled", "seat_number = 1")
    run(f"{statement} ON CONFLICT (ticket) DO UPDATE SET state = EXCLUDED.state", params)
    assert counts(full) == (2, 0, 0)


@pytest.mark.parametrize(("rows", "allowed"), [(2, True), (3, False)])
def test_copy_is_counted_too(forum: Forum, rows: int, *, allowed: bool) -> None:
    lines = ["\t".join(r"\N" if value is None else str(value) for value in values(forum)) for _ in range(rows)]

    def copy() -> None:
        with connection.cursor() as cursor:
            cursor.copy_expert(
                f"COPY forums_registration ({', '.join(COLUMNS)}) FROM STDIN", io.StringIO("\n".join(lines))
            )

    if allowed:
        copy()
    else:
        with pytest.raises((Error, psycopg2.Error), match=TAKEN), transaction.atomic():
            copy()
    assert counts(forum) == (rows if allowed else 0, 0, 0)


def test_a_registration_stays_with_its_forum(full: Forum) -> None:
    other = make_open_forum("other", now=NOW, capacity=5)
    with refused("stays with its forum"):
        run(f"UPDATE forums_registration SET forum_id = {other.pk} WHERE seat_number = 1")
    assert run(f"UPDATE forums_registration SET forum_id = {full.pk} WHERE seat_number = 1") == 1
    assert (counts(full), counts(other)) == ((2, 0, 1), (0, 0, 0))


def test_a_forum_without_seating_seats_nobody(forum: Forum) -> None:
    run(*insert(forum))
    Seating.objects.filter(pk=(bare := make_open_forum("bare", now=NOW)).pk).delete()
    for state in ("confirmed", "waiting"):
        with pytest.raises(Error), transaction.atomic():
            run(*insert(bare, state=state))


@pytest.mark.parametrize("end", ["cancelled", "lapsed", "handed_on", "waiting"])
def test_who_leaves_a_seat_makes_room_for_one_and_no_more(full: Forum, end: str) -> None:
    set_state(end, "seat_number = 1")
    run(*insert(full))
    with refused():
        run(*insert(full))


def test_a_deleted_registration_gives_its_seat_or_place_back(full: Forum) -> None:
    run("DELETE FROM forums_registration WHERE state = 'waiting'")
    assert counts(full) == (2, 0, 0)
    with refused():
        run(*insert(full))
    run("DELETE FROM forums_registration WHERE seat_number = 1")
    assert counts(full) == (1, 0, 0)
    run(*insert(full))
    assert counts(full) == (2, 0, 0)


# --- the seating ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "change", ["held = held - 1", "extra = 1", "waiting = 0", "last_place = 0", "handed_on_in = 1"]
)
def test_the_counts_cannot_be_changed_by_hand(full: Forum, change: str) -> None:
    with refused(KEPT):
        run(f"UPDATE forums_seating SET {change} WHERE forum_id = {full.pk}")
    with refused(KEPT):
        run(f"UPDATE forums_seating SET capacity = 3, {change} WHERE forum_id = {full.pk}")
    assert run(f"UPDATE forums_seating SET capacity = 3 WHERE forum_id = {full.pk}") == 1
    assert counts(full) == (2, 0, 1)


def test_seating_begins_with_no_counts(forum: Forum) -> None:
    bare = make_open_forum("bare", now=NOW)
    Seating.objects.filter(pk=bare.pk).delete()
    columns = "INSERT INTO forums_seating (forum_id, capacity, held, extra, waiting, last_place) VALUES"
    with refused("begin at nothing"):
        run(f"{columns} ({bare.pk}, 2, -1, 0, 0, 0)")
    with refused("begin at nothing"):
        run(f"{columns} ({bare.pk}, 2, 0, 0, 0, 7)")
    assert run(f"{columns} ({bare.pk}, 2, 0, 0, 0, 0)") == 1


@pytest.mark.parametrize(
    "away", ["DELETE FROM forums_seating", "SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE forums_seating"]
)
def test_seating_that_is_made_anew_knows_who_sits_there(full: Forum, away: str) -> None:
    run(*insert(full, guest := people.person("guest"), override_id=chair_for(full, guest).pk))
    run(away)
    with refused():
        run(*insert(full))
    run(f"INSERT INTO forums_seating VALUES ({full.pk}, 2, 0, 0, 0, 0)")
    assert counts(full) == (2, 1, 1)
    with refused():
        run(*insert(full))
    run(*insert(full, state="waiting"))
    assert list(Registration.objects.in_line().values_list("place", flat=True)) == [1, 2]


def test_a_smaller_capacity_evicts_nobody_and_seats_nobody(full: Forum) -> None:
    run(f"UPDATE forums_seating SET capacity = 1 WHERE forum_id = {full.pk}")
    assert counts(full) == (2, 0, 1)
    set_state("cancelled", "seat_number = 2")
    with refused():
        run(*insert(full))
    set_state("cancelled", "seat_number = 1")
    run(*insert(full))
    assert counts(full) == (1, 0, 1)


# --- overrides ------------------------------------------------------------------------------------------------------
def test_an_override_brings_in_one_chair_for_its_person(full: Forum) -> None:
    guest, other = people.person("guest"), people.person("other")
    chair = chair_for(full, guest)
    with refused("for somebody else, or was used"):
        run(*insert(full, other, override_id=chair.pk))
    run(*insert(full, guest, override_id=chair.pk))
    assert counts(full) == (2, 1, 1)
    with refused():
        run(*insert(full, other))


def test_an_override_is_for_its_forum(full: Forum) -> None:
    guest, other = people.person("guest"), make_open_forum("other", now=NOW, capacity=1)
    chair = chair_for(other, guest)
    with refused("for somebody else, or was used"):
        run(*insert(full, guest, override_id=chair.pk))
    run(*insert(other, guest, override_id=chair.pk))


def test_an_override_is_used_once(full: Forum) -> None:
    guest = people.person("guest")
    chair = chair_for(full, guest)
    run(*insert(full, guest, override_id=chair.pk))
    set_state("cancelled", f"person_id = {guest.pk}")
    assert counts(full) == (2, 0, 1)
    again = f"UPDATE forums_registration SET state = 'confirmed', override_id = %s WHERE person_id = {guest.pk}"
    with refused("for somebody else, or was used"):
        run(again, [chair.pk])
    assert run(again, [chair_for(full, guest).pk]) == 1
    assert counts(full) == (2, 1, 1)


def test_without_its_override_an_extra_chair_needs_a_seat(full: Forum) -> None:
    guest = people.person("guest")
    run(*insert(full, guest, override_id=chair_for(full, guest).pk))
    drop = f"UPDATE forums_registration SET override_id = NULL WHERE person_id = {guest.pk}"
    with refused():
        run(drop)
    set_state("cancelled", "seat_number = 1")
    assert run(drop) == 1
    assert counts(full) == (2, 0, 1)


# --- numbers and places ---------------------------------------------------------------------------------------------
def test_a_seat_has_one_holder_and_a_place_one_person(full: Forum) -> None:
    with refused("one_holder_per_seat"):
        run("UPDATE forums_registration SET seat_number = 1 WHERE seat_number = 2")
    with refused("one_person_per_place"):
        run(*insert(full, state="waiting", place=1))
    assert run("UPDATE forums_registration SET seat_number = 3 WHERE seat_number = 2") == 1
    run(*insert(full, state="waiting"))
    assert list(Registration.objects.in_line().values_list("place", flat=True)) == [1, 2]


def test_nobody_has_a_place_that_was_not_given_out_yet(full: Forum) -> None:
    with refused("has been given this place"):
        run(*insert(full, state="waiting", place=2))
    with refused("has been given this place"):
        run("UPDATE forums_registration SET place = 2 WHERE state = 'waiting'")
    run(*insert(full, state="waiting"))
    assert counts(full) == (2, 0, 2)


def test_who_comes_back_into_the_line_is_at_its_end(full: Forum) -> None:
    first = Registration.objects.get(forum=full, state="waiting")
    run(*insert(full, state="waiting"))
    set_state("cancelled", f"id = {first.pk}")
    set_state("waiting", f"id = {first.pk}")
    first.refresh_from_db()
    assert first.place == 3


# --- the guard itself -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("table", ["forums_registration", "forums_seating"])
def test_the_guards_cannot_be_told_to_look_away(full: Forum, table: str) -> None:
    """The library of our triggers has a switch by which a connection may have them ignored."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal", [table])
        names = ",".join(name for (name,) in cursor.fetchall())
        cursor.execute("SET LOCAL pgtrigger.ignore = %s", ["{" + names + "}"])
    with refused(KEPT):
        run(f"UPDATE forums_seating SET held = 0 WHERE forum_id = {full.pk}")
    with refused():
        run(*insert(full))
    with refused("for somebody else"):
        run(*insert(full, override_id=chair_for(full, people.person("guest")).pk))
    run(*insert(full, state="waiting"))
    assert counts(full) == (2, 0, 2)


# --- two at once ----------------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("first_commits", "seated"), [(True, 0), (False, 1)])
def test_of_two_connections_that_take_the_last_seat_one_gets_it(*, first_commits: bool, seated: int) -> None:
    forum = make_open_forum(now=NOW, capacity=1)
    address = settings.DATABASE_URL.replace("/cosn?", f"/{connection.settings_dict['NAME']}?")
    statements = [insert(forum, seat_number=number) for number in (1, 2)]  # numbers apart: only the count is tried
    outcome: list[object] = []
    with closing(psycopg2.connect(address)) as one, closing(psycopg2.connect(address)) as two:

        def second() -> None:
            try:
                two.cursor().execute(*statements[1])
                two.commit()
                outcome.append(1)
            except psycopg2.errors.CheckViolation as error:
                outcome.append(error)

        one.cursor().execute(*statements[0])
        thread = threading.Thread(target=second)
        thread.start()
        wait_until_blocked(two.info.backend_pid)
        one.commit() if first_commits else one.rollback()
        thread.join(30)
    assert [answer for answer in outcome if answer == 1] == [1] * seated
    assert counts(forum) == (1, 0, 0)


@pytest.mark.django_db(transaction=True)
def test_a_seat_that_is_handed_on_in_a_forum_that_is_over_is_taken_once_and_at_once() -> None:
    forum = make_open_forum(now=NOW, capacity=3)
    for _ in range(3):
        run(*insert(forum))
    run(f"UPDATE forums_seating SET capacity = 1 WHERE forum_id = {forum.pk}")
    with refused(), transaction.atomic():
        set_state("cancelled", "seat_number = 2")
        run(*insert(forum, seat_number=2))
    with transaction.atomic():
        set_state("handed_on", "seat_number = 2")
        run(*insert(forum, seat_number=2))
        with refused():
            run(*insert(forum))
    set_state("handed_on", "seat_number = 2")
    with refused():
        run(*insert(forum, seat_number=2))
    assert counts(forum) == (2, 0, 0)


def wait_until_blocked(pid: int) -> None:
    deadline = time.monotonic() + 30
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute("SELECT cardinality(pg_blocking_pids(%s))", [pid])
            if cursor.fetchone()[0]:
                return
            time.sleep(0.01)
    raise AssertionError("It did not wait for the first.")

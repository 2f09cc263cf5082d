"""The short way of a registration: one trip to the database, where there is nothing to weigh.

When a forum opens, hundreds ask at once, and each must hold the lock on the seating. On the long way, under
`forums.allocation.locked`, it is held while this process and the database talk four times. Here the database holds it
for the time of one statement: no offer has expired, nobody waits while a seat is free, so whoever asks gets a seat or
the end of the line (the law, 2). In every other case nothing is written, and the long way decides.

This restates the law's simplest case. tests/forums/test_short_way.py lets both ways answer over random forums.
"""

from datetime import datetime
from functools import cache
from uuid import uuid4

from django_tasks_db.models import DBTaskResult

from cosn_site.jobs.many import task_row
from cosn_site.prepared import PreparedInsert
from cosn_site.statements import Statement, ask_in_turn
from forums.letters import key_at, send_letter
from forums.models import LetterKind, Registration

_lock = Statement("lock_the_seats", "bigint", "SELECT FROM forums_seating WHERE forum_id = $1 FOR UPDATE")
_registration = PreparedInsert("a_registration", Registration)
_letter = PreparedInsert("a_letter", DBTaskResult)
_STATE = "CASE WHEN is_free THEN 'confirmed' ELSE 'waiting' END"
_ARGUMENTS = f"""
    jsonb_build_object('kwargs', jsonb_build_object(), 'args', jsonb_build_array(made.id,
        CASE made.state WHEN 'confirmed' THEN '{LetterKind.REGISTERED}' ELSE '{LetterKind.WAITLISTED}' END, %s::text))
"""


def take_what_there_is(row: Registration, now: datetime) -> bool:
    """Write a new registration with its letter, if there is nothing to weigh; whether it was written.

    Sets `pk`, `state`, `seat_number` and `place`. IntegrityError when the person is registered, or was.
    """
    values = [*_registration.values(row), uuid4(), key_at(now), now]
    for pk, state, seat_number, place in ask_in_turn((_lock, [row.forum_id]), (_register(), values)):
        row.pk, row.state, row.seat_number, row.place = pk, state, seat_number, place
        row._state.adding = False  # noqa: SLF001 - as Model.save() leaves it
        return True
    return False


@cache
def _register() -> Statement:
    ours = _registration.holders()
    letter, key, now = (f"${len(ours) + place}" for place in (1, 2, 3))
    forum = ours["forum_id"]
    ours["state"] = _STATE
    theirs = _letter.literals(task_row(send_letter, []))  # but for these three, one letter is written like the other
    theirs |= {"id": letter, "enqueued_at": "statement_timestamp()", "args_kwargs": _ARGUMENTS % key}
    sql = f"""
        WITH seating AS (
            SELECT held < capacity AS is_free
            FROM forums_seating seating JOIN forums_forum forum ON forum.id = seating.forum_id
            WHERE forum_id = {forum} AND forum.status = 'published' AND forum.starts_at > {now}
                AND forum.registration_opens_at <= {now}
                AND (forum.registration_closes_at > {now} OR forum.registration_closes_at IS NULL)
                AND NOT (held < capacity AND waiting > 0)
                AND NOT EXISTS (
                    SELECT FROM forums_registration offer
                    WHERE offer.forum_id = {forum} AND offer.state = 'offered' AND offer.offer_expires_at <= {now}
                )
        ), made AS (
            INSERT INTO forums_registration ({", ".join(ours)})
            SELECT {", ".join(ours.values())} FROM seating
            RETURNING id, state, seat_number, place
        ), letter AS (
            INSERT INTO {DBTaskResult._meta.db_table} ({", ".join(theirs)})
            SELECT {", ".join(theirs.values())} FROM made
        )
        SELECT id, state, seat_number, place FROM made
    """  # noqa: S608 - made of column names and numbers of parameters
    types = f"{_registration.types}, uuid, text, timestamptz"
    return Statement("register_the_short_way", types, sql)

"""What is decided under the lock is decided on what is so then, and not on what was so when the lock was asked for."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django_tasks_db.models import DBTaskResult

from forums import registrations
from forums.announcing import cancel_forum
from forums.capacity import resize
from forums.models import Forum, Registration, Seating, Skip, Team
from forums.registrations import Details, cancel
from forums.teams import Colleague, register_team
from members.models import User
from tests import people
from tests.factories import make_open_forum, make_registration
from tests.forums.in_the_database import until, waiting_for_a_lock

NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)
A_DAY = timedelta(days=1)
FIRST_LOCK = {"short": "EXECUTE lock_the_seats ", "long": "EXECUTE lock_a_seating ", "back": "EXECUTE lock_the_seats "}

pytestmark = pytest.mark.django_db(transaction=True)

# A forum with one seat, which Ada has; and somebody who waits for the lock.
Meanwhile = Callable[[Forum, User], object]


def leaves(forum: Forum, key: str, now: datetime = NOW) -> None:
    cancel(registration=Registration.objects.get(forum=forum, person=people.person(key)), by=None, now=now)


def changes(**fields: Any) -> Meanwhile:
    return lambda forum, _: Forum.objects.filter(pk=forum.pk).update(**fields)


def cancelled(forum: Forum, _: User) -> None:
    cancel_forum(forum=Forum.objects.get(pk=forum.pk), by=None, now=NOW)


def seating_gone(forum: Forum, _: User) -> None:
    Seating.objects.filter(pk=forum.pk).delete()


def same_person(forum: Forum, who: User) -> None:
    make_registration(forum, who, now=NOW)


def another_joins_the_line(forum: Forum, _: User) -> None:
    make_registration(forum, people.person("ben"), now=NOW)


def another_comes_and_is_undone(forum: Forum, _: User) -> None:
    with transaction.atomic():
        make_registration(forum, people.person("ben"), now=NOW)
        transaction.set_rollback(True)


def seat_given_back(forum: Forum, _: User) -> None:
    leaves(forum, "ada")


def seat_offered(forum: Forum, _: User) -> None:
    make_registration(forum, people.person("ben"), now=NOW)
    leaves(forum, "ada")


def seat_offered_until_yesterday(forum: Forum, _: User) -> None:
    make_registration(forum, people.person("ben"), now=NOW - 4 * A_DAY)
    leaves(forum, "ada", NOW - 4 * A_DAY)


def one_seat_more(forum: Forum, _: User) -> None:
    resize(forum=forum, capacity=2, by=None, now=NOW)


def one_seat_and_a_team_of_two_that_waits(forum: Forum, _: User) -> None:
    lead = people.person("lead")
    mates = [Colleague("mate@example.org", "Mate")]
    asked = {"details": Details(), "by": lead, "now": NOW}
    register_team(forum=forum, lead=lead, colleagues=mates, mode=Team.Mode.TOGETHER, **asked)  # type: ignore[arg-type]
    leaves(forum, "ada")


OUTCOMES: dict[str, tuple[Meanwhile, tuple[object, ...]]] = {
    "nothing happens": (lambda _forum, _who: None, ("waiting", None, 1, 0)),
    "the forum is cancelled": (cancelled, ("ForumCancelled",)),
    "the forum is a draft again": (changes(status="draft"), ("RegistrationClosed",)),
    "the forum is put into the past": (changes(starts_at=NOW), ("RegistrationClosed",)),
    "registration is closed": (changes(registration_closes_at=NOW), ("RegistrationClosed",)),
    "registration is to open later": (changes(registration_opens_at=NOW + A_DAY), ("NotOpenYet",)),
    "registration has no day any more": (changes(registration_opens_at=None), ("RegistrationClosed",)),
    "the seating is taken away": (seating_gone, ("NoSeating",)),
    "they are registered": (same_person, ("AlreadyRegistered",)),
    "another joins the line": (another_joins_the_line, ("waiting", None, 2, 0)),
    "another comes and is undone": (another_comes_and_is_undone, ("waiting", None, 1, 0)),
    "the seat is given back": (seat_given_back, ("confirmed", 1, None, 0)),
    "the seat is offered to the next": (seat_offered, ("waiting", None, 2, 0)),
    "an offer was made that is gone": (seat_offered_until_yesterday, ("confirmed", 1, None, 0)),
    "a seat comes in": (one_seat_more, ("confirmed", 2, None, 0)),
    "a seat is free for less than a team": (one_seat_and_a_team_of_two_that_waits, ("confirmed", 1, None, 2)),
}


def state_of_things() -> tuple[list[Any], ...]:
    """All that a registration leaves behind."""
    events: Any = apps.get_model("forums", "RegistrationEvent")
    tables: Any = (Registration.objects, Skip.objects, DBTaskResult.objects, events.objects)
    return tuple(list(table.order_by("pk").values_list()) for table in tables)


def answer(forum: Forum, who: User) -> tuple[object, ...]:
    """State, seat, place, and how many were passed over; or the name of the refusal."""
    try:
        row = make_registration(forum, who, now=NOW)
    except registrations.SeatRefused as refused:
        return (type(refused).__name__,)
    return row.state, row.seat_number, row.place, Skip.objects.filter(in_favor_of=row).count()


@pytest.mark.parametrize("way", ["short", "long", "back"])
@pytest.mark.parametrize("meanwhile", OUTCOMES)
def test_whoever_waits_for_the_lock_gets_what_the_law_gives_when_they_have_it(
    meanwhile: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the short way; by the long way; and back again after they cancelled, which is by both."""
    (happens, expected), answers = OUTCOMES[meanwhile], list[tuple[object, ...]]()
    forum, who = make_open_forum(now=NOW, capacity=1, registration_opens_at=NOW - 9 * A_DAY), people.visitor()
    if way == "back":
        cancel(registration=make_registration(forum, who, now=NOW - 5 * A_DAY), by=None, now=NOW - 5 * A_DAY)
    if way == "long":
        monkeypatch.setattr(registrations, "take_what_there_is", lambda _row, _now: False)
    make_registration(forum, people.person("ada"), now=NOW - 5 * A_DAY)
    asked_for = Forum.objects.get(pk=forum.pk)

    def registers() -> None:
        try:
            answers.append(answer(asked_for, who))
        finally:
            connection.close()

    thread = threading.Thread(target=registers)
    with transaction.atomic():
        Seating.objects.select_for_update().get(pk=forum.pk)
        thread.start()
        until(lambda: len(waiting_for_a_lock()) == 1)
        assert FIRST_LOCK[way] in waiting_for_a_lock()[0][1]
        happens(forum, who)
        before = state_of_things()
    thread.join(timeout=60)
    assert answers == [expected]
    assert (state_of_things() == before) == (len(expected) == 1), "nothing is left of what was refused"

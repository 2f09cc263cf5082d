"""The short way of a registration gives what the long way gives, and leaves to that whatever there is to weigh."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django_tasks_db.models import DBTaskResult
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forums import registrations
from forums.models import Forum, Registration, Seating, Team
from forums.registrations import Details, cancel
from forums.short_way import take_what_there_is
from forums.teams import Colleague, register_team
from members.models import User
from tests import people
from tests.factories import make_open_forum, make_registration

pytestmark = pytest.mark.django_db
NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)


def world(capacity: int, comers: int, leavers: int, team: int, later: int, status: str) -> tuple[Forum, datetime]:
    """A forum after some have come and gone, a team that waits together, and time that has passed."""
    forum = make_open_forum(now=NOW, capacity=capacity)
    rows = [make_registration(forum, people.person(f"comer{number}"), now=NOW) for number in range(comers)]
    if team:
        lead = people.person("lead")
        register_team(
            forum=forum,
            lead=lead,
            colleagues=[Colleague(f"mate{number}@example.org", "Mate") for number in range(team)],
            mode=Team.Mode.TOGETHER,
            details=Details(),
            by=lead,
            now=NOW,
        )
    for row in rows[:leavers]:
        cancel(registration=row, by=None, now=NOW)
    Forum.objects.filter(pk=forum.pk).update(status=status)
    return forum, NOW + timedelta(hours=later)


def outcome(forum: Forum, person: User, now: datetime) -> tuple[Any, ...]:
    """What a registration came to, with the letters in line and the counts of the forum."""
    before = DBTaskResult.objects.count()
    forum = Forum.objects.get(pk=forum.pk)
    try:
        row = registrations.register(forum=forum, person=person, details=Details(title="CTO"), by=person, now=now)
    except registrations.SeatRefused as refused:
        return type(refused).__name__, DBTaskResult.objects.count() - before
    written = Registration.objects.get(pk=row.pk)
    assert (row.state, row.seat_number, row.place) == (written.state, written.seat_number, written.place)
    kinds = sorted(task.args_kwargs["args"][1:2] for task in DBTaskResult.objects.order_by("-enqueued_at")[:5])
    counts = Seating.objects.values_list("held", "extra", "waiting", "last_place").get(pk=forum.pk)
    return row.state, row.seat_number, row.place, written.title, DBTaskResult.objects.count() - before, counts, kinds


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    capacity=st.integers(1, 4),
    comers=st.integers(0, 6),
    leavers=st.integers(0, 3),
    team=st.integers(0, 3),
    later=st.sampled_from([0, 47, 49]),
    status=st.sampled_from(["published", "published", "published", "cancelled"]),
)
def test_both_ways_come_to_the_same(
    monkeypatch: pytest.MonkeyPatch, capacity: int, comers: int, leavers: int, team: int, later: int, status: str
) -> None:
    found = []
    for short in (True, False):
        with monkeypatch.context() as patched, transaction.atomic():
            if not short:
                patched.setattr(registrations, "take_what_there_is", lambda _row, _now: False)
            forum, now = world(capacity, comers, leavers, team, later, status)
            found.append(outcome(forum, people.person("newcomer"), now))
            transaction.set_rollback(True)
    assert found[0] == found[1]


def test_with_nothing_to_weigh_it_is_one_statement() -> None:
    forum, person = make_open_forum(now=NOW, capacity=1), people.visitor()
    make_registration(forum, people.person("first"), now=NOW)
    row = Registration(forum=forum, person=person)
    registrations.start_anew(row, Details(), NOW)
    with CaptureQueriesContext(connection) as said:
        assert take_what_there_is(row, NOW)
    assert len(said) == 1
    assert (row.state, row.place) == (Registration.State.WAITING, 1)


def test_with_something_to_weigh_it_writes_nothing() -> None:
    forum, _ = world(3, 2, 0, team=2, later=0, status="published")  # one seat is free, and three wait for three
    row = Registration(forum=forum, person=people.visitor())
    registrations.start_anew(row, Details(), NOW)
    before = DBTaskResult.objects.count()
    assert not take_what_there_is(row, NOW)
    assert (row.pk, DBTaskResult.objects.count()) == (None, before)

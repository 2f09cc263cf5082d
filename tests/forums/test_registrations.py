"""One registration: seats in order, the line, offers, and what refuses."""

from datetime import UTC, datetime

import pytest

from forums.models import Registration
from tests import people
from tests.factories import make_open_forum, make_registration

pytestmark = pytest.mark.django_db

NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)
State = Registration.State


def test_seats_are_numbered_and_then_there_is_a_line() -> None:
    forum = make_open_forum(now=NOW, capacity=2)
    rows = [make_registration(forum, people.person(f"cto{number}"), now=NOW) for number in range(4)]
    assert [(row.state, row.seat_number, row.place) for row in rows] == [
        (State.CONFIRMED, 1, None),
        (State.CONFIRMED, 2, None),
        (State.WAITING, None, 1),
        (State.WAITING, None, 2),
    ]

"""Many race for the last seats: as many as there are get one, everybody else has a request, and nothing goes wrong.

Each contender is a process of the operating system with a connection of its own to a real PostgreSQL. `FULL=1` (as in
`make evidence`) lets fifty race for five seats; otherwise it is twelve for three.
"""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import connection

from members.models import Contact, Membership, Organization, User
from tests import people

ROOT = Path(__file__).resolve().parents[2]
CONTENDERS, SEATS = (50, 5) if os.environ.get("FULL") else (12, 3)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def race() -> tuple[Membership, list[User]]:
    """A membership with a few seats, and many who work there and hold none."""
    organization = Organization.objects.create(name="Cedar Falls Schools", slug="cedar-falls", kind="district")
    membership = Membership.objects.create(organization=organization, plan=people.district_plan())
    people.add_term(membership, starts=-30, ends=300, seats=SEATS)
    contenders = [people.person(f"contender{number}") for number in range(CONTENDERS)]
    Contact.objects.bulk_create(Contact(organization=organization, person=who) for who in contenders)
    return membership, contenders


def run(race: tuple[Membership, list[User]], *options: str) -> Counter[str]:
    """What became of the contenders, by the word that each process said."""
    membership, contenders = race
    parts = urlsplit(settings.DATABASE_URL)
    database = urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))
    connection.close()
    keys = [str(membership.pk), *(str(who.pk) for who in contenders)]
    result = subprocess.run(  # noqa: S603 - our own interpreter and program
        [sys.executable, "tests/members/racing_for_seats.py", *options, *keys],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": database, "TESTING": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return Counter(result.stdout.split())


def test_of_many_who_race_for_the_last_seats_each_gets_a_seat_or_a_request(
    race: tuple[Membership, list[User]],
) -> None:
    assert run(race) == {"seat": SEATS, "request": CONTENDERS - SEATS}
    membership, contenders = race
    held = membership.seat_rows.filter(left_at=None)
    assert sorted(held.values_list("number", flat=True)) == list(range(1, SEATS + 1))
    asking = membership.seat_requests.filter(answer="")
    assert asking.count() == CONTENDERS - SEATS
    seated = set(held.values_list("person", flat=True))
    assert seated.isdisjoint(asking.values_list("person", flat=True))
    assert seated | set(asking.values_list("person", flat=True)) == {who.pk for who in contenders}


def test_the_same_race_without_the_lock_oversells(race: tuple[Membership, list[User]]) -> None:
    """The control: the race above is one that can be lost."""
    assert run(race, "--without-lock") == {"seat": CONTENDERS}
    membership, _ = race
    assert membership.seat_rows.filter(left_at=None).count() == CONTENDERS > SEATS

"""Many people register at once: as many as there are seats get one, all others stand in line in the order in which
their requests were admitted, and nobody gets an error.

Processes of the operating system with connections of their own to a real PostgreSQL. `FULL=1` (as in `make evidence`)
lets a thousand race for two hundred seats from eight processes, twenty times; otherwise it is sixty for ten from four,
twice.
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
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from forums.models import Forum, Registration, Seating
from members.models import User
from tests.factories import make_open_forum

ROOT = Path(__file__).resolve().parents[2]
PEOPLE, SEATS, PROCESSES, RUNS = (1_000, 200, 8, 20) if os.environ.get("FULL") else (60, 10, 4, 2)
FEW, FEW_SEATS, FEW_PROCESSES = 60, 10, 4  # for the controls, which wait for each other
assert FEW_SEATS % FEW_PROCESSES, "the last seats must be fewer than those who race for them"

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def crowd(size: int) -> list[int]:
    """So many people with an account."""
    people = User.objects.bulk_create(User(email=f"cto{n}@example.org", name=f"CTO {n}") for n in range(size))
    return [person.pk for person in people]


def race(forum: Forum, people: list[int], log: Path, processes: int, *options: str) -> Counter[str]:
    """How often each word was said of what became of somebody."""
    parts = urlsplit(settings.DATABASE_URL)
    database = urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))
    connection.close()
    arguments = [str(forum.pk), str(log), str(processes), *options, *map(str, people)]
    result = subprocess.run(  # noqa: S603 - our own interpreter and program
        [sys.executable, "tests/forums/racing_to_register.py", *arguments],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": database, "TESTING": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert not result.stderr
    return Counter(result.stdout.split())


@pytest.mark.parametrize("turn", range(RUNS))
def test_seats_go_to_the_first_admitted_and_the_line_keeps_their_order(turn: int, tmp_path: Path) -> None:
    forum, people, log = make_open_forum(now=timezone.now(), capacity=SEATS), crowd(PEOPLE), tmp_path / "admitted"
    assert race(forum, people, log, PROCESSES) == {"confirmed": SEATS, "waiting": PEOPLE - SEATS}

    admitted = [int(line) for line in log.read_text().split()]
    assert sorted(admitted) == sorted(people)
    rows = Registration.objects.filter(forum=forum)
    seated = list(rows.confirmed().order_by("seat_number").values_list("person", "seat_number", "place"))
    assert seated == [(person, number, None) for number, person in enumerate(admitted[:SEATS], start=1)]
    line = list(rows.in_line().values_list("person", "seat_number", "place"))
    assert line == [(person, None, place) for place, person in enumerate(admitted[SEATS:], start=1)]

    kept = Seating.objects.values_list("held", "extra", "waiting").get(pk=forum.pk)
    assert kept == (SEATS, 0, PEOPLE - SEATS)
    letters = DBTaskResult.objects.filter(task_path__startswith="forums.letters").values_list("args_kwargs", flat=True)
    said = Counter(letter["args"][1] for letter in letters)
    assert said == {"registered": SEATS, "waitlisted": PEOPLE - SEATS}


def test_the_same_race_without_the_lock_and_the_guard_oversells(tmp_path: Path) -> None:
    """The control: the race above is one that can be lost."""
    forum, people = make_open_forum(now=timezone.now(), capacity=FEW_SEATS), crowd(FEW)
    switch_guard("DISABLE")
    try:
        said = race(forum, people, tmp_path / "admitted", FEW_PROCESSES, "--without-lock")
    finally:
        switch_guard("ENABLE")
    assert said["confirmed"] == Registration.objects.confirmed().count() > FEW_SEATS


def test_without_the_lock_the_guard_keeps_the_seats_but_people_get_errors(tmp_path: Path) -> None:
    """The other control: what the database refuses, the lock spares people."""
    forum, people = make_open_forum(now=timezone.now(), capacity=FEW_SEATS), crowd(FEW)
    said = race(forum, people, tmp_path / "admitted", FEW_PROCESSES, "--without-lock")
    assert said["confirmed"] == Registration.objects.confirmed().count() == FEW_SEATS
    assert said["IntegrityError"] > 0


def switch_guard(how: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgname LIKE 'pgtrigger_no_seat_beyond_capacity%'")
        (name,) = cursor.fetchone()
        cursor.execute(f"ALTER TABLE forums_registration {how} TRIGGER {name}")

"""Many people register at once: as many as there are seats get one, all others stand in line in the order in which
their requests were admitted, and nobody gets an error.

Processes of the operating system with connections of their own to a real PostgreSQL. `FULL=1` (as in `make evidence`)
lets a thousand race for two hundred seats from eight processes, twenty times; otherwise it is sixty for ten from four,
twice. The long way, which most people never take, is raced less often: by everybody, and by half of them.
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
from forums.registrations import new_ticket
from members.models import User
from tests.factories import make_open_forum
from tests.forums.in_the_database import Admitted, closed_gate, lenient_guard, until, waiting_for_a_lock, witness

ROOT = Path(__file__).resolve().parents[2]
FULL = bool(os.environ.get("FULL"))
PEOPLE, SEATS, PROCESSES, RUNS, LONG_RUNS = (1_000, 200, 8, 20, 2) if FULL else (60, 10, 4, 2, 1)
FEW, FEW_SEATS, FEW_PROCESSES = 60, 10, 4  # for the controls, which wait for each other
assert FEW_SEATS % FEW_PROCESSES, "the last seats must be fewer than those who race for them"

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def crowd(size: int) -> list[int]:
    """So many people with an account."""
    people = User.objects.bulk_create(User(email=f"cto{n}@example.org", name=f"CTO {n}") for n in range(size))
    return [person.pk for person in people]


def were_here_before(forum: Forum, people: list[int]) -> None:
    """They registered once and cancelled."""
    now = timezone.now()
    Registration.objects.bulk_create(
        Registration(
            forum=forum, person_id=pk, state="cancelled", ticket=new_ticket(), registered_at=now, settled_at=now
        )
        for pk in people
    )


def start(forum: Forum, people: list[int], log: Path, processes: int, *options: str) -> "subprocess.Popen[str]":
    parts = urlsplit(settings.DATABASE_URL)
    database = urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))
    arguments = [str(forum.pk), str(log), str(processes), *options, *map(str, people)]
    return subprocess.Popen(  # noqa: S603 - our own interpreter and program
        [sys.executable, "tests/forums/racing_to_register.py", *arguments],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": database, "TESTING": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: "subprocess.Popen[str]") -> Counter[str]:
    """How often each word was said of what became of somebody."""
    said, complaints = process.communicate(timeout=600)
    assert (process.returncode, complaints) == (0, "")
    return Counter(said.split())


def race(*arguments: object) -> Counter[str]:
    return finish(start(*arguments))  # type: ignore[arg-type]


# --- the race ---------------------------------------------------------------------------------------------------------
def is_by_the_law(forum: Forum, people: list[int], admitted: list[Admitted], said: Counter[str]) -> list[int]:
    """Who was admitted in which order, after all that is said above was looked for."""
    assert said == {"confirmed": SEATS, "waiting": PEOPLE - SEATS}
    assert all(one.had_lock for one in admitted)
    order = [one.person for one in admitted]
    assert sorted(order) == sorted(people)
    rows = Registration.objects.filter(forum=forum)
    seated = list(rows.confirmed().order_by("seat_number").values_list("person", "seat_number", "place"))
    assert seated == [(person, number, None) for number, person in enumerate(order[:SEATS], start=1)]
    line = list(rows.in_line().values_list("person", "seat_number", "place"))
    assert line == [(person, None, place) for place, person in enumerate(order[SEATS:], start=1)]

    kept = Seating.objects.values_list("held", "extra", "waiting").get(pk=forum.pk)
    assert kept == (SEATS, 0, PEOPLE - SEATS)
    letters = DBTaskResult.objects.filter(task_path__startswith="forums.letters").values_list("args_kwargs", flat=True)
    told = {letter["args"][0]: letter["args"][1] for letter in letters}
    words = {"confirmed": "registered", "waiting": "waitlisted"}
    assert len(letters) == PEOPLE
    assert told == {pk: words[state] for pk, state in rows.values_list("pk", "state")}
    return order


def ways_gone(log: Path) -> list[int]:
    """Who went the long way, in the order in which they had the lock."""
    return [int(line) for line in log.read_text().split()]


@pytest.mark.parametrize("turn", range(RUNS))
def test_seats_go_to_the_first_admitted_and_the_line_keeps_their_order(turn: int, tmp_path: Path) -> None:
    forum, people, log = make_open_forum(now=timezone.now(), capacity=SEATS), crowd(PEOPLE), tmp_path / "long"
    with witness() as admitted:
        said = race(forum, people, log, PROCESSES)
        is_by_the_law(forum, people, admitted(), said)
    assert ways_gone(log) == [], "somebody who registers for the first time goes the short way"


@pytest.mark.parametrize("turn", range(LONG_RUNS))
def test_so_they_do_when_everybody_goes_the_long_way(turn: int, tmp_path: Path) -> None:
    forum, people, log = make_open_forum(now=timezone.now(), capacity=SEATS), crowd(PEOPLE), tmp_path / "long"
    with witness() as admitted:
        said = race(forum, people, log, PROCESSES, "--long-way")
        order = is_by_the_law(forum, people, admitted(), said)
    assert ways_gone(log) == order


@pytest.mark.parametrize("turn", range(LONG_RUNS))
def test_so_they_do_when_half_of_them_were_here_before_and_cancelled(turn: int, tmp_path: Path) -> None:
    forum, people, log = make_open_forum(now=timezone.now(), capacity=SEATS), crowd(PEOPLE), tmp_path / "long"
    back = [pk for number, pk in enumerate(people) if (number + number // PROCESSES) % 2]  # half of each process's
    were_here_before(forum, back)
    with witness() as admitted:
        said = race(forum, people, log, PROCESSES)
        order = is_by_the_law(forum, people, admitted(), said)
    assert ways_gone(log) == [pk for pk in order if pk in set(back)]
    assert 0 < len([pk for pk in order[:SEATS] if pk in set(back)]) < SEATS, "both kinds raced for the seats"


# --- controls ---------------------------------------------------------------------------------------------------------
def test_the_same_race_without_the_lock_and_the_guard_oversells(tmp_path: Path) -> None:
    """The control: the long way's race is one that can be lost."""
    forum, people = make_open_forum(now=timezone.now(), capacity=FEW_SEATS), crowd(FEW)
    with lenient_guard():
        said = race(forum, people, tmp_path / "long", FEW_PROCESSES, "--long-way", "--without-lock")
    assert said["confirmed"] == Registration.objects.confirmed().count() > FEW_SEATS


def test_without_the_lock_the_guard_keeps_the_seats_but_people_get_errors(tmp_path: Path) -> None:
    """The other control: what the database refuses, the lock spares people."""
    forum, people = make_open_forum(now=timezone.now(), capacity=FEW_SEATS), crowd(FEW)
    said = race(forum, people, tmp_path / "long", FEW_PROCESSES, "--long-way", "--without-lock")
    assert said["confirmed"] == Registration.objects.confirmed().count() == FEW_SEATS
    assert said["IntegrityError"] > 0


def in_step(log: Path, *options: str) -> tuple[Counter[str], list[Admitted]]:
    """Four people ask for one seat by the short way, and nobody's row is written before all four have come as far as
    they can: to the row, or to a lock that another has."""
    forum, people = make_open_forum(now=timezone.now(), capacity=1), crowd(FEW_PROCESSES)
    with witness() as admitted:
        with closed_gate():
            process = start(forum, people, log, FEW_PROCESSES, *options)
            until(lambda: len(waiting_for_a_lock()) == FEW_PROCESSES or process.poll() is not None)
        return finish(process), admitted()


def test_in_step_and_without_the_guard_the_lock_alone_keeps_the_seats(tmp_path: Path) -> None:
    with lenient_guard():
        said, admitted = in_step(tmp_path / "long")
    assert said == {"confirmed": 1, "waiting": FEW_PROCESSES - 1}
    assert [one.had_lock for one in admitted] == [True] * FEW_PROCESSES


def test_in_step_without_the_lock_and_the_guard_the_short_way_oversells(tmp_path: Path) -> None:
    """The control: everybody read that a seat is free."""
    with lenient_guard():
        said, admitted = in_step(tmp_path / "long", "--without-lock")
    assert said == {"confirmed": FEW_PROCESSES}
    assert Registration.objects.confirmed().count() == FEW_PROCESSES
    assert [one.had_lock for one in admitted] == [False] * FEW_PROCESSES


def test_in_step_without_the_lock_the_guard_keeps_the_seat_but_people_get_errors(tmp_path: Path) -> None:
    said, _ = in_step(tmp_path / "long", "--without-lock")
    assert said == {"confirmed": 1, "IntegrityError": FEW_PROCESSES - 1}
    assert Registration.objects.confirmed().count() == Registration.objects.count() == 1

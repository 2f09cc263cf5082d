"""Many people, from several processes, register for one forum at the same moment. A program.

`python tests/forums/racing_to_register.py FORUM LOG PROCESSES [--long-way] [--without-lock] PERSON…`, with DATABASE_URL
of the database that they are in. Prints a line for each person: the state they got, or the name of an error.

Each process is forked after everything is imported and before anything is connected, and takes its share of the people
one by one. Whoever goes the long way writes their number into LOG as soon as they have the lock on the seating, and so
LOG has the order in which those were admitted, whatever the database makes of it. With `--long-way` everybody does.

Without the lock the seating is only read. On the long way its seats are counted, and the processes wait for each other
between the count and the seat, which is what happens sooner or later without a lock. On the short way it is for the
test to hold them up between the two (`tests.forums.in_the_database.closed_gate`).
"""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from threading import BrokenBarrierError
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cosn_site.settings")

import django

django.setup()

from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from cosn_site.statements import Statement  # noqa: E402
from forums import registrations, short_way  # noqa: E402
from forums.models import Forum, Registration, Seating  # noqa: E402
from forums.registrations import Details  # noqa: E402
from members.models import User  # noqa: E402

fork = get_context("fork")
ONLY_READ = Statement("only_read_the_seats", "bigint", "SELECT FROM forums_seating WHERE forum_id = $1")


def with_log(locked: Callable[[int, datetime], Seating], log: int, who: list[int]) -> Any:
    """The same lock, whose holder says who they are."""

    def noted(forum_id: int, now: datetime) -> Seating:
        seating = locked(forum_id, now)
        os.write(log, f"{who[0]}\n".encode())  # the file is opened to append: one write, one line
        return seating

    return noted


def without_lock(gate: Barrier) -> Any:
    """The seating as it would be if it were only read, and its seats counted."""

    def read(forum_id: int, now: datetime) -> Seating:
        seating = Seating.objects.select_related("forum").get(pk=forum_id)
        seating.held = Registration.objects.filter(forum=forum_id).holding().count()
        seating.waiting = 0
        with suppress(BrokenBarrierError):
            gate.wait(20)
        return seating

    return read


def prepare(options: set[str], gate: Barrier, log: int, who: list[int]) -> None:
    """Put what the options ask for in the place of the product's own."""
    replaced: Any = registrations
    if "--long-way" in options:
        replaced.take_what_there_is = lambda _row, _now: False
    replaced.locked = with_log(registrations.locked, log, who)
    if "--without-lock" in options:
        replaced.locked = without_lock(gate)
        replaced = short_way
        replaced._lock = ONLY_READ


def ask(forum: Forum, person: User) -> str:
    """What becomes of this person."""
    try:
        now = timezone.now()
        return registrations.register(forum=forum, person=person, details=Details(), by=person, now=now).state
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what the person got
        return type(error).__name__


def take_turns(forum_id: int, people: list[int], log: str, options: set[str], gate: Barrier) -> None:
    """One process, with its share of the people."""
    who, file = [0], os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    prepare(options, gate, file, who)
    forum = Forum.objects.get(pk=forum_id)
    rows = User.objects.in_bulk(people)
    gate.wait(60)
    for pk in people:
        who[0] = pk
        os.write(1, f"{ask(forum, rows[pk])}\n".encode())
    gate.abort()  # nobody waits for one who is through
    connection.close()


def main(forum: int, log: str, processes: int, people: list[int], options: set[str]) -> int:
    gate = fork.Barrier(processes)
    crew = [
        fork.Process(target=take_turns, args=(forum, people[turn::processes], log, options, gate))
        for turn in range(processes)
    ]
    for process in crew:
        process.start()
    for process in crew:
        process.join()
    return max(abs(process.exitcode or 0) for process in crew)


if __name__ == "__main__":
    said = {word for word in sys.argv[1:] if word.startswith("--")}
    words = [word for word in sys.argv[1:] if word not in said]
    sys.exit(main(int(words[0]), words[1], int(words[2]), [int(word) for word in words[3:]], said))

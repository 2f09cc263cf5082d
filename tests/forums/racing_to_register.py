"""Many people, from several processes, register for one forum at the same moment. A program.

`python tests/forums/racing_to_register.py FORUM LOG PROCESSES [--without-lock] PERSON…`, with DATABASE_URL of the
database that they are in. Prints a line for each person: the state they got, or the name of an error.

Each process is forked after everything is imported and before anything is connected, and takes its share of the people
one by one. Whoever has the lock on the seating writes their number into LOG before anything else, and so the order of
LOG is the order in which requests were admitted, whatever the database makes of it.

Without the lock the seating is only read and its seats only counted; and the processes wait for each other between the
count and the seat, which is what happens sooner or later without a lock.
"""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from threading import BrokenBarrierError
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cosn_site.settings")

import django

django.setup()

from datetime import datetime  # noqa: E402

from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from forums import registrations  # noqa: E402
from forums.models import Forum, Registration, Seating  # noqa: E402
from forums.registrations import Details  # noqa: E402
from members.models import User  # noqa: E402

fork = get_context("fork")


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


def ask(forum: Forum, person: User) -> str:
    """What becomes of this person."""
    try:
        now = timezone.now()
        return registrations.register(forum=forum, person=person, details=Details(), by=person, now=now).state
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what the person got
        return type(error).__name__


def take_turns(forum_id: int, people: list[int], log: str, *, control: bool, gate: Barrier) -> None:
    """One process, with its share of the people."""
    replaced: Any = registrations
    who, file = [0], os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    replaced.locked = without_lock(gate) if control else with_log(registrations.locked, file, who)
    forum = Forum.objects.get(pk=forum_id)
    rows = User.objects.in_bulk(people)
    gate.wait(60)
    for pk in people:
        who[0] = pk
        os.write(1, f"{ask(forum, rows[pk])}\n".encode())
    gate.abort()  # nobody waits for one who is through
    connection.close()


def main(forum: int, log: str, processes: int, people: list[int], *, control: bool) -> int:
    gate = fork.Barrier(processes)
    crew = [
        fork.Process(target=take_turns, args=(forum, people[turn::processes], log), kwargs=keywords)
        for turn, keywords in enumerate([{"control": control, "gate": gate}] * processes)
    ]
    for process in crew:
        process.start()
    for process in crew:
        process.join()
    return max(abs(process.exitcode or 0) for process in crew)


if __name__ == "__main__":
    is_control = "--without-lock" in sys.argv
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    sys.exit(main(int(words[0]), words[1], int(words[2]), [int(word) for word in words[3:]], control=is_control))

"""Many people, each in a process of their own, ask for a seat of one membership at the same moment. A program.

`python tests/members/racing_for_seats.py MEMBERSHIP PERSON…`, with DATABASE_URL of the database that they are in, and
`--without-lock` for the control. Prints a line for each person: `seat`, `request`, or the name of an error.

Each process is forked after everything is imported and before anything is connected, waits until all are there, and
then asks. In the control it also waits between the count of the seats and the seat that it takes, which is what happens
sooner or later without a lock.
"""

import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cosn_site.settings")

import django

django.setup()

from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from members import requests, seats  # noqa: E402
from members.models import Membership, Seat, User  # noqa: E402


class Gate:
    """Opens once everybody stands before it."""

    def __init__(self) -> None:
        self.arrived, self.opened = os.pipe(), os.pipe()

    def wait(self) -> None:
        """Say that we are here, and stand until it opens."""
        os.write(self.arrived[1], b".")
        os.close(self.opened[1])
        os.read(self.opened[0], 1)

    def open_for(self, count: int) -> None:
        """Wait for so many, then open."""
        os.close(self.arrived[1])
        here = 0
        while here < count and (some := os.read(self.arrived[0], count)):
            here += len(some)
        os.close(self.opened[1])


def without_lock(gate: Gate, place: int) -> None:
    """The verb as it would be if the membership's row were only read, and seats only counted."""

    def read(membership: Membership) -> Membership:
        return Membership.objects.select_related("organization").get(pk=membership.pk)

    def counted(room: seats.Room) -> int:
        number = seats.lowest_free(room)
        gate.wait()
        return number + place  # numbers apart, so that the lock alone is tried and not the constraint on numbers

    replaced: Any = requests
    replaced.locked_for_seating, replaced.lowest_free = read, counted


def ask(membership: Membership, person: User) -> str:
    """What becomes of this person."""
    try:
        got = requests.take_or_request_seat(membership=membership, person=person, by=person, now=timezone.now())
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what the person got
        return type(error).__name__
    return "seat" if isinstance(got, Seat) else "request"


def main(control: bool, membership_id: int, people: list[int]) -> None:
    start, counted = Gate(), Gate()
    children = []
    for place, person_id in enumerate(people):
        child = os.fork()
        if child:
            children.append(child)
            continue
        membership, person = Membership.objects.get(pk=membership_id), User.objects.get(pk=person_id)
        if control:
            without_lock(counted, place)
        start.wait()
        os.write(1, f"{ask(membership, person)}\n".encode())  # one write, so that no two lines mix
        connection.close()
        os._exit(0)
    start.open_for(len(people))
    if control:
        counted.open_for(len(people))
    for child in children:
        os.waitpid(child, 0)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    is_control = "--without-lock" in arguments
    first, *rest = [int(word) for word in arguments if word.isdigit()]
    main(is_control, first, rest)

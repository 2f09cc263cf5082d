"""Two accounts become one at the very moment at which one of them comes to a seat, or to a place, that the other has.

Both transactions are on real connections. Whoever gives the seat has the membership's lock when the merge begins, and
goes on once the merge waits for it, or has got past it; so the order in which things happen is always the same.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from members import invitations, merge_rules, merging, requests, seats
from members.merge_rules import Settlement, UpstairsRule
from members.models import Contact, Membership, Seat, SeatRequest, User
from members.seats import AlreadySeated
from tests import people

pytestmark = pytest.mark.django_db(transaction=True)
Step = Callable[[Membership, User], object]


class Meeting:
    """Where two transactions wait for each other."""

    def __init__(self) -> None:
        self.has_lock, self.has_people, self.is_over = threading.Event(), threading.Event(), threading.Event()
        self.pids: dict[str, int] = {}

    def arrives(self, who: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            self.pids[who] = cursor.fetchone()[0]

    def waits(self, who: str) -> bool:
        """Whether PostgreSQL lets this one wait for a lock."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_locks WHERE pid = %s AND NOT granted", [self.pids.get(who, 0)])
            return cursor.fetchone() is not None

    def until(self, is_so: Callable[[], bool]) -> None:
        for _ in range(2_000):
            if is_so():
                return
            time.sleep(0.01)
        raise AssertionError("nobody came")

    def gives(self, membership: Membership, person: User, step: Step) -> Any:
        """The step, by somebody who had the membership's lock before the merge began."""
        try:
            with transaction.atomic():
                seats.locked_for_seating(membership)
                self.arrives("giver")
                self.has_lock.set()
                self.until(lambda: self.has_people.is_set() or self.waits("merger"))
                return step(membership, person)
        finally:
            self.is_over.set()
            connection.close()

    def merges(self, kept: User, merged: User) -> None:
        try:
            assert self.has_lock.wait(20)
            self.arrives("merger")
            merging.merge_people(kept=kept, merged=merged, reason="Same name.", by=None, now=timezone.now())
        finally:
            connection.close()

    def past_the_lock(self, kept: User, merged: User, now: datetime) -> Iterator[Settlement]:
        """As a rule of the merge, after both people are locked and before anything moves."""
        self.has_people.set()
        self.until(lambda: self.is_over.is_set() or self.waits("giver"))
        yield from ()


@pytest.fixture
def meeting() -> Iterator[Meeting]:
    found = Meeting()
    rule = UpstairsRule(lock=lambda *_: None, settle=found.past_the_lock)
    merge_rules.UPSTAIRS.append(rule)
    yield found
    merge_rules.UPSTAIRS.remove(rule)


def at_once(meeting: Meeting, kept: User, merged: User, person: User, step: Step) -> Any:
    """What the step came to, when the merge and it meet."""
    membership = people.maple_valley()
    with ThreadPoolExecutor(2) as pool:
        giving = pool.submit(meeting.gives, membership, person, step)
        merging_them = pool.submit(meeting.merges, kept, merged)
        merging_them.result(timeout=60)
        return giving.result(timeout=60)


def gives_seat(membership: Membership, person: User) -> Seat:
    return seats.give_seat(membership=membership, person=person, by=None, now=timezone.now())


def asks(membership: Membership, person: User) -> object:
    return requests.take_or_request_seat(membership=membership, person=person, by=person, now=timezone.now())


def accepts(membership: Membership, person: User) -> Seat:
    (invitation,) = membership.invitations.all()
    return invitations.accept_invitation(invitation=invitation, person=person, by=person, now=timezone.now())


def free_seats() -> Membership:
    membership = people.maple_valley()
    membership.terms.update(seats=10)
    return membership


@pytest.mark.parametrize("which", ["the one who stays", "the one who goes"])
def test_a_seat_given_to_one_while_the_other_sits_there_is_one_seat_in_the_end(meeting: Meeting, which: str) -> None:
    people.contact(), free_seats()
    stays = which == "the one who stays"
    seated, other = people.member(), people.visitor()
    kept, merged = (other, seated) if stays else (seated, other)
    at_once(meeting, kept, merged, other, gives_seat)
    assert Seat.objects.filter(person=kept, left_at=None).count() == 1
    assert not Seat.objects.filter(person=merged).exists()


def test_a_seat_where_neither_sits_is_not_given_to_the_account_that_is_being_merged(meeting: Meeting) -> None:
    people.contact(), free_seats()
    kept, merged = people.visitor(), people.purchase()
    with pytest.raises(seats.WasMerged):
        at_once(meeting, kept, merged, merged, gives_seat)
    merged.refresh_from_db()
    assert merged.merged_into == kept
    assert not Seat.objects.filter(person__in=[kept, merged]).exists()


def test_a_request_of_one_while_the_other_has_asked_is_one_request_in_the_end(meeting: Meeting) -> None:
    merged, kept, membership = people.noseat(), people.visitor(), people.maple_valley()
    Contact.objects.create(organization=membership.organization, person=kept)
    SeatRequest.objects.create(membership=membership, person=merged, asked_at=timezone.now())
    at_once(meeting, kept, merged, kept, asks)
    assert SeatRequest.objects.filter(answer="").count() == 1
    assert not SeatRequest.objects.filter(person=merged).exists()


def test_an_invitation_that_one_accepts_where_the_other_works_makes_one_contact_in_the_end(meeting: Meeting) -> None:
    kept, merged, membership = people.visitor(), people.noseat(), free_seats()
    invitations.invite(membership=membership, email=kept.email, by=None, now=timezone.now())
    at_once(meeting, kept, merged, kept, accepts)
    assert Contact.objects.filter(organization=membership.organization, person=kept).count() == 1
    assert not Contact.objects.filter(person=merged).exists()


def test_a_seat_is_not_given_to_an_account_that_was_merged_meanwhile() -> None:
    membership, kept, merged = free_seats(), people.member(), people.visitor()
    merging.merge_people(kept=kept, merged=merged, reason="Same name.", by=None, now=timezone.now())
    with pytest.raises(seats.WasMerged, match="merged into another one"):
        gives_seat(membership, merged)
    with pytest.raises(AlreadySeated):
        gives_seat(membership, kept)

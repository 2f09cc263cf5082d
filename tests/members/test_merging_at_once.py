"""Two accounts become one at the very moment at which one of them comes to a seat, or to a place, that the other has.

Whoever gives the seat has the membership's lock when the merge begins, and goes on once the merge waits for it, or has
got past it (see `tests.members.meeting`).
"""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from django.utils import timezone

from members import invitations, merge_rules, merging, requests, seats
from members.merge_rules import Settlement, UpstairsRule
from members.models import Contact, Membership, Merge, Seat, SeatRequest, User
from members.seats import AlreadySeated
from tests import people
from tests.members.meeting import Meeting

pytestmark = pytest.mark.django_db(transaction=True)
Step = Callable[[Membership, User], object]


class Merging(Meeting):
    """A merge is the second of the two."""

    def __init__(self) -> None:
        super().__init__()
        self.has_people = threading.Event()

    def past_the_lock(self, kept: User, merged: User, now: datetime) -> Iterator[Settlement]:
        """As a rule of the merge, after both people are locked and before anything moves."""
        self.has_people.set()
        self.until(lambda: self.is_over.is_set() or self.waits("first"))
        yield from ()


@pytest.fixture
def meeting() -> Iterator[Merging]:
    found = Merging()
    rule = UpstairsRule(lock=lambda *_: None, settle=found.past_the_lock)
    merge_rules.UPSTAIRS.append(rule)
    yield found
    merge_rules.UPSTAIRS.remove(rule)


def at_once(meeting: Merging, kept: User, merged: User, person: User, step: Step) -> object:
    """What the step for this person came to, when the merge and it meet."""
    membership = people.maple_valley()

    def merge() -> object:
        return merging.merge_people(kept=kept, merged=merged, reason="Same name.", by=None, now=timezone.now())

    given, record = meeting.hold(
        membership,
        lambda: step(membership, person),
        merge,
        goes_on=lambda: meeting.has_people.is_set() or meeting.waits("second"),
    )
    assert isinstance(record, Merge), record
    return given


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
def test_a_seat_given_to_one_while_the_other_sits_there_is_one_seat_in_the_end(meeting: Merging, which: str) -> None:
    people.contact(), free_seats()
    stays = which == "the one who stays"
    seated, other = people.member(), people.visitor()
    kept, merged = (other, seated) if stays else (seated, other)
    assert isinstance(at_once(meeting, kept, merged, other, gives_seat), Seat)
    assert Seat.objects.filter(person=kept, left_at=None).count() == 1
    assert not Seat.objects.filter(person=merged).exists()


def test_a_seat_where_neither_sits_is_not_given_to_the_account_that_is_being_merged(meeting: Merging) -> None:
    people.contact(), free_seats()
    kept, merged = people.visitor(), people.purchase()
    assert isinstance(at_once(meeting, kept, merged, merged, gives_seat), seats.WasMerged)
    merged.refresh_from_db()
    assert merged.merged_into == kept
    assert not Seat.objects.filter(person__in=[kept, merged]).exists()


def test_a_request_of_one_while_the_other_has_asked_is_one_request_in_the_end(meeting: Merging) -> None:
    merged, kept, membership = people.noseat(), people.visitor(), people.maple_valley()
    assert membership.organization is not None
    Contact.objects.create(organization=membership.organization, person=kept)
    SeatRequest.objects.create(membership=membership, person=merged, asked_at=timezone.now())
    assert isinstance(at_once(meeting, kept, merged, kept, asks), SeatRequest)
    assert SeatRequest.objects.filter(answer="").count() == 1
    assert not SeatRequest.objects.filter(person=merged).exists()


def test_an_invitation_that_one_accepts_where_the_other_works_makes_one_contact_in_the_end(meeting: Merging) -> None:
    kept, merged, membership = people.visitor(), people.noseat(), free_seats()
    invitations.invite(membership=membership, email=kept.email, by=None, now=timezone.now())
    assert isinstance(at_once(meeting, kept, merged, kept, accepts), Seat)
    assert Contact.objects.filter(organization=membership.organization, person=kept).count() == 1
    assert not Contact.objects.filter(person=merged).exists()


def test_a_seat_is_not_given_to_an_account_that_was_merged_meanwhile() -> None:
    membership, kept, merged = free_seats(), people.member(), people.visitor()
    merging.merge_people(kept=kept, merged=merged, reason="Same name.", by=None, now=timezone.now())
    with pytest.raises(seats.WasMerged, match="merged into another one"):
        gives_seat(membership, merged)
    with pytest.raises(AlreadySeated):
        gives_seat(membership, kept)

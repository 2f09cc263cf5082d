"""One invitation, and two who want its seat at the same instant: the lock on the membership decides, once."""

from functools import partial

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from members import invitations
from members.invitations import InvitationClosed
from members.models import Invitation, Membership, Seat, User
from tests import people
from tests.members.meeting import Meeting

pytestmark = pytest.mark.django_db(transaction=True)
NEW = "new.colleague@maplevalley.example"


@pytest.fixture
def membership() -> Membership:
    """Maple Valley with seats to spare, so that it is not their number that stops the second one."""
    people.contact()
    membership = people.maple_valley()
    membership.terms.update(seats=10)
    return membership


def invite(membership: Membership, email: str) -> Invitation:
    return invitations.invite(membership=membership, email=email, by=people.contact(), now=timezone.now())


def accept_as(invitation: Invitation, name: str) -> object:
    return invitations.accept_as_new_person(invitation=invitation, name=name, by=None, now=timezone.now())


def accept(invitation: Invitation, person: User) -> object:
    return invitations.accept_invitation(invitation=invitation, person=person, by=person, now=timezone.now())


def withdraw(invitation: Invitation) -> None:
    invitations.withdraw_invitation(invitation=invitation, by=people.contact(), now=timezone.now())


def test_of_two_people_who_accept_by_one_link_at_once_one_gets_the_account_and_the_seat(membership: Membership) -> None:
    invitation = invite(membership, NEW)
    got, refused = Meeting().hold(
        membership, partial(accept_as, invitation, "Ada First"), partial(accept_as, invitation, "Bea Second")
    )
    person, seat = got
    assert (person.name, seat.person) == ("Ada First", person)
    assert isinstance(refused, InvitationClosed)
    assert refused.sentence == "This invitation was accepted."
    assert User.objects.filter(email=NEW).count() == EmailAddress.objects.filter(email=NEW).count() == 1
    invitation.refresh_from_db()
    assert invitation.accepted_by == person
    assert membership.seat_rows.filter(left_at=None).count() == 3, "the contact, a colleague, and one of the two"


def test_a_person_who_accepts_in_two_browsers_at_once_sits_in_one_seat(membership: Membership) -> None:
    person = people.visitor()
    invitation = invite(membership, person.email)
    got, refused = Meeting().hold(membership, partial(accept, invitation, person), partial(accept, invitation, person))
    assert isinstance(refused, InvitationClosed)
    assert list(Seat.objects.filter(person=person)) == [got]
    assert membership.organization is not None
    assert membership.organization.contacts.filter(person=person).count() == 1


def test_an_invitation_that_is_withdrawn_while_somebody_accepts_was_either_and_never_both(
    membership: Membership,
) -> None:
    first, then = invite(membership, NEW), invite(membership, "another@maplevalley.example")
    got, refused = Meeting().hold(membership, partial(accept_as, first, "Ada"), partial(withdraw, first))
    assert isinstance(got, tuple)
    assert isinstance(refused, InvitationClosed)
    got, refused = Meeting().hold(membership, partial(withdraw, then), partial(accept_as, then, "Bea"))
    assert got is None
    assert isinstance(refused, InvitationClosed)
    assert not User.objects.filter(email=then.email).exists()

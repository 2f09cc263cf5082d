"""Invitations: a seat is kept for an address, and its owner alone can have it, by a button."""

from datetime import datetime, timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from members import invitations, seats
from members.contacts import CannotSignIn
from members.handoff import OwnSuccessor, hand_off
from members.models import Contact, Invitation, Membership, Seat, User
from members.seats import NoSeatLeft
from tests import people, shelf
from tests.members.post import deliver, link_in
from tests.store.asking import ask

pytestmark = pytest.mark.django_db
NEW = "new.colleague@maplevalley.example"
INVITE = "/account/organization/maple-valley/invite/"


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    cache.clear()


@pytest.fixture
def membership() -> Membership:
    """Maple Valley with one of its three seats free."""
    people.contact(), people.member()
    membership = people.maple_valley()
    membership.seat_rows.filter(number=3).update(left_at=timezone.now())
    return membership


def invite(membership: Membership, email: str = NEW, *, now: datetime | None = None) -> Invitation:
    return invitations.invite(membership=membership, email=email, by=people.contact(), now=now or timezone.now())


def accept(invitation: Invitation, person: User) -> Seat:
    return invitations.accept_invitation(invitation=invitation, person=person, by=person, now=timezone.now())


def sent_link() -> str:
    (message,) = deliver()
    return link_in(message)


# --- keeping a seat -----------------------------------------------------------------------------------------------
def test_an_open_invitation_keeps_its_seat(membership: Membership) -> None:
    assert seats.room_of(membership, timezone.now()).free == 1
    invite(membership)
    assert seats.room_of(membership, timezone.now()).free == 0
    with pytest.raises(NoSeatLeft, match="kept for somebody"):
        seats.give_seat(membership=membership, person=people.noseat(), by=None, now=timezone.now())
    with pytest.raises(NoSeatLeft):
        invite(membership, "another@maplevalley.example")


@pytest.mark.parametrize("ended_by", ["withdrawal", "time"])
def test_an_invitation_that_is_over_keeps_nothing(membership: Membership, ended_by: str) -> None:
    now = timezone.now()
    invitation = invite(membership, now=now)
    if ended_by == "withdrawal":
        invitations.withdraw_invitation(invitation=invitation, by=people.contact(), now=now)
    else:
        now += timedelta(days=14)
    assert seats.room_of(membership, now).free == 1
    person = people.person("somebody")
    EmailAddress.objects.create(user=person, email=NEW, verified=True)
    with pytest.raises(invitations.InvitationClosed):
        invitations.accept_invitation(invitation=invitation, person=person, by=person, now=now)


def test_an_address_is_invited_once_whatever_its_letter_case(membership: Membership) -> None:
    invite(membership)
    with pytest.raises(invitations.AlreadyInvited, match="Send the link again"):
        invite(membership, NEW.upper())


def test_an_address_can_be_invited_anew_after_its_invitation_expired(membership: Membership) -> None:
    first = invite(membership, now=timezone.now() - timedelta(days=15))
    second = invite(membership)
    first.refresh_from_db()
    assert first.withdrawn_at is not None
    assert invitations.why_closed(second, timezone.now()) == ""


def test_who_holds_a_seat_is_not_invited(membership: Membership) -> None:
    with pytest.raises(seats.AlreadySeated):
        invite(membership, "member@example.org")


@pytest.mark.parametrize("email", ["member@example.org", "Member@Example.org"])
def test_the_page_says_of_an_address_on_the_roster_that_it_holds_a_seat(membership: Membership, email: str) -> None:
    response = people.browser(people.contact()).post(INVITE, {"email": email})
    assert "holds one of your seats already" in response.content.decode()
    assert not membership.invitations.exists()


def test_inviting_a_colleague_s_private_address_tells_nobody_whose_it_is(membership: Membership) -> None:
    EmailAddress.objects.create(user=people.member(), email="private@home.example", verified=True)
    contact, answers = people.browser(people.contact()), []
    for email in ("private@home.example", "nobody@home.example"):
        page = contact.post(INVITE, {"email": email}, follow=True).content.decode()
        answers.append((page.count("The invitation is on its way to"), "holds one of your seats" in page))
        if email.startswith("nobody"):
            continue
        invitation = Invitation.objects.get(email=email)
        with pytest.raises(seats.AlreadySeated):
            accept(invitation, people.member())
        invitation.refresh_from_db()
        assert (invitation.accepted_at, invitation.withdrawn_at) == (None, None), "it looks like any that waits"
        Invitation.objects.update(withdrawn_at=timezone.now())
    assert answers == [(1, False), (1, False)]


def test_inviting_says_the_same_whether_the_address_has_an_account_or_not(membership: Membership) -> None:
    people.visitor()
    contact, answers = people.browser(people.contact()), []
    for email in ("visitor@example.org", "nobody.at.all@example.org"):
        response = contact.post(INVITE, {"email": email}, follow=True)
        answers.append(response.content.decode().replace(email, "…").count("The invitation is on its way to …"))
        Invitation.objects.update(withdrawn_at=timezone.now())
    assert answers == [1, 1]


# --- the link -----------------------------------------------------------------------------------------------------
def test_the_link_of_the_mail_is_kept_as_a_hash_only(membership: Membership) -> None:
    invite(membership)
    secret = sent_link().rstrip("/").rpartition("/")[2]
    invitation = Invitation.objects.get()
    assert len(secret) >= 22, "at least 128 bits"
    assert secret not in invitation.token_hash
    assert invitations.find_invitation(secret) == invitation
    assert invitations.find_invitation(invitation.token_hash) is None


def test_opening_the_link_accepts_nothing(membership: Membership) -> None:
    invite(membership)
    link = sent_link()
    for method in ("get", "head", "get"):
        assert getattr(Client(), method)(link).status_code == 200
    assert Invitation.objects.get().accepted_at is None
    assert not User.objects.filter(email=NEW).exists()


def test_somebody_without_an_account_accepts_by_name_and_button_and_downloads(membership: Membership) -> None:
    invite(membership)
    link, browser, report = sent_link(), Client(), shelf.report()
    response = browser.post(link, {"name": "Nia Colton"})
    assert (response.status_code, response["Location"]) == (302, "/account/welcome/")
    person = User.objects.get(email=NEW)
    assert person.name == "Nia Colton"
    assert EmailAddress.objects.get(user=person).verified
    assert not person.has_usable_password()
    assert person.seat_rows.get().membership == membership
    assert Contact.objects.get(person=person).organization == membership.organization
    assert ask(browser, report).body == shelf.bytes_of("a-report")


def test_a_name_is_asked_for(membership: Membership) -> None:
    invite(membership)
    response = Client().post(sent_link(), {"name": "  "})
    assert response.status_code == 422
    assert "Give your name" in response.content.decode()
    assert not User.objects.filter(email=NEW).exists()


def test_a_link_works_once(membership: Membership) -> None:
    invite(membership)
    link = sent_link()
    Client().post(link, {"name": "Nia Colton"})
    again = Client().post(link, {"name": "Somebody Else"})
    assert again.status_code == 410
    assert User.objects.get(email=NEW).name == "Nia Colton"
    assert membership.seat_rows.filter(left_at=None).count() == 3


def test_an_address_that_has_an_account_is_led_to_the_sign_in_and_never_signed_in_by_the_link(
    membership: Membership,
) -> None:
    visitor = people.visitor()
    invite(membership, visitor.email)
    link, browser = sent_link(), Client()
    assert "/accounts/login/?next=%2Faccount%2Fseat%2F" in browser.get(link).content.decode()
    assert browser.post(link, {"name": "Lee"}).status_code == 422
    assert browser.get("/account/").status_code == 302
    assert not visitor.seat_rows.exists()


def test_the_account_accepts_on_its_own_page_once_signed_in(membership: Membership) -> None:
    visitor = people.visitor()
    invitation, browser = invite(membership, "Visitor@example.org"), people.browser(visitor)
    assert "Accept the seat" in browser.get("/account/").content.decode()
    response = browser.post("/account/seat/", {"step": "accept", "key": invitation.pk})
    assert response["Location"] == "/account/welcome/"
    assert visitor.seat_rows.get().left_at is None


def test_an_invitation_is_bound_to_its_address(membership: Membership) -> None:
    invitation, other = invite(membership), people.visitor()
    link, browser = sent_link(), people.browser(other)
    page = browser.get(link).content.decode()
    assert "for another address" in page
    assert "Accept the seat" not in page
    assert browser.post(link).status_code == 422
    browser.post("/account/seat/", {"step": "accept", "key": invitation.pk})
    with pytest.raises(invitations.ForSomebodyElse):
        accept(invitation, other)
    assert not other.seat_rows.exists()


def test_an_address_that_was_never_verified_accepts_nothing(membership: Membership) -> None:
    unverified = people.unverified()
    invitation = invite(membership, unverified.email)
    with pytest.raises(invitations.ForSomebodyElse):
        accept(invitation, unverified)


def test_a_new_link_takes_the_place_of_the_one_before_and_lasts_fourteen_days_more(membership: Membership) -> None:
    invitation = invite(membership, now=timezone.now() - timedelta(days=10))
    first = sent_link()
    invitations.invite_again(invitation=invitation, by=people.contact(), now=timezone.now())
    second = sent_link()
    assert Client().get(first).status_code == 404
    with time_machine.travel(timezone.now() + timedelta(days=13)):
        assert Client().get(second).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(days=14, minutes=1)):
        assert Client().get(second).status_code == 410


def test_an_expired_invitation_is_renewed_only_while_a_seat_is_free(membership: Membership) -> None:
    invitation = invite(membership, now=timezone.now() - timedelta(days=15))
    seats.give_seat(membership=membership, person=people.noseat(), by=None, now=timezone.now())
    with pytest.raises(NoSeatLeft):
        invitations.invite_again(invitation=invitation, by=people.contact(), now=timezone.now())


def test_who_was_invited_and_gets_a_seat_another_way_uses_the_one_that_was_kept(membership: Membership) -> None:
    noseat = people.noseat()
    invitation = invite(membership, noseat.email)
    seats.give_seat(membership=membership, person=noseat, by=people.contact(), now=timezone.now())
    invitation.refresh_from_db()
    assert invitation.accepted_by == noseat


# --- handing off --------------------------------------------------------------------------------------------------
def leaves(leaver: User, **more: object) -> Invitation:
    seat = leaver.seat_rows.get(left_at=None)
    return hand_off(seat=seat, email=NEW, by=people.contact(), now=timezone.now(), **more)  # type: ignore[arg-type]


def test_a_leaver_keeps_account_and_history_and_the_seat_waits_for_the_successor(membership: Membership) -> None:
    leaver, report = people.member(), shelf.report()
    browser = people.browser(leaver)
    assert ask(browser, report).status == 200
    leaves(leaver)
    assert not Contact.objects.filter(person=leaver).exists()
    assert seats.room_of(membership, timezone.now()).kept == 1
    assert ask(browser, report).status == 403
    page = browser.get("/account/").content.decode()
    assert f"The report {report.slug}" in page
    told, invited = sorted(deliver(), key=lambda message: message.to != [leaver.email])
    assert (told.to, invited.to) == ([leaver.email], [NEW])
    welcome = Client().post(link_in(invited), {"name": "Nia Colton"}, follow=True)
    assert "You hold seat" in welcome.content.decode()


def test_the_roles_of_a_leaver_pass_on_when_the_successor_accepts(membership: Membership) -> None:
    leaver = people.contact()
    Contact.objects.filter(person=leaver).update(is_billing=True)
    leaves(leaver)
    assert Contact.objects.get(person=leaver).is_primary, "until then the organization has its contact"
    invited = next(message for message in deliver() if message.to == [NEW])
    Client().post(link_in(invited), {"name": "Nia Colton"})
    successor = Contact.objects.get(person__email=NEW)
    assert (successor.is_primary, successor.is_billing) == (True, True)
    assert not Contact.objects.filter(person=leaver).exists()


def test_the_roles_of_a_leaver_pass_at_once_to_a_colleague_who_is_chosen(membership: Membership) -> None:
    leaver, colleague = people.contact(), people.member()
    leaves(leaver, roles_to=colleague)
    assert Contact.objects.get(person=colleague).is_primary
    assert not Contact.objects.filter(person=leaver).exists()


@pytest.mark.parametrize("change", ["switched off", "not confirmed"])
def test_the_roles_of_a_leaver_do_not_pass_to_a_colleague_who_cannot_sign_in(
    membership: Membership, change: str
) -> None:
    leaver, colleague = people.contact(), people.member()
    if change == "switched off":
        User.objects.filter(pk=colleague.pk).update(is_active=False)
    else:
        EmailAddress.objects.filter(user=colleague).update(verified=False)
    with pytest.raises(CannotSignIn):
        leaves(leaver, roles_to=colleague)
    assert Contact.objects.get(is_primary=True).person == leaver
    assert leaver.seat_rows.get().left_at is None
    assert not Invitation.objects.exists()


def test_nobody_is_their_own_successor_and_a_refused_handoff_changes_nothing(membership: Membership) -> None:
    leaver = people.member()
    seat = leaver.seat_rows.get()
    with pytest.raises(OwnSuccessor):
        hand_off(seat=seat, email="Member@example.org", by=None, now=timezone.now())
    invite(membership)
    with pytest.raises(invitations.AlreadyInvited):
        hand_off(seat=seat, email=NEW, by=None, now=timezone.now())
    assert leaver.seat_rows.get().left_at is None

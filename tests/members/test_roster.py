"""Who sits in an organization's seats: taking, asking, answering, swapping, and the roles of its contacts."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.utils import timezone

from cosn_site.verbs import ReasonMissing
from members import contacts, requests, seats
from members.holdings import seats_in_force
from members.models import Contact, Domain, Membership, Organization, Seat, SeatRequest, User
from members.requests import Way, offer_for
from members.terms import void_term
from tests import people, shelf
from tests.members.post import deliver
from tests.store.asking import ask

pytestmark = pytest.mark.django_db
Answer = SeatRequest.Answer


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    cache.clear()


def maple(*, free: int = 0) -> Membership:
    """Maple Valley with so many of its three seats free, and noseat working there."""
    people.noseat()
    membership = people.maple_valley()
    membership.terms.update(seats=people.MAPLE_VALLEY_SEATS + free)
    return membership


def works_by_domain(key: str, organization: Organization, *, verified: bool = True) -> User:
    """Somebody with a verified address on the organization's domain, which is verified or not."""
    name = f"{organization.slug}.example"
    now = timezone.now()
    Domain.objects.get_or_create(
        organization=organization,
        name=name,
        defaults={"added_at": now, "verified_at": now if verified else None, "method": "staff" if verified else ""},
    )
    person = people.person(key)
    EmailAddress.objects.create(user=person, email=f"{key}@{name}", verified=True)
    return person


def take(membership: Membership, person: User) -> Seat | SeatRequest:
    return requests.take_or_request_seat(membership=membership, person=person, by=person, now=timezone.now())


def way(membership: Membership, person: User) -> Way:
    return offer_for(membership=membership, person=person, now=timezone.now()).way


def answer(request: SeatRequest, to: SeatRequest.Answer, reason: str = "") -> None:
    requests.answer_request(request=request, answer=to, reason=reason, by=people.contact(), now=timezone.now())


# --- taking and asking --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("by", ["contact", "domain"])
def test_who_works_there_takes_a_free_seat_at_once(by: str) -> None:
    membership = maple(free=1)
    assert membership.organization
    person = people.noseat() if by == "contact" else works_by_domain("ada", membership.organization)
    assert way(membership, person) is Way.TAKE
    seat = take(membership, person)
    assert isinstance(seat, Seat)
    assert take(membership, person) == seat, "a second press changes nothing"


def test_without_a_free_seat_it_becomes_a_request_and_the_contact_is_written_to() -> None:
    membership, noseat = maple(), people.noseat()
    asked_for = take(membership, noseat)
    assert isinstance(asked_for, SeatRequest)
    (message,) = deliver()
    assert message.to == ["contact@example.org"]
    assert "noseat@example.org" in str(message.body)
    assert take(membership, noseat) == asked_for
    assert deliver() == []


@pytest.mark.parametrize("who", ["visitor", "domain not verified"])
def test_who_does_not_work_there_gets_neither(who: str) -> None:
    membership = maple(free=1)
    assert membership.organization
    person = people.visitor() if who == "visitor" else works_by_domain("x", membership.organization, verified=False)
    assert way(membership, person) is Way.NONE
    with pytest.raises(seats.WorksElsewhere):
        take(membership, person)


def test_an_address_on_the_domain_that_is_not_verified_opens_nothing() -> None:
    membership = maple(free=1)
    assert membership.organization
    person = works_by_domain("ada", membership.organization)
    EmailAddress.objects.filter(user=person).update(verified=False)
    with pytest.raises(seats.WorksElsewhere):
        take(membership, person)


def test_a_membership_that_has_ended_has_nothing_to_take_or_ask_for() -> None:
    membership, noseat = maple(free=1), people.noseat()
    membership.terms.update(voided_at=timezone.now())
    assert way(membership, noseat) is Way.NONE
    with pytest.raises(seats.NoCurrentTerm):
        take(membership, noseat)


def test_a_free_seat_goes_first_to_who_asked_first() -> None:
    membership, first = maple(), people.noseat()
    assert membership.organization
    second = works_by_domain("ada", membership.organization)
    take(membership, first)
    seats.take_seat(seat=people.member().seat_rows.get(), by=None, now=timezone.now())
    assert not first.seat_rows.exists(), "nobody gets it by itself"
    assert isinstance(take(membership, second), SeatRequest)
    assert way(membership, first) is Way.TAKE
    assert isinstance(take(membership, first), Seat)
    assert not membership.seat_requests.filter(person=first, answer="").exists()


def test_whose_seat_was_taken_back_asks_for_it_even_while_one_is_free() -> None:
    membership, member = maple(), people.member()
    seats.take_seat(seat=member.seat_rows.get(), by=people.contact(), now=timezone.now())
    assert way(membership, member) is Way.ASK
    assert isinstance(take(membership, member), SeatRequest)


def test_dropping_a_request_closes_it_and_lets_one_ask_again() -> None:
    membership, noseat = maple(), people.noseat()
    asked_for = take(membership, noseat)
    assert isinstance(asked_for, SeatRequest)
    requests.drop_request(request=asked_for, by=noseat, now=timezone.now())
    assert asked_for.answer == Answer.DROPPED
    with pytest.raises(requests.RequestAnswered):
        answer(asked_for, Answer.GIVEN)
    assert take(membership, noseat) != asked_for


# --- answering ----------------------------------------------------------------------------------------------------
def test_a_request_is_answered_with_a_seat_and_a_mail() -> None:
    membership, noseat = maple(), people.noseat()
    asked_for = take(membership, noseat)
    assert isinstance(asked_for, SeatRequest)
    with pytest.raises(seats.NoSeatLeft):
        answer(asked_for, Answer.GIVEN)
    deliver()
    membership.terms.update(seats=4)
    answer(asked_for, Answer.GIVEN)
    assert noseat.seat_rows.get().number == 4
    (message,) = deliver()
    assert (message.to, "it is yours" in str(message.body)) == (["noseat@example.org"], True)


def test_a_request_is_declined_with_a_reason_that_its_sender_reads() -> None:
    membership, noseat = maple(), people.noseat()
    asked_for = take(membership, noseat)
    assert isinstance(asked_for, SeatRequest)
    with pytest.raises(ReasonMissing, match="Say why, so that they know what to do"):
        answer(asked_for, Answer.DECLINED, " ")
    deliver()
    answer(asked_for, Answer.DECLINED, "We add seats in July.")
    (message,) = deliver()
    assert "We add seats in July." in str(message.body)
    assert not noseat.seat_rows.exists()


# --- swapping -----------------------------------------------------------------------------------------------------
def test_a_swap_puts_somebody_else_into_the_same_seat_and_keeps_the_record() -> None:
    membership, member, noseat = maple(), people.member(), people.noseat()
    take(membership, noseat)
    old = member.seat_rows.get()
    new = seats.swap_seat(seat=old, person=noseat, by=people.contact(), now=timezone.now())
    old.refresh_from_db()
    assert (new.number, old.left_at is not None) == (old.number, True)
    assert membership.seat_requests.get().answer == Answer.GIVEN
    with pytest.raises(seats.SeatIsFree):
        seats.swap_seat(seat=old, person=people.noseat(), by=None, now=timezone.now())


@pytest.mark.parametrize("who", ["visitor", "contact"])
def test_a_swap_that_cannot_be_leaves_the_seat_as_it_was(who: str) -> None:
    maple()
    seat, person = people.member().seat_rows.get(), people.CAST[who]()
    assert person
    with pytest.raises((seats.WorksElsewhere, seats.AlreadySeated)):
        seats.swap_seat(seat=seat, person=person, by=None, now=timezone.now())
    seat.refresh_from_db()
    assert seat.left_at is None


# --- through a child organization ---------------------------------------------------------------------------------
def agency_with_district() -> tuple[Membership, User]:
    people.provisional()
    membership = Membership.objects.get(organization__slug="lakes-agency")
    Organization.objects.filter(slug="lakes-agency").update(shares_benefit=True)
    district = Organization.objects.create(
        name="Otter Lake", slug="otter-lake", kind="district", parent_id=membership.organization_id
    )
    return membership, works_by_domain("otter", district)


def test_people_of_a_district_sit_in_their_agencys_seats_while_it_shares() -> None:
    membership, person = agency_with_district()
    seat, report, browser = take(membership, person), shelf.report(), people.browser(person)
    assert isinstance(seat, Seat)
    assert seat.through
    assert seat.through.slug == "otter-lake"
    assert ask(browser, report).status == 200
    Organization.objects.filter(slug="lakes-agency").update(shares_benefit=False)
    assert ask(browser, report).status == 403
    assert not seats_in_force().filter(pk=seat.pk).exists()


def test_people_of_a_district_get_nothing_where_the_agency_does_not_share() -> None:
    membership, person = agency_with_district()
    Organization.objects.filter(slug="lakes-agency").update(shares_benefit=False)
    with pytest.raises(seats.WorksElsewhere):
        take(membership, person)


# --- contacts -----------------------------------------------------------------------------------------------------
def test_there_is_one_primary_contact_and_the_one_before_stays_a_contact() -> None:
    maple()
    before, after = Contact.objects.get(is_primary=True), Contact.objects.get(person=people.member())
    contacts.make_primary(contact=after, by=people.contact(), now=timezone.now())
    before.refresh_from_db()
    assert (before.is_primary, after.is_primary) == (False, True)
    with pytest.raises(contacts.AlreadyPrimary):
        contacts.make_primary(contact=after, by=None, now=timezone.now())


@pytest.mark.parametrize(("is_active", "verified", "why"), [(False, True, "switched off"), (True, False, "confirmed")])
def test_who_cannot_sign_in_does_not_become_primary_contact(is_active: bool, verified: bool, why: str) -> None:
    maple()
    before, after = Contact.objects.get(is_primary=True), Contact.objects.get(person=people.member())
    User.objects.filter(pk=after.person_id).update(is_active=is_active)
    EmailAddress.objects.filter(user=after.person_id).update(verified=verified)
    with pytest.raises(contacts.CannotSignIn, match=why):
        contacts.make_primary(contact=after, by=people.contact(), now=timezone.now())
    assert Contact.objects.get(is_primary=True) == before


def test_any_number_are_billing_contacts() -> None:
    maple()
    for contact in Contact.objects.all():
        contacts.set_billing(contact=contact, to=True, by=None, now=timezone.now())
    assert not Contact.objects.filter(is_billing=False).exists()


# --- the very next download ---------------------------------------------------------------------------------------
def test_a_membership_that_is_ended_while_its_member_is_signed_in_refuses_the_very_next_download() -> None:
    maple()
    browser, report = people.browser(people.member()), shelf.report()
    assert ask(browser, report).status == 200
    void_term(term=people.maple_valley().terms.get(), reason="Never paid.", by=people.staff(), now=timezone.now())
    assert ask(browser, report).status == 403


def test_a_seat_taken_back_while_its_holder_is_signed_in_refuses_with_no_seat_and_keeps_the_past_download() -> None:
    maple()
    browser, report = people.browser(people.member()), shelf.report()
    assert ask(browser, report).status == 200
    seats.take_seat(seat=people.member().seat_rows.get(), by=people.contact(), now=timezone.now())
    refusal = ask(browser, report)
    assert refusal.status == 403
    assert "No seat" in refusal.body.decode()
    assert f"The report {report.slug}" in browser.get("/account/").content.decode()


# --- my own page --------------------------------------------------------------------------------------------------
def test_the_account_page_offers_the_way_that_is_open() -> None:
    membership, noseat = maple(free=1), people.noseat()
    browser = people.browser(noseat)
    assert "Take a free seat" in browser.get("/account/").content.decode()
    membership.terms.update(seats=people.MAPLE_VALLEY_SEATS)
    assert "Ask for a seat" in browser.get("/account/").content.decode()
    response = browser.post("/account/seat/", {"step": "take", "key": membership.pk}, follow=True)
    assert "Your request is with the primary contact" in response.content.decode()
    page = browser.get("/account/").content.decode()
    assert "Take the request back" in page
    request = membership.seat_requests.get()
    browser.post("/account/seat/", {"step": "drop", "key": request.pk})
    request.refresh_from_db()
    assert request.answer == Answer.DROPPED
    membership.terms.update(seats=4)
    response = browser.post("/account/seat/", {"step": "take", "key": membership.pk})
    assert response["Location"] == "/account/welcome/"


def test_nobody_drops_the_request_of_somebody_else() -> None:
    membership = maple()
    take(membership, people.noseat())
    key = membership.seat_requests.get().pk
    people.browser(people.visitor()).post("/account/seat/", {"step": "drop", "key": key})
    assert membership.seat_requests.get().answer == ""


def test_nobody_takes_a_seat_of_an_organization_where_they_do_not_work() -> None:
    membership = maple(free=1)
    response = people.browser(people.visitor()).post("/account/seat/", {"step": "take", "key": membership.pk})
    assert response.status_code == 422
    assert not people.visitor().seat_rows.exists()


def test_welcome_shows_what_the_organization_has_and_what_peers_read_and_names_no_reader() -> None:
    maple()
    report, other = shelf.report("peer-read"), Organization.objects.create(name="Peers", slug="peers", kind="district")
    reader = people.person("reader", name="Zelda Reader")
    membership = Membership.objects.create(organization=other, plan=people.district_plan())
    people.add_term(membership, starts=-30, ends=300)
    people.sit(reader, membership, number=1)
    assert ask(people.browser(reader), report).status == 200
    page = people.browser(people.member()).get("/account/welcome/").content.decode()
    assert "You hold seat 2 of Maple Valley School District" in page
    assert "The report peer-read" in page
    assert "Read at 1 organization" in page
    assert "Zelda" not in page
    assert "Dana Okafor" in page


def test_what_peers_read_leaves_out_other_kinds_the_own_organization_and_what_is_out_of_date() -> None:
    maple()
    own, report = shelf.report("own-read"), shelf.report("college-read")
    assert ask(people.browser(people.member()), own).status == 200
    college = Organization.objects.create(name="College", slug="college", kind="college")
    membership = Membership.objects.create(organization=college, plan=people.district_plan())
    people.add_term(membership, starts=-30, ends=300)
    people.sit(people.person("dean"), membership, number=1)
    assert ask(people.browser(people.person("dean")), report).status == 200
    page = people.browser(people.contact()).get("/account/welcome/").content.decode()
    assert "own-read" not in page
    assert "college-read" not in page


def test_an_old_seat_is_welcomed_too_and_nobody_is_welcomed_to_nothing() -> None:
    maple()
    people.member().seat_rows.update(taken_at=timezone.now() - timedelta(days=900))
    assert "You hold seat 2" in people.browser(people.member()).get("/account/welcome/").content.decode()
    assert "You hold none" in people.browser(people.visitor()).get("/account/welcome/").content.decode()

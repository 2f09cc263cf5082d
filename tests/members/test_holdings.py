"""What the database tells the rule about one person: all that counts, nothing that doesn't, in one statement."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from members.holdings import load_holdings
from members.models import Contact, Domain, Membership, Organization, Seat, Term, User
from members.standing import Holding, Status, TermFacts, Via, person_standing
from store.access import read_viewer
from tests import people

pytestmark = pytest.mark.django_db


def holdings(who: User) -> tuple[Holding, ...]:
    return load_holdings(who.pk)


def status(who: User) -> Status:
    return person_standing(holdings(who), people.today()).standing.status


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("member", Status.ACTIVE),
        ("contact", Status.ACTIVE),
        ("noseat", Status.NONE),
        ("grace", Status.GRACE),
        ("provisional", Status.PROVISIONAL),
        ("upcoming", Status.UPCOMING),
        ("lapsed", Status.LAPSED),
        ("purchase", Status.NONE),
        ("visitor", Status.NONE),
        ("unverified", Status.NONE),
        ("editor", Status.NONE),
        ("staff", Status.NONE),
    ],
)
def test_the_cast_stands_as_its_description_says(who: str, expected: Status) -> None:
    person = people.CAST[who]()
    assert person is not None
    assert status(person) is expected


def test_a_seat_brings_the_organization_the_number_and_the_terms() -> None:
    (found,) = holdings(people.member())
    term = Term.objects.get(membership=people.maple_valley())
    assert found == Holding(
        via=Via.SEAT,
        holder="Maple Valley School District",
        terms=(TermFacts(term.starts_on, term.ends_on, term.grace_days, None, term.seats),),
        seat_number=2,
        membership_id=people.maple_valley().pk,
        organization_id=people.maple_valley().organization_id,
    )


def test_a_membership_of_ones_own_has_no_organization() -> None:
    (found,) = holdings(people.grace())
    assert (found.via, found.holder, found.seat_number, found.organization_id) == (Via.OWN, "", None, None)


def test_working_there_without_a_seat_is_told_apart_from_a_seat() -> None:
    (found,) = holdings(people.noseat())
    assert (found.via, found.holder) == (Via.WORKS_THERE, "Maple Valley School District")


def test_a_seat_that_was_left_counts_no_more_though_the_person_still_works_there() -> None:
    member = people.member()
    assert status(member) is Status.ACTIVE
    Seat.objects.filter(person=member).update(left_at=timezone.now())
    assert [one.via for one in holdings(member)] == [Via.WORKS_THERE]
    assert status(member) is Status.NONE


def test_who_left_a_seat_and_works_there_no_more_is_connected_to_nothing() -> None:
    member = people.member()
    Seat.objects.filter(person=member).update(left_at=timezone.now())
    Contact.objects.filter(person=member).delete()
    assert holdings(member) == ()


def test_a_seat_taken_again_counts_once() -> None:
    member = people.member()
    Seat.objects.filter(person=member).update(left_at=timezone.now())
    people.sit(member, people.maple_valley(), number=9)
    assert [(one.via, one.seat_number) for one in holdings(member)] == [(Via.SEAT, 9)]


def test_a_seat_somebody_else_holds_is_not_mine() -> None:
    people.member()
    visitor = people.visitor()
    assert holdings(visitor) == ()


def test_a_voided_term_never_reaches_the_rule() -> None:
    member = people.member()
    Term.objects.update(voided_at=timezone.now(), void_reason="Entered twice")
    (found,) = holdings(member)
    assert found.terms == ()
    assert status(member) is Status.NONE


def test_all_terms_come_oldest_first_with_the_clock_of_each() -> None:
    member = people.member()
    people.add_term(people.maple_valley(), starts=181, ends=545, provisional_until=200)
    people.add_term(people.maple_valley(), starts=-545, ends=-181)
    (found,) = holdings(member)
    assert [term.starts_on - people.today() for term in found.terms] == [
        timedelta(days=days) for days in (-545, -180, 181)
    ]
    assert [term.provisional_until for term in found.terms] == [None, None, people.today() + timedelta(days=200)]


def test_a_person_of_many_memberships_has_them_all_once() -> None:
    person = people.individual("many", starts=-700, ends=-400)
    for number in range(3):
        organization = Organization.objects.create(name=f"D{number}", slug=f"d{number}", kind="district")
        membership = Membership.objects.create(organization=organization, plan=people.district_plan())
        people.add_term(membership, starts=-10, ends=10)
        Contact.objects.create(organization=organization, person=person)
        if number:
            people.sit(person, membership, number=number)
    found = holdings(person)
    assert sorted(one.via for one in found) == sorted([Via.OWN, Via.WORKS_THERE, Via.SEAT, Via.SEAT])
    assert len({one.membership_id for one in found}) == 4


def test_an_organization_without_a_membership_brings_nothing() -> None:
    person = people.visitor()
    organization = Organization.objects.create(name="D", slug="d", kind="district")
    Contact.objects.create(organization=organization, person=person)
    assert holdings(person) == ()


@pytest.mark.parametrize("who", ["member", "noseat", "grace", "visitor"])
def test_the_facts_are_one_statement_however_many_they_are(who: str) -> None:
    person = people.CAST[who]()
    assert person is not None
    for read in (lambda: load_holdings(person.pk), lambda: read_viewer(person)):
        read()
        with CaptureQueriesContext(connection) as captured:
            read()
        assert len(captured) == 1


@pytest.mark.parametrize("who", [who for who in people.CAST if who != "signed out"])
def test_the_gate_reads_the_same_holdings_as_the_account_page(who: str) -> None:
    person = people.CAST[who]()
    assert person is not None
    assert read_viewer(person).holdings == load_holdings(person.pk)


# --- where one works, by domain, and through an agency ----------------------------------------------------------
def domain_of(membership: Membership, name: str = "example.org", *, verified: bool = True) -> Domain:
    now = timezone.now()
    proof = {"verified_at": now, "method": Domain.Method.STAFF} if verified else {}
    return Domain.objects.create(organization_id=membership.organization_id or 0, name=name, added_at=now, **proof)


def vias(who: User) -> list[Via]:
    return [one.via for one in holdings(who)]


def test_a_verified_address_on_a_verified_domain_means_working_there() -> None:
    visitor = people.visitor()
    domain_of(people.maple_valley())
    assert vias(visitor) == [Via.WORKS_THERE]
    assert status(visitor) is Status.NONE, "working somewhere opens nothing"


def test_letter_case_of_the_address_does_not_matter() -> None:
    visitor = people.visitor()
    EmailAddress.objects.filter(user=visitor).update(email="Visitor@EXAMPLE.Org")
    domain_of(people.maple_valley())
    assert vias(visitor) == [Via.WORKS_THERE]


@pytest.mark.parametrize("name", ["mail.example.org", "ample.org", "example.org.evil.example", "org"])
def test_a_domain_that_only_looks_like_it_means_nothing(name: str) -> None:
    visitor = people.visitor()
    domain_of(people.maple_valley(), name)
    assert vias(visitor) == []


def test_neither_an_unverified_address_nor_an_unverified_domain_means_working_there() -> None:
    unverified, visitor = people.unverified(), people.visitor()
    Contact.objects.filter(person=unverified).delete()
    Seat.objects.filter(person=unverified).delete()
    domain = domain_of(people.maple_valley())
    assert vias(visitor) == [Via.WORKS_THERE]
    assert vias(unverified) == []
    Domain.objects.filter(pk=domain.pk).update(verified_at=None, method="")
    assert vias(visitor) == []


def agency_of(district: Organization, *, shares: bool) -> Membership:
    """The agency that the district belongs to, a member with seats of its own."""
    agency = Organization.objects.create(name="Agency", slug="agency", kind="agency", shares_benefit=shares)
    Organization.objects.filter(pk=district.pk).update(parent=agency)
    membership = Membership.objects.create(organization=agency, plan=people.district_plan())
    people.add_term(membership, starts=-10, ends=10)
    return membership


@pytest.mark.parametrize("shares", [True, False])
def test_people_of_a_district_may_sit_in_the_seats_of_an_agency_that_shares(shares: bool) -> None:
    district = Organization.objects.create(name="Creek", slug="creek", kind="district")
    visitor = people.visitor()
    Contact.objects.create(organization=district, person=visitor)
    agency_of(district, shares=shares)
    assert vias(visitor) == ([Via.WORKS_THERE] if shares else [])


def test_a_seat_through_a_district_counts_while_the_agency_shares_and_the_district_is_its_own() -> None:
    district = Organization.objects.create(name="Creek", slug="creek", kind="district")
    visitor, membership = people.visitor(), agency_of(district, shares=True)
    seat = people.sit(visitor, membership, number=1)
    Seat.objects.filter(pk=seat.pk).update(through=district)
    assert status(visitor) is Status.ACTIVE
    Organization.objects.filter(membership=membership).update(shares_benefit=False)
    assert status(visitor) is Status.NONE, "the switch is off"
    Organization.objects.filter(membership=membership).update(shares_benefit=True)
    assert status(visitor) is Status.ACTIVE
    Organization.objects.filter(pk=district.pk).update(parent=None)
    assert status(visitor) is Status.NONE, "the district left the agency"


def test_a_term_that_was_cut_short_ends_there_and_has_no_grace() -> None:
    member, membership = people.member(), people.maple_valley()
    after = people.add_term(membership, starts=181, ends=200, provisional_until=185)
    cut = people.today() - timedelta(days=5)
    Term.objects.filter(membership=membership).exclude(pk=after.pk).update(cut_on=cut, replaced_by=after)
    (found,) = holdings(member)
    assert (found.terms[0].ends_on, found.terms[0].grace_days) == (cut, 0)
    assert status(member) is Status.UPCOMING


def test_holdings_of_an_instant_are_the_seats_that_were_held_then() -> None:
    member = people.member()
    now = timezone.now()
    Seat.objects.filter(person=member).update(left_at=now)
    Contact.objects.filter(person=member).delete()
    assert vias(member) == []
    assert [one.via for one in load_holdings(member.pk, now - timedelta(seconds=1))] == [Via.SEAT]
    assert load_holdings(member.pk, now) == ()
    assert load_holdings(member.pk, now - timedelta(days=101)) == (), "before the seat was taken"


# --- what the database refuses ------------------------------------------------------------------------------------
@pytest.mark.parametrize(("starts", "ends"), [(-180, 180), (180, 400), (-400, -180), (-10, 10), (-400, 400)])
def test_terms_of_one_membership_cannot_overlap_by_a_single_day(starts: int, ends: int) -> None:
    membership = people.maple_valley()
    with pytest.raises(IntegrityError), transaction.atomic():
        people.add_term(membership, starts=starts, ends=ends)


@pytest.mark.parametrize(("starts", "ends"), [(181, 545), (-545, -181)])
def test_terms_that_touch_without_sharing_a_day_are_fine(starts: int, ends: int) -> None:
    people.add_term(people.maple_valley(), starts=starts, ends=ends)
    assert people.maple_valley().terms.count() == 2


def test_the_same_days_are_fine_for_another_membership_and_over_a_voided_term() -> None:
    people.maple_valley()
    people.provisional()
    Term.objects.filter(membership=people.maple_valley()).update(voided_at=timezone.now())
    people.add_term(people.maple_valley(), starts=-180, ends=180)
    assert Term.objects.count() == 3


def test_raw_sql_cannot_move_a_term_over_another() -> None:
    people.add_term(people.maple_valley(), starts=181, ends=545)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE members_term SET ends_on = ends_on + 1 WHERE ends_on < now() + interval '181 days'")


def test_a_term_cannot_end_before_it_starts() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        people.add_term(people.maple_valley(), starts=300, ends=299)


def test_one_seat_holds_one_person_and_one_person_one_seat() -> None:
    member, membership = people.member(), people.maple_valley()
    with pytest.raises(IntegrityError), transaction.atomic():
        people.sit(people.visitor(), membership, number=2)
    with pytest.raises(IntegrityError), transaction.atomic():
        people.sit(member, membership, number=8)
    people.sit(people.visitor(), membership, number=8)


def test_a_membership_has_exactly_one_holder() -> None:
    person = people.visitor()
    organization = Organization.objects.create(name="D", slug="d", kind="district")
    for holder in ({}, {"person": person, "organization": organization}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Membership.objects.create(plan=people.district_plan(), **holder)


@pytest.mark.parametrize("address", ["MEMBER@example.org", "Member@Example.Org"])
def test_one_address_is_one_person_whatever_its_letter_case(address: str) -> None:
    people.member()
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user(address, "x")
    assert User.objects.get_by_natural_key(address) == people.member()

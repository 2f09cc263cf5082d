"""Two rows that were one become one: everything moves, nothing is lost, and it is on record."""

import re
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.core import mail
from django.db import Error, connection, models, transaction
from django.test import Client
from django.utils import timezone
from pghistory.models import Event

from cosn_site.verbs import ReasonMissing
from members import merging
from members.models import (
    Contact,
    DirectoryEntry,
    Domain,
    ExemptionCertificate,
    Invitation,
    Membership,
    Merge,
    Organization,
    Seat,
    SeatRequest,
    Term,
    User,
)
from members.references import references_to
from store.models import Download, Grant
from tests import people, shelf
from tests.store.asking import ask

pytestmark = pytest.mark.django_db


def merge_people(kept: User, merged: User, **more: Any) -> Merge:
    given = {"reason": "Same name and town.", "by": people.staff(), "now": timezone.now(), **more}
    record = merging.merge_people(kept=kept, merged=merged, **given)
    kept.refresh_from_db()
    merged.refresh_from_db()
    return record


def merge_organizations(kept: Organization, merged: Organization, **more: Any) -> Merge:
    given = {"reason": "One district, written twice.", "by": people.staff(), "now": timezone.now(), **more}
    record = merging.merge_organizations(kept=kept, merged=merged, **given)
    kept.refresh_from_db()
    merged.refresh_from_db()
    return record


def organization(slug: str, **more: Any) -> Organization:
    return Organization.objects.create(**{"slug": slug, "name": slug.title(), "kind": "district", **more})


def membership(of: Organization, *, starts: int, ends: int, seats: int = 10) -> Membership:
    made = Membership.objects.create(organization=of, plan=people.district_plan())
    people.add_term(made, starts=starts, ends=ends, seats=seats)
    return made


def invitation(of: Membership, email: str, **more: Any) -> Invitation:
    now = timezone.now()
    return Invitation.objects.create(
        membership=of,
        email=email,
        token_hash=f"{of.pk}{email}",
        invited_at=now,
        expires_at=now + timedelta(days=9),
        **more,
    )


def domain(of: Organization, name: str = "maplevalley.example", *, verified: bool = False) -> Domain:
    now = timezone.now()
    how = {"method": "staff", "verified_at": now} if verified else {}
    return Domain.objects.create(organization=of, name=name, dns_value="x", added_at=now, **how)


def pointing_at(row: models.Model) -> dict[str, int]:
    """Every row in the house that points to this one, by foreign key of any model, but for history and merges."""
    found = {}
    for model in apps.get_models(include_auto_created=True):
        if issubclass(model, (Event, Merge)) or model._meta.proxy or not model._meta.managed:
            continue
        for field in model._meta.concrete_fields:
            if isinstance(field, models.ForeignKey) and field.related_model is type(row):
                count = model._base_manager.filter(**{field.name: row}).count()
                if count:
                    found[f"{model._meta.label}.{field.name}"] = count
    return found


def counts() -> dict[str, int]:
    """Rows of all our tables."""
    ours = ("members", "forums", "reports", "store")
    return {
        model._meta.label: model._base_manager.count()
        for model in apps.get_models()
        if model._meta.app_label in ours and not issubclass(model, (Event, Merge)) and not model._meta.proxy
    }


@pytest.fixture
def twins() -> tuple[User, User]:
    """Two accounts of one person; the second one has some of everything."""
    kept, second = people.member(), people.person("second", name="Jordan W.", title="CTO")
    elsewhere, report = organization("elsewhere"), shelf.report()
    other = membership(elsewhere, starts=-10, ends=300)
    people.sit(second, other, number=1)
    Contact.objects.create(organization=elsewhere, person=second, is_primary=True)
    SeatRequest.objects.create(membership=people.maple_valley(), person=second, asked_at=timezone.now())
    invitation(other, "else@example.org", invited_by=second)
    DirectoryEntry.objects.create(person=second, listed_at=timezone.now())
    individual = Membership.objects.create(person=second, plan=people.individual_plan())
    people.add_term(individual, starts=-800, ends=-436, seats=1)
    ask(people.browser(second), report)
    people.buys(second, shelf.KINDS["members"]())
    ExemptionCertificate.objects.create(
        organization=elsewhere,
        file="x",
        filename="x",
        sha256="x",
        bytes=1,
        state="MN",
        added_at=timezone.now(),
        added_by=second,
    )
    return kept, second


# --- people -------------------------------------------------------------------------------------------------------
def test_no_row_anywhere_still_points_to_the_person_who_was_merged(twins: tuple[User, User]) -> None:
    kept, second = twins
    assert len(pointing_at(second)) >= 9, "there is something to move"
    merge_people(kept, second)
    assert pointing_at(second) == {}


def test_what_the_two_had_is_what_the_one_has(twins: tuple[User, User]) -> None:
    kept, second = twins
    people.staff()
    before, had = (
        counts(),
        {name: pointing_at(kept).get(name, 0) + count for name, count in pointing_at(second).items()},
    )
    # the request goes with the seat that the other account has, and stays in the record
    merge_people(kept, second)
    assert counts() == before
    now_there = pointing_at(kept)
    had.pop("usersessions.UserSession.user", None)
    assert {name: now_there.get(name, 0) for name in had if name != "members.User.merged_into"} == had


def test_the_merged_account_is_off_and_says_where_it_went(twins: tuple[User, User]) -> None:
    kept, second = twins
    browser = Client()
    browser.post("/accounts/login/", {"login": second.email, "password": people.PASSWORD})
    assert browser.get("/account/").status_code == 200
    merge_people(kept, second)
    assert (second.is_active, second.merged_into, second.has_usable_password()) == (False, kept, False)
    assert second.email.endswith("@merged.invalid")
    assert browser.get("/account/").status_code == 302
    assert not UserSession.objects.filter(user=second).exists()


@pytest.mark.parametrize("address", ["member@example.org", "second@example.org"])
def test_both_addresses_sign_in_the_person_who_was_kept(twins: tuple[User, User], address: str) -> None:
    kept, second = twins
    merge_people(kept, second)
    browser = Client()
    browser.post("/accounts/login/code/", {"email": address})
    code = re.search(r"^\s*([A-Z0-9]{3,}-?[A-Z0-9]{3,})\s*$", str(mail.outbox[-1].body), re.MULTILINE)
    assert code, mail.outbox[-1].body
    browser.post("/accounts/login/code/confirm/", {"code": code[1]})
    assert browser.session["_auth_user_id"] == str(kept.pk)
    primary = EmailAddress.objects.get(user=kept, primary=True)
    assert primary.email == "member@example.org"


def test_an_address_that_had_no_row_of_its_own_moves_too() -> None:
    kept, second = people.visitor(), people.purchase()
    EmailAddress.objects.all().delete()
    merge_people(kept, second)
    rows = EmailAddress.objects.filter(user=kept).values_list("email", "primary", "verified")
    assert set(rows) == {("visitor@example.org", True, False), ("purchase@example.org", False, False)}


def test_of_two_seats_of_one_membership_the_merged_one_becomes_free_and_stays_in_the_record() -> None:
    kept, second = people.member(), people.contact()
    EmailAddress.objects.filter(user=second).update(verified=True)
    now = timezone.now()
    said = merging.foresee_people(kept, second, by=people.staff(), now=now)
    assert "Both sit in Maple Valley School District: seat 1, of Dana Okafor, becomes free." in said
    merge_people(kept, second, now=now)
    seats = {seat.number: seat.left_at for seat in Seat.objects.filter(person=kept)}
    assert seats == {2: None, 1: now}
    place = Contact.objects.get(person=kept)
    assert place.is_primary, "one contact with the roles of both"


def test_a_request_for_a_seat_that_the_person_holds_by_then_is_dropped(twins: tuple[User, User]) -> None:
    merge_people(*twins)
    assert SeatRequest.objects.get().answer == SeatRequest.Answer.DROPPED


def test_of_two_entries_in_the_directory_the_kept_one_s_stays(twins: tuple[User, User]) -> None:
    kept, second = twins
    DirectoryEntry.objects.create(person=kept, listed_at=timezone.now(), about="Mine")
    merge_people(kept, second)
    assert DirectoryEntry.objects.get().about == "Mine"


def test_memberships_of_both_become_one_with_the_terms_of_both() -> None:
    kept, second = people.lapsed(), people.grace()
    terms = set(Term.objects.values_list("pk", flat=True))
    Term.objects.filter(membership__person=kept).update(ends_on=people.today() - timedelta(days=400))
    own = Membership.objects.get(person=kept)
    Membership.objects.filter(person=second).update(cancelled_at=timezone.now(), cancel_reason="Retires")
    record = merge_people(kept, second)
    assert set(own.terms.values_list("pk", flat=True)) == terms
    own.refresh_from_db()
    assert own.cancel_reason == "Retires", "it goes on as the one that reached further"
    assert Membership.objects.get() == own
    assert record.moved["members.Term.membership"]


def test_two_terms_for_the_same_days_are_refused_by_name_and_nothing_moves() -> None:
    kept, second = people.lapsed(), people.individual("also", starts=-500, ends=-200)
    before = pointing_at(second)
    with pytest.raises(merging.TermsClash) as refused:
        merge_people(kept, second)
    days = [
        f"{day.day}\u00a0{day:%B}\u00a0{day.year}"
        for day in (people.today() - timedelta(n) for n in (730, 365, 500, 200))
    ]
    for part in days:
        assert part in refused.value.sentence, refused.value.sentence
    assert pointing_at(second) == before


def test_names_and_titles_that_nobody_recorded_are_taken_over() -> None:
    kept, second = people.visitor(), people.purchase()
    User.objects.filter(pk=kept.pk).update(title="")
    User.objects.filter(pk=second.pk).update(title="Superintendent")
    merge_people(kept, second)
    assert (kept.name, kept.title) == ("Lee Montgomery", "Superintendent")


def test_a_merge_into_a_merged_one_follows_all_the_way() -> None:
    first, second, third = people.visitor(), people.purchase(), people.person("third")
    ask(people.browser(third), shelf.KINDS["public"]())
    merge_people(second, third)
    merge_people(first, second)
    third.refresh_from_db()
    assert third.merged_into == first
    assert Download.objects.get().person == first
    assert Merge.objects.count() == 2
    with pytest.raises(merging.AlreadyMerged, match="was merged into Lee Montgomery before"):
        merge_people(first, third)


def test_a_merge_is_on_record_with_who_why_and_which_rows(twins: tuple[User, User]) -> None:
    kept, second = twins
    download = Download.objects.get(person=second)
    record = merge_people(kept, second)
    assert (record.by, record.reason, record.merged_person) == (people.staff(), "Same name and town.", second)
    assert record.moved["store.Download.person"] == [download.pk]
    event = second.events.latest("pgh_id")  # type: ignore[attr-defined]
    assert event.pgh_context.metadata["verb"] == "merge_people"
    for statement in ("UPDATE members_merge SET reason = 'x'", "DELETE FROM members_merge"):
        with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_history_stays_as_it_was(twins: tuple[User, User]) -> None:
    kept, second = twins
    seat = Seat.objects.get(person=second)
    merge_people(kept, second)
    assert list(seat.events.order_by("pgh_id").values_list("person", flat=True)) == [second.pk, kept.pk]  # type: ignore[attr-defined]


def test_what_was_opened_to_the_merged_account_is_open_to_the_person(twins: tuple[User, User]) -> None:
    kept, second = people.visitor(), twins[1]
    assert ask(people.browser(kept), "/store/reports/members/download/").status == 403
    merge_people(kept, second)
    assert Grant.objects.get().person == kept
    assert ask(people.browser(kept), "/store/reports/members/download/").status == 200


# --- who may ------------------------------------------------------------------------------------------------------
def test_nobody_gets_the_rights_of_staff_by_a_merge() -> None:
    clerk, boss, visitor = people.person("clerk", is_staff=True), people.staff(), people.visitor()
    with pytest.raises(merging.RightsHeld, match="Only who may do everything"):
        merge_people(boss, visitor, by=clerk)
    with pytest.raises(merging.RightsHeld, match="works for the association"):
        merge_people(visitor, boss)
    merge_people(boss, visitor, by=boss)
    assert visitor.merged_into == boss


def test_roles_of_the_merged_account_are_not_handed_on() -> None:
    from django.contrib.auth.models import Group

    kept, second = people.visitor(), people.purchase()
    second.groups.add(Group.objects.create(name="Helpers"))
    assert any("roles" in said for said in merging.foresee_people(kept, second, by=None, now=timezone.now()))
    merge_people(kept, second)
    assert not kept.groups.exists()


def test_a_merge_needs_two_a_reason_and_an_account_that_is_on() -> None:
    kept, second = people.visitor(), people.purchase()
    with pytest.raises(merging.SameOne):
        merge_people(kept, kept)
    with pytest.raises(ReasonMissing, match="Say how you know that these two are one"):
        merge_people(kept, second, reason="  ")
    User.objects.filter(pk=kept.pk).update(is_active=False)
    with pytest.raises(merging.RightsHeld, match="switched off"):
        merge_people(kept, second)


# --- organizations ------------------------------------------------------------------------------------------------
@pytest.fixture
def districts() -> tuple[Organization, Organization]:
    """Maple Valley, and Maple Valley once more, with some of everything."""
    people.contact(), people.member()
    kept = people.maple_valley().organization
    assert kept is not None
    twin = organization("maple-valley-2", nces_id="2700001", enrollment=12_500, state="MN")
    past = membership(twin, starts=-900, ends=-400)
    shelf.report()
    for number, who in enumerate((people.contact(), people.visitor(), people.purchase()), 1):
        people.sit(who, past, number=number)
        Contact.objects.create(organization=twin, person=who, is_primary=number == 2, is_billing=number == 1)
    domain(twin, verified=True), domain(kept)
    invitation(past, "someone@example.org"), invitation(people.maple_valley(), "SOMEONE@example.org")
    for one in (past, people.maple_valley()):
        SeatRequest.objects.create(membership=one, person=people.grace(), asked_at=timezone.now())
    organization("school", parent=twin)
    edition = shelf.KINDS["public"]().current_edition
    assert edition is not None
    Download.objects.create(
        edition=edition, person=people.visitor(), organization=twin, right="member", at=timezone.now()
    )
    return kept, twin


def test_no_row_anywhere_still_points_to_the_organization_that_was_merged(
    districts: tuple[Organization, Organization],
) -> None:
    kept, twin = districts
    assert len(pointing_at(twin)) >= 5
    merge_organizations(kept, twin)
    assert pointing_at(twin) == {}
    assert (twin.merged_into, twin.nces_id) == (kept, "")
    assert (kept.nces_id, kept.enrollment, kept.state) == ("2700001", 12_500, "MN")


def test_of_two_organizations_every_term_seat_download_and_contact_is_kept(
    districts: tuple[Organization, Organization],
) -> None:
    kept, twin = districts
    people.staff()
    before = counts()
    merge_organizations(kept, twin)
    lost = {name: count - counts()[name] for name, count in before.items() if counts()[name] != count}
    # one membership of two, one contact of the person who works at both, one listing of the domain
    assert lost == {"members.Membership": 1, "members.Contact": 1, "members.Domain": 1}
    assert Term.objects.filter(membership__organization=kept).count() == 2
    assert Download.objects.get().organization == kept
    assert Organization.objects.get(slug="school").parent == kept
    assert kept.domains.get().verified_at is not None


def test_seats_of_both_have_numbers_of_their_own_and_nobody_sits_twice(
    districts: tuple[Organization, Organization],
) -> None:
    kept, twin = districts
    said = merging.foresee_organizations(kept, twin, by=None, now=timezone.now())
    assert "Dana Okafor sits in both memberships: the second seat closes." in said
    assert any(sentence.startswith("5 people sit in its seats then") for sentence in said)
    merge_organizations(kept, twin)
    open_seats = Seat.objects.filter(membership__organization=kept, left_at=None)
    assert sorted(open_seats.values_list("number", flat=True)) == [1, 2, 3, 4, 5]
    assert len(set(open_seats.values_list("person", flat=True))) == 5
    assert Seat.objects.count() == 6


def test_contacts_keep_their_roles_but_for_a_second_primary_one(districts: tuple[Organization, Organization]) -> None:
    kept, twin = districts
    merge_organizations(kept, twin)
    roles = {str(row.person): (row.is_primary, row.is_billing) for row in kept.contacts.all()}
    assert roles == {
        "Dana Okafor": (True, True),
        "Jordan Whitfield": (False, False),
        "Lee Montgomery": (False, False),
        "Noor Haddad": (False, False),
    }


def test_open_requests_and_invitations_of_both_are_one_then(districts: tuple[Organization, Organization]) -> None:
    kept, twin = districts
    merge_organizations(kept, twin)
    assert SeatRequest.objects.filter(answer="").count() == 1
    assert Invitation.objects.filter(withdrawn_at=None).count() == 1
    assert (SeatRequest.objects.count(), Invitation.objects.count()) == (2, 2)


def test_districts_with_terms_for_the_same_days_are_not_merged() -> None:
    kept = people.maple_valley().organization
    assert kept is not None
    twin = organization("twin")
    membership(twin, starts=0, ends=365)
    with pytest.raises(
        merging.TermsClash, match="Both have a term for the same days: Maple Valley School District from"
    ):
        merge_organizations(kept, twin)
    Term.objects.filter(membership__organization=twin).update(voided_at=timezone.now(), void_reason="Double")
    merge_organizations(kept, twin)
    assert Term.objects.filter(membership__organization=kept).count() == 2


@pytest.mark.parametrize("which", ["parent into child", "child into parent", "grandparent into grandchild"])
def test_an_agency_and_its_district_merge_without_a_circle(which: str) -> None:
    top = organization("top")
    middle = organization("middle", parent=top)
    bottom = organization("bottom", parent=middle)
    kept, merged = {
        "parent into child": (bottom, middle),
        "child into parent": (middle, bottom),
        "grandparent into grandchild": (bottom, top),
    }[which]
    merge_organizations(kept, merged)
    for row in Organization.objects.filter(merged_into=None):
        seen, at = {row.pk}, row.parent
        while at is not None:
            assert at.pk not in seen, f"{row} is above itself"
            seen.add(at.pk)
            at = at.parent


def test_who_sat_through_the_merged_district_sits_in_the_holder_itself() -> None:
    agency = organization("agency", kind="agency", shares_benefit=True)
    held = membership(agency, starts=-9, ends=300)
    child = organization("child", parent=agency)
    seat = people.sit(people.visitor(), held, number=1)
    Seat.objects.filter(pk=seat.pk).update(through=child)
    merge_organizations(agency, child)
    seat.refresh_from_db()
    assert seat.through is None


def test_a_term_that_reaches_further_decides_the_plan() -> None:
    kept, twin = organization("kept"), organization("twin")
    membership(kept, starts=-900, ends=-500)
    later = membership(twin, starts=-100, ends=265)
    Membership.objects.filter(pk=later.pk).update(
        plan=people._plan("other", "Other", "organization", dues_cents=1, seats=2)
    )
    merge_organizations(kept, twin)
    assert str(Membership.objects.get(organization=kept).plan) == "Other"


# --- the walk and the ledger --------------------------------------------------------------------------------------
def test_the_walk_finds_every_foreign_key_there_is() -> None:
    for model in (User, Organization, Membership):
        found = {reference.name for reference in references_to(model)}
        wanted = {
            f"{other._meta.label}.{field.name}"
            for other in apps.get_models(include_auto_created=True)
            if not issubclass(other, (Event, Merge, UserSession)) and not other._meta.proxy and other._meta.managed
            for field in other._meta.concrete_fields
            if isinstance(field, models.ForeignKey) and field.related_model is model
        }
        assert found == wanted


CHANGES = [
    "person_id = {other}",
    "organization_id = {organization}",
    "person_id = NULL",
    "organization_id = NULL",
    "person_id = {kept}, at = now() - interval '1 day'",
    "person_id = {kept}, \"right\" = 'staff'",
    "person_id = {kept}, organization_id = {organization}",
    "person_id = {kept}, edition_id = edition_id + 1",
    "id = id + 1000",
    "grant_id = NULL, person_id = {other}",
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("is_merged", [False, True])
def test_the_ledger_changes_hands_along_a_recorded_merge_and_in_no_other_way(change: str, is_merged: bool) -> None:
    second, kept, other = people.member(), people.visitor(), people.purchase()
    ask(people.browser(second), shelf.report())
    if is_merged:
        Merge.objects.create(kept_person=kept, merged_person=second, reason="x", at=timezone.now(), by=None)
    values = {"kept": kept.pk, "other": other.pk, "organization": organization("other").pk}
    before = Download.objects.values().get()
    with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE store_download SET {change.format(**values)}")  # noqa: S608 - our own table of changes
    assert Download.objects.values().get() == before


def test_along_a_recorded_merge_and_only_towards_the_kept_one_the_ledger_follows() -> None:
    second, kept = people.member(), people.visitor()
    ask(people.browser(second), shelf.report())
    with pytest.raises(Error), transaction.atomic():
        Download.objects.update(person=kept)
    Merge.objects.create(kept_person=kept, merged_person=second, reason="x", at=timezone.now(), by=None)
    Download.objects.update(person=kept)
    with pytest.raises(Error), transaction.atomic():
        Download.objects.update(person=second)
    with pytest.raises(Error), transaction.atomic():
        Download.objects.all().delete()
    assert Download.objects.get().person == kept

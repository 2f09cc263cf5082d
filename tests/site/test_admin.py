"""The admin as a whole: who may open what, that it runs under the strict policy, and the work on members and access."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from forums.models import Forum
from members.invitations import invite
from members.models import Membership, Seat, Term, User
from reports.models import ConsentText, Subscriber
from reports.roles import EDITORS, editor_permissions, ensure_editors
from store.models import Download, Grant
from store.reasons import Reason
from tests import people, shelf
from tests.factories import make_forum, make_framework, make_news, make_report, make_skill

pytestmark = pytest.mark.django_db

EDITED = {
    *("reports.report", "reports.newsitem", "reports.coverage", "reports.boilerplate", "reports.presscontact"),
    *("reports.series", "reports.focusarea", "reports.framework", "reports.category", "reports.skill"),
}
LOOKED_AT = {"forums.forum", "forums.forumseries", "forums.sponsor"}
FURTHER_ROWS = ("materials", "questions", "paragraphs")
MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label_lower)


def address(model: type[Model], page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.fixture
def staff() -> Client:
    """The browser of somebody who may do everything."""
    return people.browser(people.staff())


@pytest.fixture
def some_of_everything() -> None:
    """A row of most models, so that their pages have something to show."""
    report = make_report()
    make_report(slug="of-a-forum", forum=make_forum())
    make_skill(), make_framework(report=report), make_news()
    people.member(), people.grace()
    grant = people.buys(people.purchase(), report)
    assert report.current_edition is not None
    Download.objects.create(
        edition=report.current_edition,
        person=grant.person,
        grant=grant,
        right=Reason.PURCHASED.value,
        at=timezone.now(),
    )
    consent = ConsentText.objects.create(version=1, text="Yes, write to me.")
    Subscriber.objects.create(email="reader@example.org", token_hash="x", consent=consent, asked_at=timezone.now())


def inline_code(html: str) -> list[str]:
    """What a policy without 'unsafe-inline' would block."""
    scripts = re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*application/(?:ld\+)?json)[^>]*>", html)
    return [*scripts, *re.findall(r"<style[^>]*>|\sstyle=\"[^\"]*\"|\son\w+=\"[^\"]*\"|javascript:", html)]


# --- pages ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label_lower)
def test_every_page_of_a_model_opens_under_the_strict_policy(
    staff: Client, some_of_everything: None, model: type[Model]
) -> None:
    addresses = [address(model, "changelist")]
    response = staff.get(address(model, "add"))
    assert response.status_code in (200, 403)
    if response.status_code == 200:
        addresses.append(address(model, "add"))
    row = model._default_manager.first()
    if row is not None:
        addresses += [address(model, "change", row.pk), address(model, "history", row.pk)]
    for page in addresses:
        response = staff.get(page)
        assert response.status_code == 200, page
        assert inline_code(response.content.decode()) == [], page
        assert "unsafe" not in response.headers["Content-Security-Policy"]


def test_the_first_page_groups_what_there_is_by_task(staff: Client) -> None:
    page = staff.get("/admin/").content.decode()
    tasks = re.findall(r"<caption>([^<]+)</caption>", page)
    assert tasks[:2] == ["Publish", "Arrange the library"]
    assert "Look after members" in tasks
    for model in MODELS:
        assert address(model, "changelist") in page


def test_nothing_is_deleted_by_the_dozen(staff: Client, some_of_everything: None) -> None:
    for model in MODELS:
        assert "delete_selected" not in staff.get(address(model, "changelist")).content.decode()


@pytest.mark.parametrize(
    "model", [User, Membership, Term, Seat, Grant, Download, Subscriber], ids=lambda model: model.__name__
)
def test_history_cannot_be_deleted(staff: Client, some_of_everything: None, model: type[Model]) -> None:
    row = model._default_manager.first()
    assert row is not None
    assert staff.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert model._default_manager.filter(pk=row.pk).exists()


# --- who --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("who", [people.visitor, people.member])
def test_the_admin_is_closed_to_who_is_not_staff(who: Any) -> None:
    response = people.browser(who()).get("/admin/", follow=True)
    assert response.status_code == 403


def test_the_admin_leads_the_signed_out_to_the_sign_in_and_back(client: Client) -> None:
    response = client.get("/admin/reports/report/", follow=True)
    assert response.redirect_chain[-1][0].startswith(reverse("account_login"))
    assert "next=/admin/reports/report/" in response.redirect_chain[-1][0]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label_lower)
def test_an_editor_opens_reports_and_news_and_nothing_about_members_or_money(
    some_of_everything: None, model: type[Model]
) -> None:
    editor = people.browser(people.editor())
    label = model._meta.label_lower
    row = model._default_manager.first()
    pages = [address(model, "changelist"), *([address(model, "change", row.pk)] if row else [])]
    expected = 200 if label in EDITED | LOOKED_AT else 403
    assert [editor.get(page).status_code for page in pages] == [expected] * len(pages)
    may_add = editor.get(address(model, "add")).status_code == 200
    assert may_add is (label in EDITED)


def test_an_editor_s_first_page_names_nothing_about_members_or_money() -> None:
    page = people.browser(people.editor()).get("/admin/").content.decode()
    assert "/admin/reports/report/" in page
    for elsewhere in (
        "/admin/members/",
        "/admin/store/",
        "/admin/reports/subscriber/",
        "/admin/account/",
        "/admin/auth/",
    ):
        assert elsewhere not in page


def test_an_editor_cannot_look_people_up_through_a_search_field(some_of_everything: None) -> None:
    asked = {"app_label": "store", "model_name": "grant", "field_name": "person", "term": "member"}
    assert people.browser(people.editor()).get("/admin/autocomplete/", asked).status_code == 403


def test_the_group_of_editors_is_there_after_migrating_with_all_it_needs() -> None:
    group = Group.objects.get(name=EDITORS)
    held = set(group.permissions.values_list("content_type__app_label", "codename"))
    assert held == set(editor_permissions())
    assert {app for app, _ in held} == {"reports", "forums"}


def test_making_the_group_again_adds_what_is_missing_and_takes_nothing_away() -> None:
    group = Group.objects.get(name=EDITORS)
    extra = Permission.objects.get(codename="change_forum")
    group.permissions.set([extra])
    ensure_editors()
    assert group.permissions.count() == len(editor_permissions()) + 1


# --- people -----------------------------------------------------------------------------------------------------
def test_a_person_is_added_by_address_and_name(staff: Client) -> None:
    data = {"email": "new@example.org", "name": "New Person", "usable_password": "false"}
    assert staff.post(address(User, "add"), data).status_code == 302
    person = User.objects.get(email="new@example.org")
    assert not person.has_usable_password()


def test_a_second_account_with_the_same_address_is_refused(staff: Client) -> None:
    people.visitor()
    data = {"email": "VISITOR@example.org", "name": "Twin", "usable_password": "false"}
    response = staff.post(address(User, "add"), data)
    assert "This address has an account." in response.content.decode()


def _person_form(person: User, **more: Any) -> dict[str, Any]:
    return {"email": person.email, "name": person.name, "time_zone": person.time_zone, "is_active": "on", **more}


def test_an_address_that_staff_change_is_to_be_verified_again(staff: Client) -> None:
    person = people.visitor()
    staff.post(address(User, "change", person.pk), _person_form(person, email="other@example.org"))
    assert User.objects.get(pk=person.pk).email == "other@example.org"
    found = EmailAddress.objects.get(user=person)
    assert (found.email, found.verified, found.primary) == ("other@example.org", False, True)


def test_who_may_change_people_cannot_make_anyone_staff_nor_touch_those_who_are() -> None:
    clerk = people.person("clerk", is_staff=True)
    clerk.user_permissions.add(*Permission.objects.filter(codename__in=["change_user", "view_user"]))
    client, visitor, boss = people.browser(clerk), people.visitor(), people.staff()
    client.post(address(User, "change", visitor.pk), _person_form(visitor, is_staff="on", is_superuser="on"))
    client.post(address(User, "change", boss.pk), _person_form(boss, email="mine@example.org"))
    visitor.refresh_from_db()
    boss.refresh_from_db()
    assert (visitor.is_staff, visitor.is_superuser) == (False, False)
    assert boss.email == "staff@example.org"
    password = reverse("admin:auth_user_password_change", args=[boss.pk])
    assert client.get(password).status_code == 403


def test_who_may_do_anything_with_addresses_cannot_take_over_an_account_by_one() -> None:
    clerk, boss, visitor = people.person("clerk", is_staff=True), people.staff(), people.person("new", verified=False)
    clerk.user_permissions.add(*Permission.objects.filter(content_type__app_label="account"))
    client, of_boss = people.browser(clerk), EmailAddress.objects.get(user=boss)
    mine = {"user": str(boss.pk), "email": "mine@example.org", "verified": "on", "primary": "on"}
    assert client.get(address(EmailAddress, "changelist")).status_code == 200
    client.post(address(EmailAddress, "change", of_boss.pk), mine)
    client.post(address(EmailAddress, "add"), mine)
    of_visitor = EmailAddress.objects.get(user=visitor)
    client.post(address(EmailAddress, "changelist"), {"action": "make_verified", "_selected_action": of_visitor.pk})
    assert list(EmailAddress.objects.filter(user=boss).values_list("email", flat=True)) == ["staff@example.org"]
    assert not EmailAddress.objects.get(user=visitor).verified


def test_sessions_can_be_searched_and_their_keys_are_not_shown(staff: Client) -> None:
    Client().post(reverse("account_login"), {"login": people.visitor().email, "password": people.PASSWORD})
    session = UserSession.objects.get(user=people.visitor())
    for page in (address(UserSession, "changelist") + "?q=visitor", address(UserSession, "change", session.pk)):
        answer = staff.get(page)
        assert answer.status_code == 200
        assert str(people.visitor()) in answer.content.decode()
        assert session.session_key not in answer.content.decode()


# --- members ----------------------------------------------------------------------------------------------------
def test_a_term_is_recorded_with_what_the_plan_says(staff: Client) -> None:
    membership = Membership.objects.create(person=people.visitor(), plan=people.individual_plan())
    response = staff.post(address(Term, "add"), {"membership": membership.pk, "starts_on": "2026-07-01"})
    assert response.status_code == 302
    term = Term.objects.get()
    assert (str(term.ends_on), term.grace_days) == ("2027-06-30", people.GRACE_DAYS)


def test_a_term_that_overlaps_is_refused_beside_the_form(staff: Client) -> None:
    membership = Membership.objects.create(person=people.visitor(), plan=people.individual_plan())
    for _ in range(2):
        response = staff.post(address(Term, "add"), {"membership": membership.pk, "starts_on": "2026-07-01"})
    assert "This membership has a term from 1 July 2026 to 30 June 2027." in response.content.decode()
    assert Term.objects.count() == 1


def test_a_term_is_paid_and_voided_by_its_buttons_and_never_edited(staff: Client) -> None:
    people.provisional()
    term = Term.objects.get()
    staff.post(address(Term, "do", term.pk, "record-payment"), {"record-payment-reference": "Check 88"})
    term.refresh_from_db()
    assert (term.provisional_until, term.reference) == (None, "Check 88")
    assert staff.post(address(Term, "change", term.pk), {"seats": "99"}).status_code == 403
    staff.post(address(Term, "do", term.pk, "void"), {"void-reason": "Wrong year."})
    term.refresh_from_db()
    assert term.voided_at is not None


def test_a_membership_s_page_says_where_it_stands_and_gives_a_seat(staff: Client) -> None:
    people.provisional()
    membership, visitor = Membership.objects.get(), people.visitor()
    assert "Provisional to" in staff.get(address(Membership, "change", membership.pk)).content.decode()
    give = address(Membership, "do", membership.pk, "give-seat")
    assert "Nobody with this address" in staff.post(give, {"give-seat-person": "nobody@example.org"}).content.decode()
    staff.post(give, {"give-seat-person": visitor.email.upper()})
    assert Seat.objects.get(person=visitor).number == 2


def test_a_full_membership_gives_no_seat_and_says_why(staff: Client) -> None:
    people.contact(), people.member()
    give = address(Membership, "do", people.maple_valley().pk, "give-seat")
    response = staff.post(give, {"give-seat-person": people.visitor().email})
    assert response.status_code == 422
    assert "All 3 seats have someone in them." in response.content.decode()


@pytest.mark.parametrize(("invited", "kept"), [(1, "1 is kept for"), (2, "2 are kept for")])
def test_a_membership_s_page_counts_the_seats_that_are_kept_for_invited_people(
    staff: Client, invited: int, kept: str
) -> None:
    people.contact(), people.member()
    membership = people.maple_valley()
    membership.terms.update(seats=6)
    page = address(Membership, "change", membership.pk)
    assert "kept for" not in staff.get(page).context["status"]
    for number in range(invited):
        invite(membership=membership, email=f"new{number}@example.com", by=None, now=timezone.now())
    status = staff.get(page).context["status"]
    assert f"3 of 6 seats have someone in them. {kept} somebody who was invited." in status


NOBODY = "Renewal letters reach nobody"


def test_a_membership_s_page_warns_when_nobody_gets_its_renewal_letters_and_names_what_to_do(staff: Client) -> None:
    primary, membership = people.contact(), people.maple_valley()
    page = address(Membership, "change", membership.pk)
    assert NOBODY not in staff.get(page).content.decode()
    User.objects.filter(pk=primary.pk).update(is_active=False)
    warned = staff.get(page).content.decode()
    assert NOBODY in warned
    assert "primary or billing contact" in warned
    Membership.objects.filter(pk=membership.pk).update(cancelled_at=timezone.now())
    assert NOBODY not in staff.get(page).content.decode(), "no letter is due"


def test_an_individual_s_membership_warns_when_the_account_is_switched_off(staff: Client) -> None:
    person = people.grace()
    page = address(Membership, "change", Membership.objects.get(person=person).pk)
    assert NOBODY not in staff.get(page).content.decode()
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert NOBODY in staff.get(page).content.decode()


def test_cancelling_a_membership_looks_grave_and_not_like_the_next_step(staff: Client) -> None:
    membership = people.maple_valley()
    page = staff.get(address(Membership, "do", membership.pk, "cancel")).content.decode()
    assert 'class="room-button room-grave">Cancel at the end</button>' in page
    assert "room-next" not in page


def test_selected_seats_are_taken_back(staff: Client) -> None:
    people.contact(), people.member()
    selected = Seat.objects.values_list("pk", flat=True)[:2]
    staff.post(address(Seat, "changelist"), {"action": "take_back", "_selected_action": list(selected)})
    assert Seat.objects.filter(left_at=None).count() == 1


# --- access -----------------------------------------------------------------------------------------------------
def test_a_grant_is_given_and_revoked_and_stays_in_the_record(staff: Client) -> None:
    report, visitor = shelf.report(), people.visitor()
    given = {"report": report.pk, "person": visitor.pk, "kind": Grant.Kind.COMPLIMENTARY, "note": "For a review"}
    assert staff.post(address(Grant, "add"), given).status_code == 302
    grant = Grant.objects.get()
    assert (grant.given_by, grant.closed_at) == (people.staff(), None)
    again = staff.post(address(Grant, "add"), given)
    assert "open grant for this report already" in again.content.decode()
    staff.post(address(Grant, "do", grant.pk, "revoke"), {"revoke-reason": "Printed before the embargo."})
    grant.refresh_from_db()
    assert grant.closed_at is not None
    assert "Printed before the embargo." in staff.get(address(Grant, "change", grant.pk)).content.decode()


def test_the_ledger_is_only_looked_at(staff: Client, some_of_everything: None) -> None:
    download = Download.objects.get()
    assert staff.get(address(Download, "add")).status_code == 403
    assert staff.post(address(Download, "change", download.pk), {"right": "staff"}).status_code == 403
    page = staff.get(address(Download, "changelist"), {"q": "purchase@example.org"}).content.decode()
    assert "purchase@example.org" in page


# --- forums -----------------------------------------------------------------------------------------------------
def test_a_forum_s_times_are_typed_in_its_own_zone(staff: Client) -> None:
    series = make_forum().series
    data = {
        "status": "draft",
        "title": "A forum in Denver",
        "slug": "denver",
        "series": series.pk,
        "precision": "time",
        "starts_at": "2027-06-20T13:00",
        "ends_at": "2027-06-20T17:00",
        "time_zone": "America/Denver",
        "agenda-TOTAL_FORMS": "1",
        "agenda-INITIAL_FORMS": "0",
        "agenda-0-starts_at": "13:30",
        "agenda-0-title": "Welcome",
        "offer_hours": "48",
        "largest_team": "6",
        **{f"{rows}-{count}_FORMS": "0" for rows in FURTHER_ROWS for count in ("TOTAL", "INITIAL")},
    }
    assert staff.post(address(Forum, "add"), data).status_code == 302
    forum = Forum.objects.get(slug="denver")
    assert forum.starts_at == datetime(2027, 6, 20, 19, tzinfo=UTC)
    assert forum.agenda.get().title == "Welcome"
    assert 'value="2027-06-20T13:00"' in staff.get(address(Forum, "change", forum.pk)).content.decode()
    assert forum.ends_at - forum.starts_at == timedelta(hours=4)

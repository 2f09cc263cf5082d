"""What somebody might try with what is not theirs: each attempt beside the twin that is allowed."""

import re
import threading
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Permission
from django.core import mail
from django.core.cache import cache
from django.db import Error, connection, transaction
from django.test import Client
from django.utils import timezone
from pghistory.models import Context
from pytest_django.plugin import DjangoDbBlocker

from members import domains, dues, invitations, merging, requests
from members.importing.verbs import ColumnsMissing, NotNow, choose_columns, confirm
from members.models import (
    Contact,
    Domain,
    ExemptionCertificate,
    ImportBatch,
    Invitation,
    Membership,
    Organization,
    Seat,
    SeatRequest,
    Term,
    User,
)
from store.models import Download
from tests import people, shelf
from tests.members import importing
from tests.members.post import deliver, link_in
from tests.members.test_renewals_at_once import own_database  # noqa: F401 - a fixture
from tests.store.asking import ask

MAPLE = "/account/organization/maple-valley/"
BIRCH = "/account/organization/birch-hill/"
NEW = "nia.colton@maplevalley.example"
STRANGERS = "a-strangers-password"


@pytest.fixture(autouse=True)
def _fresh_limits(request: pytest.FixtureRequest) -> None:
    """The test's own database commits; every other test is undone."""
    if "own_database" not in request.fixturenames:
        request.getfixturevalue("db")
        cache.clear()


@pytest.fixture
def maple() -> Membership:
    """Maple Valley with one of everything that a contact has steps for, and three free seats."""
    people.contact(), people.member()
    noseat, now = people.noseat(), timezone.now()
    membership = people.maple_valley()
    membership.terms.update(seats=6)
    assert membership.organization
    SeatRequest.objects.create(membership=membership, person=noseat, asked_at=now)
    Invitation.objects.create(
        membership=membership, email=NEW, token_hash="0" * 64, invited_at=now, expires_at=now + timedelta(days=14)
    )
    domains.add_domain(organization=membership.organization, name="maplevalley.example", by=None, now=now)
    certificate = ExemptionCertificate(
        organization=membership.organization, filename="c.pdf", state="MN", bytes=1, added_at=now, sha256="0" * 64
    )
    certificate.file.name = "exemptions/none.pdf"
    certificate.save()
    return membership


@pytest.fixture
def birch(maple: Membership) -> User:
    """The primary contact of another district, which is a member too."""
    contact = people.person("birch.contact")
    district = Organization.objects.create(name="Birch Hill", slug="birch-hill", kind="district")
    people.add_term(Membership.objects.create(organization=district, plan=people.district_plan()), starts=-9, ends=300)
    Contact.objects.create(organization=district, person=contact, is_primary=True)
    return contact


def steps(page: str, maple: Membership) -> list[str]:
    """Every step on something of Maple Valley, at this organization's address."""
    seat = people.member().seat_rows.get().pk
    contact = Contact.objects.get(person=people.noseat()).pk
    invitation, request = maple.invitations.get().pk, maple.seat_requests.get().pk
    domain, certificate = Domain.objects.get().pk, ExemptionCertificate.objects.get().pk
    return [
        *(f"{page}seats/{seat}/{step}/" for step in ("take", "swap", "hand-off")),
        *(f"{page}invitations/{invitation}/{step}/" for step in ("again", "withdraw")),
        *(f"{page}requests/{request}/{step}/" for step in ("give", "decline")),
        *(f"{page}contacts/{contact}/{step}/" for step in ("seat", "primary", "billing")),
        *(f"{page}domains/{domain}/{step}" for step in ("", "check/", "mail/", "remove/")),
        f"{page}certificates/{certificate}/",
    ]


def state() -> list[Any]:
    """All that a contact's step could change."""
    rows = (Seat, Invitation, SeatRequest, Contact, Domain, ExemptionCertificate)
    return [list(model.objects.order_by("pk").values()) for model in rows]


FILLED = {"email": "x@birch.example", "name": "X", "reason": "No", "to": "on"}


# --- what is another organization's ------------------------------------------------------------------------------
def test_a_contact_reaches_nothing_of_another_organization_by_its_number(maple: Membership, birch: User) -> None:
    browser, before = people.browser(birch), state()
    person = people.noseat().pk
    for address in (*steps(BIRCH, maple), *steps(MAPLE, maple)):
        for method in ("get", "head", "post"):
            filled = {**FILLED, "person": person, "roles_to": person}
            answer = getattr(browser, method)(address, filled if method == "post" else None)
            assert answer.status_code in (403, 404), (method, address)
    assert state() == before
    own = people.browser(people.contact())
    allowed = {address: own.get(address).status_code for address in steps(MAPLE, maple)}
    assert allowed == {address: 404 if "certificates" in address else 200 for address in allowed}, "its bytes are gone"


def test_nobody_of_another_organization_can_be_put_into_a_seat(maple: Membership, birch: User) -> None:
    own, seat = people.browser(people.contact()), people.member().seat_rows.get()
    for person in (birch, people.visitor()):
        assert own.post(f"{MAPLE}seats/{seat.pk}/swap/", {"person": person.pk}).status_code == 422
        filled = {"email": NEW.replace("nia", "x"), "roles_to": person.pk}
        contacts_seat = people.contact().seat_rows.get()
        assert own.post(f"{MAPLE}seats/{contacts_seat.pk}/hand-off/", filled).status_code == 422
    assert own.post(f"{MAPLE}seats/{seat.pk}/swap/", {"person": people.noseat().pk}).status_code == 302


@pytest.mark.parametrize("who", ["former", "billing only", "plain", "primary"])
def test_only_the_primary_contact_of_today_takes_a_step(maple: Membership, who: str) -> None:
    person = people.contact() if who in ("former", "primary") else people.noseat()
    if who == "former":
        Contact.objects.filter(person=person).update(is_primary=False)
    Contact.objects.filter(person=people.noseat()).update(is_billing=who == "billing only")
    before, browser = state(), people.browser(person)
    taken = [address for address in steps(MAPLE, maple) if not address.endswith("/primary/")]  # after it all is closed
    answers = {browser.post(address, FILLED).status_code for address in taken}
    if who == "primary":
        assert 302 in answers
        assert 403 not in answers
        assert state() != before
    else:
        assert answers == {403}
        assert state() == before


def test_looking_at_a_step_takes_none_and_a_button_of_another_site_neither(maple: Membership) -> None:
    before, contact = state(), people.contact()
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(contact)
    for address in steps(MAPLE, maple):
        assert careful.get(address, FILLED).status_code in (200, 404)
        careful.head(address, FILLED)
        assert careful.post(address, FILLED).status_code == 403
    assert state() == before
    where = f"{MAPLE}seats/{people.member().seat_rows.get().pk}/take/"
    careful.get(where)
    token = careful.cookies["csrftoken"].value
    assert careful.post(where, {"csrfmiddlewaretoken": token}).status_code == 302


def test_a_button_that_is_pressed_twice_does_what_it_said(maple: Membership) -> None:
    contact, browser = Contact.objects.get(person=people.noseat()), people.browser(people.contact())
    where = f"{MAPLE}contacts/{contact.pk}/billing/"
    page = browser.get(where).content.decode()
    assert re.search(r'<input type="hidden" name="to" value="True"', page)
    for pressed in ("True", "True", "False", "False"):
        assert browser.post(where, {"to": pressed}).status_code == 302
        contact.refresh_from_db()
        assert contact.is_billing is (pressed == "True")


# --- an account made beforehand with somebody else's address -----------------------------------------------------
def by_code(email: str) -> Client:
    """A browser in which whoever reads this address's mail signed in by the code."""
    browser = Client()
    mail.outbox.clear()
    browser.post("/accounts/login/code/", {"email": email})
    code = re.search(r"^ {4}([A-Z0-9-]{4,})$", str(mail.outbox[-1].body), re.MULTILINE)
    assert code
    browser.post("/accounts/login/code/confirm/", {"code": code[1]})
    return browser


def with_password(email: str, password: str) -> Client:
    browser = Client()
    browser.post("/accounts/login/", {"login": email, "password": password})
    return browser


def is_signed_in(browser: Client) -> bool:
    return browser.get("/account/").status_code == 200


def test_who_signed_up_with_an_address_before_its_owner_was_invited_stays_outside(maple: Membership) -> None:
    stranger = Client()
    account = {"email": NEW, "name": "X", "password1": STRANGERS, "password2": STRANGERS}
    stranger.post("/accounts/signup/", account)
    assert User.objects.get(email=NEW).check_password(STRANGERS)
    owner = by_code(NEW)
    owner.post("/account/seat/", {"step": "accept", "key": maple.invitations.get().pk})
    assert User.objects.get(email=NEW).seat_rows.exists()
    assert is_signed_in(owner)
    stranger.get("/accounts/confirm-email/")
    assert not is_signed_in(stranger)
    assert not is_signed_in(with_password(NEW, STRANGERS))


def test_a_password_of_an_address_that_was_verified_before_stays(maple: Membership) -> None:
    member = people.member()
    assert is_signed_in(by_code(member.email))
    assert is_signed_in(with_password(member.email, people.PASSWORD))


@pytest.mark.parametrize("typed", [NEW, "Other.Colleague@MapleValley.example"])
def test_who_accepted_can_sign_in_again_however_the_contact_typed_the_address(maple: Membership, typed: str) -> None:
    maple.invitations.all().delete()
    invitations.invite(membership=maple, email=typed, by=people.contact(), now=timezone.now())
    (message,) = deliver()
    Client().post(link_in(message), {"name": "Nia Colton"})
    assert is_signed_in(by_code(typed.lower()))


@pytest.mark.parametrize("as_invited", ["KNOWLES@maplevalley.example", "\N{KELVIN SIGN}nowles@maplevalley.example"])
def test_an_address_that_only_looks_like_one_with_an_account_signs_nobody_in(
    maple: Membership, as_invited: str
) -> None:
    person = people.visitor()
    User.objects.filter(pk=person.pk).update(email="knowles@maplevalley.example")
    invitations.invite(membership=maple, email=as_invited, by=people.contact(), now=timezone.now())
    (message,) = deliver()
    browser = Client()
    assert browser.post(link_in(message), {"name": "K"}).status_code == 422
    assert not is_signed_in(browser)


# --- the link of an invitation -----------------------------------------------------------------------------------
@pytest.fixture
def link(maple: Membership) -> str:
    maple.invitations.all().delete()
    invitations.invite(membership=maple, email=NEW, by=people.contact(), now=timezone.now())
    (message,) = deliver()
    return link_in(message)


def test_a_name_that_no_database_can_keep_is_no_fault_of_ours(link: str) -> None:
    assert Client().post(link, {"name": "Nia \x00 Colton"}).status_code == 302
    assert User.objects.get(email=NEW).name == "Nia Colton"


def test_the_secret_of_a_link_is_neither_in_the_audit_trail_nor_where_somebody_came_from(link: str) -> None:
    browser = Client()
    assert browser.get(link).headers["Referrer-Policy"] == "strict-origin"
    assert browser.post(link, {"name": "Nia"}).status_code == 302
    addresses = {row.metadata.get("url") for row in Context.objects.all()}
    assert "/membership/invitations/…/" in addresses
    secret = link.rstrip("/").rpartition("/")[2]
    assert not any(secret in str(row.metadata) for row in Context.objects.all())


def test_a_closed_account_accepts_nothing(maple: Membership, link: str) -> None:
    person = people.visitor()
    EmailAddress.objects.filter(user=person).update(email=NEW)
    browser = people.browser(person)
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert browser.post(link, {"name": "X"}).status_code == 422
    assert not person.seat_rows.exists()
    User.objects.filter(pk=person.pk).update(is_active=True)
    assert people.browser(person).post(link).status_code == 302


# --- domains -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "address", ["a@mail.maplevalley.example", "a@maplevalley.example.evil.example", "a@valley.example"]
)
def test_a_verified_domain_lets_in_its_own_addresses_and_no_others(maple: Membership, address: str) -> None:
    Domain.objects.update(verified_at=timezone.now(), method="dns")
    stranger, colleague = people.visitor(), people.purchase()
    EmailAddress.objects.create(user=stranger, email=address, verified=True)
    EmailAddress.objects.create(user=colleague, email="b@maplevalley.example", verified=True)

    def way(person: User) -> requests.Way:
        return requests.offer_for(membership=maple, person=person, now=timezone.now()).way

    assert (way(stranger), way(colleague)) == (requests.Way.NONE, requests.Way.TAKE)


@pytest.mark.parametrize(
    "name", ["gmail。com", "GMAIL.COM.", "x@mail.gmail.com", "gma\u00adil.com", "k12.mn.us", "github.io", "127.0.0.1"]
)
def test_no_way_of_writing_makes_a_public_domain_somebodys(birch: User, name: str) -> None:
    browser = people.browser(birch)
    assert browser.post(f"{BIRCH}domains/add/", {"name": name}).status_code == 422
    assert browser.post(f"{BIRCH}domains/add/", {"name": "birchhill.example"}).status_code == 302


# --- terms and seats ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("starts", "ends"), [("2100-01-01", "9999-12-31"), ("9999-12-31", ""), ("0001-01-01", "0001-12-31")]
)
def test_a_term_is_not_recorded_for_days_that_the_calendar_does_not_reach(
    maple: Membership, starts: str, ends: str
) -> None:
    browser = people.browser(people.staff())
    typed = {"membership": maple.pk, "reference": "For life"}
    where = "/admin/members/term/add/"
    answer = browser.post(where, {**typed, "starts_on": starts, "ends_on": ends})
    assert "further ones are taken for a mistake" in answer.content.decode()
    assert maple.terms.count() == 1
    assert browser.post(where, {**typed, "starts_on": "2099-01-01", "ends_on": "2099-12-31"}).status_code == 302


def test_seats_are_added_up_to_what_a_term_can_have(maple: Membership) -> None:
    for _ in range(9):
        dues.add_seats(membership=maple, count=1_100, agreed_cents=0, by=None, now=timezone.now())
    with pytest.raises(dues.DuesError, match=r"10,000 seats at most, and this one has 9,906"):
        dues.add_seats(membership=maple, count=95, agreed_cents=0, by=None, now=timezone.now())
    dues.add_seats(membership=maple, count=94, agreed_cents=0, by=None, now=timezone.now())


@pytest.mark.usefixtures("own_database")
def test_of_two_presses_at_the_same_moment_one_renews(django_db_blocker: DjangoDbBlocker) -> None:
    with django_db_blocker.unblock():
        membership = people.maple_valley()
        browsers = [people.browser(people.staff()) for _ in range(2)]
        where, typed = f"/admin/members/membership/{membership.pk}/do/renew/", {"renew-plan": membership.plan_id}
        seen = browsers[0].post(where, typed).context["seen"]
        answers: list[int] = []

        def press(browser: Client) -> None:
            try:
                answers.append(browser.post(where, {**typed, "seen": seen}).status_code)
            finally:
                connection.close()

        with transaction.atomic():
            Membership.objects.select_for_update().get()
            presses = [threading.Thread(target=press, args=[browser]) for browser in browsers]
            for one in presses:
                one.start()
            _until_both_wait()
        for one in presses:
            one.join(30)
        assert sorted(answers) == [200, 302], "the other is shown what a second renewal would be"
        assert membership.terms.count() == 2


def _until_both_wait() -> None:
    """Until two others of this database wait for a lock. The number of looks is only for a failure."""
    for _ in range(500):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")  # or it would be the first look over and over
            cursor.execute(
                "SELECT count(*), pg_sleep(0.02) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0] == 2:
                return
    raise AssertionError("They do not wait.")


def test_many_extended_by_two_presses_are_extended_once(maple: Membership) -> None:
    browser = people.browser(people.staff())
    where = "/admin/members/membership/"
    chosen = {"action": "extend_all", "_selected_action": [maple.pk]}
    seen = browser.post(where, chosen).context["seen"]
    pressed = {**chosen, "seen": seen, "days": 7, "reason": "Sorry"}
    browser.post(where, pressed)
    again = browser.post(where, pressed)
    assert again.context["has_changed"]
    assert maple.terms.filter(kind=Term.Kind.EXTENSION).count() == 1


# --- imports -----------------------------------------------------------------------------------------------------
def test_an_import_takes_nobody_for_the_owner_of_an_address_they_never_verified() -> None:
    people.maple_valley()
    stranger, owner = people.visitor(), people.purchase()
    EmailAddress.objects.create(user=stranger, email="cto@big.example", verified=False)
    EmailAddress.objects.create(user=owner, email="cio@big.example", verified=True)
    lines = "Email,Organization,Primary\ncto@big.example,maple-valley,yes\ncio@big.example,maple-valley,no\n"
    importing.written("people", lines)
    assert not Contact.objects.filter(person=stranger).exists()
    assert Contact.objects.get(is_primary=True).person.email == "cto@big.example"
    assert Contact.objects.filter(person=owner).exists()


def test_an_import_leaves_the_rights_password_and_address_of_staff_alone() -> None:
    staff = people.staff()
    importing.written("people", "Email,Name,Staff\nSTAFF@example.org,Somebody Else,no\n")
    after = User.objects.get(pk=staff.pk)
    assert (after.email, after.is_superuser, after.password) == (staff.email, True, staff.password)
    assert after.name == "Somebody Else"


@pytest.mark.parametrize("lacking", ["", "change_contact", "add_user", "add_importbatch"])
def test_who_may_not_do_it_by_hand_may_not_import_it(lacking: str) -> None:
    clerk = people.person("clerk", is_staff=True)
    names = {"add_importbatch", "add_user", "change_user", "add_contact", "change_contact"} - {lacking}
    clerk.user_permissions.set(Permission.objects.filter(codename__in=names, content_type__app_label="members"))
    batch = importing.previewed("people", "Email\nnew@example.org\n")
    answer = people.browser(clerk).post(f"/admin/members/importbatch/{batch.pk}/confirm/")
    batch.refresh_from_db()
    assert (answer.status_code, batch.state) == ((403, "previewed") if lacking else (302, "writing"))


def test_a_column_is_not_two_fields_and_a_confirmation_counts_once() -> None:
    batch = importing.previewed("people", "Email,Name\nnew@example.org,New\n")
    with pytest.raises(ColumnsMissing):
        choose_columns(batch=batch, columns={"email": 0, "name": 0}, dates="", by=None, now=importing.NOW)
    confirm(batch=batch, by=people.staff(), now=importing.NOW)
    with pytest.raises(NotNow):
        confirm(batch=batch, by=people.staff(), now=importing.NOW)
    assert ImportBatch.objects.get().state == ImportBatch.State.WRITING


# --- merging -----------------------------------------------------------------------------------------------------
def test_the_ledger_follows_a_chain_of_merges_and_nothing_else() -> None:
    first, second, third = people.member(), people.visitor(), people.purchase()
    assert ask(people.browser(first), shelf.report()).status == 200
    for kept, merged in ((second, first), (third, second)):
        pair = [User.objects.get(pk=person.pk) for person in (kept, merged)]
        merging.merge_people(kept=pair[0], merged=pair[1], reason="One", by=people.staff(), now=timezone.now())
    assert Download.objects.get().person == third
    stranger = people.person("stranger").pk
    for change in (f"person_id = {stranger}", "person_id = NULL", f"person_id = {first.pk}", "at = now()"):
        with pytest.raises(Error, match="written once"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE store_download SET {change}")  # noqa: S608 - numbers of our own
    with pytest.raises(Error, match="written once"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM store_download")


def test_no_merge_gives_rights_to_who_had_none() -> None:
    plain, staff = people.visitor(), people.staff()
    clerk = people.person("clerk", is_staff=True)
    for kept, merged, by in ((plain, staff, staff), (staff, plain, clerk), (plain, clerk, staff)):
        with pytest.raises(merging.RightsHeld):
            merging.merge_people(kept=kept, merged=merged, reason="One", by=by, now=timezone.now())
    merging.merge_people(kept=staff, merged=plain, reason="One", by=staff, now=timezone.now())
    plain.refresh_from_db()
    assert (plain.is_active, plain.is_staff, plain.is_superuser) == (False, False, False)

"""The page on which a primary contact looks after their organization: who may open it, and what each button does."""

import io
import zlib
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from PIL import Image

from cosn_site.audience import Audience
from members import invitations
from members.models import Contact, Domain, ExemptionCertificate, Invitation, Membership, Organization, SeatRequest
from members.requests import take_or_request_seat
from members.roster.seat_views import INVITATIONS_AN_HOUR
from tests import people
from tests.site.test_hostile_words import HOSTILE, caught, text_fields
from tests.test_routes import answers, of

pytestmark = pytest.mark.django_db
PAGE = "/account/organization/maple-valley/"


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    cache.clear()


@pytest.fixture
def membership() -> Membership:
    """Maple Valley with all its people, one of four seats free."""
    people.noseat()
    membership = people.maple_valley()
    membership.terms.update(seats=4)
    return membership


@pytest.fixture
def contact(membership: Membership) -> Client:
    return people.browser(people.contact())


def words(response: Any) -> str:
    return response.content.decode()


# --- who may ------------------------------------------------------------------------------------------------------
def test_the_pages_of_a_contact_are_closed_to_everyone_else(membership: Membership) -> None:
    those = of(Audience.CONTACT)
    assert len(those) > 15
    values = {route.name: {"slug": "maple-valley"} for route in those}
    signed_out = answers(Client(), those, values)
    assert signed_out == {where: (302, f"/accounts/login/?next={where}") for where in signed_out}
    for who in ("visitor", "member", "noseat", "editor", "staff"):
        found = answers(people.browser(people.CAST[who]()), those, values)
        assert {status for status, _ in found.values()} == {403}, who


def test_a_post_is_as_closed_as_the_page(membership: Membership) -> None:
    seat = people.member().seat_rows.get()
    browser = people.browser(people.member())
    assert browser.post(f"{PAGE}seats/{seat.pk}/take/").status_code == 403
    seat.refresh_from_db()
    assert seat.left_at is None


def test_who_works_there_reads_who_the_contact_is_and_others_do_not(membership: Membership) -> None:
    page = words(people.browser(people.member()).get("/account/organization/"))
    assert "Dana Okafor" in page
    assert "contact@example.org" in page
    for where in (PAGE, "/account/organization/no-such-place/"):
        page = words(people.browser(people.visitor()).get(where))
        assert "Dana Okafor" not in page
        assert "Maple Valley" not in page


def test_a_contact_reaches_the_rows_of_their_own_organization_only(contact: Client) -> None:
    people.provisional()
    other = people.provisional().seat_rows.get()
    assert contact.get(f"{PAGE}seats/{other.pk}/take/").status_code == 404
    assert contact.post(f"{PAGE}seats/{other.pk}/take/").status_code == 404
    other.refresh_from_db()
    assert other.left_at is None


def test_a_contact_of_several_chooses(contact: Client) -> None:
    other = Organization.objects.create(name="Second Schools", slug="second", kind="district")
    Contact.objects.create(organization=other, person=people.contact(), is_primary=True)
    page = words(contact.get("/account/organization/"))
    assert PAGE in page
    assert "/account/organization/second/" in page
    assert "Not a member" in words(contact.get("/account/organization/second/"))


def test_the_account_page_leads_the_contact_there_and_nobody_else(contact: Client) -> None:
    assert PAGE in words(contact.get("/account/"))
    assert PAGE not in words(people.browser(people.member()).get("/account/"))


# --- what it shows ------------------------------------------------------------------------------------------------
def test_the_page_shows_seats_people_roles_and_the_term(contact: Client, membership: Membership) -> None:
    page = words(contact.get("/account/organization/"))
    for expected in ("3 of 4 seats used", "Jordan Whitfield", "member@example.org", "Active", "Primary", "Hand off"):
        assert expected in page
    assert 'class="you"' in page
    assert "nvoice" not in page


def test_the_seat_meter_is_read_before_the_people_and_the_papers(contact: Client) -> None:
    page = words(contact.get(PAGE))
    assert page.index("seats used</h2>") < page.index("People and seats</h2>") < page.index("certificates</h2>")


def test_a_billing_contact_s_mail_is_stopped_by_a_link_that_says_so(contact: Client) -> None:
    row = Contact.objects.get(person=people.member())
    Contact.objects.filter(pk=row.pk).update(is_billing=True)
    assert "Stop billing mail" in words(contact.get(PAGE))
    assert "Stop billing mail</button>" in words(contact.get(f"{PAGE}contacts/{row.pk}/billing/"))
    contact.post(f"{PAGE}contacts/{row.pk}/billing/")
    row.refresh_from_db()
    assert not row.is_billing


def test_the_page_costs_the_same_number_of_statements_however_many_sit_there(
    contact: Client, membership: Membership
) -> None:
    contact.get(PAGE)
    with CaptureQueriesContext(connection) as few:
        contact.get(PAGE)
    membership.terms.update(seats=60)
    organization = Organization.objects.get(slug="maple-valley")
    for number in range(5, 45):
        people.sit(people.person(f"p{number}"), membership, number=number)
        Contact.objects.create(organization=organization, person=people.person(f"p{number}"))
    with CaptureQueriesContext(connection) as many:
        contact.get(PAGE)
    assert len(many) == len(few)


def test_looking_at_every_page_changes_nothing(contact: Client, membership: Membership) -> None:
    invitations.invite(membership=membership, email="n@example.com", by=None, now=timezone.now())
    membership.terms.update(seats=4)
    take_or_request_seat(membership=membership, person=people.noseat(), by=None, now=timezone.now())
    seat, guest = people.member().seat_rows.get(), Invitation.objects.get()
    asked, other = SeatRequest.objects.get(), Contact.objects.get(person=people.member())
    steps = [
        *(f"seats/{seat.pk}/{step}/" for step in ("take", "swap", "hand-off")),
        *(f"invitations/{guest.pk}/{step}/" for step in ("again", "withdraw")),
        *(f"requests/{asked.pk}/{step}/" for step in ("give", "decline")),
        *(f"contacts/{other.pk}/{step}/" for step in ("seat", "primary", "billing")),
        *("invite/", "domains/add/", "certificates/add/"),
    ]
    with CaptureQueriesContext(connection) as seen:
        for step in steps:
            assert contact.get(PAGE + step).status_code == 200, step
    written = [query["sql"] for query in seen if not query["sql"].startswith(("SELECT", "PREPARE", "EXECUTE"))]
    assert [sql for sql in written if "members_" in sql and sql.startswith(("INSERT", "UPDATE", "DELETE"))] == []


def test_no_page_of_a_contact_takes_a_word_for_markup(contact: Client, membership: Membership) -> None:
    invitations.invite(membership=membership, email="n@example.com", name="N", by=None, now=timezone.now())
    take_or_request_seat(membership=membership, person=people.noseat(), by=None, now=timezone.now())
    for model in (Organization, Contact, Invitation, SeatRequest, type(people.member()), type(membership.plan)):
        fields = text_fields(model)
        if fields:
            model._default_manager.update(**fields)
    for where in ("/account/", "/account/organization/", PAGE, "/account/seat/", "/account/welcome/"):
        for who in (people.contact(), people.noseat(), people.visitor()):
            page = words(people.browser(who).get(where))
            assert caught(page) == [], where
    assert HOSTILE[:20].replace('"', "&quot;")[:6] in words(contact.get(PAGE))


# --- what its buttons do --------------------------------------------------------------------------------------------
def test_a_seat_is_taken_back_after_a_page_that_asks(contact: Client) -> None:
    seat = people.member().seat_rows.get()
    assert "Take the seat back" in words(contact.get(f"{PAGE}seats/{seat.pk}/take/"))
    assert contact.post(f"{PAGE}seats/{seat.pk}/take/")["Location"] == PAGE
    seat.refresh_from_db()
    assert seat.left_at is not None
    assert contact.post(f"{PAGE}seats/{seat.pk}/take/").status_code == 404


def test_a_seat_is_swapped_with_a_colleague_and_with_nobody_else(contact: Client) -> None:
    seat = people.member().seat_rows.get()
    where = f"{PAGE}seats/{seat.pk}/swap/"
    assert contact.post(where, {"person": people.visitor().pk}).status_code == 422
    assert contact.post(where, {"person": people.noseat().pk}).status_code == 302
    assert people.noseat().seat_rows.get().number == seat.number


def test_an_invitation_to_a_domain_that_is_nearly_ours_is_asked_about_once(
    contact: Client, membership: Membership
) -> None:
    now = timezone.now()
    assert membership.organization
    membership.organization.domains.create(name="maplevalley.example", added_at=now, verified_at=now, method="staff")
    typed = {"email": "lead@maplevaley.example"}
    response = contact.post(f"{PAGE}invite/", typed)
    assert "Did you mean maplevalley.example?" in words(response)
    assert not Invitation.objects.exists()
    assert contact.post(f"{PAGE}invite/", {**typed, "sure": "on"}).status_code == 302
    assert Invitation.objects.get().email == "lead@maplevaley.example"


def test_invitations_have_a_limit(contact: Client) -> None:
    from cosn_site.limits import within_limit

    key = str(people.maple_valley().organization_id)
    for _ in range(INVITATIONS_AN_HOUR):
        within_limit("invitations", key, times=INVITATIONS_AN_HOUR, seconds=3600, now=timezone.now())
    assert contact.post(f"{PAGE}invite/", {"email": "n@example.com"}).status_code == 422
    assert not Invitation.objects.exists()


def test_a_refused_step_says_why_and_keeps_what_was_typed(contact: Client, membership: Membership) -> None:
    membership.terms.update(seats=3)
    response = contact.post(f"{PAGE}invite/", {"email": "lead@example.com"})
    assert response.status_code == 422
    assert "All 3 seats have someone in them" in words(response)
    assert "lead@example.com" in words(response)


def test_a_request_is_answered_on_the_page(contact: Client, membership: Membership) -> None:
    membership.terms.update(seats=3)
    take_or_request_seat(membership=membership, person=people.noseat(), by=None, now=timezone.now())
    asked = SeatRequest.objects.get()
    page = words(contact.get(PAGE))
    assert "Robin Castellano asks for a seat" in page
    assert contact.post(f"{PAGE}requests/{asked.pk}/give/").status_code == 422
    assert contact.post(f"{PAGE}requests/{asked.pk}/decline/", {"reason": ""}).status_code == 422
    assert contact.post(f"{PAGE}requests/{asked.pk}/decline/", {"reason": "In July."}).status_code == 302
    asked.refresh_from_db()
    assert (asked.answer, asked.reason) == ("declined", "In July.")


def test_a_contact_without_a_seat_is_given_one(contact: Client) -> None:
    row = Contact.objects.get(person=people.noseat())
    assert contact.post(f"{PAGE}contacts/{row.pk}/seat/").status_code == 302
    assert people.noseat().seat_rows.get().number == 4


def test_handing_the_role_on_closes_the_page_to_who_did(contact: Client) -> None:
    row = Contact.objects.get(person=people.member())
    assert contact.post(f"{PAGE}contacts/{row.pk}/primary/")["Location"] == "/account/"
    assert contact.get(PAGE).status_code == 403
    assert people.browser(people.member()).get(PAGE).status_code == 200


# --- domains ------------------------------------------------------------------------------------------------------
def test_a_domain_that_is_added_leads_to_its_own_page_where_it_is_verified(contact: Client) -> None:
    response = contact.post(f"{PAGE}domains/add/", {"name": "maplevalley.example"})
    domain = Domain.objects.get()
    assert response["Location"] == f"{PAGE}domains/{domain.pk}/"
    page = words(contact.get(response["Location"]))
    assert domain.dns_value in page
    assert "The domain is on your list" in page


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("maple valley", "Give what stands after the @"),
        ("gmail.com", "Anybody can have an address at gmail.com"),
        ("k12.mn.us", "own domains below k12.mn.us"),
        ("listed.example", "listed.example is on your list already"),
    ],
)
def test_a_refused_domain_says_why_at_its_field_and_keeps_what_was_typed(contact: Client, typed: str, why: str) -> None:
    contact.post(f"{PAGE}domains/add/", {"name": "listed.example"})
    response = contact.post(f"{PAGE}domains/add/", {"name": typed})
    assert response.status_code == 422
    form = response.context["form"]
    assert why in form.errors["name"][0]
    assert form.non_field_errors() == []
    assert f'value="{typed}"' in words(response)
    assert Domain.objects.count() == 1


# --- certificates -------------------------------------------------------------------------------------------------
def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "white").save(file, "PNG")
    return file.getvalue()


def jpeg() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "white").save(file, "JPEG")
    return file.getvalue()


PDF = b"%PDF-1.7\n" + b"x" * 100 + b"\n%%EOF\n"


def upload(contact: Client, content: bytes, name: str = "certificate.pdf", **fields: str) -> Any:
    file = SimpleUploadedFile(name, content)
    return contact.post(f"{PAGE}certificates/add/", {"file": file, "state": "mn", **fields})


@pytest.mark.parametrize(("content", "type_"), [(PDF, "application/pdf"), (png(), "image/png"), (jpeg(), "image/jpeg")])
def test_a_certificate_is_kept_privately_and_leaves_as_what_it_is(contact: Client, content: bytes, type_: str) -> None:
    expires = (timezone.now() + timedelta(days=400)).date()
    assert upload(contact, content, "../x.html", number="ES-1", expires_on=str(expires)).status_code == 302
    kept = ExemptionCertificate.objects.get()
    assert (kept.state, kept.bytes, kept.expires_on) == ("MN", len(content), expires)
    assert "ES-1" in words(contact.get(PAGE))
    response = contact.get(f"{PAGE}certificates/{kept.pk}/")
    assert b"".join(response) == content
    assert response["Content-Type"] == type_
    assert response["Content-Disposition"].startswith("attachment")
    assert "html" not in response["Content-Disposition"]
    assert "no-store" in response["Cache-Control"]


def test_nobody_but_the_contact_and_staff_opens_a_certificate(contact: Client) -> None:
    upload(contact, PDF)
    kept = ExemptionCertificate.objects.get()
    for who in ("member", "visitor", "staff"):
        assert people.browser(people.CAST[who]()).get(f"{PAGE}certificates/{kept.pk}/").status_code == 403
    admin = f"/admin/members/exemptioncertificate/{kept.pk}/file/"
    assert b"".join(people.browser(people.staff()).get(admin)) == PDF
    assert people.browser(people.editor()).get(admin).status_code in (403, 404)
    assert people.browser(people.contact()).get(admin).status_code == 302, "to the staff’s sign-in, which says no"


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", b"%PDF-1.7 cut off", b"\x89PNG\r\n\x1a\n" + zlib.compress(b"x"), b"\xff\xd8\xff", b"GIF89a"],
)
def test_what_is_no_certificate_is_refused_beside_its_field(contact: Client, content: bytes) -> None:
    assert upload(contact, content).status_code == 422
    assert not ExemptionCertificate.objects.exists()


def test_a_certificate_that_is_too_large_is_refused(contact: Client) -> None:
    response = upload(contact, PDF[:20] + b"x" * (10 * 1024 * 1024) + PDF[20:])
    assert response.status_code == 422
    assert "larger than 10 MB" in words(response)


def test_an_expired_certificate_says_so(contact: Client) -> None:
    upload(contact, PDF, expires_on=str((timezone.now() - timedelta(days=3)).date()))
    assert "Expired" in words(contact.get(PAGE))

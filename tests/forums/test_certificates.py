"""Certificates: who gets one, its number, its document, and the page that says whether it is real."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from cosn_site import pdf
from forums.certificates import (
    NotEarned,
    RevokedAlready,
    check_letter,
    hours_of,
    issue,
    issue_due,
    new_number,
    read_number,
    revoke,
    typeset,
)
from forums.check_in import check_in, undo_check_in
from forums.links import token_of
from forums.models import Certificate, CheckIn, Forum, Registration
from forums.registrations import TICKET_ALPHABET, ReasonMissing
from tests import people
from tests.factories import make_open_forum, make_registration
from tests.pdf_checks import structure, ua_problems, words

NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module", autouse=True)
def _press_stops_afterwards() -> Iterator[None]:
    yield
    pdf._PRESS.stop()


def somebody_who_was_there(*, name: str = "Priya Raman", over_since: timedelta = timedelta(hours=1)) -> Registration:
    """Registered, checked in, and the forum over by now."""
    now = timezone.now()
    early = now - timedelta(days=90)
    forum = make_open_forum(
        now=early, starts_at=now - over_since - timedelta(hours=4), ends_at=now - over_since, title="Forum: Seats"
    )
    row = make_registration(forum, people.person("cto", name=name), now=early)
    arrives(row)
    return row


def arrives(row: Registration) -> CheckIn:
    start = row.forum.starts_at
    return check_in(registration=row, entry=uuid4(), at=start, way=CheckIn.Way.BY_NAME, by=None, now=start)


def mine(row: Registration) -> str:
    return f"/cto-forums/r/{token_of(row)}/certificate.pdf"


# --- the number -------------------------------------------------------------------------------------------------------
@given(st.text(TICKET_ALPHABET, min_size=11, max_size=11), st.integers(0, 11), st.sampled_from(TICKET_ALPHABET))
def test_one_wrong_letter_is_always_told(letters: str, place: int, wrong: str) -> None:
    number = letters + check_letter(letters)
    typed = number[:place] + wrong + number[place + 1 :]
    assert (read_number(typed) is not None) == (typed == number)


def test_a_number_is_read_whatever_its_letter_case_dashes_and_spaces() -> None:
    number = new_number()
    assert re.fullmatch(r"[2-9A-HJKMNP-TV-Z]{4}(-[2-9A-HJKMNP-TV-Z]{4}){2}", number)
    assert read_number(f" {number.lower().replace('-', ' ')}") == number
    assert read_number(number.replace("-", "")) == number


def test_numbers_do_not_come_twice() -> None:
    assert len({new_number() for _ in range(2_000)}) == 2_000


# --- the hours --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("minutes", "hours"), [(240, "4"), (247, "4"), (248, "4.25"), (3, "0.25"), (20, "0.25"), (23, "0.5")]
)
def test_hours_are_the_length_of_the_forum_to_the_quarter_hour(minutes: int, hours: str) -> None:
    forum = Forum(starts_at=NOW, ends_at=NOW + timedelta(minutes=minutes))
    assert hours_of(forum) == Decimal(hours)


def test_hours_that_staff_set_count_before_the_length() -> None:
    forum = Forum(starts_at=NOW, ends_at=NOW + timedelta(hours=4), certificate_hours=Decimal("3.50"))
    assert hours_of(forum) == Decimal("3.5")


# --- who gets one -----------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_who_was_there_gets_one_once_the_forum_is_over_and_only_one() -> None:
    row = somebody_who_was_there()
    with pytest.raises(NotEarned):
        issue(registration=row, by=None, now=row.forum.ends_at - timedelta(minutes=1))
    first = issue(registration=row, by=None, now=row.forum.ends_at)
    assert issue(registration=row, by=None, now=timezone.now()) == first
    assert (first.name, first.hours) == ("Priya Raman", Decimal(4))


@pytest.mark.django_db
def test_who_did_not_come_or_was_undone_gets_none() -> None:
    row = somebody_who_was_there()
    stayed_home = make_registration(row.forum, people.person("home"), now=row.forum.starts_at - timedelta(days=50))
    undo_check_in(check_in=CheckIn.objects.get(), by=people.staff(), now=timezone.now())
    for nobody in (row, stayed_home):
        with pytest.raises(NotEarned):
            issue(registration=nobody, by=None, now=timezone.now())
    assert issue_due(by=None, now=timezone.now()) == 0


@pytest.mark.django_db
def test_the_job_issues_what_is_due_and_nothing_the_second_time() -> None:
    row = somebody_who_was_there()
    assert issue_due(by=None, now=row.forum.ends_at - timedelta(minutes=1)) == 0
    assert [issue_due(by=None, now=timezone.now()) for _ in range(2)] == [1, 0]
    assert Certificate.objects.get().registration == row


@pytest.mark.django_db
def test_a_check_in_that_reached_us_late_is_issued_by_the_next_run() -> None:
    row = somebody_who_was_there()
    issue_due(by=None, now=timezone.now())
    late = make_registration(row.forum, people.person("late"), now=row.forum.starts_at - timedelta(days=50))
    arrives(late)
    assert issue_due(by=None, now=timezone.now()) == 1


# --- the document -----------------------------------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize("name", ["Priya Raman", "Dr. Maximiliana " + "Featherstonehaugh-" * 5 + "Smith"])
def test_the_document_is_one_tagged_page_that_says_it_all(name: str) -> None:
    row = somebody_who_was_there(name=name)
    certificate = issue(registration=row, by=None, now=timezone.now())
    content = typeset(certificate)
    assert ua_problems(content) == []
    assert structure(content).count("H1") == 1
    (page,) = words(content)
    for said in ("Certificate of attendance", "Forum: Seats", "4 hours", certificate.number):
        assert said in page
    assert name[:10] in page


# --- my page ----------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_opening_the_page_issues_nothing_and_the_button_does() -> None:
    row = somebody_who_was_there()
    response = Client().get(mine(row))
    assert (response.status_code, Certificate.objects.count()) == (200, 0)
    assert "Make my certificate" in response.content.decode()
    response = Client().post(mine(row), follow=True)
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.content.startswith(b"%PDF")
    assert response.headers["Referrer-Policy"] == "strict-origin"
    assert Certificate.objects.count() == 1


@pytest.mark.django_db
def test_before_the_end_there_is_no_certificate_and_the_page_says_when() -> None:
    row = somebody_who_was_there()
    Forum.objects.update(ends_at=timezone.now() + timedelta(hours=1))
    for response in (Client().get(mine(row)), Client().post(mine(row))):
        assert response.status_code == 404
        assert "when the forum is over" in response.content.decode()
    assert not Certificate.objects.exists()


@pytest.mark.django_db
def test_a_link_that_is_none_opens_no_certificate() -> None:
    row = somebody_who_was_there()
    issue(registration=row, by=None, now=timezone.now())
    assert Client().get(mine(row)).status_code == 200
    assert Client().get(f"/cto-forums/r/{token_of(row)}x/certificate.pdf").status_code == 404


# --- is it real? ------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_anyone_sees_that_a_certificate_is_real_and_no_address_of_its_person() -> None:
    row = somebody_who_was_there()
    certificate = issue(registration=row, by=None, now=timezone.now())
    response = Client().get(f"/cto-forums/certificates/{certificate.number}/")
    page = response.content.decode()
    for said in ("Real", "Priya Raman", "Forum: Seats", "4 hours"):
        assert said in page
    assert row.person.email not in page
    assert response.headers["X-Robots-Tag"] == "noindex"


@pytest.mark.django_db
def test_a_number_that_was_typed_somehow_leads_to_its_page() -> None:
    certificate = issue(registration=somebody_who_was_there(), by=None, now=timezone.now())
    typed = certificate.number.lower().replace("-", "")
    response = Client().get("/cto-forums/certificates/", {"number": typed}, follow=True)
    assert response.redirect_chain == [(f"/cto-forums/certificates/{certificate.number}/", 302)]
    assert Client().get(f"/cto-forums/certificates/{typed}/").status_code == 302


@pytest.mark.django_db
def test_an_unknown_number_is_told_from_a_slip() -> None:
    issue(registration=somebody_who_was_there(), by=None, now=timezone.now())
    unknown = Client().get(f"/cto-forums/certificates/{new_number()}/")
    slip = Client().get("/cto-forums/certificates/K7QM-3XRA/")
    assert (unknown.status_code, slip.status_code) == (404, 404)
    assert "never issued" in unknown.content.decode()
    assert "mistyped" in slip.content.decode()
    assert "no number of ours" in Client().get("/cto-forums/certificates/", {"number": "K7QM"}).content.decode()


@pytest.mark.django_db
def test_a_revoked_certificate_says_why_and_is_handed_out_no_more() -> None:
    row = somebody_who_was_there()
    certificate = issue(registration=row, by=None, now=timezone.now())
    with pytest.raises(ReasonMissing):
        revoke(certificate=certificate, reason=" ", by=people.staff(), now=timezone.now())
    assert Client().get(mine(row)).status_code == 200
    revoke(certificate=certificate, reason="Left after ten minutes", by=people.staff(), now=timezone.now())
    page = Client().get(f"/cto-forums/certificates/{certificate.number}/").content.decode()
    assert "Revoked" in page
    assert "Left after ten minutes" in page
    assert "badge-ok" not in page
    response = Client().get(mine(row))
    assert response.status_code == 404
    assert "Left after ten minutes" in response.content.decode()
    with pytest.raises(RevokedAlready):
        revoke(certificate=certificate, reason="Again", by=people.staff(), now=timezone.now())


@pytest.mark.django_db
def test_staff_revoke_a_certificate_with_a_reason_on_its_page() -> None:
    certificate = issue(registration=somebody_who_was_there(), by=None, now=timezone.now())
    browser, page = people.browser(people.staff()), f"/admin/forums/certificate/{certificate.pk}/"
    assert "Revoke" in browser.get(f"{page}change/").content.decode()
    assert browser.post(f"{page}do/revoke/", {"revoke-reason": ""}).status_code == 422
    browser.post(f"{page}do/revoke/", {"revoke-reason": "Left after ten minutes"})
    certificate.refresh_from_db()
    assert certificate.revoked_reason == "Left after ten minutes"
    assert "Revoke…" not in browser.get(f"{page}change/").content.decode()

"""The account page: my standing and why, in words that hold; my downloads; and nobody else's."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from members.models import Contact, Seat, Term, User
from store.models import Download
from tests import people, shelf
from tests.store.asking import ask

pytestmark = pytest.mark.django_db


def account(who: User) -> str:
    """The words of the page, without its marks."""
    answer = ask(people.browser(who), "/account/")
    assert answer.status == 200
    main = answer.body.decode().partition("<main")[2].partition("</main>")[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).replace("\u00a0", " ").split())


@pytest.mark.parametrize(
    ("who", "told", "not_told"),
    [
        ("member", ["Active member", "through Maple Valley School District", "seat 2"], ["Renew", "Lapsed"]),
        ("grace", ["In grace", "Renew membership", "downloads work until"], ["Active member", "Not a member"]),
        ("provisional", ["Provisional member", "Lakes Regional Agency", "purchase order is unpaid"], ["Active member"]),
        ("upcoming", ["Starts soon"], ["Active member", "Renew"]),
        ("lapsed", ["Membership lapsed", "Renew membership"], ["Active member", "In grace"]),
        ("noseat", ["Not a member", "A seat for you", "Dana Okafor", "contact@example.org"], ["Active member"]),
        ("visitor", ["Not a member", "See membership plans"], ["A seat for you", "Renew"]),
        ("purchase", ["Not a member"], ["A seat for you"]),
        ("staff", ["Not a member"], []),
    ],
)
def test_the_page_says_where_a_person_stands(who: str, told: list[str], not_told: list[str]) -> None:
    person = people.CAST[who]()
    assert person is not None
    words = account(person)
    assert [piece for piece in told if piece not in words] == [], words
    assert [piece for piece in not_told if piece in words] == [], words


def test_grace_names_the_day_the_term_ended_and_the_last_day_of_access() -> None:
    grace = people.grace()
    words = account(grace)
    term = Term.objects.get(membership__person=grace)
    for day in (term.ends_on, term.ends_on + timedelta(days=term.grace_days)):
        assert f"{day.day} {day:%B %Y}" in words or f"{day:%B} {day.day}, {day.year}" in words


def test_the_page_goes_by_the_day_in_washington() -> None:
    """At 4:59 UTC in winter it is still the evening before in Washington; a second past 5:00 it is not."""
    person = people.person("edge")
    from members.models import Membership

    membership = Membership.objects.create(person=person, plan=people.individual_plan())
    Term.objects.create(
        membership=membership, starts_on="2026-01-01", ends_on="2026-01-15", seats=1, grace_days=0, dues_cents=0
    )
    for instant, told in (
        (datetime(2026, 1, 16, 4, 59, 59, tzinfo=UTC), "Active member"),
        (datetime(2026, 1, 16, 5, 0, 0, tzinfo=UTC), "Membership lapsed"),
    ):
        with time_machine.travel(instant, tick=False):
            assert told in account(person)


def test_a_membership_lost_for_an_unpaid_purchase_order_does_not_claim_that_its_term_ended() -> None:
    """The term runs for months yet; what ended is the time to pay."""
    person = people.individual("unpaid", starts=-60, ends=304, provisional_until=-20)
    words = account(person)
    ends = Term.objects.get(membership__person=person).ends_on
    assert "lapsed" in words.lower()
    assert f"term ended on {ends.day} {ends:%B %Y}" not in words.lower()
    assert not re.search(rf"ended on ({ends.day} {ends:%B}|{ends:%B} {ends.day}), ?{ends.year}", words)


def test_noseat_whose_organization_has_no_primary_contact_is_told_whom_to_write_to() -> None:
    noseat = people.noseat()
    assert "Dana Okafor" in account(noseat)
    Contact.objects.filter(is_primary=True).delete()
    assert "membership@example.org" in account(noseat)


def test_the_way_of_noseat_disappears_with_the_seat() -> None:
    noseat = people.noseat()
    assert "A seat for you" in account(noseat)
    Seat.objects.filter(number=3).update(left_at=timezone.now())
    people.sit(noseat, people.maple_valley(), number=3)
    words = account(noseat)
    assert "A seat for you" not in words
    assert "Active member" in words


# --- downloads ------------------------------------------------------------------------------------------------------
def test_my_downloads_are_mine() -> None:
    mine, theirs = shelf.report("mine"), shelf.report("theirs")
    member, grace = people.member(), people.grace()
    ask(people.browser(member), mine)
    ask(people.browser(grace), theirs)
    assert "The report mine" in account(member)
    assert "The report theirs" not in account(member)
    assert "The report theirs" in account(grace)


def test_a_download_can_be_repeated_only_while_the_gate_allows_it() -> None:
    report, member = shelf.report(), people.member()
    browser = people.browser(member)
    ask(browser, report)
    gate = f'href="/store/reports/{report.slug}/download/"'
    assert gate in ask(browser, "/account/").body.decode()
    Seat.objects.filter(person=member).update(left_at=timezone.now())
    page = ask(browser, "/account/").body.decode()
    assert gate not in page
    assert f'href="/store/reports/{report.slug}/"' in page


def test_a_later_edition_is_pointed_out() -> None:
    report, member = shelf.report(), people.member()
    ask(people.browser(member), report)
    assert "New edition" not in account(member)
    shelf.add_edition(report, shelf.bytes_of("second"), number=2)
    assert "New edition" in account(member)


def test_no_downloads_yet_is_said_kindly() -> None:
    assert "not downloaded anything yet" in account(people.visitor())


@pytest.mark.parametrize(("who", "kind"), [("member", "withdrawn"), ("staff", "draft"), ("staff", "scheduled")])
def test_every_link_of_the_history_works_whatever_became_of_the_report(who: str, kind: str) -> None:
    report, person = shelf.KINDS[kind](), people.CAST[who]()
    browser = people.browser(person)
    Download.objects.create(edition=report.editions.get(), person=person, right="member", at=timezone.now())
    page = ask(browser, "/account/").body.decode()
    assert report.title in unescape(page)
    links = re.findall(rf'href="((?:/store|/knowledge-center)/[^"]*{kind}[^"]*)"', page)
    assert links
    assert {href: ask(browser, href).status for href in links} == dict.fromkeys(links, 200)


def test_the_page_costs_the_same_for_one_download_and_for_many() -> None:
    member = people.member()
    browser = people.browser(member)

    def cost() -> int:
        ask(browser, "/account/")
        with CaptureQueriesContext(connection) as captured:
            ask(browser, "/account/")
        return len(captured)

    ask(browser, shelf.report("first"))
    one = cost()
    for number in range(8):
        ask(browser, shelf.report(f"more-{number}"))
    assert Download.objects.count() == 9
    assert cost() == one <= 10


# --- details ----------------------------------------------------------------------------------------------------------
def test_the_page_is_kept_by_no_cache() -> None:
    answer = ask(people.browser(people.member()), "/account/")
    assert "no-store" in answer.headers["Cache-Control"]
    assert "private" in answer.headers["Cache-Control"]


def test_signed_out_the_page_leads_to_the_sign_in_and_back() -> None:
    answer = ask(people.browser(None), "/account/")
    assert (answer.status, answer.headers["Location"]) == (302, "/accounts/login/?next=/account/")


def test_a_person_changes_name_title_and_zone_and_nothing_else() -> None:
    visitor = people.visitor()
    fields = {"name": "New Name", "title": "CTO", "time_zone": "America/Chicago"}
    response = people.browser(visitor).post(
        "/account/details/", {**fields, "email": "staff@example.org", "is_staff": "on", "is_superuser": "on"}
    )
    assert response.status_code == 302
    visitor.refresh_from_db()
    assert (visitor.name, visitor.title, visitor.time_zone) == ("New Name", "CTO", "America/Chicago")
    assert (visitor.email, visitor.is_staff, visitor.is_superuser) == ("visitor@example.org", False, False)


def test_a_time_zone_that_is_none_is_refused_and_what_was_typed_is_kept() -> None:
    visitor = people.visitor()
    response = people.browser(visitor).post("/account/details/", {"name": "Typed", "time_zone": "Mars/Olympus"})
    assert response.status_code == 200
    assert "Typed" in response.content.decode()
    visitor.refresh_from_db()
    assert visitor.name == "Lee Montgomery"


def test_a_name_is_shown_as_text_whatever_it_holds() -> None:
    visitor = people.visitor()
    User.objects.filter(pk=visitor.pk).update(name="<img src=x onerror=alert(1)>")
    page = ask(people.browser(visitor), "/account/").body.decode()
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page

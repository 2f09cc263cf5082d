"""The panel: for each answer of the gate a title, the reasons in the order they were asked, and a step that works."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone

from reports.models import ConsentText
from store.models import Grant
from tests import people, shelf
from tests.store.asking import ask, gate
from tests.store.test_access_table import ALLOWING, access_panel, cells

pytestmark = pytest.mark.django_db

# One cell of the table for each reason.
ONE_EACH = list({reason: (who, kind) for who, kind, reason in reversed(cells())}.items())
SEEN = [(reason, *cell) for reason, cell in ONE_EACH if reason != "not_published"]


def panel_of(who: str, kind: str) -> str:
    person, report = people.CAST[who](), shelf.KINDS[kind]()
    if kind == "bought":
        people.buys(people.purchase(), report)
    answer = ask(people.browser(person), f"/store/reports/{report.slug}/")
    assert answer.status == 200
    return access_panel(answer.body.decode())


def steps(panel: str) -> list[tuple[str, str]]:
    """(address, words) of the buttons and links."""
    found = re.findall(r'<a [^>]*href="([^"]+)"[^>]*>(.*?)</a>', panel, flags=re.S)
    return [(href, " ".join(re.sub(r"<[^>]+>", " ", words).split())) for href, words in found]


def words(panel: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", panel)).replace("\u00a0", " ").split())


@pytest.mark.parametrize(("reason", "who", "kind"), SEEN, ids=[reason for reason, _, _ in SEEN])
def test_every_answer_has_a_title_and_words_without_a_hole(reason: str, who: str, kind: str) -> None:
    panel = panel_of(who, kind)
    title = re.search(r"<h2[^>]*>(.+?)</h2>", panel, flags=re.S)
    assert title
    assert len(words(title.group(1))) > 10
    told = words(panel)
    assert not re.search(r"\bNone\b|\bTrue\b|\bFalse\b|’s ’s|\{\{|\{%|  ", told), told
    assert "!" not in told


@pytest.mark.parametrize(("reason", "who", "kind"), SEEN, ids=[reason for reason, _, _ in SEEN])
def test_every_step_of_a_panel_leads_somewhere_and_only_allowed_ones_to_the_file(
    reason: str, who: str, kind: str
) -> None:
    ConsentText.objects.create(version=1, text="You agree.")  # the newsletter asks for it
    panel, browser = panel_of(who, kind), people.browser(people.CAST[who]())
    links = steps(panel)
    assert links, "there is always something to do next"
    for href, label in links:
        assert len(label.split()) >= 2, f"a verb and its object, not {label!r}"
        path = href.partition("#")[0]
        answer = ask(browser, path)
        if path.endswith("/download/"):
            assert reason in ALLOWING
        assert answer.status == 200 or (answer.status == 302 and "/accounts/" in answer.headers["Location"]), href
        if "#" in href:
            assert f'id="{href.partition("#")[2]}"' in answer.body.decode(), f"{href} points at nothing"


@pytest.mark.parametrize(
    ("who", "kind", "told"),
    [
        ("member", "members", ("Maple Valley School District", "seat 2 of 3", "This report is for members")),
        ("noseat", "members", ("Maple Valley School District", "seat")),
        ("grace", "members", ("21 days of grace left", "Your term ended", "30 days of grace")),
        ("provisional", "members", ("purchase order", "11 days left", "Lakes Regional Agency")),
        ("lapsed", "members", ("ended on", "Renew")),
        ("upcoming", "members", ("starts on",)),
        ("unverified", "members", ("Verify your e-mail address",)),
        ("visitor", "withdrawn", ("A table was wrong.",)),
        ("staff", "draft", ("draft", "nobody else can see it")),
        ("staff", "embargoed", ("under embargo",)),
    ],
)
def test_the_panel_tells_what_it_rests_on(who: str, kind: str, told: tuple[str, ...]) -> None:
    panel = words(panel_of(who, kind))
    for piece in told:
        assert piece in panel, panel


@pytest.mark.parametrize("who", ["signed out", "visitor", "member"])
def test_an_embargoed_report_says_when_and_nobody_is_told_to_pay_for_it_now(who: str) -> None:
    panel = panel_of(who, "embargoed")
    assert "Out on" in words(panel)
    assert not any(href.endswith("/download/") for href, _ in steps(panel))


def test_the_refused_page_of_the_gate_shows_the_same_panel_as_the_page_about_the_report() -> None:
    report, browser = shelf.report(), people.browser(people.lapsed())
    refused = ask(browser, gate(report))
    assert refused.status == 403
    told = access_panel(refused.body.decode())
    for path in (f"/store/reports/{report.slug}/", f"/knowledge-center/{report.slug}/"):
        assert words(access_panel(ask(browser, path).body.decode())) == words(told)


def test_the_way_to_the_sign_in_comes_back_to_the_report() -> None:
    links = {label: href for href, label in steps(panel_of("signed out", "members"))}
    assert links["Sign in"] == "/accounts/login/?next=/knowledge-center/members/" or links["Sign in"].endswith(
        "next=%2Fknowledge-center%2Fmembers%2F"
    )


@pytest.mark.parametrize(("who", "kind", "reason"), cells()[::4])
def test_a_row_of_the_catalog_offers_the_download_only_to_whom_the_gate_gives_it(
    who: str, kind: str, reason: str
) -> None:
    person, report = people.CAST[who](), shelf.KINDS[kind]()
    if kind == "bought":
        people.buys(people.purchase(), report)
    shelf.report("always-there", access="public")
    page = unescape(ask(people.browser(person), "/knowledge-center/").body.decode())
    assert "/knowledge-center/always-there/" in page
    listed = f'href="/knowledge-center/{report.slug}/"' in page
    assert listed is (kind in {"public", "registered", "members", "bought"})
    assert (f'href="{gate(report)}"' in page) is (listed and reason in ALLOWING)


def test_a_complimentary_copy_says_until_when() -> None:
    report, visitor, now = shelf.report(), people.visitor(), timezone.now()
    Grant.objects.create(
        report=report,
        person=visitor,
        kind=Grant.Kind.COMPLIMENTARY,
        opened_at=now - timedelta(days=1),
        expires_at=now + timedelta(days=3),
    )
    panel = access_panel(ask(people.browser(visitor), "/store/reports/a-report/").body.decode())
    assert "complimentary copy" in words(panel)
    assert "until" in words(panel)


def test_what_staff_gave_is_not_said_to_be_for_staff() -> None:
    report, visitor = shelf.report(), people.visitor()
    Grant.objects.create(report=report, person=visitor, kind=Grant.Kind.STAFF, opened_at=timezone.now())
    panel = access_panel(ask(people.browser(visitor), "/store/reports/a-report/").body.decode())
    assert "our staff gave it to you" in words(panel)
    assert "You work for the association" not in words(panel)


def test_the_name_of_an_organization_is_shown_as_text_whatever_it_holds() -> None:
    member = people.member()
    district = people.maple_valley().organization
    assert district is not None
    district.name = "<script>alert(1)</script> & Sons"
    district.save()
    shelf.report()
    page = ask(people.browser(member), "/store/reports/a-report/").body.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page

"""A report's page: what it shows in which state, to whom, and what it costs."""

import json
import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from forums.models import Forum, Sponsor
from reports.dossier import read_dossier, related_to
from reports.models import Coverage, NewsItem, Report, Takeaway
from reports.models.reports import State
from tests import people
from tests.factories import (
    FAR_AHEAD,
    add_edition,
    make_category,
    make_focus_area,
    make_forum,
    make_news,
    make_report,
    make_skill,
    make_takeaway,
)

pytestmark = pytest.mark.django_db

MOST_STATEMENTS = 16


def page(report: Report, client: Client | None = None) -> str:
    response = (client or Client()).get(report.get_absolute_url())
    assert response.status_code == 200
    return response.content.decode()


def full_report(**fields: Any) -> Report:
    """A report with something in every section."""
    forum = make_forum()
    forum.sponsors.add(Sponsor.objects.create(name="Kajeet"), Sponsor.objects.create(name="Adobe"))
    report = make_report(
        title="Prove it: What research says",
        source="Before.\n\n## What was asked\n\nText.\n\n### A detail\n\n## What *was* found\n",
        body="It is **about** something.\n\n<script>alert(1)</script>",
        forum=forum,
        categories=[make_category("leadership-and-vision")],
        focus_areas=[make_focus_area("leadership")],
        **fields,
    )
    make_takeaway(report, "Winning trust <first>", skill=make_skill("strategic-planning"))
    make_takeaway(report, "Visit a classroom", kind=Takeaway.Kind.RECIPE)
    coverage = Coverage.objects.create(
        outlet="THE Journal", headline="They met", url="https://example.org/a", published_on=date(2013, 11, 18)
    )
    coverage.reports.add(report)
    make_news("A release about it", kind=NewsItem.Kind.PRESS_RELEASE).reports.add(report)
    make_news("A release to come", kind=NewsItem.Kind.PRESS_RELEASE, published_at=FAR_AHEAD).reports.add(report)
    return report


PUBLIC_PARTS = ("Prove it", "What report", "How to get this report")
INNER_PARTS = (
    "is <strong>about</strong>",
    "Winning trust",
    "What was asked",
    "Editions",
    "Cite this report",
    "Kajeet",
    "They met",
)


def test_a_report_that_is_out_shows_all_its_parts() -> None:
    text = page(full_report())
    for part in (*INNER_PARTS, "Visit a classroom", "A release about it", "March\u00a02013 forum"):
        assert part in text, part
    assert "A release to come" not in text
    assert "A detail" not in text  # contents are the chapters, not everything below them
    assert "What was found" in text


def test_texts_are_escaped() -> None:
    text = page(full_report())
    assert "<script>alert" not in text
    assert "Winning trust &lt;first&gt;" in text


@pytest.mark.parametrize("state", [State.DRAFT, State.SCHEDULED])
def test_what_is_not_published_does_not_exist_for_the_public_and_is_a_preview_for_staff(state: State) -> None:
    report = full_report(state=state)
    for who in (None, people.member(), people.visitor()):
        assert people.browser(who).get(report.get_absolute_url()).status_code == 404
    text = page(report, people.browser(people.staff()))
    assert "nly staff see this page." in text
    assert "Winning trust" in text
    assert "cite." not in text  # those addresses answer only for what is out


@pytest.mark.parametrize("state", [State.EMBARGOED, State.WITHDRAWN])
def test_before_release_and_after_withdrawal_the_public_sees_title_summary_and_panel(state: State) -> None:
    report = full_report(state=state)
    for who in (None, people.member()):
        text = page(report, people.browser(who))
        assert "What research says" in text
        assert 'aria-label="How to get this report"' in text
        for part in INNER_PARTS:
            assert part not in text, part
        assert '<meta name="robots" content="noindex">' in text
    assert "Winning trust" in page(report, people.browser(people.staff()))


def test_an_unknown_report_is_not_found() -> None:
    assert Client().get("/knowledge-center/no-such-report/").status_code == 404


def test_editions_stand_newest_first_and_the_current_one_is_named() -> None:
    report = make_report()
    add_edition(report, number=2, note="Corrects page 3.", released_on=date(2014, 2, 3))
    rows = re.findall(r'<th scope="row">(.*?)</th><td>(.*?)</td><td>(.*?)</td>', page(report))
    assert rows == [
        ("Second, current", "3\u00a0February\u00a02014", "Corrects page 3."),
        ("First", "14\u00a0November\u00a02013", "As released"),
    ]


def test_skills_lead_to_the_reports_that_share_them() -> None:
    text = page(full_report())
    assert 'href="/knowledge-center/?skill=strategic-planning"' in text
    assert 'href="/knowledge-center/?skill=leadership-and-vision"' in text


def test_a_draft_forum_is_not_given_away() -> None:
    report = make_report(forum=make_forum("secret-forum", status=Forum.Status.DRAFT))
    assert "secret-forum" not in page(report)
    assert "March 2013 forum" not in Client().get("/knowledge-center/").content.decode()


def test_the_month_of_a_forum_is_the_one_where_it_was_held() -> None:
    berlin = make_forum(time_zone="Europe/Berlin", starts_at=datetime(2013, 2, 28, 23, tzinfo=UTC))  # 1 March there
    berlin.sponsors.add(Sponsor.objects.create(name="Kajeet"))
    text = page(make_report(forum=berlin)).replace("\u00a0", " ")
    assert "Forum, March 2013" in text
    assert "Supporters of the March 2013 forum" in text


def test_structured_data_is_json_that_cannot_leave_its_element() -> None:
    text = page(make_report(title="</script><script>alert(1)</script>"))
    assert "<script>alert" not in text
    (data,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text)
    assert json.loads(data)["name"] == "</script><script>alert(1)</script>"


# --- related ----------------------------------------------------------------------------------------------------
def related(report: Report) -> list[tuple[str, str]]:
    now = timezone.now()
    dossier = read_dossier(report.slug, now)
    assert dossier is not None
    return [(found.report.title, found.reason) for found in related_to(dossier, now)]


def test_the_same_forum_is_nearest_then_the_same_year_then_what_is_shared() -> None:
    march = make_forum("2013-march")
    june = make_forum("2013-june", starts_at=datetime(2013, 6, 20, 17, tzinfo=UTC))
    area, category, skill = make_focus_area("leadership"), make_category(), make_skill()
    report = make_report(forum=march, focus_areas=[area], categories=[category])
    make_takeaway(report, skill=skill)
    make_report(title="Focus", focus_areas=[area])
    make_report(title="Category", categories=[category])
    make_report(title="Year", forum=june)
    make_report(title="Forum", forum=march)
    make_report(title="Nothing in common")
    assert related(report) == [
        ("Forum", "From the same forum"),
        ("Year", "Also from the 2013 forums"),
        ("Category", "Shares “Leadership and vision”"),
        ("Focus", "Also on leadership"),
    ]


@pytest.mark.parametrize("state", [state for state in State if state is not State.OUT])
def test_only_reports_that_are_out_are_related(state: State) -> None:
    area = make_focus_area("leadership")
    report = make_report(focus_areas=[area])
    make_report(state=state, focus_areas=[area])
    assert related(report) == []


# --- cost -------------------------------------------------------------------------------------------------------
def test_a_page_costs_the_same_however_much_there_is_on_it() -> None:
    client = people.browser(people.member())
    report = full_report()
    numbers = []
    for _ in range(2):
        page(report, client)
        with CaptureQueriesContext(connection) as asked:
            page(report, client)
        numbers.append(len(asked))
        for number in range(15):
            make_takeaway(report, f"Takeaway {number}", skill=make_skill())
            make_report(forum=report.forum, categories=[make_category()])
    assert numbers[0] == numbers[1] <= MOST_STATEMENTS

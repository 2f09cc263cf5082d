"""News, focus areas, frameworks and the home page."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from forums.models import Forum
from reports.models import Boilerplate, Coverage, FrameworkEdition, NewsItem, PressContact
from reports.models.reports import State
from reports.views.news import ON_A_PAGE
from tests import people
from tests.factories import (
    FAR_AHEAD,
    LONG_AGO,
    make_category,
    make_focus_area,
    make_forum,
    make_framework,
    make_news,
    make_report,
    make_skill,
    make_takeaway,
)

pytestmark = pytest.mark.django_db


def page(address: str, client: Client | None = None) -> str:
    response = (client or Client()).get(address)
    assert response.status_code == 200
    return response.content.decode()


def statements(address: str) -> int:
    page(address)
    with CaptureQueriesContext(connection) as asked:
        page(address)
    return len(asked)


# --- news -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("published_at", "is_out"), [(LONG_AGO, True), (None, False), (FAR_AHEAD, False)])
def test_only_what_is_out_is_news(published_at: datetime | None, *, is_out: bool) -> None:
    item = make_news("Extra, extra", published_at=published_at)
    assert ("Extra, extra" in page("/news/")) is is_out
    assert Client().get(item.get_absolute_url()).status_code == (200 if is_out else 404)
    assert people.browser(people.member()).get(item.get_absolute_url()).status_code == (200 if is_out else 404)
    assert "Extra, extra" in page(item.get_absolute_url(), people.browser(people.staff()))


def test_one_kind_of_news_can_be_asked_for() -> None:
    make_news("A post")
    make_news("A release", kind=NewsItem.Kind.PRESS_RELEASE)
    assert "A post" not in page("/news/?kind=press_release")
    assert "A release" not in page("/news/?kind=post")
    everything = page("/news/?kind=rumour")
    assert "A post" in everything
    assert "A release" in everything


def test_news_is_paged_and_keeps_its_kind_while_paging() -> None:
    for number in range(ON_A_PAGE + 1):
        make_news(f"Number {number}", published_at=LONG_AGO + timedelta(days=number))
    assert "Number 0<" in page("/news/?kind=post&page=2")
    assert "Number 0<" in page("/news/?kind=post&page=99")
    assert "?kind=post&amp;page=2" in page("/news/?kind=post")


def test_a_release_has_dateline_boilerplate_contact_and_its_reports() -> None:
    item = make_news(
        "Out today",
        kind=NewsItem.Kind.PRESS_RELEASE,
        subhead="And under it",
        dateline="Washington, DC",
        published_at=datetime(2013, 11, 14, 14, tzinfo=UTC),
        boilerplate=Boilerplate.objects.create(version=1, text="Who we are."),
        press_contact=PressContact.objects.create(role="Press office", email="press@example.org"),
    )
    item.reports.add(make_report(title="The report"), make_report(title="Not yet", state=State.EMBARGOED))
    text = page(item.get_absolute_url())
    for part in (
        "And under it",
        "Washington, DC</b>, Thursday, 14\u00a0November\u00a02013",
        "Who we are.",
        "press@example.org",
        "The report",
    ):
        assert part in text, part
    assert "Not yet" not in text


def test_a_part_of_a_series_leads_to_its_other_parts() -> None:
    series = {"post_series": "On applying"}
    first = make_news("How to begin", part=1, byline="CoSN staff", **series)
    make_news("How to go on", part=2, **series)
    make_news("How to end", part=3, published_at=FAR_AHEAD, **series)
    text = page(first.get_absolute_url())
    assert "On applying, part 1" in text
    assert "By CoSN staff" in text
    assert "How to go on" in text
    assert "How to end" not in text


def test_what_staff_wrote_cannot_carry_markup_of_its_own() -> None:
    text = page(make_news("<b>Bold</b>", body="<img src=x onerror=alert(1)>").get_absolute_url())
    assert "<img" not in text
    assert "<b>Bold" not in text


# --- focus areas ------------------------------------------------------------------------------------------------
def test_a_focus_area_shows_its_framework_reports_and_posts() -> None:
    area = make_focus_area("leadership", body="The **intro**.")
    resource = make_report(title="The matrix itself", focus_areas=[area])
    matrix = make_framework("matrix", name="The Matrix", report=resource, aligned_to=make_framework())
    make_category("matrix-vision", framework=matrix, name="Vision in its own words")
    make_news("A post on it").focus_areas.add(area)
    make_news("A post beside it")
    text = page("/focus-areas/leadership/")
    for part in ("<strong>intro</strong>", "The matrix itself", "Vision in its own words", "A post on it"):
        assert part in text, part
    assert "A post beside it" not in text
    assert 'href="/knowledge-center/?focus=leadership"' in text


def test_a_framework_whose_resource_is_not_out_is_not_on_the_focus_area() -> None:
    area = make_focus_area("leadership")
    make_framework("matrix", name="The Matrix", report=make_report(state=State.DRAFT, focus_areas=[area]))
    assert "The Matrix" not in page("/focus-areas/leadership/")


def test_the_list_of_focus_areas_counts_what_is_out() -> None:
    area = make_focus_area("leadership")
    make_report(focus_areas=[area])
    make_report(state=State.DRAFT, focus_areas=[area])
    make_news().focus_areas.add(area)
    assert "1 report, 1 post" in page("/focus-areas/")


# --- frameworks -------------------------------------------------------------------------------------------------
def test_a_framework_shows_editions_skills_sisters_counts_and_coverage() -> None:
    framework = make_framework(name="The Framework", body="What it is for.")
    FrameworkEdition.objects.create(framework=framework, year=2009, label="Revised edition")
    category = make_category(framework=framework)
    skill = make_skill(category=category)
    report = make_report(categories=[category])
    make_takeaway(report, skill=skill)
    make_takeaway(make_report(state=State.DRAFT, categories=[category]), skill=skill)
    make_framework("sister", name="The Sister", parallel_to=framework)
    make_framework("matrix", name="The Matrix", aligned_to=framework)
    Coverage.objects.create(
        outlet="Education Week",
        headline="Broader role",
        url="https://example.org/",
        published_on="2009-12-01",
        framework=framework,
    )
    text = page(framework.get_absolute_url())
    for part in ("Revised edition", "1 report on this", "1 takeaway from", "The Sister", "The Matrix", "Broader role"):
        assert part in text, part
    assert "The Framework" in page("/frameworks/")


# --- home -------------------------------------------------------------------------------------------------------
def test_home_shows_the_next_forum_the_newest_reports_and_news() -> None:
    now = timezone.now()
    make_forum("past")
    make_forum("cancelled", title="Not happening", starts_at=now + timedelta(days=5), status=Forum.Status.CANCELLED)
    soon = {"precision": Forum.Precision.TIME}
    make_forum("second", title="The one after", starts_at=now + timedelta(days=90), **soon)
    make_forum("next", title="The next one", starts_at=now + timedelta(days=30), **soon)
    for year in range(2010, 2016):
        make_report(title=f"Report of {year}", published_at=datetime(year, 5, 1, tzinfo=UTC), year=year)
    make_news("Something new")
    text = page("/")
    assert "The next one" in text
    assert "The one after" not in text
    assert "Not happening" not in text
    assert [year for year in range(2010, 2016) if f"Report of {year}" in text] == [2012, 2013, 2014, 2015]
    assert "Something new" in text


def test_home_follows_one_thread_from_a_forum_to_a_skill() -> None:
    forum = make_forum("2013-march", summary="What nobody raises.")
    report = make_report(title="The report: And more", forum=forum)
    make_takeaway(report, skill=make_skill("strategic-planning"))
    text = page("/")
    assert "From a conversation to something you can use" in text
    assert f'href="{forum.get_absolute_url()}"' in text
    assert f'href="{report.get_absolute_url()}"' in text
    assert "/frameworks/essential-skills/#strategic-planning" in text


def test_home_stands_when_there_is_nothing_yet() -> None:
    text = page("/")
    assert "From a conversation" not in text
    assert "No news yet" in text


@pytest.mark.parametrize(
    "address",
    ["/", "/news/", "/focus-areas/", "/focus-areas/leadership/", "/frameworks/", "/frameworks/essential-skills/"],
)
def test_pages_cost_the_same_however_much_there_is(address: str) -> None:
    area, framework = make_focus_area("leadership"), make_framework()
    forum = make_forum()
    numbers = []
    for turn in range(2):
        for number in range(12):
            category = make_category(f"category-{turn}-{number}", framework=framework)
            report = make_report(focus_areas=[area], forum=forum, categories=[category])
            make_takeaway(report, skill=make_skill(f"skill-{turn}-{number}", category=category))
            make_news(f"News {turn} {number}").focus_areas.add(area)
            make_framework(f"framework-{turn}-{number}", report=report)
        numbers.append(statements(address))
    assert numbers[0] == numbers[1]


# --- the window for forums --------------------------------------------------------------------------------------
def test_a_forums_page_shows_the_report_that_came_of_it() -> None:
    forum = make_forum()
    report = make_report(title="What they said", forum=forum)
    make_takeaway(report)
    make_report(title="A draft", forum=forum, state=State.DRAFT)
    make_report(title="A withdrawn one", forum=forum, state=State.WITHDRAWN)
    make_report(title="One to come", forum=forum, state=State.EMBARGOED)
    text = page(forum.get_absolute_url())
    assert "What they said" in text
    assert "1 challenge" in text
    assert "One to come" in text
    assert "Out on 1\u00a0January\u00a02999" in text or "Out on 31\u00a0December\u00a02998" in text
    assert "A draft" not in text
    assert "A withdrawn one" not in text

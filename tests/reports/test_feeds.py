"""What machines read: feeds, the sitemap, robots.txt."""

from datetime import timedelta
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.utils import timezone

from reports.models import Report
from reports.models.reports import State
from tests.factories import LONG_AGO, make_focus_area, make_news, make_report

pytestmark = pytest.mark.django_db

ATOM = "{http://www.w3.org/2005/Atom}"
SITE = "http://127.0.0.1:8000"
FEED = "/knowledge-center/feed/"


def entries(address: str = FEED) -> list[str]:
    response = Client().get(address)
    assert response["Content-Type"] == "application/atom+xml; charset=utf-8"
    root = ElementTree.fromstring(response.content)  # noqa: S314 - our own
    return [entry.findtext(f"{ATOM}title") or "" for entry in root.iter(f"{ATOM}entry")]


@pytest.mark.parametrize("state", State)
def test_only_what_is_out_is_fed(state: State) -> None:
    make_report(title="It", state=state)
    assert entries() == (["It"] if state is State.OUT else [])


def test_entries_come_in_the_order_in_which_reports_came_out() -> None:
    make_report(title="First", published_at=LONG_AGO)
    make_report(title="Third", published_at=LONG_AGO, embargo_until=timezone.now() - timedelta(hours=1))
    make_report(title="Second", published_at=LONG_AGO + timedelta(days=2))
    assert entries() == ["Third", "Second", "First"]


def test_a_focus_area_has_a_feed_of_its_own() -> None:
    area = make_focus_area("leadership")
    make_report(title="In it", focus_areas=[area])
    make_report(title="Beside it")
    assert entries("/focus-areas/leadership/feed/") == ["In it"]
    assert Client().get("/focus-areas/nothing/feed/").status_code == 404


def test_links_are_whole_and_the_text_of_a_report_stays_out() -> None:
    report = make_report(body="The inside.", pages=["The inside."])
    text = Client().get(FEED).content.decode()
    assert f'href="{SITE}{report.get_absolute_url()}"' in text
    assert "The inside" not in text


def test_a_reader_that_has_this_version_gets_no_body_and_a_change_is_a_new_version() -> None:
    report = make_report()
    tag = Client().get(FEED)["ETag"]
    again = Client().get(FEED, headers={"if-none-match": tag})
    assert again.status_code == 304
    assert again.content == b""
    Report.objects.filter(pk=report.pk).update(title="Another title")
    assert Client().get(FEED, headers={"if-none-match": tag}).status_code == 200


def test_an_empty_feed_is_the_same_each_time() -> None:
    assert Client().get(FEED)["ETag"] == Client().get(FEED)["ETag"]


def test_the_sitemap_names_what_is_out_and_nothing_else() -> None:
    out, embargoed = make_report(), make_report(state=State.EMBARGOED)
    item, later = make_news(), make_news(published_at=None)
    text = Client().get("/sitemap.xml").content.decode()
    ElementTree.fromstring(text)  # noqa: S314 - our own
    assert f"<loc>{SITE}{out.get_absolute_url()}</loc><lastmod>2013-11-14</lastmod>" in text
    assert f"<loc>{SITE}{item.get_absolute_url()}</loc>" in text
    assert embargoed.slug not in text
    assert later.slug not in text


def test_robots_are_told_where_the_sitemap_is() -> None:
    response = Client().get("/robots.txt")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert f"Sitemap: {SITE}/sitemap.xml" in response.content.decode()

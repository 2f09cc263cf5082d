"""What machines read of the knowledge center: Atom feeds and the sitemap."""

from collections.abc import Iterator
from datetime import date, datetime, time
from typing import NamedTuple

from django.conf import settings
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed

from cosn_site.clock import ASSOCIATION_ZONE
from forums.models import Forum
from reports.citations import PUBLISHER
from reports.models import FocusArea, Framework, NewsItem, Report

ENTRIES = 30
MOST_OF_A_KIND = 24_000  # a sitemap may have 50,000 addresses in all


def atom(now: datetime, focus_area: FocusArea | None = None) -> str:
    """The newest reports that are out, of one focus area or of all, as an Atom feed. Their texts are not in it."""
    reports = Report.objects.out(now)
    if focus_area:
        reports, path = reports.filter(focus_areas=focus_area), focus_area.get_absolute_url()
        title = f"Reports on {focus_area.name.lower()}"
        own = reverse("reports:focus_area_feed", args=[focus_area.slug])
    else:
        title, path, own = "New reports", reverse("reports:catalog"), reverse("reports:feed")
    feed = _Feed(
        title=f"{title} | CoSN",
        link=f"{settings.SITE_URL}{path}",
        description="",
        subtitle=f"Reports of the {PUBLISHER}, as they come out.",
        feed_url=f"{settings.SITE_URL}{own}",
        feed_guid=f"{settings.SITE_URL}{own}",
        author_name=PUBLISHER,
        language="en-us",
    )
    for report in reports.select_related("series").order_by("-out_at", "-pk")[:ENTRIES]:
        link = f"{settings.SITE_URL}{report.get_absolute_url()}"
        feed.add_item(
            title=report.title,
            link=link,
            description=report.summary,
            unique_id=link,
            author_name=", ".join(report.authors) or PUBLISHER,
            pubdate=report.out_at,
            updateddate=report.out_at,
            categories=[report.series.name],
        )
    return feed.writeString("utf-8")


class _Feed(Atom1Feed):
    def latest_post_date(self) -> datetime:
        """That of the newest entry. An empty feed has a fixed one, or it would look new each time it is read."""
        if self.items:
            return super().latest_post_date()
        return datetime.combine(date(2008, 1, 1), time(), tzinfo=ASSOCIATION_ZONE)


class Place(NamedTuple):
    """One address of the sitemap, and the day it came to be, where known."""

    url: str
    day: date | None = None


def places(now: datetime) -> Iterator[Place]:
    """The pages that a search engine should know: everything public that is out. Five statements."""
    for name in ("home", "reports:catalog", "reports:focus_areas", "reports:frameworks", "reports:news"):
        yield Place(f"{settings.SITE_URL}{reverse(name)}")
    for name in ("forums:index", "members:plans", "reports:newsletter", "privacy"):
        yield Place(f"{settings.SITE_URL}{reverse(name)}")
    for rows in (
        FocusArea.objects.only("slug"),
        Framework.objects.only("slug"),
        Forum.objects.published().only("slug"),
    ):
        for row in rows:
            yield Place(f"{settings.SITE_URL}{row.get_absolute_url()}")
    news, reports = NewsItem.objects.out(now), Report.objects.out(now).order_by("-shelf_day")
    for slug, day in news.values_list("slug", "published_at__date")[:MOST_OF_A_KIND]:
        yield Place(f"{settings.SITE_URL}{reverse('reports:news')}{slug}/", day)
    for slug, day in reports.values_list("slug", "shelf_day")[:MOST_OF_A_KIND]:
        yield Place(f"{settings.SITE_URL}{reverse('reports:catalog')}{slug}/", day)

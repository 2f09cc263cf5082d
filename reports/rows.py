"""Reports as rows of a list: what a row shows, read for all rows in one statement."""

from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import formats
from django.utils.safestring import SafeString

from cosn_site.templatetags.site import NBSP
from reports.covers import cover_svg
from reports.models import Report
from reports.search import Hit

# What a row shows, and what the gate asks about a report.
_SHOWN = ("slug", "title", "year", "summary", "motif", "access", "published_at", "embargo_until", "withdrawn_at")
_JOINED = {
    "series_name": F("series__singular"),
    "pages": F("current_edition__pages"),
    "forum_at": F("forum__starts_at"),
    "forum_zone": F("forum__time_zone"),
}


@dataclass(slots=True)
class Row:
    """One report in a list. The template asks the store's window for the badge and the way to the file."""

    report: Report
    url: str
    cover: SafeString
    meta: list[str]
    hit: Hit | None = field(default=None)


def read_rows(reports: QuerySet[Report]) -> list[Row]:
    """These reports as rows, in their order. One statement."""
    base = reverse("reports:catalog")
    return [_row(report, base) for report in reports.only(*_SHOWN).annotate(**_JOINED)]


def _row(report: Any, base: str) -> Row:
    meta = [str(report.year), report.series_name]
    if report.pages:
        meta.append(f"{report.pages}{NBSP}page{'' if report.pages == 1 else 's'}")
    if report.forum_at:
        when = report.forum_at.astimezone(ZoneInfo(report.forum_zone))
        meta.append(f"{formats.date_format(when, 'F Y')} forum")
    return Row(
        report=report,
        url=f"{base}{report.slug}/",
        cover=cover_svg(report.year, report.slug, motif=report.motif),
        meta=meta,
    )

"""Reports as rows of a list: what a row shows, read for all rows in one statement.

A row's markup is written here and not in a template: twenty rows of a dozen variables each took Django's templates
longer than everything else about the catalog together (docs/performance.md).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from cosn_site.prepared import columns, instance
from cosn_site.statements import ask
from cosn_site.templatetags.site import NBSP
from reports.covers import cover_svg
from reports.models import Report
from reports.search import Hit

# What a row shows, and what the gate asks about a report; in the model's own order.
_WANTED = {
    *("id", "slug", "title", "year", "summary", "motif"),
    *("access", "published_at", "embargo_until", "withdrawn_at"),
}
_SHOWN = [name for name in columns(Report) if name in _WANTED]
_ROWS = f"""
SELECT {", ".join(f"report.{name}" for name in _SHOWN)},
    series.singular, edition.pages, forum.starts_at, forum.time_zone
FROM unnest($1) WITH ORDINALITY AS wanted (id, place)
JOIN reports_report AS report ON report.id = wanted.id
JOIN reports_series AS series ON series.id = report.series_id
LEFT JOIN reports_edition AS edition ON edition.id = report.current_edition_id
LEFT JOIN forums_forum AS forum ON forum.id = report.forum_id AND forum.status <> 'draft'
ORDER BY wanted.place
"""  # noqa: S608 - constants


@dataclass(slots=True)
class Row:
    """One report in a list. The template asks the store's window for the badge and the way to the file."""

    report: Report
    url: str
    series: str
    cover: SafeString
    start: SafeString  # title, facts and summary, up to where the hit stands
    hit: Hit | None = field(default=None)


def read_rows(ids: Iterable[int]) -> list[Row]:
    """The reports with these ids as rows, in this order. One statement, none for none."""
    wanted = list(ids)
    if not wanted:
        return []
    base = reverse("reports:catalog")
    return [_row(values, base) for values in ask("report_rows", "bigint[]", _ROWS, [wanted])]


def newest(reports: QuerySet[Report]) -> "QuerySet[Report, int]":
    """The ids of these reports, the newest first."""
    return reports.order_by("-shelf_day", "-pk").values_list("pk", flat=True)


def _row(values: Sequence[Any], base: str) -> Row:
    series, pages, forum_at, zone = values[len(_SHOWN) :]
    report = instance(Report, _SHOWN, values[: len(_SHOWN)])
    url = f"{base}{report.slug}/"
    cover = cover_svg(report.year, report.slug, motif=report.motif)
    facts = [str(report.year), escape(series)]
    if pages:
        facts.append(f"{pages}{NBSP}page{'' if pages == 1 else 's'}")
    if forum_at:
        facts.append(f"{forum_at.astimezone(ZoneInfo(zone)):%B %Y} forum")
    start = mark_safe(  # noqa: S308 - every word is escaped
        f'<h3><a href="{escape(url)}">{escape(report.title)}</a></h3>'
        f'<p class="meta"><span>{"</span><span>".join(facts)}</span></p><p class="about">{escape(report.summary)}</p>'
    )
    return Row(report, url, series, cover, start)

"""A report's page: all that it shows, in one statement, and the reports that are related to it, in another."""

from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, QuerySet
from django.db.models.functions import JSONObject

from cosn_site import markdown
from cosn_site.prepared import Prepared, columns, instance
from forums.models import Forum, Sponsor
from reports.models import Category, Coverage, Edition, FocusArea, NewsItem, Report, Series, Takeaway

_REPORT = columns(Report, without=["search"])
_EDITION = columns(Edition)
_SERIES = columns(Series)
_FORUM = ("title", "slug", "status", "starts_at", "time_zone")


def _rows(found: QuerySet[Any], *names: str, **sources: str) -> ArraySubquery:
    """Some columns of these rows, under their own names or others, as an array of JSON objects."""
    return ArraySubquery(found.values(row=JSONObject(**{name: name for name in names}, **sources)))


def _lists() -> dict[str, ArraySubquery]:
    """Everything a report has several of."""
    own = OuterRef("pk")
    takeaways = Takeaway.objects.filter(report=own).order_by("position", "pk")
    editions = Edition.objects.filter(report=own).once_out().order_by("-number")
    categories = Category.objects.filter(reports=own).order_by("framework__position", "position")
    sponsors = Sponsor.objects.filter(forums=OuterRef("forum_id")).order_by("name")
    coverage = Coverage.objects.filter(reports=own).order_by("-published_on")
    news = NewsItem.objects.filter(reports=own, published_at__isnull=False).order_by("-published_at")
    return {
        "takeaways": _rows(takeaways, "kind", "text", "skill_id", skill="skill__name", skill_slug="skill__slug"),
        "editions": _rows(editions, "number", "released_on", "note"),
        "focus_areas": _rows(FocusArea.objects.filter(reports=own), "name", "slug", id="pk"),
        "categories": _rows(categories, "name", "slug", id="pk"),
        "sponsors": _rows(sponsors, "name"),
        "coverage": _rows(coverage, "outlet", "author", "headline", "line", "url", on="published_on"),
        "news": _rows(news, "kind", "title", "slug", "published_at"),
    }


_LISTS = tuple(_lists())
_page = Prepared(
    "report_page",
    ["text"],
    lambda slug: Report.objects.filter(slug=slug).values_list(
        *_REPORT,
        *(f"current_edition__{name}" for name in _EDITION),
        *(f"series__{name}" for name in _SERIES),
        *(f"forum__{name}" for name in _FORUM),
        *_lists().values(),
    ),
)


@dataclass(frozen=True, slots=True)
class Dossier:
    """A report with everything that belongs to it. The lists hold what their JSON objects hold, dates read."""

    report: Report
    forum: Forum | None
    takeaways: list[dict[str, Any]] = field(default_factory=list)
    editions: list[dict[str, Any]] = field(default_factory=list)
    focus_areas: list[dict[str, Any]] = field(default_factory=list)
    categories: list[dict[str, Any]] = field(default_factory=list)
    sponsors: list[dict[str, Any]] = field(default_factory=list)
    coverage: list[dict[str, Any]] = field(default_factory=list)
    news: list[dict[str, Any]] = field(default_factory=list)

    @property
    def skill_ids(self) -> set[int]:
        return {row["skill_id"] for row in self.takeaways if row["skill_id"]}

    @property
    def contents(self) -> tuple[str, ...]:
        """The chapters of the current edition, where it was set from a text."""
        edition = self.report.current_edition
        return chapters(edition.source) if edition else ()


def read_dossier(slug: str, now: datetime) -> Dossier | None:
    """The report with this address and all that belongs to it, in one statement; None without one."""
    for row in _page(slug):
        values = iter(row)
        report = instance(Report, _REPORT, [next(values) for _ in _REPORT])
        edition = [next(values) for _ in _EDITION]
        report.current_edition = instance(Edition, _EDITION, edition) if report.current_edition_id else None
        report.series = instance(Series, _SERIES, [next(values) for _ in _SERIES])
        forum = _forum(report, dict(zip(_FORUM, values, strict=False)))
        lists = dict(zip(_LISTS, values, strict=True))
        for edition_row in lists["editions"]:
            edition_row["released_on"] = date.fromisoformat(edition_row["released_on"])
        for article in lists["coverage"]:
            article["on"] = date.fromisoformat(article["on"])
        for item in lists["news"]:
            item["published_at"] = datetime.fromisoformat(item["published_at"])
        lists["news"] = [item for item in lists["news"] if item["published_at"] <= now]
        return Dossier(report=report, forum=forum, **lists)
    return None


def _forum(report: Report, fields: dict[str, Any]) -> Forum | None:
    if report.forum_id is None:
        return None
    forum = Forum(pk=report.forum_id, **fields)
    return forum if forum.status != Forum.Status.DRAFT else None


@lru_cache(maxsize=256)
def chapters(source: str) -> tuple[str, ...]:
    """The headings of the first level of a text."""
    found = markdown.headings(source)
    return tuple(heading.text for heading in found if heading.level == 2)


# --- related ----------------------------------------------------------------------------------------------------
NEIGHBOURS = 8  # on either side in time: near enough to be of use, and few enough to compare one by one
SHOWN = 4


class Neighbour(NamedTuple):
    """A report near another in time, with what the two may have in common."""

    pk: int
    title: str
    slug: str
    year: int
    motif: int
    out_at: datetime
    shelf_day: date
    forum_id: int | None
    forum_at: datetime | None
    focus_ids: list[int]
    category_ids: list[int]
    skill_ids: list[int]


@dataclass(frozen=True, slots=True)
class Related:
    """A report that has something in common with another, and what, in words."""

    report: Neighbour
    reason: str


def _neighbours(pk: int, way: str) -> Any:
    place = Report.objects.filter(pk=pk).values("shelf_day")
    listed = Report.objects.filter(out_at__isnull=False, **{f"shelf_day__{way}": place}).exclude(pk=pk)
    order = ("-shelf_day", "-pk") if way == "lte" else ("shelf_day", "pk")
    skills = Takeaway.objects.filter(report=OuterRef("pk"), skill__isnull=False)
    return listed.order_by(*order).values_list(
        *("pk", "title", "slug", "year", "motif", "out_at", "shelf_day", "forum_id"),
        F("forum__starts_at"),
        ArraySubquery(Report.focus_areas.through.objects.filter(report=OuterRef("pk")).values("focusarea_id")),
        ArraySubquery(Report.categories.through.objects.filter(report=OuterRef("pk")).values("category_id")),
        ArraySubquery(skills.order_by().values("skill_id").distinct()),
    )[:NEIGHBOURS]


_neighbourhood = Prepared(
    "reports_around", ["bigint"], lambda pk: _neighbours(pk, "lte").union(_neighbours(pk, "gt"), all=True)
)


def related_to(dossier: Dossier, now: datetime) -> list[Related]:
    """Up to four reports with most in common with this one, of those near it in time. One statement.

    The same forum counts most, then a forum of the same year, a category, a skill, a focus area; the nearer wins a tie.
    """
    found = []
    for row in _neighbourhood(dossier.report.pk):
        other = Neighbour(*row)
        if other.out_at > now:
            continue
        score, reason = _common(dossier, other)
        if score:
            distance = abs((other.shelf_day - dossier.report.shelf_day).days)
            found.append((-score, distance, other.pk, Related(other, reason)))
    return [related for *_, related in sorted(found)[:SHOWN]]


def _common(dossier: Dossier, other: Neighbour) -> tuple[int, str]:
    """How much the two have in common, and the weightiest of it in words."""
    forum = dossier.forum
    same_forum = forum is not None and other.forum_id == forum.pk
    same_year = (
        forum is not None
        and other.forum_at is not None
        and other.forum_at.astimezone(ZoneInfo(forum.time_zone)).year == forum.local_start.year
    )
    categories = [row["name"] for row in dossier.categories if row["id"] in other.category_ids]
    skills = {row["skill_id"]: row["skill"] for row in dossier.takeaways if row["skill_id"] in other.skill_ids}
    focus_areas = [row["name"] for row in dossier.focus_areas if row["id"] in other.focus_ids]
    score = 8 * same_forum + 4 * same_year + 2 * len(categories) + len(skills) + len(focus_areas)
    if same_forum:
        return score, "From the same forum"
    if forum is not None and same_year:
        return score, f"Also from the {forum.local_start.year} forums"
    if len(skills) > 1:
        return score, f"Shares {len(skills)} skills"
    for shared in (*skills.values(), *categories):
        return score, f"Shares “{shared}”"
    return score, f"Also on {focus_areas[0].lower()}" if focus_areas else ""

"""The catalog: what the address asks for, the reports it gives, and the filters beside them.

Everything is in the address (`q`, the five facets, `sort`, `page`), so a result can be kept and passed on. What the
address says that means nothing (a filter that isn't one, a page beyond the last) is passed over.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import F
from django.http import QueryDict

from reports.facets import FACETS, Choices, Counts, Value, Vocabulary, condition, count, read_vocabulary, year_value
from reports.models import Report
from reports.rows import Row, read_rows
from reports.search import cleaned, hits_inside, search

ON_A_PAGE = 20
NEWEST, RELEVANCE, TITLE = "newest", "relevance", "title"
SORT_WORDS = {NEWEST: "Newest first", RELEVANCE: "Best match", TITLE: "Title"}
FACET_WORDS = {
    "access": "How to get it",
    "series": "Series",
    "focus": "Focus area",
    "year": "Year",
    "skill": "Skill",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What the address asks for, understood."""

    text: str
    choices: Choices
    sort: str
    page: str

    @property
    def chosen(self) -> list[Value]:
        return [value for facet in FACETS for value in self.choices.get(facet, ())]

    def pairs(self, *, without: Value | None = None, leave: Sequence[str] = ()) -> list[tuple[str, str]]:
        """The wish as the parameters of an address, but for its page: always in the same order."""
        pairs = [("q", self.text)] if self.text else []
        pairs += [(value.facet, value.slug) for value in self.chosen if value != without]
        if self.sort != (RELEVANCE if self.text else NEWEST):
            pairs.append(("sort", self.sort))
        return [pair for pair in pairs if pair[0] not in leave]

    def query(self, **changes: Any) -> str:
        """`pairs` as the end of an address: `?…`, or `.` for an address without any."""
        return f"?{urlencode(pairs)}" if (pairs := self.pairs(**changes)) else "?"


def understand(parameters: QueryDict, vocabulary: Vocabulary) -> Wish:
    """What of the address means something."""
    text = cleaned(parameters.get("q", ""))
    choices = {facet: vocabulary.choose(facet, parameters.getlist(facet)) for facet in FACETS if facet in parameters}
    sort = parameters.get("sort", "")
    if sort not in SORT_WORDS or (sort == RELEVANCE and not text):
        sort = RELEVANCE if text else NEWEST
    return Wish(text, choices, sort, parameters.get("page", "1"))


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a facet, as components/facet_group.html shows it."""

    value: str
    label: str
    count: int
    checked: bool


@dataclass(frozen=True, slots=True)
class Group:
    """One facet, as components/facet_group.html shows it."""

    name: str
    label: str
    options: list[Option]


class CountedPaginator(Paginator[Row]):
    """Pages over what was counted already; the rows come when a page is asked for them."""

    def __init__(self, fetch: Callable[[int, int], list[Row]], total: int) -> None:
        super().__init__(_Slices(fetch), ON_A_PAGE)
        self._total = total

    @cached_property
    def count(self) -> int:  # type: ignore[override]
        return self._total


class _Slices:
    """What a paginator cuts: each slice is read when it is cut."""

    def __init__(self, fetch: Callable[[int, int], list[Row]]) -> None:
        self._fetch = fetch

    def __getitem__(self, part: slice) -> list[Row]:
        return self._fetch(part.start, part.stop)

    def __len__(self) -> int:
        raise TypeError("The number of reports is counted by reports.facets.")


@dataclass(frozen=True, slots=True)
class Catalog:
    """One page of the catalog, with everything beside it."""

    wish: Wish
    counts: Counts
    page: Page[Row]
    groups: list[Group]

    @property
    def total(self) -> int:
        return self.counts.total

    @property
    def page_range(self) -> Iterator[str | int]:
        return self.page.paginator.get_elided_page_range(self.page.number, on_each_side=2, on_ends=1)

    @property
    def chips(self) -> list[tuple[str, str]]:
        """The choices, each with the address that takes it away."""
        return [(value.label, self.wish.query(without=value)) for value in self.wish.chosen]

    @property
    def sorts(self) -> list[tuple[str, str, bool]]:
        """Value, words, whether it is the present one; 'best match' only where something is searched for."""
        return [
            (name, words, name == self.wish.sort)
            for name, words in SORT_WORDS.items()
            if self.wish.text or name != RELEVANCE
        ]

    @property
    def canonical(self) -> str:
        """The one address of this page: known parameters only, in a fixed order."""
        pairs = self.wish.pairs()
        if self.page.number > 1:
            pairs.append(("page", str(self.page.number)))
        return f"?{urlencode(pairs)}" if pairs else ""


def read_catalog(parameters: QueryDict, now: datetime) -> Catalog:
    """The page that the address asks for. Three statements; up to three more when it searches."""
    vocabulary = read_vocabulary()
    wish = understand(parameters, vocabulary)
    ranks = search(wish.text, now) if wish.text else None
    counts = count(wish.choices, now, None if ranks is None else list(ranks))

    def fetch(start: int, stop: int) -> list[Row]:
        return _rows(wish, ranks, now, start, stop)

    page = CountedPaginator(fetch, counts.total).get_page(wish.page)
    return Catalog(wish, counts, page, _groups(vocabulary, wish.choices, counts))


def _rows(wish: Wish, ranks: Mapping[int, float] | None, now: datetime, start: int, stop: int) -> list[Row]:
    found = Report.objects.out(now).filter(condition(wish.choices))
    if ranks is None:
        return read_rows(found.order_by(*_ORDERS[wish.sort])[start:stop])
    if wish.sort == RELEVANCE:
        allowed = set(found.filter(pk__in=list(ranks)).values_list("pk", flat=True)) if wish.chosen else ranks
        place = {pk: rank for rank, pk in enumerate([pk for pk in ranks if pk in allowed][start:stop])}
        rows = sorted(read_rows(Report.objects.filter(pk__in=place)), key=lambda row: place[row.report.pk])
    else:
        rows = read_rows(found.filter(pk__in=list(ranks)).order_by(*_ORDERS[wish.sort])[start:stop])
    hits = hits_inside(wish.text, [row.report.pk for row in rows])
    for row in rows:
        row.hit = hits.get(row.report.pk)
    return rows


_ORDERS = {NEWEST: (F("shelf_day").desc(), F("id").desc()), TITLE: ("title", "id")}


def _groups(vocabulary: Vocabulary, choices: Choices, counts: Counts) -> list[Group]:
    """The facets with what can be chosen in them: values that would give something, and those that are chosen."""
    groups = []
    for facet in FACETS:
        chosen = set(choices.get(facet, ()))
        values = _years(counts, chosen) if facet == "year" else vocabulary.values[facet].values()
        options = [
            Option(value.slug, value.label, counts.behind.get((facet, value.key), 0), value in chosen)
            for value in values
            if value in chosen or (counts.behind.get((facet, value.key)) and not _is_single_skill(value))
        ]
        if options:
            groups.append(Group(facet, FACET_WORDS[facet], options))
    return groups


def _is_single_skill(value: Value) -> bool:
    """Skills can be asked for one by one, but only their categories are offered: nine more would drown them."""
    return value.facet == "skill" and value.key[0] == "s"


def _years(counts: Counts, chosen: set[Value]) -> list[Value]:
    slugs = {key for facet, key in counts.behind if facet == "year"}
    slugs.update(value.slug for value in chosen)
    return [value for slug in sorted(slugs, reverse=True) if (value := year_value(slug))]

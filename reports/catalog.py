"""The catalog: what the address asks for, the reports it gives, and the filters beside them.

Everything is in the address (`q`, the five facets, `sort`, `page`), so a result can be kept and passed on. What the
address says that means nothing (a filter that isn't one, a page beyond the last) is passed over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.http import QueryDict
from django.utils.safestring import SafeString

from reports.facets import FACETS, Choices, Found, Order, Value, Vocabulary, find, read_vocabulary, year_value
from reports.markup import paging
from reports.rows import Row, read_rows
from reports.search import cleaned, hits_inside, search

ON_A_PAGE = 20
ORDER_WORDS = {Order.NEWEST: "Newest first", Order.RELEVANCE: "Best match", Order.TITLE: "Title"}
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
    order: Order
    page: int

    @property
    def usual_order(self) -> Order:
        """The one that need not be asked for."""
        return _usual_order(self.text)

    @property
    def chosen(self) -> list[Value]:
        return [value for facet in FACETS for value in self.choices.get(facet, ())]

    def pairs(self, *, without: Value | None = None, leave: Sequence[str] = ()) -> list[tuple[str, str]]:
        """The wish as the parameters of an address, but for its page: always in the same order."""
        pairs = [("q", self.text)] if self.text else []
        pairs += [(value.facet, value.slug) for value in self.chosen if value != without]
        if self.order is not self.usual_order:
            pairs.append(("sort", self.order.value))
        return [pair for pair in pairs if pair[0] not in leave]

    def query(self, **changes: Any) -> str:
        """`pairs` as the end of an address: `?…`, or `.` for an address without any."""
        return f"?{urlencode(pairs)}" if (pairs := self.pairs(**changes)) else "?"


def understand(parameters: QueryDict, vocabulary: Vocabulary) -> Wish:
    """What of the address means something."""
    text = cleaned(parameters.get("q", ""))
    choices = {facet: vocabulary.choose(facet, parameters.getlist(facet)) for facet in FACETS if facet in parameters}
    wanted = parameters.get("sort", "")
    order = Order(wanted) if wanted in ORDER_WORDS else _usual_order(text)
    if order is Order.RELEVANCE and not text:
        order = Order.NEWEST
    return Wish(text, choices, order, _page_number(parameters.get("page", "")))


def _usual_order(text: str) -> Order:
    return Order.RELEVANCE if text else Order.NEWEST


def _page_number(text: str) -> int:
    """The first for what is no number; what is beyond the last page is seen when they are counted."""
    return max(int(text), 1) if text.isascii() and text.isdigit() and len(text) < 7 else 1


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a facet, as `facet_groups` shows it."""

    value: str
    label: str
    count: int
    checked: bool


@dataclass(frozen=True, slots=True)
class Group:
    """One facet, as `facet_groups` shows it."""

    name: str
    label: str
    options: list[Option]


class CountedPaginator(Paginator[Row]):
    """Pages of something that was counted already."""

    def __init__(self, total: int) -> None:
        super().__init__([], ON_A_PAGE)
        self._total = total

    @cached_property
    def count(self) -> int:
        return self._total


@dataclass(frozen=True, slots=True)
class Catalog:
    """One page of the catalog, with everything beside it."""

    wish: Wish
    total: int
    page: Page[Row]
    groups: list[Group]

    @property
    def paging(self) -> SafeString:
        """The way to the other pages of the same wish."""
        return paging(self.page, f"?{urlencode([*self.wish.pairs(), ('page', '')])}")

    @property
    def chips(self) -> list[tuple[str, str]]:
        """The choices, each with the address that takes it away."""
        return [(value.label, self.wish.query(without=value)) for value in self.wish.chosen]

    @property
    def sorts(self) -> list[tuple[str, str, bool]]:
        """Value, words, whether it is the present one; 'best match' only where something is searched for."""
        return [
            (order.value, words, order is self.wish.order)
            for order, words in ORDER_WORDS.items()
            if self.wish.text or order is not Order.RELEVANCE
        ]

    @property
    def canonical(self) -> str:
        """The one address of this page: known parameters only, in a fixed order."""
        pairs = self.wish.pairs()
        if self.page.number > 1:
            pairs.append(("page", str(self.page.number)))
        return f"?{urlencode(pairs)}" if pairs else ""


def read_catalog(parameters: QueryDict, now: datetime) -> Catalog:
    """The page that the address asks for. Three statements; five when it searches."""
    vocabulary = read_vocabulary()
    wish = understand(parameters, vocabulary)
    among = list(search(wish.text, now)) if wish.text else None
    found = find(wish.choices, now, order=wish.order, page=wish.page, size=ON_A_PAGE, among=among)
    rows = read_rows(found.ids)
    if wish.text and rows:
        hits = hits_inside(wish.text, found.ids)
        for row in rows:
            row.hit = hits.get(row.report.pk)
    page = Page(rows, found.page, CountedPaginator(found.total))
    return Catalog(wish, found.total, page, _groups(vocabulary, wish.choices, found))


def _groups(vocabulary: Vocabulary, choices: Choices, found: Found) -> list[Group]:
    """The facets with what can be chosen in them: values that would give something, and those that are chosen."""
    groups = []
    for facet in FACETS:
        chosen = set(choices.get(facet, ()))
        values = _years(found, chosen) if facet == "year" else vocabulary.values[facet].values()
        options = [
            Option(value.slug, value.label, found.behind.get((facet, value.key), 0), value in chosen)
            for value in values
            if value in chosen or (found.behind.get((facet, value.key)) and not _is_single_skill(value))
        ]
        if options:
            groups.append(Group(facet, FACET_WORDS[facet], options))
    return groups


def _is_single_skill(value: Value) -> bool:
    """Skills can be asked for one by one, but only their categories are offered: nine more would drown them."""
    return value.facet == "skill" and value.key[0] == "s"


def _years(found: Found, chosen: set[Value]) -> list[Value]:
    slugs = {key for facet, key in found.behind if facet == "year"}
    slugs.update(value.slug for value in chosen)
    return [value for slug in sorted(slugs, reverse=True) if (value := year_value(slug))]

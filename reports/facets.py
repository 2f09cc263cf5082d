"""The catalog's facets: what can be chosen, and how many reports each choice would give.

Within a facet the choices are alternatives (OR); the facets narrow one another (AND). So the count beside a value is
counted under the other facets' choices, never under its own facet's: it says what choosing it as well would give.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

from cosn_site.statements import ask
from reports.models import Report

FACETS = ("access", "series", "focus", "year", "skill")
_EARLIEST = 1900

ACCESS_WORDS = {
    Report.Access.MEMBERS: "Members",
    Report.Access.REGISTERED: "Anyone signed in",
    Report.Access.PUBLIC: "Open to all",
}


@dataclass(frozen=True, slots=True)
class Value:
    """Something a facet can be set to: `slug` in the address, `key` in the facet bits."""

    facet: str
    key: str
    slug: str
    label: str


Choices = Mapping[str, Sequence[Value]]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All values of all facets but the years, each facet's in the order they are shown in."""

    values: Mapping[str, Mapping[str, Value]]

    def choose(self, facet: str, slugs: Iterable[str]) -> list[Value]:
        """The values of these slugs, once each; slugs that mean nothing are left out."""
        known = self.values[facet]
        found = {slug: year_value(slug) if facet == "year" else known.get(slug) for slug in slugs}
        return [value for value in found.values() if value]


def year_value(slug: str) -> Value | None:
    """A year as a value of its facet; nothing when it cannot be a year."""
    if len(slug) == 4 and slug.isascii() and slug.isdigit() and int(slug) >= _EARLIEST:
        return Value("year", slug, slug, slug)
    return None


# Facet, key in the facet bits, slug, label. Categories can be chosen as skills, and so can single skills.
_VOCABULARY = """
SELECT 'series', id::text, slug, name, position, 0 FROM reports_series
UNION ALL SELECT 'focus', id::text, slug, name, position, 0 FROM reports_focusarea
UNION ALL SELECT 'skill', 'c' || category.id, category.slug, category.name, framework.position, category.position
    FROM reports_category AS category JOIN reports_framework AS framework ON framework.id = category.framework_id
UNION ALL SELECT 'skill', 's' || id, slug, name, 30000, position FROM reports_skill
ORDER BY 1, 5, 6
"""


def read_vocabulary() -> Vocabulary:
    """What can be chosen now. One statement."""
    values: dict[str, dict[str, Value]] = {facet: {} for facet in FACETS}
    values["access"] = {choice.value: Value("access", choice, choice, label) for choice, label in ACCESS_WORDS.items()}
    for facet, key, slug, label, _, _ in ask("facet_vocabulary", "", _VOCABULARY, []):
        values[facet].setdefault(slug, Value(facet, key, slug, label))
    return Vocabulary(values)


@dataclass(frozen=True, slots=True)
class Found:
    """How many reports there are under all choices, how many behind each value under the other facets' choices, and
    the ids on the page asked for, in order. `page` is that page's number, or the last one's if there is none such."""

    total: int
    behind: Mapping[tuple[str, str], int]
    ids: Sequence[int]
    page: int


class Order(StrEnum):
    """What a list can be sorted by."""

    NEWEST = "newest"
    RELEVANCE = "relevance"  # the order in which the ids were given
    TITLE = "title"


def find(
    choices: Choices,
    now: datetime,
    *,
    order: Order = Order.NEWEST,
    page: int = 1,
    size: int = 20,
    among: Sequence[int] | None = None,
) -> Found:
    """Count and sort the reports that are out, in one statement over the facet bits; `among` narrows them to these ids.

    The time it takes grows with the values and with the blocks of 4,096 reports, hardly with the reports; a late page
    walks an index up to there. RELEVANCE wants `among`.
    """
    chosen = tuple(facet for facet in FACETS if choices.get(facet))
    name = "_".join(("find", order, "among" if among is not None else "all", *chosen))
    values: list[Any] = [now, page, size]
    if among is not None:
        values.append(f"{{{','.join(map(str, among))}}}")  # as text: a search may find thousands
    values += [[value.key for value in choices[facet]] for facet in chosen]
    behind, ids = {}, []
    for facet, key, number, page_ids in ask(name, *_finding(chosen, order, within=among is not None), values):
        if facet == "page":
            ids = page_ids
        elif number:
            behind[facet, key] = number
    total = behind.pop(("out", ""), 0)
    return Found(total, behind, ids, min(page, max(-(-total // size), 1)))


_NONE = "0::bit(4096)"
_BITS_OF_IDS = "SELECT id / 4096 AS block, bit_or(set_bit(0::bit(4096), mod(id, 4096)::int, 1)) AS bits"
_ORDERS = {
    Order.NEWEST: ("reports_report", "out_at IS NOT NULL AND", "shelf_day DESC, id DESC"),
    Order.TITLE: ("reports_report", "out_at IS NOT NULL AND", "title, id"),
    Order.RELEVANCE: ("unnest($4) WITH ORDINALITY AS hit (id, place)", "", "place"),
}


@cache
def _finding(chosen: tuple[str, ...], order: Order, *, within: bool) -> tuple[str, str]:
    """The parameters' types and the statement. Parameters: now, page, size, the ids when `within`, then for each chosen
    facet its keys."""
    types = ["timestamptz", "bigint", "bigint", *(["bigint[]"] if within else []), *["text[]"] * len(chosen)]
    cases = "".join(f" WHEN '{facet}' THEN but_{facet}" for facet in chosen)
    counting = f"CASE facet{cases} ELSE every END" if chosen else "every"
    table, condition, by = _ORDERS[order]
    statement = f"""
    WITH {", ".join(_sets(chosen, within=within))}, mask AS MATERIALIZED (
        {_mask(chosen, within=within)}
    ), masks AS (
        -- as one value, not as rows to join with, so that the page is found by walking an index in its order
        SELECT ARRAY(
            SELECT every FROM generate_series(0, (SELECT max(block) FROM mask)) AS block LEFT JOIN mask USING (block)
            ORDER BY block
        ) AS every
    ), counted AS (
        SELECT facet, value, sum(bit_count(bits & {counting}))::bigint AS number
        FROM reports_facetbits JOIN mask USING (block) GROUP BY facet, value
    ), place AS (
        SELECT greatest(0, least($2 - 1, (coalesce(sum(bit_count(every)), 0)::bigint - 1) / $3)) * $3 AS start FROM mask
    )
    SELECT facet, value, number, NULL::bigint[] FROM counted
    UNION ALL
    SELECT 'page', '', 0, ARRAY(
        SELECT id FROM {table}
        WHERE {condition} get_bit((SELECT every FROM masks)[id / 4096 + 1], mod(id, 4096)::int) = 1
        ORDER BY {by} LIMIT $3 OFFSET (SELECT start FROM place)
    )
    """  # noqa: S608 - built from constants
    return ", ".join(types), statement


def _sets(chosen: tuple[str, ...], *, within: bool) -> Iterator[str]:
    """What the mask is made of, each as bits by block: `later`, `among` and `of_…`, under a chosen facet's values."""
    # that it has an end is for the planner, who otherwise expects a third of all reports to be yet to come
    yet_to_come = "out_at > $1 AND out_at <= 'infinity'"
    yield f"later AS ({_BITS_OF_IDS} FROM reports_report WHERE {yet_to_come} GROUP BY 1)"
    if within:
        yield f"among AS ({_BITS_OF_IDS} FROM unnest($4) AS id GROUP BY 1)"
    for place, facet in enumerate(chosen, 5 if within else 4):
        yield (
            f"of_{facet} AS (SELECT block, bit_or(bits) AS bits FROM reports_facetbits "  # noqa: S608 - constants
            f"WHERE facet = '{facet}' AND value = ANY(${place}) GROUP BY block)"
        )


def _mask(chosen: tuple[str, ...], *, within: bool) -> str:
    """A row for each block: `every` are the reports under all choices, and `but_…` the same without the choices of one
    facet, for the counts beside that facet's values."""
    listed = f"bits.bits & ~coalesce(later.bits, {_NONE}){' & among.bits' if within else ''}"

    def under(facets: Iterable[str]) -> str:
        return " & ".join([listed, *(f"coalesce(of_{facet}.bits, {_NONE})" for facet in facets)])

    columns = [f"{under(chosen)} AS every"]
    columns += [f"{under(other for other in chosen if other != facet)} AS but_{facet}" for facet in chosen]
    joins = ["LEFT JOIN later USING (block)", *(["JOIN among USING (block)"] if within else [])]
    joins += [f"LEFT JOIN of_{facet} USING (block)" for facet in chosen]
    return (
        f"SELECT bits.block, {', '.join(columns)} "  # noqa: S608 - constants
        f"FROM reports_facetbits AS bits {' '.join(joins)} WHERE bits.facet = 'out'"
    )

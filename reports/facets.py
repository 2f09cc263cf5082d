"""The catalog's facets: what can be chosen, and how many reports each choice would give.

Within a facet the choices are alternatives (OR); the facets narrow one another (AND). So the count beside a value is
counted under the other facets' choices, never under its own facet's: it says what choosing it as well would give.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q

from reports.models import Report, Takeaway

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
    with connection.cursor() as cursor:
        cursor.execute(_VOCABULARY)
        for facet, key, slug, label, _, _ in cursor.fetchall():
            values[facet].setdefault(slug, Value(facet, key, slug, label))
    return Vocabulary(values)


def condition(choices: Choices) -> Q:
    """The choices as a condition on reports: for the rows themselves, while `count` is for their numbers."""
    found = Q()
    for facet, values in choices.items():
        if values:
            found &= _CONDITIONS[facet]([value.key for value in values])
    return found


def _skill_condition(keys: list[str]) -> Q:
    categories = [int(key[1:]) for key in keys if key[0] == "c"]
    skills = [int(key[1:]) for key in keys if key[0] == "s"]
    found = Q()
    if categories:
        links = Report.categories.through.objects
        found |= Q(Exists(links.filter(report_id=OuterRef("pk"), category_id__in=categories)))
    if skills:
        found |= Q(Exists(Takeaway.objects.filter(report_id=OuterRef("pk"), skill_id__in=skills)))
    return found


def _focus_condition(keys: list[str]) -> Q:
    links = Report.focus_areas.through.objects
    return Q(Exists(links.filter(report_id=OuterRef("pk"), focusarea_id__in=[int(key) for key in keys])))


_CONDITIONS = {
    "access": lambda keys: Q(access__in=keys),
    "series": lambda keys: Q(series_id__in=[int(key) for key in keys]),
    "year": lambda keys: Q(year__in=[int(key) for key in keys]),
    "focus": _focus_condition,
    "skill": _skill_condition,
}


@dataclass(frozen=True, slots=True)
class Counts:
    """How many reports there are under all choices, and behind each value under the other facets' choices."""

    total: int = 0
    behind: Mapping[tuple[str, str], int] = field(default_factory=dict)


_NONE = "0::bit(4096)"
_BITS_OF_IDS = "SELECT id / 4096 AS block, bit_or(set_bit(0::bit(4096), mod(id, 4096)::int, 1)) AS bits"
_LATER = f"later AS ({_BITS_OF_IDS} FROM reports_report WHERE out_at > %s GROUP BY 1)"
_AMONG = f"among AS ({_BITS_OF_IDS} FROM unnest(%s::bigint[]) AS id GROUP BY 1)"


def count(choices: Choices, now: datetime, among: Sequence[int] | None = None) -> Counts:
    """Count the reports that are out, in one statement over the facet bits; `among` narrows them to these ids.

    The time it takes grows with the values and with the blocks of 4,096 reports, hardly with the reports.
    """
    with connection.cursor() as cursor:
        cursor.execute(*_counting(choices, now, among))
        rows = cursor.fetchall()
    behind = {(facet, key): int(number) for facet, key, number in rows if number}
    return Counts(total=behind.pop(("out", ""), 0), behind=behind)


def _counting(choices: Choices, now: datetime, among: Sequence[int] | None) -> tuple[str, list[Any]]:
    """The statement: `listed` are the reports in question, one more table a facet has what was chosen in it, and `mask`
    joins them: `every` under all choices, and for each facet with a choice the same without its own."""
    parts = [_LATER]
    parameters: list[Any] = [now]
    listed, joins = f"bits.bits & ~coalesce(later.bits, {_NONE})", "LEFT JOIN later USING (block)"
    if among is not None:
        parts.append(_AMONG)
        parameters.append(list(among))
        listed, joins = f"{listed} & among.bits", f"{joins} JOIN among USING (block)"
    chosen = [facet for facet in FACETS if choices.get(facet)]
    for facet in chosen:
        parts.append(
            f"of_{facet} AS (SELECT block, bit_or(bits) AS bits FROM reports_facetbits "  # noqa: S608 - constants
            f"WHERE facet = '{facet}' AND value = ANY(%s) GROUP BY block)"
        )
        parameters.append([value.key for value in choices[facet]])
        joins += f" LEFT JOIN of_{facet} USING (block)"

    def under(facets: Iterable[str]) -> str:
        return " & ".join([listed, *(f"coalesce(of_{facet}.bits, {_NONE})" for facet in facets)])

    columns = [f"{under(chosen)} AS every"]
    columns += [f"{under(other for other in chosen if other != facet)} AS but_{facet}" for facet in chosen]
    cases = "".join(f" WHEN '{facet}' THEN but_{facet}" for facet in chosen)
    mask = f"CASE facet{cases} ELSE every END" if chosen else "every"
    parts.append(
        f"mask AS MATERIALIZED (SELECT bits.block, {', '.join(columns)} "  # noqa: S608 - built from constants
        f"FROM reports_facetbits AS bits {joins} WHERE bits.facet = 'out')"
    )
    statement = (
        f"WITH {', '.join(parts)} SELECT facet, value, sum(bit_count(bits & {mask})) "  # noqa: S608 - built from constants
        "FROM reports_facetbits JOIN mask USING (block) GROUP BY facet, value"
    )
    return statement, parameters

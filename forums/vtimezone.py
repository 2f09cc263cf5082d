"""A time zone as calendar programs like it: the rule of when clocks change, not a list of when they did.

Some programs (Outlook among them) read a zone's yearly rule and pass over lists of dates. Where a zone's changes in the
years asked for follow no yearly rule, it is written as the list after all.
"""

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_YEARS_AHEAD = 5  # a rule must hold for so many years after the last one asked for


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the clocks: when, by the clock before it, and from which offset to which."""

    at: datetime
    before: timedelta
    after: timedelta
    name: str

    def rules(self) -> set[tuple[int, str]]:
        """Every “nth Sunday of March” that this day is: (month, 2SU)."""
        found = {(self.at.month, f"{(self.at.day - 1) // 7 + 1}{_DAYS[self.at.weekday()]}")}
        if self.at.day + 7 > monthrange(self.at.year, self.at.month)[1]:
            found.add((self.at.month, f"-1{_DAYS[self.at.weekday()]}"))
        return found


def timezone_for(zone: ZoneInfo, years: Iterable[int]) -> Timezone:
    """The VTIMEZONE of this zone that is right in these years (one at least)."""
    years = sorted(set(years))
    span = range(years[0] - 1, years[-1] + _YEARS_AHEAD + 1)
    by_year = [changes_of(zone, year) for year in span]
    made = Timezone()
    made.add("tzid", zone.key)
    if not any(by_year):
        made.add_component(_observance(_as_it_is(zone, years[0])))
        return made
    rules = [_common_rule([changes[place] for changes in by_year]) for place in (0, 1)] if _regular(by_year) else []
    if not all(rules) or not rules:
        return Timezone.from_tzinfo(zone, zone.key, date(years[0] - 1, 1, 1), date(years[-1] + _YEARS_AHEAD, 1, 1))
    for change, rule in zip(by_year[0], rules, strict=True):
        made.add_component(_observance(change, rule))
    return made


@lru_cache(maxsize=256)
def changes_of(zone: ZoneInfo, year: int) -> tuple[Change, ...]:
    """The changes of the clocks in a year, to the minute."""
    found, day = [], datetime(year, 1, 1, tzinfo=UTC)
    while day.year == year:
        after = day + timedelta(days=1)
        if _offset(zone, day) != _offset(zone, after):
            found.append(_change_between(zone, day, after))
        day = after
    return tuple(found)


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _change_between(zone: ZoneInfo, low: datetime, high: datetime) -> Change:
    before = _offset(zone, low)
    while high - low > timedelta(minutes=1):
        middle = low + timedelta(minutes=(high - low) // timedelta(minutes=2))
        low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
    local = high.astimezone(zone)
    return Change((high + before).replace(tzinfo=None), before, _offset(zone, high), local.tzname() or "")


def _regular(by_year: list[tuple[Change, ...]]) -> bool:
    return all(
        len(changes) == 2 and [(c.before, c.after, c.at.time()) for c in changes] == _kinds(by_year[0])
        for changes in by_year
    )


def _kinds(changes: tuple[Change, ...]) -> list[tuple[Any, ...]]:
    return [(change.before, change.after, change.at.time()) for change in changes]


def _common_rule(changes: list[Change]) -> tuple[int, str] | None:
    common = set.intersection(*(change.rules() for change in changes))
    return min(common, default=None)


def _as_it_is(zone: ZoneInfo, year: int) -> Change:
    local = datetime(year, 1, 1, tzinfo=zone)
    offset = local.utcoffset() or timedelta()
    return Change(datetime(year - 1, 1, 1), offset, offset, local.tzname() or "")  # noqa: DTZ001 - by its own clock


def _observance(change: Change, rule: tuple[int, str] | None = None) -> TimezoneStandard | TimezoneDaylight:
    made = TimezoneDaylight() if change.after > change.before else TimezoneStandard()
    made.add("dtstart", change.at)
    made.add("tzoffsetfrom", change.before)
    made.add("tzoffsetto", change.after)
    made.add("tzname", change.name)
    if rule is not None:
        made.add("rrule", {"freq": "yearly", "bymonth": rule[0], "byday": rule[1]})
    return made

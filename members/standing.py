"""THE membership-status rule, as the association states it.

A membership is sold in terms. On a given day (a day of the association, in Washington, DC) a membership is

- **active** from the first to the last day of a paid term, both inclusive;
- **provisional** on the days of a term whose accepted purchase order is still unpaid, until its clock runs out
  (that last day inclusive);
- in **grace** for the term's grace days after the last day of a paid term;
- **upcoming** when its only hope is a term that has yet to start;
- **lapsed** when it had a term and none of the above holds (a purchase order that was never paid earns no grace);
- **none** when it never had one.

Active, provisional and grace open members' reports. A person's standing is the best of their own membership and of
the memberships in which they hold a seat, in the order above. Working at a member organization without a seat gives
nothing, but it is remembered, because the way in is then to ask for a seat.

Pure: no database, no clock, no request. Days and facts come in, a `Standing` with its reason goes out.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class Status(StrEnum):
    """Best first; the order of the members is the order of the rule."""

    ACTIVE = "active"
    PROVISIONAL = "provisional"
    GRACE = "grace"
    UPCOMING = "upcoming"
    LAPSED = "lapsed"
    NONE = "none"

    @property
    def gives_access(self) -> bool:
        return self in (Status.ACTIVE, Status.PROVISIONAL, Status.GRACE)


_RANK = {status: rank for rank, status in enumerate(Status)}


class Via(StrEnum):
    """How a person comes to a membership."""

    OWN = "own"  # an individual membership
    SEAT = "seat"  # a seat of an organization's membership
    WORKS_THERE = "works there"  # a contact of a member organization, without a seat


@dataclass(frozen=True, slots=True)
class TermFacts:
    """What the rule needs to know of a term. Voided terms never reach the rule."""

    starts_on: date
    ends_on: date
    grace_days: int = 0
    provisional_until: date | None = None
    seats: int = 1


@dataclass(frozen=True, slots=True)
class Holding:
    """One person's connection to one membership."""

    via: Via
    holder: str  # the organization's name, or "" for an individual membership
    terms: tuple[TermFacts, ...]
    seat_number: int | None = None
    membership_id: int = 0
    organization_id: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a membership stands on a day, and the term that decides it.

    `until` is the last day on which the status holds by that term (for upcoming: the day it starts; for lapsed: the
    last day there was access).
    """

    status: Status
    day: date
    term: TermFacts | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class PersonStanding:
    """A person's best standing, the holding that gives it, and a membership they work under without a seat."""

    standing: Standing
    holding: Holding | None = None
    unseated: Holding | None = None


def standing_of_term(term: TermFacts, day: date) -> Standing:
    """What this one term gives on this day."""
    if day < term.starts_on:
        return Standing(Status.UPCOMING, day, term, term.starts_on)
    if term.provisional_until is not None:
        clock_ends = min(term.provisional_until, term.ends_on)
        status = Status.PROVISIONAL if day <= clock_ends else Status.LAPSED
        return Standing(status, day, term, clock_ends)
    if day <= term.ends_on:
        return Standing(Status.ACTIVE, day, term, term.ends_on)
    last_day_of_grace = term.ends_on + timedelta(days=term.grace_days)
    status = Status.GRACE if day <= last_day_of_grace else Status.LAPSED
    return Standing(status, day, term, last_day_of_grace)


def standing(terms: Iterable[TermFacts], day: date) -> Standing:
    """The standing of one membership on a day: the best that any of its terms gives."""
    return best((standing_of_term(term, day) for term in terms), day)


def best(standings: Iterable[Standing], day: date) -> Standing:
    """The best of several. Of equals, the one that lasts longest (of upcoming ones, the one that starts first)."""

    def rank(one: Standing) -> tuple[int, int]:
        until = one.until.toordinal() if one.until else 0
        return _RANK[one.status], until if one.status is Status.UPCOMING else -until

    return min(standings, key=rank, default=Standing(Status.NONE, day))


def person_standing(holdings: Iterable[Holding], day: date) -> PersonStanding:
    """The best of a person's own membership and of those in which they hold a seat."""
    best_standing, best_holding, unseated = Standing(Status.NONE, day), None, None
    for holding in holdings:
        found = standing(holding.terms, day)
        if holding.via is Via.WORKS_THERE:
            if found.status.gives_access:
                unseated = unseated or holding
        elif best((best_standing, found), day) is not best_standing:
            best_standing, best_holding = found, holding
    return PersonStanding(best_standing, best_holding, unseated)


# --- the same rule for whole lists, in SQL ----------------------------------------------------------------------------
# The status of each row of members_membership on a day (the one parameter). Only lists are filtered by it; whoever
# decides about access uses `standing`. tests/members/test_standing_of_lists.py compares the two.
STATUS_OF_MEMBERSHIPS = """(
    SELECT coalesce((ARRAY['active', 'provisional', 'grace', 'upcoming', 'lapsed'])[min(
        CASE
            WHEN asked.day < term.starts_on THEN 4
            WHEN term.provisional_until IS NOT NULL
                THEN CASE WHEN asked.day <= least(term.provisional_until, term.last_day) THEN 2 ELSE 5 END
            WHEN asked.day <= term.last_day THEN 1
            WHEN asked.day <= term.last_day + term.grace_days THEN 3
            ELSE 5
        END
    )], 'none')
    FROM (SELECT %s::date AS day) asked, (
        SELECT
            starts_on,
            coalesce(cut_on, ends_on) AS last_day,
            CASE WHEN cut_on IS NULL THEN grace_days ELSE 0 END AS grace_days,
            provisional_until
        FROM members_term
        WHERE membership_id = members_membership.id AND voided_at IS NULL
    ) term
)"""

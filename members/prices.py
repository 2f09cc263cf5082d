"""What a membership costs: dues by band, proration by the day, credit for unused days.

The rules, as the association states them:

- A term is twelve months. A *rolling* term runs from its first day; a *fixed* one to the 30th of June, and whoever
  joins in between pays for the days that are left of the year (July to June).
- Dues go by the band that the organization's size falls in; the smallest band that it fits in is its band.
- Seats beyond those included cost a price each for a whole year, and their share for a part of one.
- A renewal begins on the day after the last term, however early it is recorded, and also during grace. After grace a
  membership begins anew, today.
- An upgrade takes the place of the running term. The days that are left of it, that day included, are credited.

A part of a year is worth what has been used up to its evening less what had been used up to its morning, each rounded
down to the cent. So the days of a year add up to its dues whatever way they are cut, and no cent is lost or made.

Pure: no database, no clock. Money is whole US cents.
"""

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from cosn_site.verbs import StepRefused

MONTHS_OF_A_TERM = 12
_JULY = 7
_DAY = timedelta(days=1)


class PriceError(StepRefused):
    """A price that cannot be told."""


class SizeMissing(PriceError):
    """The dues go by a size that nobody has recorded."""


class NoBand(PriceError):
    """No band reaches as far as the size."""


class NoMoreSeats(PriceError):
    sentence = "This plan has no price for more seats than it includes."


@dataclass(frozen=True, slots=True)
class Days:
    """A stretch of days, first and last inclusive."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"{self.first} is after {self.last}")

    @property
    def count(self) -> int:
        return (self.last - self.first).days + 1

    def holds(self, other: "Days") -> bool:
        return self.first <= other.first and other.last <= self.last


@dataclass(frozen=True, slots=True)
class Prices:
    """The figures of one price list. `bands` are pairs of an upper size (None: any) and its dues, smallest first."""

    is_fixed: bool
    band_by: str  # what sizes are counted in: "enrollment", "staff", or "" for one price
    bands: tuple[tuple[int | None, int], ...]
    seats: int
    extra_seat_cents: int | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """What a term would cost. `dues_cents` is what its days are worth; what is to be paid is that less the credit."""

    days: Days
    seats: int
    base_cents: int
    extra_seats: int = 0
    extra_cents: int = 0
    credit_cents: int = 0

    @property
    def dues_cents(self) -> int:
        return self.base_cents + self.extra_cents

    @property
    def total_cents(self) -> int:
        return self.dues_cents - self.credit_cents


def last_day_of(starts_on: date, months: int = MONTHS_OF_A_TERM) -> date:
    """The last day, inclusive, of a stretch of so many months: 1 July and 12 months give 30 June.

    Where the month it would end in is too short, it ends with that month.
    """
    years, month = divmod(starts_on.month - 1 + months, 12)
    year, month = starts_on.year + years, month + 1
    days = calendar.monthrange(year, month)[1]
    if starts_on.day > days:
        return date(year, month, days)
    return date(year, month, starts_on.day) - _DAY


def year_around(day: date, *, is_fixed: bool) -> Days:
    """The whole year of dues: July to June around the day, or twelve months from it."""
    if not is_fixed:
        return Days(day, last_day_of(day))
    first = date(day.year if day.month >= _JULY else day.year - 1, _JULY, 1)
    return Days(first, last_day_of(first))


def next_term(*, is_fixed: bool, today: date, covered_to: date | None = None, grace_days: int = 0) -> Days:
    """The days of a term that is bought today, when the terms so far reach to `covered_to`."""
    goes_on = covered_to is not None and today <= covered_to + timedelta(days=grace_days)
    first = covered_to + _DAY if covered_to is not None and goes_on else today
    return Days(first, year_around(first, is_fixed=is_fixed).last)


def worth(cents: int, part: Days, whole: Days) -> int:
    """What some days are worth of a stretch that costs so many cents. Raises ValueError where they are not in it."""
    if not whole.holds(part):
        raise ValueError(f"{part} is not within {whole}")
    morning = (part.first - whole.first).days
    evening = morning + part.count
    return cents * evening // whole.count - cents * morning // whole.count


def band_dues(bands: Iterable[tuple[int | None, int]], size: int | None, *, band_by: str = "") -> int:
    """The dues of a whole year for a size. Raises `SizeMissing`, `NoBand`."""
    bands = list(bands)
    if [up_to for up_to, _ in bands] == [None]:
        return bands[0][1]
    if size is None:
        counted = {"enrollment": "how many students are enrolled", "staff": "how many people it employs"}
        raise SizeMissing(f"The dues go by {counted.get(band_by, 'size')}. Record that first.")
    fitting = [(up_to, cents) for up_to, cents in bands if up_to is None or size <= up_to]
    if not fitting:
        raise NoBand(f"This plan has no dues for a size of {size:,}. Agree on the dues and record the term by hand.")
    return min(fitting, key=lambda band: (band[0] is None, band[0] or 0))[1]


def quote(prices: Prices, days: Days, *, size: int | None, seats: int | None = None, credit_cents: int = 0) -> Quote:
    """The price of a term of these days with so many seats in all (empty: those included).

    Raises `SizeMissing`, `NoBand`, `NoMoreSeats`. The credit counts up to the dues, never beyond.
    """
    year = year_around(days.first, is_fixed=prices.is_fixed)
    seats = prices.seats if seats is None else max(seats, prices.seats)
    extra = seats - prices.seats
    base = worth(band_dues(prices.bands, size, band_by=prices.band_by), days, year)
    extra_cents = seats_cents(prices, extra, days, year)
    return Quote(days, seats, base, extra, extra_cents, min(credit_cents, base + extra_cents))


def seats_cents(prices: Prices, count: int, days: Days, year: Days) -> int:
    """The price of so many more seats for some days of a year. Raises `NoMoreSeats`."""
    if not count:
        return 0
    if prices.extra_seat_cents is None:
        raise NoMoreSeats
    return count * worth(prices.extra_seat_cents, days, year)


def in_dollars(cents: int) -> str:
    """$1,250.00: always to the cent, for staff, who hold it against a check. Pages use the `dollars` filter."""
    return f"${cents / 100:,.2f}"


def unused_cents(paid: Sequence[tuple[int, Days]], from_day: date) -> int:
    """What the days from this one on are worth of terms that were paid: pairs of their dues and their days."""
    return sum(
        worth(cents, Days(max(from_day, days.first), days.last), days) for cents, days in paid if days.last >= from_day
    )

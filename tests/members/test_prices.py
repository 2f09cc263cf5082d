"""The money rule: its examples, and that the days of a year add up to its dues whatever way they are cut."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from members.prices import (
    Days,
    NoBand,
    NoMoreSeats,
    Prices,
    SizeMissing,
    band_dues,
    last_day_of,
    next_term,
    quote,
    seats_cents,
    unused_cents,
    worth,
    year_around,
)

DAY = timedelta(days=1)
BANDS = ((1_000, 65_000), (5_000, 95_000), (None, 200_000))
ROLLING = Prices(is_fixed=False, band_by="enrollment", bands=BANDS, seats=10, extra_seat_cents=7_500)
FIXED = Prices(is_fixed=True, band_by="", bands=((None, 99_999),), seats=5, extra_seat_cents=3_333)

days = st.dates(date(1999, 1, 1), date(2090, 12, 31))
cents = st.integers(0, 10_000_000)
fixed = st.booleans()


# --- years ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("day", "is_fixed", "first", "last"),
    [
        ("2026-06-30", True, "2025-07-01", "2026-06-30"),
        ("2026-07-01", True, "2026-07-01", "2027-06-30"),
        ("2028-02-29", True, "2027-07-01", "2028-06-30"),
        ("2026-11-21", False, "2026-11-21", "2027-11-20"),
        ("2028-02-29", False, "2028-02-29", "2029-02-28"),
    ],
)
def test_a_year_of_dues_is_july_to_june_or_twelve_months_from_the_day(
    day: str, is_fixed: bool, first: str, last: str
) -> None:
    found = year_around(date.fromisoformat(day), is_fixed=is_fixed)
    assert found == Days(date.fromisoformat(first), date.fromisoformat(last))


@given(day=days)
def test_every_day_has_one_fixed_year_and_it_is_the_same_for_all_its_days(day: date) -> None:
    year = year_around(day, is_fixed=True)
    assert year.holds(Days(day, day))
    assert year_around(year.first, is_fixed=True) == year_around(year.last, is_fixed=True) == year
    assert year.count in (365, 366)


def test_days_that_end_before_they_begin_are_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="is after"):
        Days(date(2026, 7, 2), date(2026, 7, 1))


# --- where a term begins ----------------------------------------------------------------------------------------
@given(today=days, ahead=st.integers(-400, 800), grace=st.integers(0, 90), is_fixed=fixed)
def test_a_term_begins_the_day_after_the_last_one_until_grace_is_over_and_then_today(
    today: date, ahead: int, grace: int, is_fixed: bool
) -> None:
    covered_to = today + ahead * DAY
    found = next_term(is_fixed=is_fixed, today=today, covered_to=covered_to, grace_days=grace)
    assert found.first == (covered_to + DAY if -ahead <= grace else today)
    assert found.last == year_around(found.first, is_fixed=is_fixed).last


@given(today=days, is_fixed=fixed)
def test_a_first_term_begins_today(today: date, is_fixed: bool) -> None:
    assert next_term(is_fixed=is_fixed, today=today).first == today


# --- proration --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("is_fixed", [True, False])
@pytest.mark.parametrize("leap", [True, False])
@pytest.mark.parametrize("dues", [0, 1, 9_500, 36_500, 95_000, 99_999, 1_234_567])
def test_every_start_day_of_a_year_pays_for_its_days_and_what_is_before_it_is_the_rest(
    is_fixed: bool, leap: bool, dues: int
) -> None:
    year = year_around(date(2027 if leap else 2026, 7, 1), is_fixed=is_fixed)
    assert year.count == (366 if leap else 365)
    for used in range(1, year.count):
        joined = year.first + used * DAY
        after, before = worth(dues, Days(joined, year.last), year), worth(dues, Days(year.first, joined - DAY), year)
        assert after + before == dues
        assert abs(after - dues * (year.count - used) / year.count) < 1


@pytest.mark.parametrize("is_fixed", [True, False])
@given(day=days, dues=cents)
def test_the_days_of_a_year_taken_one_by_one_add_up_to_its_dues(is_fixed: bool, day: date, dues: int) -> None:
    year = year_around(day, is_fixed=is_fixed)
    single = [worth(dues, Days(one, one), year) for one in (year.first + n * DAY for n in range(year.count))]
    assert sum(single) == dues
    assert max(single) - min(single) <= 1


@given(day=days, dues=cents, is_fixed=fixed, cuts=st.sets(st.integers(1, 364), max_size=20))
def test_a_year_cut_into_any_parts_adds_up_to_its_dues(day: date, dues: int, is_fixed: bool, cuts: set[int]) -> None:
    year = year_around(day, is_fixed=is_fixed)
    edges = [0, *sorted(cuts), year.count]
    parts = [Days(year.first + a * DAY, year.first + (b - 1) * DAY) for a, b in pairwise(edges)]
    assert sum(worth(dues, part, year) for part in parts) == dues
    assert sum(part.count for part in parts) == year.count


@given(day=days, dues=cents, first=st.integers(0, 364), length=st.integers(0, 364))
def test_more_days_are_never_worth_less(day: date, dues: int, first: int, length: int) -> None:
    year = year_around(day, is_fixed=False)
    part = Days(year.first + first * DAY, min(year.last, year.first + (first + length) * DAY))
    assert 0 <= worth(dues, part, year) <= dues
    if part.count > 1:
        assert worth(dues, Days(part.first, part.last - DAY), year) <= worth(dues, part, year)


def test_days_outside_the_year_have_no_worth_in_it() -> None:
    year = year_around(date(2026, 7, 1), is_fixed=True)
    with pytest.raises(ValueError, match="not within"):
        worth(100, Days(year.last, year.last + DAY), year)


# --- bands ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("size", "dues"),
    [(0, 65_000), (1_000, 65_000), (1_001, 95_000), (5_000, 95_000), (5_001, 200_000), (10**9, 200_000)],
)
def test_the_smallest_band_that_a_size_fits_in_is_its_band(size: int, dues: int) -> None:
    assert band_dues(BANDS, size) == dues


def test_a_plan_with_one_price_asks_for_no_size() -> None:
    assert band_dues(((None, 500),), None) == 500


def test_a_size_that_is_missing_or_beyond_all_bands_is_said_in_words() -> None:
    with pytest.raises(SizeMissing, match="how many people it employs"):
        band_dues(BANDS, None, band_by="staff")
    with pytest.raises(NoBand, match="a size of 6,000"):
        band_dues(BANDS[:2], 6_000)
    with pytest.raises(SizeMissing):
        band_dues(((500, 1),), None)


@given(
    bands=st.dictionaries(st.one_of(st.none(), st.integers(0, 99_999)), cents, min_size=1),
    size=st.integers(0, 120_000),
    chance=st.randoms(use_true_random=False),
)
def test_the_order_in_which_bands_are_listed_makes_no_difference(
    bands: dict[int | None, int], size: int, chance: object
) -> None:
    listed = list(bands.items())
    fitting = sorted((up_to, dues) for up_to, dues in listed if up_to is not None and size <= up_to)
    chance.shuffle(listed)  # type: ignore[attr-defined]
    if fitting:
        assert band_dues(listed, size) == fitting[0][1]
    elif None in bands:
        assert band_dues(listed, size) == bands[None]
    else:
        with pytest.raises(NoBand):
            band_dues(listed, size)


# --- quotes -----------------------------------------------------------------------------------------------------
def test_a_quote_has_the_dues_of_the_band_and_each_seat_beyond_those_included() -> None:
    found = quote(ROLLING, year_around(date(2026, 7, 1), is_fixed=False), size=4_000, seats=12)
    assert (found.base_cents, found.extra_seats, found.extra_cents) == (95_000, 2, 15_000)
    assert (found.dues_cents, found.total_cents, found.seats) == (110_000, 110_000, 12)


def test_nobody_gets_fewer_seats_than_are_included() -> None:
    assert quote(ROLLING, year_around(date(2026, 7, 1), is_fixed=False), size=1, seats=2).seats == 10


def test_more_seats_cannot_be_had_where_they_have_no_price() -> None:
    alone = Prices(is_fixed=False, band_by="", bands=((None, 9_500),), seats=1)
    with pytest.raises(NoMoreSeats):
        quote(alone, year_around(date(2026, 7, 1), is_fixed=False), size=None, seats=2)


@given(day=days, seats=st.integers(0, 40), credit=cents)
def test_what_is_to_be_paid_is_the_dues_less_the_credit_and_never_below_nothing(
    day: date, seats: int, credit: int
) -> None:
    found = quote(FIXED, next_term(is_fixed=True, today=day), size=None, seats=seats, credit_cents=credit)
    assert found.total_cents + found.credit_cents == found.dues_cents
    assert 0 <= found.credit_cents <= found.dues_cents
    assert found.base_cents + found.extra_cents == found.dues_cents


@given(day=days, count=st.integers(0, 30), joined=st.integers(0, 364))
def test_seats_added_later_and_their_missing_days_make_a_whole_year_of_each(day: date, count: int, joined: int) -> None:
    year = year_around(day, is_fixed=False)
    first = min(year.first + joined * DAY, year.last)
    late = seats_cents(ROLLING, count, Days(first, year.last), year)
    missed = seats_cents(ROLLING, count, Days(year.first, first - DAY), year) if first > year.first else 0
    assert late + missed == count * 7_500


# --- credit -----------------------------------------------------------------------------------------------------
@given(
    day=days, paid=st.lists(st.tuples(cents, st.integers(0, 500)), min_size=1, max_size=4), used=st.integers(0, 1_200)
)
def test_what_is_used_and_what_is_unused_are_what_was_paid(day: date, paid: list[tuple[int, int]], used: int) -> None:
    terms, first = [], day
    for dues, length in paid:
        terms.append((dues, Days(first, first + length * DAY)))
        first += (length + 1) * DAY
    on = day + used * DAY
    spent = sum(worth(dues, Days(t.first, min(t.last, on - DAY)), t) for dues, t in terms if t.first < on)
    assert spent + unused_cents(terms, on) == sum(dues for dues, _ in terms)


def test_a_year_of_twelve_months_from_the_last_of_a_leap_february_is_credited_whole_on_its_first_day() -> None:
    first = date(2028, 2, 29)
    assert unused_cents([(95_000, Days(first, last_day_of(first)))], first) == 95_000

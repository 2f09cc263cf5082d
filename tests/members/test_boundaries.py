"""The first and last second of a term, of grace, of a clock, of an embargo and of a publication, through the gate.

Days are the association's (Eastern time), so an hour's error in summer or in winter, or a day's error around midnight
in UTC, shows here. The oracle knows nothing of `cosn_site.clock`: it reckons the offset by the law of 2007, by hand.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from members.standing import Holding, TermFacts, Via
from reports.models import Report
from store.access import OpenGrant, Viewer, decide
from store.reasons import Reason

EASTERN = ZoneInfo("America/New_York")
SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)

days = st.dates(min_value=date(2008, 1, 1), max_value=date(2037, 12, 31))
lengths = st.integers(0, 730)
SPRING_FORWARD, FALL_BACK = date(2026, 3, 8), date(2026, 11, 1)


def midnight(day: date) -> datetime:
    """00:00:00 Eastern, in UTC."""
    return datetime.combine(day, time(), EASTERN).astimezone(UTC)


def last_second(day: date) -> datetime:
    """23:59:59 Eastern, in UTC."""
    return datetime.combine(day, time(23, 59, 59), EASTERN).astimezone(UTC)


def eastern_day_by_hand(now: datetime) -> date:
    """The day in Washington by the law of 2007: summer time from the second Sunday of March, 2:00, to the first of
    November, 2:00."""
    year = now.astimezone(UTC).year
    march, november = datetime(year, 3, 8, 7, tzinfo=UTC), datetime(year, 11, 1, 6, tzinfo=UTC)
    starts = march + timedelta(days=(6 - march.weekday()) % 7)
    ends = november + timedelta(days=(6 - november.weekday()) % 7)
    return (now.astimezone(UTC) - timedelta(hours=4 if starts <= now < ends else 5)).date()


def member(*terms: TermFacts, via: Via = Via.OWN) -> Viewer:
    return Viewer(person_id=1, is_verified=True, holdings=(Holding(via=via, holder="", terms=terms),))


def report(**times: datetime) -> Report:
    return Report(**{"access": Report.Access.MEMBERS, "published_at": datetime(2000, 1, 1, tzinfo=UTC), **times})


def reason(viewer: Viewer, now: datetime, of: Report | None = None) -> Reason:
    return decide(viewer, of or report(), now).reason


@pytest.mark.parametrize("day", [SPRING_FORWARD, FALL_BACK, date(2026, 7, 4), date(2027, 1, 1), date(2028, 2, 29)])
def test_the_oracle_agrees_with_the_time_zone_database(day: date) -> None:
    assert eastern_day_by_hand(midnight(day)) == day == eastern_day_by_hand(last_second(day))
    assert eastern_day_by_hand(midnight(day) - SECOND) == day - timedelta(days=1)


# --- a term -----------------------------------------------------------------------------------------------------
@given(days, lengths, st.integers(0, 400))
@example(SPRING_FORWARD, 0, 0)
@example(FALL_BACK, 0, 0)
@example(date(2025, 11, 2), 126, 30)  # from one change of the clocks to the other
def test_a_term_opens_with_the_first_second_of_its_first_day(starts_on: date, length: int, grace: int) -> None:
    viewer = member(TermFacts(starts_on, starts_on + timedelta(days=length), grace_days=grace))
    assert reason(viewer, midnight(starts_on) - MICROSECOND) is Reason.NOT_A_MEMBER
    assert reason(viewer, midnight(starts_on) - SECOND) is Reason.NOT_A_MEMBER
    assert reason(viewer, midnight(starts_on)) is Reason.MEMBER


@given(days, lengths, st.integers(1, 400))
@example(SPRING_FORWARD, 365, 30)
@example(FALL_BACK, 365, 30)
@example(SPRING_FORWARD - timedelta(days=1), 365, 1)
@example(FALL_BACK - timedelta(days=1), 365, 1)
def test_a_term_ends_with_the_last_second_of_its_last_day_and_grace_follows_at_once(
    ends_on: date, length: int, grace: int
) -> None:
    viewer = member(TermFacts(ends_on - timedelta(days=length), ends_on, grace_days=grace))
    assert reason(viewer, last_second(ends_on)) is Reason.MEMBER
    assert reason(viewer, midnight(ends_on + timedelta(days=1)) - MICROSECOND) is Reason.MEMBER
    assert reason(viewer, last_second(ends_on) + SECOND) is Reason.GRACE


@given(days, lengths, st.integers(0, 400))
@example(SPRING_FORWARD - timedelta(days=30), 365, 30)
@example(FALL_BACK - timedelta(days=30), 365, 30)
@example(FALL_BACK, 365, 0)
def test_grace_ends_with_the_last_second_of_its_last_day(ends_on: date, length: int, grace: int) -> None:
    viewer = member(TermFacts(ends_on - timedelta(days=length), ends_on, grace_days=grace))
    last = ends_on + timedelta(days=grace)
    assert reason(viewer, last_second(last)) is (Reason.GRACE if grace else Reason.MEMBER)
    assert reason(viewer, last_second(last) + SECOND) is Reason.LAPSED


@given(days, lengths, st.integers(0, 730), st.integers(0, 60))
@example(SPRING_FORWARD, 365, 0, 30)
@example(FALL_BACK, 365, 0, 30)
def test_a_provisional_clock_stops_with_the_last_second_of_its_last_day(
    starts_on: date, length: int, clock: int, grace: int
) -> None:
    ends_on, until = starts_on + timedelta(days=length), starts_on + timedelta(days=clock)
    viewer = member(TermFacts(starts_on, ends_on, grace_days=grace, provisional_until=until))
    last = min(until, ends_on)
    assert reason(viewer, midnight(starts_on) - SECOND) is Reason.NOT_A_MEMBER
    assert reason(viewer, midnight(starts_on)) is Reason.PROVISIONAL
    assert reason(viewer, last_second(last)) is Reason.PROVISIONAL
    assert reason(viewer, last_second(last) + SECOND) is Reason.LAPSED


@given(days, lengths, st.integers(0, 60), st.integers(-400 * 86_400, 800 * 86_400), st.sampled_from(list(Via)))
def test_at_any_second_the_gate_goes_by_the_day_in_washington(
    starts_on: date, length: int, grace: int, offset: int, via: Via
) -> None:
    term = TermFacts(starts_on, starts_on + timedelta(days=length), grace_days=grace)
    now = datetime.combine(starts_on, time(), UTC) + timedelta(seconds=offset)
    today = eastern_day_by_hand(now)
    opens = term.starts_on <= today <= term.ends_on + timedelta(days=grace)
    decision = decide(member(term, via=via), report(), now)
    assert decision.allowed is (opens and via is not Via.WORKS_THERE)
    assert (decision.reason is Reason.NO_SEAT) is (opens and via is Via.WORKS_THERE)


@given(days, st.sampled_from(["Pacific/Kiritimati", "Pacific/Honolulu", "Europe/London", "UTC"]))
def test_the_zone_in_which_the_instant_is_written_makes_no_difference(day: date, zone: str) -> None:
    viewer = member(TermFacts(day, day))
    assert reason(viewer, last_second(day).astimezone(ZoneInfo(zone))) is Reason.MEMBER
    assert reason(viewer, (last_second(day) + SECOND).astimezone(ZoneInfo(zone))) is Reason.LAPSED


def test_both_hours_between_one_and_two_of_the_long_day_are_inside_the_term() -> None:
    viewer = member(TermFacts(FALL_BACK, FALL_BACK))
    for fold in (0, 1):
        assert reason(viewer, datetime(2026, 11, 1, 1, 30, fold=fold, tzinfo=EASTERN)) is Reason.MEMBER


def test_an_instant_without_a_zone_is_refused_not_guessed() -> None:
    with pytest.raises((ValueError, TypeError)):
        reason(member(TermFacts(SPRING_FORWARD, SPRING_FORWARD)), datetime(2026, 3, 8))  # noqa: DTZ001


# --- times to the second ------------------------------------------------------------------------------------------
instants = st.datetimes(datetime(2008, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
ALWAYS = member(TermFacts(date(2000, 1, 1), date(2040, 1, 1)))


@given(instants)
def test_an_embargo_lifts_at_its_second_and_not_before(until: datetime) -> None:
    of = report(embargo_until=until)
    assert reason(ALWAYS, until - MICROSECOND, of) is Reason.EMBARGOED
    assert reason(ALWAYS, until - SECOND, of) is Reason.EMBARGOED
    assert reason(ALWAYS, until, of) is Reason.MEMBER


@given(instants)
def test_a_scheduled_report_comes_out_at_its_second_and_does_not_exist_before(at: datetime) -> None:
    of = report(published_at=at)
    assert reason(ALWAYS, at - MICROSECOND, of) is Reason.NOT_PUBLISHED
    assert reason(ALWAYS, at, of) is Reason.MEMBER


@given(instants, st.integers(0, 10_000_000), st.integers(-10_000_000, 20_000_000))
def test_a_scheduled_report_under_embargo_goes_through_both_in_order(at: datetime, wait: int, offset: int) -> None:
    until, now = at + timedelta(seconds=wait), at + timedelta(seconds=offset)
    expected = Reason.NOT_PUBLISHED if now < at else Reason.EMBARGOED if now < until else Reason.MEMBER
    assert reason(ALWAYS, now, report(published_at=at, embargo_until=until)) is expected


@given(instants)
def test_a_grant_opens_from_its_first_second_to_the_one_at_which_it_ends(ends_at: datetime) -> None:
    of = report()
    of.pk = 7
    opened_at = ends_at - timedelta(hours=1)
    viewer = Viewer(person_id=1, is_verified=True, grants=(OpenGrant(1, 7, "complimentary", opened_at, ends_at),))
    assert reason(viewer, opened_at - MICROSECOND, of) is Reason.NOT_A_MEMBER
    assert reason(viewer, opened_at, of) is Reason.COMPLIMENTARY
    assert reason(viewer, ends_at - MICROSECOND, of) is Reason.COMPLIMENTARY
    assert reason(viewer, ends_at, of) is Reason.NOT_A_MEMBER

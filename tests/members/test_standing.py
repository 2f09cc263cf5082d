"""The membership-status rule: its examples, and the laws that hold for any terms and any day."""

from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from members.standing import Holding, Status, TermFacts, Via, person_standing, standing, standing_of_term

BEST_FIRST = [Status.ACTIVE, Status.PROVISIONAL, Status.GRACE, Status.UPCOMING, Status.LAPSED, Status.NONE]
STARTS, ENDS = date(2025, 7, 1), date(2026, 6, 30)
PAID = TermFacts(STARTS, ENDS, grace_days=30)
PROMISED = TermFacts(STARTS, ENDS, grace_days=30, provisional_until=date(2025, 8, 9))


def rank(status: Status) -> int:
    return BEST_FIRST.index(status)


def day(text: str) -> date:
    return date.fromisoformat(text)


# --- examples ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("on", "status", "until"),
    [
        ("2025-06-30", Status.UPCOMING, "2025-07-01"),
        ("2025-07-01", Status.ACTIVE, "2026-06-30"),
        ("2026-06-30", Status.ACTIVE, "2026-06-30"),
        ("2026-07-01", Status.GRACE, "2026-07-30"),
        ("2026-07-30", Status.GRACE, "2026-07-30"),
        ("2026-07-31", Status.LAPSED, "2026-07-30"),
        ("2036-07-31", Status.LAPSED, "2026-07-30"),
    ],
)
def test_a_paid_term_is_active_then_in_grace_then_lapsed(on: str, status: Status, until: str) -> None:
    found = standing([PAID], day(on))
    assert (found.status, found.until, found.term, found.day) == (status, day(until), PAID, day(on))


@pytest.mark.parametrize(
    ("on", "status"),
    [
        ("2025-06-30", Status.UPCOMING),
        ("2025-07-01", Status.PROVISIONAL),
        ("2025-08-09", Status.PROVISIONAL),
        ("2025-08-10", Status.LAPSED),
        ("2026-06-30", Status.LAPSED),
        ("2026-07-15", Status.LAPSED),
    ],
)
def test_an_unpaid_term_gives_access_until_its_clock_runs_out_and_earns_no_grace(on: str, status: Status) -> None:
    assert standing([PROMISED], day(on)).status is status


def test_a_clock_that_outlives_its_term_stops_with_the_term() -> None:
    term = TermFacts(STARTS, ENDS, grace_days=30, provisional_until=ENDS + timedelta(days=20))
    assert standing([term], ENDS).status is Status.PROVISIONAL
    assert standing([term], ENDS + timedelta(days=1)).status is Status.LAPSED


def test_a_clock_that_ran_out_before_the_term_began_gives_nothing() -> None:
    term = TermFacts(STARTS, ENDS, provisional_until=STARTS - timedelta(days=1))
    assert standing([term], STARTS).status is Status.LAPSED


def test_no_terms_are_no_standing() -> None:
    assert standing([], STARTS).status is Status.NONE


def test_a_term_of_no_grace_lapses_on_the_day_after_its_last() -> None:
    term = TermFacts(STARTS, ENDS, grace_days=0)
    assert standing([term], ENDS).status is Status.ACTIVE
    assert standing([term], ENDS + timedelta(days=1)).status is Status.LAPSED


def test_a_term_of_one_day_is_active_on_that_day() -> None:
    assert standing([TermFacts(STARTS, STARTS)], STARTS).status is Status.ACTIVE


def test_grace_of_the_old_term_lasts_although_a_new_one_is_bought_for_later() -> None:
    later = TermFacts(ENDS + timedelta(days=60), ENDS + timedelta(days=400))
    assert standing([PAID, later], ENDS + timedelta(days=10)).status is Status.GRACE
    assert standing([PAID, later], ENDS + timedelta(days=40)).status is Status.UPCOMING


def test_an_unpaid_renewal_is_better_than_the_grace_of_the_old_term() -> None:
    renewal = TermFacts(
        ENDS + timedelta(days=1), ENDS + timedelta(days=365), provisional_until=ENDS + timedelta(days=40)
    )
    assert standing([PAID, renewal], ENDS + timedelta(days=10)).status is Status.PROVISIONAL


def test_an_unpaid_renewal_whose_clock_ran_out_leaves_the_grace_of_the_paid_term() -> None:
    renewal = TermFacts(
        ENDS + timedelta(days=1), ENDS + timedelta(days=365), provisional_until=ENDS + timedelta(days=5)
    )
    assert standing([PAID, renewal], ENDS + timedelta(days=10)).status is Status.GRACE


def test_only_three_statuses_give_access() -> None:
    assert {status for status in Status if status.gives_access} == {Status.ACTIVE, Status.PROVISIONAL, Status.GRACE}


def test_the_order_of_the_statuses_is_the_order_of_the_rule() -> None:
    assert list(Status) == BEST_FIRST


# --- laws -------------------------------------------------------------------------------------------------------
days = st.dates(min_value=date(1995, 1, 1), max_value=date(2090, 12, 31))


@st.composite
def terms(draw: st.DrawFn, *, paid: bool | None = None) -> TermFacts:
    starts_on = draw(days)
    ends_on = starts_on + timedelta(days=draw(st.integers(0, 800)))
    clock = None
    if paid is False or (paid is None and draw(st.booleans())):
        clock = starts_on + timedelta(days=draw(st.integers(-30, 900)))
    return TermFacts(starts_on, ends_on, grace_days=draw(st.integers(0, 400)), provisional_until=clock)


@st.composite
def days_near(draw: st.DrawFn, term: TermFacts) -> date:
    edges = [term.starts_on, term.ends_on, term.ends_on + timedelta(days=term.grace_days)]
    edges += [term.provisional_until] if term.provisional_until else []
    return draw(st.sampled_from(edges)) + timedelta(days=draw(st.integers(-2, 2)))


@given(st.lists(terms(), max_size=6), days)
def test_a_membership_stands_as_well_as_the_best_of_its_terms(those: list[TermFacts], on: date) -> None:
    found = standing(those, on)
    single = [standing_of_term(term, on).status for term in those]
    assert found.status is min(single, key=rank, default=Status.NONE)
    assert found.term is None if not those else found.term in those


@given(st.lists(terms(), max_size=5), terms(), days)
def test_one_more_term_never_makes_a_standing_worse(those: list[TermFacts], more: TermFacts, on: date) -> None:
    assert rank(standing([*those, more], on).status) <= rank(standing(those, on).status)


@given(st.lists(terms(), max_size=5), st.randoms(use_true_random=False), days)
def test_the_order_in_which_terms_are_read_makes_no_difference(
    those: list[TermFacts], chance: object, on: date
) -> None:
    mixed = list(those)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    before, after = standing(those, on), standing(mixed, on)
    assert (before.status, before.until) == (after.status, after.until)


@given(st.data(), terms(paid=True))
def test_a_paid_term_has_no_gap_and_no_overlap_between_its_statuses(data: st.DataObject, term: TermFacts) -> None:
    on = data.draw(st.one_of(days, days_near(term)))
    last_of_grace = term.ends_on + timedelta(days=term.grace_days)
    expected = [
        (on < term.starts_on, Status.UPCOMING),
        (term.starts_on <= on <= term.ends_on, Status.ACTIVE),
        (term.ends_on < on <= last_of_grace, Status.GRACE),
        (on > last_of_grace, Status.LAPSED),
    ]
    assert [status for holds, status in expected if holds] == [standing([term], on).status]


@given(st.data(), terms(paid=True))
def test_a_paid_term_only_goes_from_good_to_worse(data: st.DataObject, term: TermFacts) -> None:
    first = data.draw(st.one_of(days, days_near(term)))
    second = data.draw(st.one_of(days, days_near(term)))
    first, second = min(first, second), max(first, second)
    assume(first >= term.starts_on)
    assert rank(standing([term], first).status) <= rank(standing([term], second).status)


@given(st.data(), terms(paid=False))
def test_an_unpaid_term_is_never_active_and_never_in_grace(data: st.DataObject, term: TermFacts) -> None:
    on = data.draw(st.one_of(days, days_near(term)))
    found = standing([term], on).status
    assert found in {Status.UPCOMING, Status.PROVISIONAL, Status.LAPSED}
    assert term.provisional_until is not None
    in_time = term.starts_on <= on <= min(term.provisional_until, term.ends_on)
    assert (found is Status.PROVISIONAL) is in_time


@given(st.data(), terms(paid=False))
def test_payment_never_makes_a_standing_worse(data: st.DataObject, term: TermFacts) -> None:
    on = data.draw(st.one_of(days, days_near(term)))
    paid = TermFacts(term.starts_on, term.ends_on, term.grace_days)
    assert rank(standing([paid], on).status) <= rank(standing([term], on).status)


@given(st.data(), st.lists(terms(), min_size=1, max_size=4))
def test_until_is_the_last_day_on_which_that_term_gives_that_status(
    data: st.DataObject, those: list[TermFacts]
) -> None:
    on = data.draw(days_near(data.draw(st.sampled_from(those))))
    found = standing(those, on)
    assert found.term is not None
    assert found.until is not None
    after = standing_of_term(found.term, found.until + timedelta(days=1)).status
    if found.status.gives_access:
        assert on <= found.until
        assert standing_of_term(found.term, found.until).status is found.status
        assert after is not found.status
    elif found.status is Status.UPCOMING:
        assert on < found.until == found.term.starts_on
    else:
        assert found.until < on
        assert not after.gives_access


# --- a person ---------------------------------------------------------------------------------------------------
def holding(*those: TermFacts, via: Via = Via.SEAT, holder: str = "Maple Valley") -> Holding:
    return Holding(via=via, holder="" if via is Via.OWN else holder, terms=those)


ON = date(2026, 1, 15)
ACTIVE = TermFacts(ON - timedelta(days=9), ON + timedelta(days=9))
IN_GRACE = TermFacts(ON - timedelta(days=99), ON - timedelta(days=9), grace_days=30)
AHEAD = TermFacts(ON + timedelta(days=9), ON + timedelta(days=99))
GONE = TermFacts(ON - timedelta(days=99), ON - timedelta(days=9))


def test_a_person_stands_by_the_better_of_own_membership_and_seat() -> None:
    own, seat = holding(GONE, via=Via.OWN), holding(ACTIVE)
    for holdings in ([own, seat], [seat, own]):
        found = person_standing(holdings, ON)
        assert found.standing.status is Status.ACTIVE
        assert found.holding is seat


def test_working_at_a_member_without_a_seat_gives_nothing_but_is_remembered() -> None:
    works_there = holding(ACTIVE, via=Via.WORKS_THERE)
    found = person_standing([works_there], ON)
    assert found.standing.status is Status.NONE
    assert found.holding is None
    assert found.unseated is works_there


@pytest.mark.parametrize("term", [AHEAD, GONE])
def test_working_at_an_organization_that_is_no_member_today_is_not_a_lack_of_a_seat(term: TermFacts) -> None:
    assert person_standing([holding(term, via=Via.WORKS_THERE)], ON).unseated is None


def test_a_person_connected_to_nothing_has_no_standing() -> None:
    found = person_standing([], ON)
    assert (found.standing.status, found.holding, found.unseated) == (Status.NONE, None, None)


def test_a_membership_without_terms_is_no_standing() -> None:
    assert person_standing([holding(via=Via.OWN)], ON).standing.status is Status.NONE


holdings = st.builds(
    lambda via, those: holding(*those, via=via), st.sampled_from(list(Via)), st.lists(terms(), max_size=3)
)


@given(st.lists(holdings, max_size=5), days)
def test_a_person_stands_as_well_as_the_best_they_sit_in_or_own(those: list[Holding], on: date) -> None:
    counted = [standing(one.terms, on).status for one in those if one.via is not Via.WORKS_THERE]
    found = person_standing(those, on)
    assert found.standing.status is min(counted, key=rank, default=Status.NONE)
    if found.standing.status is not Status.NONE:
        assert found.holding in those
        assert standing(found.holding.terms, on) == found.standing


@given(st.lists(holdings, max_size=4), holdings, days)
def test_one_more_connection_never_makes_a_person_stand_worse(those: list[Holding], more: Holding, on: date) -> None:
    before, after = person_standing(those, on), person_standing([*those, more], on)
    assert rank(after.standing.status) <= rank(before.standing.status)


@given(st.lists(holdings, max_size=5), days)
def test_no_seat_is_only_said_of_a_membership_that_gives_access_today(those: list[Holding], on: date) -> None:
    unseated = person_standing(those, on).unseated
    open_ones = [one for one in those if one.via is Via.WORKS_THERE and standing(one.terms, on).status.gives_access]
    assert (unseated in open_ones) if open_ones else (unseated is None)

"""Join, renew, upgrade, more seats, free days, and the end: the verbs, and the laws of any history they make."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import date, timedelta
from itertools import pairwise

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from pghistory.models import Events

from cosn_site.verbs import ReasonMissing
from members import dues, quotes, terms
from members.models import Membership, Plan, Term, User
from members.price_lists import NoPrices
from members.prices import Days, NoMoreSeats, SizeMissing, last_day_of, worth
from members.seats import membership_standing
from members.standing import Status, TermFacts, standing
from tests import people
from tests.members import selling
from tests.members.selling import noon

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 21)
DAY = timedelta(days=1)
LIVES = 300 if os.environ.get("FULL") else 40  # random histories that each law is tried on


def joined(on: date = TODAY, *, enrollment: int = 4_000, **more: object) -> Membership:
    organization = selling.district(enrollment=enrollment)
    term = dues.join(plan=selling.plan(), organization=organization, by=None, now=noon(on), **more)  # type: ignore[arg-type]
    return term.membership


def renewed(membership: Membership, on: date = TODAY, **more: object) -> Term:
    return dues.renew(membership=membership, by=None, now=noon(on), **more)  # type: ignore[arg-type]


def upgraded(membership: Membership, on: date, **more: object) -> Term:
    return dues.upgrade(membership=membership, by=None, now=noon(on), **more)  # type: ignore[arg-type]


def more_seats(membership: Membership, count: int, on: date = TODAY, **more: object) -> None:
    dues.add_seats(membership=membership, count=count, by=None, now=noon(on), **more)  # type: ignore[arg-type]


def extended(membership: Membership, days: int, on: date = TODAY, reason: str = "The site was down") -> Term:
    return dues.extend(membership=membership, days=days, reason=reason, by=None, now=noon(on))


def complimentary(membership: Membership, on: date = TODAY, **more: object) -> Term:
    more.setdefault("reason", "Speaks at the forum")
    return dues.give_complimentary_term(membership=membership, by=None, now=noon(on), **more)  # type: ignore[arg-type]


def voided(term: Term, on: date = TODAY) -> None:
    terms.void_term(term=term, reason="A mistake.", by=None, now=noon(on))


def grown(membership: Membership, enrollment: int) -> None:
    assert membership.organization is not None
    membership.organization.enrollment = enrollment
    membership.organization.save()


def counting(membership: Membership) -> list[Term]:
    return list(Term.objects.filter(membership=membership, voided_at=None))


# --- join -------------------------------------------------------------------------------------------------------
def test_joining_makes_the_membership_and_its_first_term_by_the_band_of_its_size() -> None:
    membership = joined()
    term = membership.terms.get()
    assert (term.starts_on, term.ends_on) == (TODAY, date(2027, 11, 20))
    assert (term.kind, term.size, term.dues_cents, term.seats) == (Term.Kind.PAID, 4_000, 95_000, 10)


def test_joining_a_fixed_plan_costs_the_days_to_the_end_of_june() -> None:
    plan = selling.plan("agency", bands=((None, 36_500),), fixed=True)
    term = dues.join(plan=plan, organization=selling.district(), by=None, now=noon(date(2027, 6, 1)))
    assert (term.ends_on, term.dues_cents) == (date(2027, 6, 30), 3_000)


def test_a_person_joins_on_a_plan_for_people() -> None:
    term = dues.join(plan=people.individual_plan(), person=people.visitor(), by=None, now=noon(TODAY))
    assert term.membership.person == people.visitor()
    assert term.dues_cents == 15_000


def test_a_plan_for_organizations_is_not_for_a_person() -> None:
    with pytest.raises(quotes.WrongHolder, match="for organizations"):
        dues.join(plan=selling.plan(), person=people.visitor(), by=None, now=noon(TODAY))
    assert not Membership.objects.exists()


def test_who_has_a_membership_renews_it_instead() -> None:
    membership = joined()
    with pytest.raises(dues.AlreadyAMember, match="Renew it"):
        dues.join(plan=membership.plan, organization=membership.organization, by=None, now=noon(TODAY))


def test_joining_without_a_size_where_dues_go_by_one_writes_nothing() -> None:
    with pytest.raises(SizeMissing, match="how many students"):
        dues.join(plan=selling.plan(), organization=selling.district(enrollment=None), by=None, now=noon(TODAY))
    assert not Membership.objects.exists()


def test_a_plan_without_prices_cannot_be_joined() -> None:
    with pytest.raises(NoPrices):
        dues.join(plan=selling.plan(), organization=selling.district(), by=None, now=noon(date(1999, 1, 1)))


def test_an_accepted_purchase_order_opens_the_first_term_until_its_clock_runs_out() -> None:
    membership = joined(provisional_until=TODAY + 40 * DAY, reference="PO 4711")
    assert membership_standing(membership, noon(TODAY)).status is Status.PROVISIONAL


# --- renew ------------------------------------------------------------------------------------------------------
def test_an_early_renewal_begins_the_day_after_the_last_term() -> None:
    membership = joined()
    assert renewed(membership).starts_on == date(2027, 11, 21)
    assert renewed(membership).starts_on == date(2028, 11, 21)


def test_a_renewal_in_grace_begins_where_the_term_ended_and_after_grace_today() -> None:
    membership = joined()
    last_of_grace = date(2027, 11, 20) + people.GRACE_DAYS * DAY
    term = renewed(membership, last_of_grace)
    assert term.starts_on == date(2027, 11, 21)
    voided(term)
    assert renewed(membership, last_of_grace + DAY).starts_on == last_of_grace + DAY


def test_a_renewal_has_the_seats_of_the_term_that_runs_and_after_grace_those_included() -> None:
    membership = joined(seats=14)
    term = renewed(membership)
    assert (term.seats, term.dues_cents) == (14, 95_000 + 4 * 7_500)
    assert renewed(membership, date(2040, 1, 1)).seats == 10


def test_a_renewal_may_change_the_plan_and_the_membership_goes_on_with_it() -> None:
    membership = joined()
    other = selling.plan("premium", bands=((None, 300_000),))
    term = renewed(membership, plan=other)
    membership.refresh_from_db()
    assert (term.dues_cents, membership.plan) == (300_000, other)
    with pytest.raises(quotes.WrongHolder):
        renewed(membership, plan=people.individual_plan())


def test_an_unpaid_purchase_order_is_settled_before_a_renewal() -> None:
    membership = joined(provisional_until=TODAY + 40 * DAY)
    with pytest.raises(quotes.OrderUnpaid):
        renewed(membership)
    # once its whole year is over, it is no longer in the way
    assert renewed(membership, date(2028, 1, 1)).starts_on == date(2028, 1, 1)


def test_a_renewal_takes_a_cancellation_back() -> None:
    membership = joined()
    dues.cancel_at_end(membership=membership, by=None, now=noon(TODAY))
    renewed(membership)
    membership.refresh_from_db()
    assert membership.cancelled_at is None


def test_a_renewal_is_sold_at_the_prices_of_the_day_it_is_sold_on() -> None:
    membership = joined()
    dearer = tuple((up_to, 2 * cents) for up_to, cents in selling.BANDS)
    selling.publish(membership.plan, TODAY + 10 * DAY, bands=dearer)
    assert renewed(membership, TODAY + 9 * DAY).dues_cents == 95_000
    assert renewed(membership, TODAY + 10 * DAY).dues_cents == 190_000


def test_a_term_keeps_the_figures_it_was_sold_at_when_prices_rise() -> None:
    membership = joined()
    before = Term.objects.values().get()
    selling.publish(membership.plan, TODAY, bands=((None, 999_999),), seats=99, extra=99_999)
    assert Term.objects.values().get() == before
    more_seats(membership, 1)
    assert membership.terms.get().seat_additions.get().price_cents == 7_500


# --- upgrade ----------------------------------------------------------------------------------------------------
def test_a_dearer_band_takes_the_place_of_the_running_term_and_credits_its_unused_days() -> None:
    membership, on = joined(), TODAY + 100 * DAY
    grown(membership, 8_000)
    old, new = membership.terms.get(), upgraded(membership, on)
    old.refresh_from_db()
    assert (old.cut_on, old.replaced_by, old.voided_at) == (on - DAY, new, None)
    assert (new.starts_on, new.ends_on, new.size) == (on, last_day_of(on), 8_000)
    assert new.dues_cents == 125_000
    assert new.credit_cents == 95_000 - 95_000 * 100 // 365


def test_a_dearer_plan_takes_the_place_and_the_membership_goes_on_with_it() -> None:
    membership = joined()
    premium = selling.plan("premium", bands=((None, 300_000),), seats=20)
    new = upgraded(membership, TODAY + DAY, plan=premium)
    membership.refresh_from_db()
    assert (membership.plan, new.seats, new.credit_cents) == (premium, 20, 95_000 - 95_000 // 365)


def test_a_term_upgraded_on_its_first_day_is_void_and_credited_whole() -> None:
    membership = joined()
    grown(membership, 8_000)
    old, new = membership.terms.get(), upgraded(membership, TODAY)
    old.refresh_from_db()
    assert (old.cut_on, old.replaced_by, new.credit_cents) == (None, new, 95_000)
    assert old.void_reason == "An upgrade on 21 November 2026 took its place."


def test_a_renewal_that_is_recorded_already_is_replaced_and_credited_whole() -> None:
    membership = joined()
    later = renewed(membership)
    premium = selling.plan("premium", bands=((None, 300_000),))
    new = upgraded(membership, TODAY + 100 * DAY, plan=premium)
    later.refresh_from_db()
    assert (later.replaced_by, later.voided_at is None) == (new, False)
    assert new.credit_cents == 95_000 - 95_000 * 100 // 365 + 95_000
    assert [term.pk for term in counting(membership)][-1] == new.pk


def test_added_seats_are_credited_too() -> None:
    membership = joined()
    more_seats(membership, 2, TODAY + 65 * DAY)
    paid = membership.terms.get().seat_additions.get().price_cents
    grown(membership, 8_000)
    new = upgraded(membership, TODAY + 265 * DAY)
    assert new.seats == 12
    assert new.credit_cents == 95_000 - 95_000 * 265 // 365 + paid - paid * 200 // 300


def test_an_unpaid_purchase_order_is_not_upgraded() -> None:
    membership = joined(provisional_until=TODAY + 40 * DAY)
    grown(membership, 8_000)
    with pytest.raises(quotes.OrderUnpaid):
        upgraded(membership, TODAY)


def test_what_is_no_dearer_is_no_upgrade() -> None:
    membership = joined()
    with pytest.raises(quotes.NotDearer, match="the band that runs"):
        upgraded(membership, TODAY, seats=40)
    with pytest.raises(quotes.NotDearer, match="as much or more"):
        upgraded(membership, TODAY, plan=selling.plan("cheap", bands=((None, 50_000),), seats=12))
    grown(membership, 500)
    with pytest.raises(quotes.NotDearer):
        upgraded(membership, TODAY)


def test_prices_that_rose_make_no_upgrade_of_the_same_band() -> None:
    membership = joined()
    selling.publish(membership.plan, TODAY, bands=tuple((up_to, 3 * cents) for up_to, cents in selling.BANDS))
    with pytest.raises(quotes.NotDearer, match="the band that runs"):
        upgraded(membership, TODAY + DAY)


def test_a_credit_beyond_the_new_dues_is_not_swallowed() -> None:
    membership = joined()
    renewed(membership), renewed(membership)
    grown(membership, 8_000)
    with pytest.raises(quotes.CreditTooLarge, match="Void a later renewal"):
        upgraded(membership, TODAY + DAY)
    assert [term.cut_on for term in counting(membership)] == [None, None, None]


def test_nothing_is_upgraded_when_no_term_runs() -> None:
    membership = joined()
    grown(membership, 8_000)
    for day in (TODAY - DAY, date(2027, 11, 21)):
        with pytest.raises(quotes.NothingRuns):
            upgraded(membership, day)


def test_voiding_an_upgrade_brings_back_what_it_replaced() -> None:
    membership = joined()
    renewed(membership)
    before = list(Term.objects.order_by("pk").values())
    new = upgraded(membership, TODAY + 100 * DAY, plan=selling.plan("premium", bands=((None, 300_000),)))
    voided(new)
    assert list(Term.objects.exclude(pk=new.pk).order_by("pk").values()) == before


def test_voiding_what_changed_the_plan_goes_back_to_the_plan_of_the_term_that_is_left() -> None:
    membership, premium = joined(), selling.plan("premium", bands=((None, 300_000),))
    for sell in (lambda: upgraded(membership, TODAY + DAY, plan=premium), lambda: renewed(membership, plan=premium)):
        voided(sell())
        membership.refresh_from_db()
        assert membership.plan.slug == "district-scale"
    assert quotes.price_of_renewal(membership=membership, now=noon(TODAY)).quote.dues_cents == 95_000


def test_voiding_an_older_term_keeps_the_plan_that_a_later_one_was_sold_on() -> None:
    membership, premium = joined(), selling.plan("premium", bands=((None, 300_000),))
    renewed(membership, plan=premium)
    voided(membership.terms.earliest("starts_on"))
    membership.refresh_from_db()
    assert membership.plan == premium


def test_an_upgrade_is_not_voided_while_a_later_term_has_the_days_that_would_come_back() -> None:
    membership, on = joined(), TODAY + 100 * DAY
    renewed(membership)
    new = upgraded(membership, on, plan=selling.plan("premium", bands=((None, 300_000),)))
    since = renewed(membership, on)
    with pytest.raises(terms.CannotBringBack, match="Void that one first"):
        voided(new)
    voided(since)
    voided(new)
    assert [term.cut_on for term in counting(membership)] == [None, None]


def test_a_term_that_an_upgrade_credits_is_not_voided_under_it() -> None:
    membership = joined()
    grown(membership, 8_000)
    old, new = membership.terms.get(), upgraded(membership, TODAY + DAY)
    with pytest.raises(terms.WasReplaced, match="Void the term of the upgrade first"):
        voided(old)
    voided(new)
    voided(old)
    assert counting(membership) == []


# --- more seats -------------------------------------------------------------------------------------------------
def test_seats_are_added_from_today_to_the_end_of_the_term_for_their_share_of_the_year() -> None:
    membership, on = joined(), TODAY + 73 * DAY
    more_seats(membership, 2, on, reference="PO 5")
    term = membership.terms.get()
    added = term.seat_additions.get()
    assert (term.seats, term.dues_cents) == (12, 95_000)
    assert (added.seats, added.from_on, added.price_cents, added.reference) == (2, on, 2 * 6_000, "PO 5")


def test_seats_are_added_to_a_term_that_has_yet_to_start_for_its_whole_length() -> None:
    membership = joined()
    more_seats(membership, 1, TODAY - DAY)
    assert membership.terms.get().seat_additions.get().price_cents == 7_500


def test_seats_are_not_added_where_no_term_runs_or_none_can_be_had() -> None:
    membership = joined()
    with pytest.raises(quotes.NothingRuns):
        more_seats(membership, 1, date(2027, 11, 21))
    with pytest.raises(quotes.SeatsWrong):
        more_seats(membership, 0)
    alone = dues.join(plan=people.individual_plan(), person=people.visitor(), by=None, now=noon(TODAY)).membership
    with pytest.raises(NoMoreSeats):
        more_seats(alone, 1)


def test_what_was_agreed_counts_where_a_term_is_longer_than_its_year() -> None:
    membership = selling.membership()
    terms.record_term(
        membership=membership, starts_on=TODAY, ends_on=TODAY + 700 * DAY, dues_cents=1, by=None, now=noon(TODAY)
    )
    with pytest.raises(quotes.PriceMissing):
        more_seats(membership, 1)
    more_seats(membership, 1, agreed_cents=12_345)
    assert membership.terms.get().seat_additions.get().price_cents == 12_345


# --- free days --------------------------------------------------------------------------------------------------
def test_an_extension_follows_the_last_term_with_its_seats_and_costs_nothing() -> None:
    membership = joined(seats=12)
    term = extended(membership, 30)
    assert (term.starts_on, term.ends_on) == (date(2027, 11, 21), date(2027, 12, 20))
    assert (term.kind, term.seats, term.dues_cents, term.reference) == ("extension", 12, 0, "The site was down")


def test_an_extension_given_in_grace_begins_where_the_term_ended_and_after_grace_is_refused() -> None:
    membership = joined()
    assert extended(membership, 5, date(2027, 12, 1)).starts_on == date(2027, 11, 21)
    with pytest.raises(dues.NothingToExtend):
        extended(membership, 5, date(2029, 1, 1))


def test_an_extension_does_not_take_a_cancellation_back() -> None:
    membership = joined()
    dues.cancel_at_end(membership=membership, by=None, now=noon(TODAY))
    extended(membership, 5)
    membership.refresh_from_db()
    assert membership.cancelled_at is not None


def test_free_days_need_a_reason_and_a_length() -> None:
    membership = joined()
    with pytest.raises(ReasonMissing, match="Say why it is free"):
        extended(membership, 5, reason="  ")
    with pytest.raises(dues.LengthWrong):
        extended(membership, 0)
    with pytest.raises(dues.LengthWrong):
        complimentary(membership, months=0)
    with pytest.raises(ReasonMissing, match="Say why it is free"):
        complimentary(membership, reason="")


def test_a_complimentary_term_follows_the_last_one_or_begins_today() -> None:
    membership = selling.membership(enrollment=None)
    first = complimentary(membership, months=3)
    assert (first.starts_on, first.ends_on) == (TODAY, date(2027, 2, 20))
    assert (first.kind, first.dues_cents, first.seats) == ("complimentary", 0, 10)
    assert complimentary(membership, months=1, seats=2).starts_on == date(2027, 2, 21)


# --- its end ----------------------------------------------------------------------------------------------------
def test_a_cancelled_membership_stands_to_the_end_of_its_term() -> None:
    membership = joined()
    dues.cancel_at_end(membership=membership, reason="Budget", by=None, now=noon(TODAY))
    assert (membership.cancelled_at, membership.cancel_reason) == (noon(TODAY), "Budget")
    assert membership_standing(membership, noon(date(2027, 11, 20))).status is Status.ACTIVE
    with pytest.raises(dues.AlreadyCancelled):
        dues.cancel_at_end(membership=membership, by=None, now=noon(TODAY))
    dues.keep_going(membership=membership, by=None, now=noon(TODAY))
    assert (membership.cancelled_at, membership.cancel_reason) == (None, "")
    with pytest.raises(dues.NotCancelled):
        dues.keep_going(membership=membership, by=None, now=noon(TODAY))


def test_a_membership_that_has_ended_is_not_cancelled() -> None:
    with pytest.raises(dues.NothingToCancel):
        dues.cancel_at_end(membership=joined(), by=None, now=noon(date(2027, 11, 21)))


# --- who --------------------------------------------------------------------------------------------------------
def _everything(clerk: User) -> Membership:
    who = {"by": clerk, "now": noon(TODAY)}
    membership = dues.join(plan=selling.plan(), organization=selling.district(), **who).membership  # type: ignore[arg-type]
    dues.add_seats(membership=membership, count=1, **who)  # type: ignore[arg-type]
    dues.upgrade(membership=membership, plan=selling.plan("premium", bands=((None, 300_000),)), **who)  # type: ignore[arg-type]
    dues.renew(membership=membership, **who)  # type: ignore[arg-type]
    dues.extend(membership=membership, days=3, reason="x", **who)  # type: ignore[arg-type]
    dues.give_complimentary_term(membership=membership, reason="x", **who)  # type: ignore[arg-type]
    dues.cancel_at_end(membership=membership, **who)  # type: ignore[arg-type]
    dues.keep_going(membership=membership, **who)  # type: ignore[arg-type]
    return membership


def test_every_verb_leaves_a_row_in_the_audit_trail_that_names_it_and_who_took_it() -> None:
    clerk = people.staff()
    membership = _everything(clerk)
    rows = [membership, *membership.terms.all(), *(a for t in membership.terms.all() for a in t.seat_additions.all())]
    seen = {event.pgh_context["verb"] for row in rows for event in Events.objects.tracks(row)}
    assert seen == {
        *("join", "add_seats", "upgrade", "renew", "extend", "give_complimentary_term", "cancel_at_end", "keep_going"),
    }
    assert {event.pgh_context["user"] for row in rows for event in Events.objects.tracks(row)} == {clerk.pk}


# --- at once ----------------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_two_renewals_at_once_follow_one_another() -> None:
    membership, barrier, failed = joined(), threading.Barrier(4), []

    def run() -> None:
        with closing(connection):
            barrier.wait(10)
            try:
                renewed(membership)
            except DatabaseError as problem:
                failed.append(problem)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failed == []
    assert [term.starts_on.year for term in counting(membership)] == [2026, 2027, 2028, 2029, 2030]


# --- laws -------------------------------------------------------------------------------------------------------
@contextmanager
def undone() -> Iterator[None]:
    """Each example in a transaction of its own that leaves nothing behind."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


STEPS = st.lists(
    st.tuples(
        st.integers(0, 200),
        st.sampled_from(["renew", "upgrade", "seats", "extend", "complimentary", "void", "grow"]),
        st.integers(1, 40),
    ),
    max_size=12,
)


def _void_the_next(membership: Membership, day: date) -> None:
    last = Term.objects.filter(membership=membership, voided_at=None).order_by("starts_on").last()
    if last is not None and last.starts_on > day:
        voided(last, day)


def _live(membership: Membership, start: date, steps: list[tuple[int, str, int]], plans: list[Plan | None]) -> None:
    """Let the membership live through the steps; one that is refused writes nothing."""
    taken: dict[str, Callable[[date, int], object]] = {
        "renew": lambda day, figure: renewed(membership, day, plan=plans[figure % 3]),
        "upgrade": lambda day, figure: upgraded(membership, day, plan=plans[figure % 3]),
        "seats": lambda day, figure: more_seats(membership, figure, day),
        "extend": lambda day, figure: extended(membership, figure, day),
        "complimentary": lambda day, figure: complimentary(membership, day, months=figure),
        "void": lambda day, _: _void_the_next(membership, day),
        "grow": lambda _, figure: grown(membership, 400 * figure),
    }
    day = start
    for days, name, figure in steps:
        day += days * DAY
        membership = Membership.objects.select_related("organization", "plan").get(pk=membership.pk)
        with suppress(quotes.DuesError, terms.TermError):
            taken[name](day, figure)


def _plans() -> list[Plan | None]:
    return [
        None,
        selling.plan("premium", bands=((None, 300_000),), seats=20, extra=9_999),
        selling.plan("fixed", bands=((None, 150_001),), seats=5, extra=3_333, fixed=True),
    ]


@settings(max_examples=LIVES)
@given(steps=STEPS, start=st.dates(date(2023, 1, 1), date(2028, 12, 31)))
def test_whatever_happens_no_two_terms_share_a_day_and_no_day_between_them_is_lost(
    steps: list[tuple[int, str, int]], start: date
) -> None:
    """Between the first day and the last, a day that no term has is one on which nothing ran and grace was over."""
    with undone():
        membership = joined(start)
        _live(membership, start, steps, _plans())
        those = counting(membership)
        for earlier, later in pairwise(those):
            gap = (later.starts_on - earlier.last_day).days - 1
            assert gap >= 0
            assert gap == 0 or gap >= earlier.grace_days
        facts = [TermFacts(term.starts_on, term.last_day, 0) for term in those]
        for term in those:
            for day in (term.starts_on, term.last_day):
                assert standing(facts, day).status is Status.ACTIVE
                assert [t.pk for t in those if t.starts_on <= day <= t.last_day] == [term.pk]


@settings(max_examples=60)
@given(
    early=st.lists(st.integers(-people.GRACE_DAYS, 364), min_size=1, max_size=4),
    start=st.dates(date(2023, 1, 1), date(2028, 12, 31)),
)
def test_renewing_early_or_in_grace_never_loses_a_day(early: list[int], start: date) -> None:
    """Whenever each renewal is recorded, to the end of grace, it ends as if it were recorded on the last day."""
    with undone():
        membership, expected = joined(start), [Days(start, last_day_of(start))]
        for days in early:
            last = expected[-1].last
            renewed(membership, max(start, last - days * DAY))
            expected.append(Days(last + DAY, last_day_of(last + DAY)))
        those = counting(membership)
        assert [Days(term.starts_on, term.last_day) for term in those] == expected
        covered = sum(Days(term.starts_on, term.last_day).count for term in those)
        assert covered == (those[-1].last_day - start).days + 1


def _sold(membership: Membership) -> int:
    """All the money that was asked for: of every term that was not taken back by a void of ours."""
    those = Term.objects.filter(membership=membership).exclude(void_reason="A mistake.")
    return sum(
        term.dues_cents - term.credit_cents + sum(added.price_cents for added in term.seat_additions.all())
        for term in those
    )


def _worth_of_the_days(membership: Membership) -> int:
    """What the days that count are worth, each at what it was sold for."""
    return sum(
        worth(cents, Days(days.first, term.last_day), days)
        for term in counting(membership)
        for cents, days in quotes.paid_parts(term)
        if days.first <= term.last_day
    )


@settings(max_examples=LIVES)
@given(steps=STEPS, start=st.dates(date(2023, 1, 1), date(2028, 12, 31)))
def test_whatever_happens_what_was_asked_for_is_what_the_days_are_worth_to_the_cent(
    steps: list[tuple[int, str, int]], start: date
) -> None:
    with undone():
        membership = joined(start)
        _live(membership, start, steps, _plans())
        assert _sold(membership) == _worth_of_the_days(membership)


@settings(max_examples=60)
@given(used=st.integers(0, 364), added=st.lists(st.tuples(st.integers(0, 364), st.integers(1, 9)), max_size=3))
def test_credit_and_price_are_what_the_new_days_are_worth_and_used_and_credit_what_was_paid(
    used: int, added: list[tuple[int, int]]
) -> None:
    with undone():
        membership, on = joined(), TODAY + used * DAY
        for after, count in added:
            if after <= used:
                more_seats(membership, count, TODAY + after * DAY)
        old = counting(membership)[0]
        parts = list(quotes.paid_parts(old))
        sale = quotes.price_of_upgrade(
            membership=membership, plan=selling.plan("premium", bands=((None, 900_000),)), now=noon(on)
        )
        assert sale.quote.total_cents + sale.quote.credit_cents == sale.quote.dues_cents
        spent = sum(worth(cents, Days(days.first, on - DAY), days) for cents, days in parts if days.first < on)
        assert spent + sale.quote.credit_cents == sum(cents for cents, _ in parts)

"""The verbs on terms."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pghistory.models import Events

from cosn_site.verbs import ReasonMissing
from members import terms
from members.models import Membership, Term
from members.prices import last_day_of
from members.seats import membership_standing
from members.standing import Status
from tests import people

NOW = datetime(2026, 12, 1, 15, tzinfo=UTC)
JULY = date(2026, 7, 1)

pytestmark = pytest.mark.django_db


def membership() -> Membership:
    return Membership.objects.create(person=people.visitor(), plan=people.individual_plan())


def record(holder: Membership, starts_on: date = JULY, **more: object) -> Term:
    return terms.record_term(membership=holder, starts_on=starts_on, by=None, now=NOW, **more)  # type: ignore[arg-type]


def test_what_is_left_out_comes_from_the_price_list() -> None:
    term = record(membership())
    prices = people.individual_plan().price_lists.get()
    assert (term.ends_on, term.seats, term.grace_days) == (date(2027, 6, 30), prices.seats, prices.grace_days)
    assert (term.price_list, term.dues_cents) == (prices, prices.bands.get().dues_cents)


def test_what_is_given_stands_even_when_it_is_nothing() -> None:
    term = record(membership(), grace_days=0, dues_cents=0)
    assert (term.grace_days, term.dues_cents) == (0, 0)


@pytest.mark.parametrize(
    ("starts_on", "months", "last"),
    [
        (date(2026, 7, 1), 12, date(2027, 6, 30)),
        (date(2026, 1, 1), 12, date(2026, 12, 31)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 11, 21), 3, date(2027, 2, 20)),
    ],
)
def test_a_term_ends_on_the_day_before_it_would_begin_again(starts_on: date, months: int, last: date) -> None:
    assert last_day_of(starts_on, months) == last


@given(starts_on=st.dates(date(2000, 1, 1), date(2090, 1, 1)), months=st.integers(1, 48))
def test_a_term_is_never_a_day_longer_than_its_months(starts_on: date, months: int) -> None:
    last = last_day_of(starts_on, months)
    following = last + timedelta(days=1)
    assert starts_on <= last
    assert (following.year - starts_on.year) * 12 + following.month - starts_on.month in (months, months + 1)
    assert following.day in (starts_on.day, 1)


def test_terms_of_one_membership_do_not_overlap() -> None:
    holder = membership()
    record(holder)
    with pytest.raises(terms.TermsOverlap, match="1 July 2026 to 30 June 2027"):
        record(holder, date(2027, 6, 30))
    assert record(holder, date(2027, 7, 1)).starts_on == date(2027, 7, 1)


def test_a_term_ends_on_or_after_its_first_day() -> None:
    with pytest.raises(terms.TermEndsBeforeItStarts):
        record(membership(), ends_on=JULY - timedelta(days=1))
    assert not Term.objects.exists()


def test_a_payment_stops_the_clock() -> None:
    holder = membership()
    term = record(holder, provisional_until=date(2026, 12, 10), reference="PO 4711")
    assert membership_standing(holder, NOW).status is Status.PROVISIONAL
    terms.record_payment(term=term, reference="Check 88", by=None, now=NOW)
    assert membership_standing(Membership.objects.get(pk=holder.pk), NOW).status is Status.ACTIVE
    assert term.reference == "Check 88"


def test_a_payment_without_a_number_keeps_the_order_s() -> None:
    term = record(membership(), provisional_until=date(2026, 12, 10), reference="PO 4711")
    terms.record_payment(term=term, by=None, now=NOW)
    assert term.reference == "PO 4711"


def test_a_term_is_paid_once() -> None:
    term = record(membership(), provisional_until=date(2026, 12, 10))
    terms.record_payment(term=term, by=None, now=NOW)
    with pytest.raises(terms.AlreadyPaid):
        terms.record_payment(term=term, by=None, now=NOW)


def test_a_void_term_gives_nothing_and_makes_room_for_the_right_one() -> None:
    holder = membership()
    term = record(holder)
    assert membership_standing(holder, NOW).status is Status.ACTIVE
    terms.void_term(term=term, reason="Wrong year.", by=None, now=NOW)
    assert membership_standing(Membership.objects.get(pk=holder.pk), NOW).status is Status.NONE
    assert record(holder).pk != term.pk
    assert Term.objects.count() == 2


def test_a_void_term_is_neither_paid_nor_voided_again() -> None:
    term = record(membership(), provisional_until=date(2026, 12, 10))
    terms.void_term(term=term, reason="Wrong year.", by=None, now=NOW)
    with pytest.raises(terms.AlreadyVoid):
        terms.record_payment(term=term, by=None, now=NOW)
    with pytest.raises(terms.AlreadyVoid):
        terms.void_term(term=term, reason="Again.", by=None, now=NOW)


def test_voiding_wants_a_reason() -> None:
    term = record(membership())
    with pytest.raises(ReasonMissing, match="Say why the term is void"):
        terms.void_term(term=term, reason=" ", by=None, now=NOW)
    assert Term.objects.get(pk=term.pk).voided_at is None


def test_the_audit_trail_names_who_recorded_a_term() -> None:
    clerk = people.staff()
    term = terms.record_term(membership=membership(), starts_on=JULY, by=clerk, now=NOW)
    (event,) = Events.objects.tracks(term)
    assert event.pgh_context == {"verb": "record_term", "user": clerk.pk}

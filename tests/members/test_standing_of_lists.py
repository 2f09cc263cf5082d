"""The rule in SQL, for lists, says what the rule says: over random terms, on the days around every boundary."""

import os
from datetime import date, timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from members.models import Membership, Term
from members.seats import membership_standing
from members.standing import Status, TermFacts, standing
from tests import people
from tests.members import selling
from tests.members.selling import noon

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
START = date(2027, 11, 1)  # a leap day and both changes of the clock are ahead


@st.composite
def histories(draw: st.DrawFn) -> list[Term]:
    """Terms one after the other, unsaved: paid, promised, cut by the one after, void."""
    found: list[Term] = []
    first = START
    for _ in range(draw(st.integers(0, 5))):
        first += draw(st.integers(0, 60)) * DAY
        term = Term(
            starts_on=first,
            ends_on=first + draw(st.integers(0, 120)) * DAY,
            grace_days=draw(st.integers(0, 40)),
            provisional_until=first + draw(st.integers(-20, 150)) * DAY if draw(st.booleans()) else None,
        )
        if draw(st.integers(0, 3)) == 0:
            term.voided_at = noon(first)
        elif term.ends_on > first and draw(st.booleans()):
            term.cut_on = first + draw(st.integers(0, (term.ends_on - first).days - 1)) * DAY
            first = term.cut_on + DAY
        else:
            first = term.ends_on + DAY
        found.append(term)
    return found


def saved(terms: list[Term]) -> Membership:
    """The terms in the database; a cut one names the one after it, or one far away, as its replacement."""
    membership = selling.membership(None)
    far = Term.objects.create(membership=_elsewhere(), starts_on=date(1990, 1, 1), ends_on=date(1990, 1, 1))
    for term in terms:
        term.pk, term.membership = None, membership
        term.replaced_by = far if term.cut_on else None
        term.save()
    return membership


def _elsewhere() -> Membership:
    return Membership.objects.create(person=people.visitor(), plan=people.individual_plan())


def days_around(terms: list[Term]) -> list[date]:
    edges = {START}
    for term in terms:
        edges |= {term.starts_on, term.ends_on, term.last_day, term.last_day + term.grace_days * DAY}
        edges |= {term.ends_on + term.grace_days * DAY, term.provisional_until or START}
    return sorted({edge + step * DAY for edge in edges for step in (-1, 0, 1)})


def by_the_rule(terms: list[Term], day: date) -> Status:
    facts = (
        TermFacts(t.starts_on, t.last_day, 0 if t.cut_on else t.grace_days, t.provisional_until)
        for t in terms
        if t.voided_at is None
    )
    return standing(facts, day).status


@settings(max_examples=300 if os.environ.get("FULL") else 20)
@given(terms=histories())
def test_a_list_says_what_the_rule_says_on_every_day_around_a_boundary(terms: list[Term]) -> None:
    with transaction.atomic():
        membership = saved(terms)
        for day in days_around(terms):
            expected = by_the_rule(terms, day)
            row = Membership.objects.with_status(day).get(pk=membership.pk)
            assert row.status == expected, day  # type: ignore[attr-defined]
            assert membership_standing(row, noon(day)).status is expected, day
            others = [status for status in Status if status is not expected]
            assert Membership.objects.in_status([expected], day).filter(pk=membership.pk).exists(), day
            assert not Membership.objects.in_status(others, day).filter(pk=membership.pk).exists(), day
        transaction.set_rollback(True)


def test_each_membership_of_a_list_gets_its_own_standing() -> None:
    everyone = [people.member(), people.grace(), people.lapsed(), people.provisional(), people.upcoming()]
    assert len(everyone) == 5
    selling.membership()
    found = list(Membership.objects.with_status(people.today()).order_by("pk"))
    assert {row.status for row in found} == set(Status)  # type: ignore[attr-defined]
    for row in found:
        assert row.status == membership_standing(row, timezone.now()).status  # type: ignore[attr-defined]


def test_several_statuses_are_asked_for_at_once() -> None:
    people.member(), people.grace(), people.lapsed()
    open_ones = [status for status in Status if status.gives_access]
    found = Membership.objects.in_status(open_ones, people.today())
    assert {str(row) for row in found} == {"Maple Valley School District", str(people.grace())}

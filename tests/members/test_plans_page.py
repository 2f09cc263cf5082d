"""The page of membership: what can be joined, at what price, and what joining today would cost."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from members.models import Plan
from tests.members import selling

pytestmark = pytest.mark.django_db

IN_JUNE = datetime(2027, 6, 1, 17, tzinfo=UTC)
ON_THE_FIRST = datetime(2027, 7, 1, 17, tzinfo=UTC)


def page(at: datetime = IN_JUNE) -> str:
    with time_machine.travel(at, tick=False):
        return Client().get("/membership/").content.decode().replace("\xa0", " ")


def test_dues_by_size_are_a_table_with_the_seats_and_the_price_of_more() -> None:
    selling.plan()
    text = page()
    assert "<b>$650</b>" in text
    for size, dues in (("Up to 1,000 students", "$650"), ("Up to 5,000 students", "$950")):
        assert f'<th scope="row">{size}</th><td data-label="A year">{dues}</td>' in text
    assert "More than 10,000 students" in text
    assert "10 seats included; each one more is $75 a year." in text
    assert "Joining today" not in text


def test_a_plan_with_one_price_has_no_table_and_no_seats_to_sell() -> None:
    selling.plan("alone", bands=((None, 9_550),), holder=Plan.Holder.PERSON, seats=1, extra=None)
    text = page()
    assert "<b>$95.50</b>" in text
    assert "<table" not in text
    assert "included" not in text


def test_a_plan_from_july_to_june_says_what_joining_today_costs() -> None:
    selling.plan("agency", bands=((None, 36_500),), fixed=True)
    assert "Joining today costs $30, for the 30 days to 30 June 2027." in page()
    assert "Joining today" not in page(ON_THE_FIRST)


def test_a_fixed_plan_by_size_says_it_for_each_size() -> None:
    selling.plan("agencies", bands=((100, 36_500), (None, 73_000)), fixed=True)
    text = page()
    assert '<td data-label="A year">$730</td><td data-label="Joining today">$60</td>' in text
    assert "Who joins today pays for the 30 days to 30 June 2027." in text


def test_only_published_plans_with_prices_are_shown_at_the_prices_of_the_day() -> None:
    plan, hidden = selling.plan(), selling.plan("hidden")
    Plan.objects.filter(pk=hidden.pk).update(is_published=False)
    Plan.objects.create(name="Without prices", slug="without", holder=Plan.Holder.PERSON)
    selling.publish(plan, ON_THE_FIRST.date(), bands=((1_000, 70_000), (None, 80_000)))
    assert "<b>$650</b>" in page()
    after = page(ON_THE_FIRST)
    assert "<b>$700</b>" in after
    assert "Hidden" not in after
    assert "Without prices" not in after


def test_more_plans_ask_no_more_of_the_database() -> None:
    selling.plan()
    page()
    with CaptureQueriesContext(connection) as few:
        page()
    for number in range(4):
        selling.plan(f"plan-{number}", fixed=bool(number % 2))
    with CaptureQueriesContext(connection) as many:
        page()
    assert len(many) == len(few) <= 3

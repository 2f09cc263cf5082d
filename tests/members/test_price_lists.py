"""Price lists: the one of a day, what may be published, and that nothing published ever changes."""

from collections.abc import Sequence
from datetime import date

import pytest
from django.db import InternalError, connection, transaction
from pghistory.models import Events

from members import dues
from members.models import DuesBand, Plan, PriceList
from members.price_lists import BandsWrong, NoPrices, figures, price_list_on, publish_prices, size_of
from members.prices import Prices
from tests import people
from tests.members import selling
from tests.members.selling import noon

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 21)


def published(plan: Plan, bands: Sequence[tuple[int | None, int]], *, valid_from: date = TODAY) -> PriceList:
    return publish_prices(
        plan=plan,
        valid_from=valid_from,
        bands=bands,
        seats=10,
        extra_seat_cents=7_500,
        grace_days=30,
        provisional_days=40,
        net_days=30,
        by=people.staff(),
    )


def test_the_list_of_a_day_is_the_latest_that_is_valid_and_of_two_the_one_published_later() -> None:
    plan = selling.plan()
    first = plan.price_lists.get()
    ahead = selling.publish(plan, date(2027, 7, 1))
    again = selling.publish(plan, date(2027, 7, 1))
    assert price_list_on(plan, date(2027, 6, 30)) == first
    assert price_list_on(plan, date(2027, 7, 1)) == again
    assert [first.number, ahead.number, again.number] == [1, 2, 3]
    with pytest.raises(NoPrices, match="no prices on 31 December 1999"):
        price_list_on(plan, date(1999, 12, 31))


def test_figures_are_what_the_list_says_smallest_band_first() -> None:
    plan = selling.plan(bands=((None, 3), (50, 2), (5, 1)))
    found = figures(plan.price_lists.get())
    assert found == Prices(
        is_fixed=False, band_by="enrollment", bands=((5, 1), (50, 2), (None, 3)), seats=10, extra_seat_cents=7_500
    )


@pytest.mark.parametrize("bands", [(), ((5, 1), (5, 2)), ((None, 1), (None, 2))])
def test_bands_that_make_no_scale_are_not_published(bands: Sequence[tuple[int | None, int]]) -> None:
    plan = selling.plan()
    with pytest.raises(BandsWrong):
        published(plan, bands)
    assert plan.price_lists.count() == 1


def test_a_plan_with_one_price_for_all_takes_one_price() -> None:
    plan = selling.plan("one-price", bands=((None, 500),))
    with pytest.raises(BandsWrong, match="one price for all"):
        published(plan, ((5, 1), (None, 2)))


def test_the_size_is_the_enrollment_or_the_staff_as_the_plan_counts() -> None:
    district = selling.district(enrollment=4_000)
    district.staff_count = 70
    by_staff = Plan(holder=Plan.Holder.ORGANIZATION, band_by=Plan.BandBy.STAFF)
    assert [size_of(district, plan) for plan in (selling.plan(), by_staff, Plan())] == [4_000, 70, None]
    assert size_of(None, by_staff) is None


def test_publishing_is_on_record_with_who_did_it() -> None:
    made = published(selling.plan(), selling.BANDS)
    (event,) = Events.objects.tracks(made)
    assert event.pgh_context == {"verb": "publish_prices", "user": people.staff().pk}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE members_pricelist SET seats = 99",
        "UPDATE members_pricelist SET valid_from = '2000-01-02'",
        "DELETE FROM members_pricelist",
        "UPDATE members_duesband SET dues_cents = 1",
        "DELETE FROM members_duesband",
        "INSERT INTO members_duesband (price_list_id, up_to, dues_cents) SELECT max(id), 7, 1 FROM members_pricelist",
        "UPDATE members_plan SET terms = 'fixed'",
        "UPDATE members_plan SET band_by = ''",
        "UPDATE members_plan SET holder = 'person'",
        "UPDATE members_seataddition SET price_cents = 0",
        "DELETE FROM members_seataddition",
    ],
)
def test_the_database_itself_refuses_to_change_what_was_sold(statement: str) -> None:
    term = dues.join(plan=selling.plan(), organization=selling.district(), by=None, now=noon(TODAY))
    dues.add_seats(membership=term.membership, count=1, by=None, now=noon(TODAY))
    before = [list(model.objects.order_by("pk").values()) for model in (PriceList, DuesBand, Plan)]
    with pytest.raises(InternalError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert [list(model.objects.order_by("pk").values()) for model in (PriceList, DuesBand, Plan)] == before


def test_a_band_may_join_a_list_at_which_nothing_was_sold_yet() -> None:
    made = selling.plan().price_lists.get()
    assert DuesBand.objects.create(price_list=made, up_to=7, dues_cents=1).pk

"""Price lists: the one of a day, its figures for `members.prices`, and publishing a new one."""

from collections.abc import Sequence
from datetime import date

from django.db import transaction
from django.db.models import Max

from cosn_site.clock import in_full
from cosn_site.verbs import StepRefused, audited
from members.models import DuesBand, Membership, Organization, Plan, PriceList, User
from members.prices import Prices


class PriceListError(StepRefused):
    """Prices that cannot be had, or cannot be published."""


class NoPrices(PriceListError):
    """The plan has no price list on that day."""

    def __init__(self, plan: Plan, day: date) -> None:
        super().__init__(f"{plan} has no prices on {in_full(day)}. Publish a price list first.")


class BandsWrong(PriceListError):
    """The bands do not make a scale."""


def price_list_on(plan: Plan, day: date) -> PriceList:
    """The plan's price list of a day. Raises `NoPrices`."""
    found = plan.price_lists.on(day).first()
    if found is None:
        raise NoPrices(plan, day)
    return found


def figures(price_list: PriceList) -> Prices:
    """What the price list says, as the rules want it."""
    plan = price_list.plan
    return Prices(
        is_fixed=plan.terms == Plan.Terms.FIXED,
        band_by=plan.band_by,
        bands=tuple((band.up_to, band.dues_cents) for band in price_list.bands.all()),
        seats=price_list.seats,
        extra_seat_cents=price_list.extra_seat_cents,
    )


def size_of(organization: Organization | None, plan: Plan) -> int | None:
    """The size that the plan's dues go by; None where they go by none, or nobody recorded it."""
    if organization is None or plan.band_by == Plan.BandBy.NOTHING:
        return None
    return organization.enrollment if plan.band_by == Plan.BandBy.ENROLLMENT else organization.staff_count


def size_of_holder(membership: Membership) -> int | None:
    """The size of the membership's organization, as its plan counts."""
    return size_of(membership.organization, membership.plan)


def publish_prices(
    *,
    plan: Plan,
    valid_from: date,
    bands: Sequence[tuple[int | None, int]],
    seats: int,
    extra_seat_cents: int | None,
    grace_days: int,
    provisional_days: int,
    net_days: int,
    by: User | None,
) -> PriceList:
    """A new price list for terms that are sold from that day on; terms that were sold keep their figures.

    `bands` are pairs of an upper size (None: any size) and the dues in cents. Raises `BandsWrong`.
    """
    _check_bands(plan, bands)
    with transaction.atomic(), audited("publish_prices", by=by):
        Plan.objects.select_for_update().get(pk=plan.pk)
        last = plan.price_lists.aggregate(last=Max("number"))["last"] or 0
        price_list = PriceList.objects.create(
            plan=plan,
            number=last + 1,
            valid_from=valid_from,
            seats=seats,
            extra_seat_cents=extra_seat_cents,
            grace_days=grace_days,
            provisional_days=provisional_days,
            net_days=net_days,
        )
        DuesBand.objects.bulk_create(
            DuesBand(price_list=price_list, up_to=up_to, dues_cents=cents) for up_to, cents in bands
        )
    return price_list


def _check_bands(plan: Plan, bands: Sequence[tuple[int | None, int]]) -> None:
    sizes = [up_to for up_to, _ in bands]
    if not sizes:
        raise BandsWrong("Give the dues.")
    if plan.band_by == Plan.BandBy.NOTHING and sizes != [None]:
        raise BandsWrong("This plan has one price for all: give one, without a size.")
    if len(set(sizes)) != len(sizes):
        raise BandsWrong("Two bands end at the same size.")

"""The plans that are offered on a day, with what each would cost then: for the page of membership."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from django.db.models import Prefetch

from members.models import DuesBand, Plan, PriceList
from members.price_lists import figures
from members.prices import Days, next_term, worth, year_around

COUNTED = {Plan.BandBy.ENROLLMENT.value: "students", Plan.BandBy.STAFF.value: "employees"}


@dataclass(frozen=True, slots=True)
class BandOffer:
    """The dues for one size: of a whole year, and of what is left of it for who joins on the day."""

    size: str
    year_cents: int
    today_cents: int


@dataclass(frozen=True, slots=True)
class PlanOffer:
    """A plan at the prices of a day. `first_term` is the one that would begin on that day."""

    plan: Plan
    prices: PriceList
    bands: tuple[BandOffer, ...]
    first_term: Days
    is_prorated: bool

    @property
    def counted(self) -> str:
        """What sizes are counted in; nothing where there is one price."""
        return COUNTED.get(self.plan.band_by, "") if len(self.bands) > 1 else ""


def offers_on(day: date) -> list[PlanOffer]:
    """The published plans that have prices on the day. Three queries, however many there are."""
    lists = PriceList.objects.of_each_plan(day)
    offered = Plan.objects.filter(is_published=True, price_lists__valid_from__lte=day).distinct()
    prices = Prefetch("price_lists", lists.prefetch_related("bands"), to_attr="current")
    return [_offer(plan, plan.current[0], day) for plan in offered.prefetch_related(prices)]


def _offer(plan: Plan, prices: PriceList, day: date) -> PlanOffer:
    is_fixed = figures(prices).is_fixed
    term, year = next_term(is_fixed=is_fixed, today=day), year_around(day, is_fixed=is_fixed)
    bands = tuple(
        BandOffer(size, band.dues_cents, worth(band.dues_cents, term, year))
        for size, band in _sizes(prices.bands.all(), COUNTED.get(plan.band_by, ""))
    )
    return PlanOffer(plan, prices, bands, term, is_prorated=term != year)


def _sizes(bands: Iterable[DuesBand], counted: str) -> Iterator[tuple[str, DuesBand]]:
    below: int | None = None
    for band in bands:
        if band.up_to is not None:
            yield f"Up to {band.up_to:,} {counted}", band
        else:
            yield f"More than {below:,} {counted}" if below is not None else "Any size", band
        below = band.up_to

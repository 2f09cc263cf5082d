"""Plans with real scales, and a membership on one, for the tests of what is sold."""

from datetime import UTC, date, datetime, time

from members.models import Membership, Organization, Plan, PriceList
from members.price_lists import publish_prices
from tests import people

BANDS = ((1_000, 65_000), (5_000, 95_000), (10_000, 125_000), (None, 200_000))


def noon(day: date) -> datetime:
    """An instant of the association's day."""
    return datetime.combine(day, time(17), tzinfo=UTC)


def plan(
    slug: str = "district-scale",
    *,
    bands: tuple[tuple[int | None, int], ...] = BANDS,
    fixed: bool = False,
    seats: int = 10,
    extra: int | None = 7_500,
    holder: str = Plan.Holder.ORGANIZATION,
) -> Plan:
    """A plan whose dues go by enrollment (or by nothing, with one band), and the prices it has had for ever."""
    made = Plan.objects.create(
        name=slug.replace("-", " ").capitalize(),
        slug=slug,
        holder=holder,
        terms=Plan.Terms.FIXED if fixed else Plan.Terms.ROLLING,
        band_by=Plan.BandBy.ENROLLMENT if len(bands) > 1 else Plan.BandBy.NOTHING,
    )
    publish(made, date(2000, 1, 1), bands=bands, seats=seats, extra=extra)
    return made


def publish(
    on: Plan,
    valid_from: date,
    *,
    bands: tuple[tuple[int | None, int], ...] = BANDS,
    seats: int = 10,
    extra: int | None = 7_500,
) -> PriceList:
    """One more price list of the plan."""
    return publish_prices(
        plan=on,
        valid_from=valid_from,
        bands=bands,
        seats=seats,
        extra_seat_cents=extra,
        grace_days=people.GRACE_DAYS,
        provisional_days=40,
        net_days=30,
        by=None,
    )


def district(slug: str = "cedar-falls", *, enrollment: int | None = 4_000) -> Organization:
    """A district of band two."""
    return Organization.objects.create(
        name=slug.replace("-", " ").title(), slug=slug, kind=Organization.Kind.DISTRICT, enrollment=enrollment
    )


def membership(on: Plan | None = None, *, enrollment: int | None = 4_000) -> Membership:
    """A district's membership without a term yet."""
    return Membership.objects.create(organization=district(enrollment=enrollment), plan=on or plan())

"""What a sale to a membership would come to: the price before it is recorded. Nothing here writes.

The rules are in `members.prices`; here they are asked with the rows of one membership. `members.dues` asks the same
again under its lock, so that what is recorded is the price of that instant.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from django.db.models import QuerySet

from cosn_site.clock import association_day
from cosn_site.verbs import StepRefused
from members.models import Membership, Organization, Plan, PriceList, Term
from members.price_lists import NoPrices, figures, price_list_on, size_of
from members.prices import Days, Quote, band_dues, in_dollars, next_term, quote, seats_cents, unused_cents, year_around

MOST_SEATS = 10_000  # of one term


class DuesError(StepRefused):
    """A sale or a gift that makes no sense for this membership."""


class WrongHolder(DuesError):
    """The plan is not for this kind of holder."""


class OrderUnpaid(DuesError):
    sentence = "A purchase order is not paid yet. Record its payment first, or void its term."


class NothingRuns(DuesError):
    sentence = "No term runs today. Renew the membership first."


class NotDearer(DuesError):
    """What is asked for is no more than what runs."""


class CreditTooLarge(DuesError):
    """The days that would be replaced are worth more than those that would replace them."""


class SeatsWrong(DuesError):
    sentence = "Add one seat or more."


class PriceMissing(DuesError):
    sentence = "This term is longer than its year, so its seats have no price of their own. Say what was agreed."


@dataclass(frozen=True, slots=True)
class Sale:
    """What would be recorded: a plan at a price list and size, its quote, and the terms it takes the place of."""

    plan: Plan
    price_list: PriceList
    size: int | None
    quote: Quote
    replaces: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class SeatSale:
    """Seats that would be added to a term, from a day to its end."""

    term: Term
    count: int
    days: Days
    price_cents: int


@dataclass(frozen=True, slots=True)
class Length:
    """From which day a term would be sold, and the last term if it goes on from that one."""

    today: date
    last: Term | None = None

    @property
    def first(self) -> date:
        return self.last.last_day + timedelta(days=1) if self.last else self.today

    @property
    def seats(self) -> int | None:
        return self.last.seats if self.last else None


def price_of_joining(
    *, plan: Plan, organization: Organization | None = None, seats: int | None = None, now: datetime
) -> Sale:
    """A first term that begins today; the organization says the size, where dues go by one.

    Raises `NoPrices` and what `members.prices.quote` raises.
    """
    today = association_day(now)
    return _sale(price_list_on(plan, today), organization, Length(today), seats)


def price_of_renewal(
    *, membership: Membership, plan: Plan | None = None, seats: int | None = None, now: datetime
) -> Sale:
    """The term after the last one, or one that begins today when grace is over.

    Without `seats`, as many as the last term has while that one counts, and those included once it does not.
    Raises `WrongHolder`, `OrderUnpaid`, `NoPrices` and what `members.prices.quote` raises.
    """
    plan = plan or membership.plan
    return renewal_as_known(known_about([membership], [plan], now), membership, plan=plan, seats=seats)


@dataclass(frozen=True, slots=True)
class Known:
    """What the price of a renewal hangs on, read for many memberships at once."""

    today: date
    terms: Mapping[int, Sequence[Term]]  # those that count, in their order, by membership
    price_lists: Mapping[int, PriceList]  # the one of today, by plan


def known_about(memberships: Iterable[Membership], plans: Iterable[Plan], now: datetime) -> Known:
    """As the database has it now. Four statements, however many there are."""
    today, terms = association_day(now), defaultdict(list)
    for term in _counting().filter(membership__in=[membership.pk for membership in memberships]):
        terms[term.membership_id].append(term)
    lists = PriceList.objects.of_each_plan(today).filter(plan__in={plan.pk for plan in plans})
    by_plan = {one.plan_id: one for one in lists.select_related("plan").prefetch_related("bands")}
    return Known(today, terms, by_plan)


def renewal_as_known(
    known: Known, membership: Membership, *, plan: Plan | None = None, seats: int | None = None
) -> Sale:
    """`price_of_renewal` by what was read before. Asks the database for nothing, and raises the same."""
    plan = plan or membership.plan
    check_holder(plan, is_organization=membership.organization_id is not None)
    length = after_the_last(known.terms.get(membership.pk, ()), known.today)
    if plan.pk not in known.price_lists:
        raise NoPrices(plan, known.today)
    seats = length.seats if seats is None else seats
    return _sale(known.price_lists[plan.pk], membership.organization, length, seats)


def price_of_upgrade(
    *, membership: Membership, plan: Plan | None = None, seats: int | None = None, now: datetime
) -> Sale:
    """A term of a dearer plan or band that begins today, with credit for all that it takes the place of.

    Credited are the days that are left of the running term, today included, and later terms whole. Without `seats`,
    as many as the running term has.

    Raises `WrongHolder`, `NothingRuns`, `OrderUnpaid`, `NotDearer`, `CreditTooLarge`, `NoPrices` and what
    `members.prices.quote` raises.
    """
    today, plan = association_day(now), plan or membership.plan
    check_holder(plan, is_organization=membership.organization_id is not None)
    replaced = tuple(term for term in counting_terms(membership) if term.last_day >= today)
    if not replaced or replaced[0].starts_on > today:
        raise NothingRuns
    if any(term.provisional_until is not None for term in replaced):
        raise OrderUnpaid
    running = replaced[0]
    credit = unused_cents([part for term in replaced for part in paid_parts(term)], today)
    seats = running.seats if seats is None else seats
    sale = _sale(price_list_on(plan, today), membership.organization, Length(today), seats, credit)
    _check_dearer(running, sale)
    if sale.quote.credit_cents < credit:
        raise CreditTooLarge(
            f"What it replaces is worth {in_dollars(credit)}, and the new term {in_dollars(sale.quote.dues_cents)}. "
            "Void a later renewal first, or let the running term end."
        )
    return Sale(sale.plan, sale.price_list, sale.size, sale.quote, replaced)


def price_of_seats(*, membership: Membership, count: int, agreed_cents: int | None = None, now: datetime) -> SeatSale:
    """More seats of the running term from today to its last day, at the prices that it was sold at.

    Of a membership that has yet to start: from the first day of its first term. `agreed_cents` is what they cost
    instead. Raises `SeatsWrong`, `NothingRuns`, `PriceMissing`, `NoMoreSeats`, `NoPrices`.
    """
    if count < 1:
        raise SeatsWrong
    today = association_day(now)
    term = next((term for term in counting_terms(membership) if term.last_day >= today), None)
    if term is None:
        raise NothingRuns
    if term.seats + count > MOST_SEATS:
        raise SeatsWrong(f"A term has {MOST_SEATS:,} seats at most, and this one has {term.seats:,}.")
    days = Days(max(today, term.starts_on), term.last_day)
    if agreed_cents is not None:
        return SeatSale(term, count, days, agreed_cents)
    prices = figures(term.price_list or price_list_on(membership.plan, term.starts_on))
    year = year_around(term.starts_on, is_fixed=prices.is_fixed)
    if not year.holds(days):
        raise PriceMissing
    return SeatSale(term, count, days, seats_cents(prices, count, days, year))


def paid_parts(term: Term) -> Iterator[tuple[int, Days]]:
    """What was sold of a term, as pairs of cents and days: the term itself, and each addition of seats."""
    yield term.dues_cents, Days(term.starts_on, term.ends_on)
    for added in term.seat_additions.all():
        yield added.price_cents, Days(added.from_on, term.ends_on)


def _check_dearer(running: Term, sale: Sale) -> None:
    """On the same plan by the band: a price that rose since is no upgrade. And by what a day costs."""
    sold_on = running.price_list.plan_id if running.price_list else running.membership.plan_id
    if sold_on == sale.plan.pk and (running.size is not None or not sale.plan.band_by):
        prices = figures(sale.price_list)
        if band_dues(prices.bands, sale.size) <= band_dues(prices.bands, running.size):
            raise NotDearer("This is the plan and the band that runs already. Add seats, or choose another plan.")
    runs_at = sum(Fraction(cents, days.count) for cents, days in paid_parts(running))
    if Fraction(sale.quote.dues_cents, sale.quote.days.count) <= runs_at:
        raise NotDearer("What runs costs as much or more. Renew on this plan when the term ends.")


def counting_terms(membership: Membership) -> list[Term]:
    """The terms that are not void, in their order, as the database has them now."""
    return list(_counting().filter(membership=membership))


def _counting() -> QuerySet[Term]:
    rows = Term.objects.counting().select_related("price_list__plan", "membership")
    return rows.prefetch_related("seat_additions").order_by("starts_on", "pk")


def after_the_last(terms: Sequence[Term], today: date) -> Length:
    """A term goes on from the last one to the end of its grace; one that was promised and never paid earns none."""
    if not terms:
        return Length(today)
    last = terms[-1]
    if last.provisional_until is not None:
        if last.last_day >= today:
            raise OrderUnpaid
        return Length(today)
    goes_on = today <= last.last_day + timedelta(days=last.grace_days)
    return Length(today, last if goes_on else None)


def _sale(
    price_list: PriceList, organization: Organization | None, length: Length, seats: int | None, credit_cents: int = 0
) -> Sale:
    plan, prices = price_list.plan, figures(price_list)
    days = next_term(
        is_fixed=prices.is_fixed,
        today=length.today,
        covered_to=length.last.last_day if length.last else None,
        grace_days=length.last.grace_days if length.last else 0,
    )
    size = size_of(organization, plan)
    return Sale(plan, price_list, size, quote(prices, days, size=size, seats=seats, credit_cents=credit_cents))


def check_holder(plan: Plan, *, is_organization: bool) -> None:
    wanted = Plan.Holder.ORGANIZATION if is_organization else Plan.Holder.PERSON
    if plan.holder != wanted:
        raise WrongHolder(f"{plan} is for {'people' if is_organization else 'organizations'}. Choose another plan.")

"""Verbs on what a membership is sold and given: join, renew, upgrade, more seats, free days, and its end.

Prices come from `members.quotes`, asked under the lock on the membership's row. `members.terms.record_term` writes the
terms.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction

from cosn_site.clock import association_day
from cosn_site.verbs import audited, reason_given
from members.models import Membership, Organization, Plan, PriceList, SeatAddition, Term, User
from members.price_lists import price_list_on
from members.prices import Days, last_day_of
from members.quotes import (
    DuesError,
    Sale,
    after_the_last,
    check_holder,
    counting_terms,
    price_of_joining,
    price_of_renewal,
    price_of_seats,
    price_of_upgrade,
)
from members.terms import locked, record_term


class AlreadyAMember(DuesError):
    """The holder has a membership, which is renewed instead."""


class NothingToExtend(DuesError):
    sentence = "This membership has ended. Renew it, or give it a complimentary term."


class LengthWrong(DuesError):
    sentence = "Give one day or more."


class NothingToCancel(DuesError):
    sentence = "This membership has ended already."


class AlreadyCancelled(DuesError):
    sentence = "This membership ends with its last term already."


class NotCancelled(DuesError):
    sentence = "This membership was not cancelled."


def join(
    *,
    plan: Plan,
    organization: Organization | None = None,
    person: User | None = None,
    seats: int | None = None,
    provisional_until: date | None = None,
    reference: str = "",
    by: User | None,
    now: datetime,
) -> Term:
    """A membership of an organization or a person, with its first term, which begins today.

    Somebody whose membership lapsed renews it instead. Raises `WrongHolder`, `AlreadyAMember`, and what
    `price_of_joining` raises.
    """
    holder = organization or person
    if holder is None or (organization is not None and person is not None):
        raise ValueError("an organization or a person, not both")
    with transaction.atomic(), audited("join", by=by):
        holders = User.objects if organization is None else Organization.objects
        holders.select_for_update().get(pk=holder.pk)
        if Membership.objects.filter(organization=organization, person=person).exists():
            raise AlreadyAMember(f"{holder} has a membership already. Renew it instead.")
        check_holder(plan, is_organization=organization is not None)
        sale = price_of_joining(plan=plan, organization=organization, seats=seats, now=now)
        membership = Membership.objects.create(organization=organization, person=person, plan=plan)
        return _record(membership, sale, provisional_until=provisional_until, reference=reference, by=by, now=now)


def renew(
    *,
    membership: Membership,
    plan: Plan | None = None,
    seats: int | None = None,
    provisional_until: date | None = None,
    reference: str = "",
    by: User | None,
    now: datetime,
) -> Term:
    """One more year, on its own plan or another one, which it then goes on with. Raises as `price_of_renewal`."""
    with transaction.atomic(), audited("renew", by=by):
        membership = locked(membership)
        sale = price_of_renewal(membership=membership, plan=plan, seats=seats, now=now)
        return _record(membership, sale, provisional_until=provisional_until, reference=reference, by=by, now=now)


def upgrade(
    *,
    membership: Membership,
    plan: Plan | None = None,
    seats: int | None = None,
    reference: str = "",
    by: User | None,
    now: datetime,
) -> Term:
    """A dearer plan or band from today on, in place of the running term and of those after it.

    Voiding the new term brings back what it replaced. Raises as `price_of_upgrade`.
    """
    with transaction.atomic(), audited("upgrade", by=by):
        membership = locked(membership)
        sale = price_of_upgrade(membership=membership, plan=plan, seats=seats, now=now)
        return _record(membership, sale, provisional_until=None, reference=reference, by=by, now=now)


def add_seats(
    *,
    membership: Membership,
    count: int,
    agreed_cents: int | None = None,
    reference: str = "",
    by: User | None,
    now: datetime,
) -> SeatAddition:
    """So many seats more, from today to the end of the running term. A renewal that is recorded already keeps its own.

    Raises as `price_of_seats`.
    """
    with transaction.atomic(), audited("add_seats", by=by):
        membership = locked(membership)
        sale = price_of_seats(membership=membership, count=count, agreed_cents=agreed_cents, now=now)
        Term.objects.filter(pk=sale.term.pk).update(seats=sale.term.seats + count)
        return SeatAddition.objects.create(
            term=sale.term, seats=count, from_on=sale.days.first, price_cents=sale.price_cents, reference=reference
        )


# --- free days ----------------------------------------------------------------------------------------------------
_WHY_FREE = "Say why it is free."


@dataclass(frozen=True, slots=True)
class Gift:
    """What would be recorded for nothing: days, with so many seats. Without a grace of its own it has the list’s."""

    days: Days
    seats: int
    price_list: PriceList | None
    grace_days: int | None = None


def complimentary_days(*, membership: Membership, months: int, now: datetime) -> Gift:
    """What `give_complimentary_term` would record. Raises `LengthWrong`, `OrderUnpaid`, `NoPrices`."""
    if months < 1:
        raise LengthWrong("Give one month or more.")
    length = after_the_last(counting_terms(membership), association_day(now))
    price_list = price_list_on(membership.plan, association_day(now))
    seats = price_list.seats if length.seats is None else length.seats
    return Gift(Days(length.first, last_day_of(length.first, months)), seats, price_list)


def days_more(*, membership: Membership, days: int, now: datetime) -> Gift:
    """What `extend` would record. Raises `LengthWrong`, `OrderUnpaid`, `NothingToExtend`."""
    if days < 1:
        raise LengthWrong
    last = after_the_last(counting_terms(membership), association_day(now)).last
    if last is None:
        raise NothingToExtend
    first = last.last_day + timedelta(days=1)
    return Gift(Days(first, last.last_day + timedelta(days=days)), last.seats, last.price_list, last.grace_days)


def give_complimentary_term(
    *,
    membership: Membership,
    months: int = 12,
    seats: int | None = None,
    reason: str,
    by: User | None,
    now: datetime,
) -> Term:
    """A term that costs nothing, after the last one, or from today when grace is over. The reason is its reference.

    Raises `LengthWrong`, `ReasonMissing`, `OrderUnpaid`, `NoPrices`.
    """
    with transaction.atomic(), audited("give_complimentary_term", by=by):
        membership, reason = locked(membership), reason_given(reason, otherwise=_WHY_FREE)
        gift = complimentary_days(membership=membership, months=months, now=now)
        return record_term(
            membership=membership,
            kind=Term.Kind.COMPLIMENTARY,
            starts_on=gift.days.first,
            ends_on=gift.days.last,
            price_list=gift.price_list,
            seats=gift.seats if seats is None else seats,
            dues_cents=0,
            reference=reason,
            by=by,
            now=now,
        )


def extend(*, membership: Membership, days: int, reason: str, by: User | None, now: datetime) -> Term:
    """Some days more, right after the last term, with its seats and its grace, for nothing.

    Raises `LengthWrong`, `ReasonMissing`, `OrderUnpaid`, `NothingToExtend`.
    """
    with transaction.atomic(), audited("extend", by=by):
        membership, reason = locked(membership), reason_given(reason, otherwise=_WHY_FREE)
        gift = days_more(membership=membership, days=days, now=now)
        return record_term(
            membership=membership,
            kind=Term.Kind.EXTENSION,
            starts_on=gift.days.first,
            ends_on=gift.days.last,
            price_list=gift.price_list,
            seats=gift.seats,
            grace_days=gift.grace_days,
            dues_cents=0,
            reference=reason,
            by=by,
            now=now,
        )


# --- its end ------------------------------------------------------------------------------------------------------
def cancel_at_end(*, membership: Membership, reason: str = "", by: User | None, now: datetime) -> None:
    """The membership goes on to the end of its last term, and no renewal letter is sent any more.

    Raises `AlreadyCancelled`, `NothingToCancel`.
    """
    with transaction.atomic(), audited("cancel_at_end", by=by):
        row = locked(membership)
        if row.cancelled_at is not None:
            raise AlreadyCancelled
        if not any(term.last_day >= association_day(now) for term in counting_terms(row)):
            raise NothingToCancel
        row.cancelled_at, row.cancel_reason = now, reason.strip()
        row.save(update_fields=["cancelled_at", "cancel_reason"])
    membership.refresh_from_db()


def keep_going(*, membership: Membership, by: User | None, now: datetime) -> None:
    """The cancellation is taken back. Raises `NotCancelled`."""
    with transaction.atomic(), audited("keep_going", by=by):
        row = locked(membership)
        if row.cancelled_at is None:
            raise NotCancelled
        row.cancelled_at, row.cancel_reason = None, ""
        row.save(update_fields=["cancelled_at", "cancel_reason"])
    membership.refresh_from_db()


def _record(
    membership: Membership,
    sale: Sale,
    *,
    provisional_until: date | None,
    reference: str,
    by: User | None,
    now: datetime,
) -> Term:
    if membership.plan_id != sale.plan.pk:
        Membership.objects.filter(pk=membership.pk).update(plan=sale.plan)
    return record_term(
        membership=membership,
        starts_on=sale.quote.days.first,
        ends_on=sale.quote.days.last,
        price_list=sale.price_list,
        seats=sale.quote.seats,
        provisional_until=provisional_until,
        dues_cents=sale.quote.dues_cents,
        credit_cents=sale.quote.credit_cents,
        reference=reference,
        replaces=sale.replaces,
        by=by,
        now=now,
    )

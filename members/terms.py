"""Verbs on the terms of a membership: record one, record its payment, void one.

A term is never deleted, and its days are never changed: a wrong one is voided with a reason and recorded anew.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from django.db import connection, transaction

from cosn_site.clock import in_full
from cosn_site.verbs import StepRefused, audited, reason_given
from members.models import Membership, PriceList, Term, User
from members.price_lists import figures, price_list_on, size_of_holder
from members.prices import Days, Prices, quote, year_around

FIRST_YEAR, LAST_YEAR = 1970, 2100  # grace is counted on from the last day, and the calendar ends with the year 9999


class TermError(StepRefused):
    """A step that makes no sense for this term."""


class TermEndsBeforeItStarts(TermError):
    sentence = "A term must end on or after the day it starts."


class DaysFarAway(TermError):
    sentence = f"Choose days from {FIRST_YEAR} to {LAST_YEAR}; further ones are taken for a mistake."


class TermsOverlap(TermError):
    """The days belong to another term of the membership already."""


class DuesMissing(TermError):
    sentence = "A term that is longer than its year has no price of its own. Say what its dues are."


class AlreadyPaid(TermError):
    sentence = "This term is paid already."


class AlreadyVoid(TermError):
    sentence = "This term is void already."


class WasReplaced(TermError):
    """An upgrade took the term's place and credits its days."""


class CannotBringBack(TermError):
    """The days that an upgrade took belong to another term by now."""


def check_days(*, membership: Membership, starts_on: date, ends_on: date) -> None:
    """Whether a term of these days fits among the others. Raises `DaysFarAway`, `TermEndsBeforeItStarts`,
    `TermsOverlap`."""
    _check_years(starts_on, ends_on)
    if ends_on < starts_on:
        raise TermEndsBeforeItStarts
    other = membership.terms.counting().touching(starts_on, ends_on).first()
    if other is not None:
        raise TermsOverlap(
            f"This membership has a term from {in_full(other.starts_on)} to {in_full(other.last_day)}. "
            "Choose days outside it, or void it first."
        )


def _check_years(*days: date) -> None:
    if not all(FIRST_YEAR <= day.year <= LAST_YEAR for day in days):
        raise DaysFarAway


def record_term(
    *,
    membership: Membership,
    starts_on: date,
    ends_on: date | None = None,
    kind: Term.Kind = Term.Kind.PAID,
    price_list: PriceList | None = None,
    seats: int | None = None,
    grace_days: int | None = None,
    provisional_until: date | None = None,
    dues_cents: int | None = None,
    credit_cents: int = 0,
    reference: str = "",
    replaces: Sequence[Term] = (),
    by: User | None,
    now: datetime,
) -> Term:
    """Write down a term that was paid, given, or promised by a purchase order.

    What is left out comes from the price list, by default the one of the plan on the term's first day. With
    `provisional_until` the term is unpaid and gives access up to and including that day; `record_payment` clears it.
    A membership that was to end goes on, unless all it gets are some days more. The terms that it `replaces` make room:
    they are cut on the day before, or void where no day of theirs is left.

    Raises `DaysFarAway`, `TermEndsBeforeItStarts`, `TermsOverlap`, `NoPrices`, `DuesMissing`, and what
    `members.prices.quote` raises.
    """
    with transaction.atomic(), audited("record_term", by=by):
        _check_years(starts_on, ends_on or starts_on)
        membership = locked(membership)
        price_list = price_list or price_list_on(membership.plan, starts_on)
        prices = figures(price_list)
        days = days_of(prices, starts_on, ends_on)
        key = _make_room(replaces, starts_on, now) if replaces else None
        check_days(membership=membership, starts_on=days.first, ends_on=days.last)
        size = size_of_holder(membership)
        term = sold_at(price_list, prices, days, size=size, seats=seats, grace_days=grace_days, dues_cents=dues_cents)
        term.pk, term.membership, term.kind = key, membership, kind
        term.provisional_until, term.credit_cents, term.reference = provisional_until, credit_cents, reference
        term.save(force_insert=True)
        if takes_back_the_end(membership, kind):
            Membership.objects.filter(pk=membership.pk).update(cancelled_at=None, cancel_reason="")
    return term


# --- what the price list says: also for an import, which looks all lists up beforehand ------------------------------
def days_of(prices: Prices, starts_on: date, ends_on: date | None) -> Days:
    """The days of a term; without a last one it goes to the end of its year. Raises `TermEndsBeforeItStarts`."""
    ends_on = ends_on or year_around(starts_on, is_fixed=prices.is_fixed).last
    if ends_on < starts_on:
        raise TermEndsBeforeItStarts
    return Days(starts_on, ends_on)


def sold_at(
    price_list: PriceList,
    prices: Prices,
    days: Days,
    *,
    size: int | None,
    seats: int | None = None,
    grace_days: int | None = None,
    dues_cents: int | None = None,
) -> Term:
    """A term of these days that belongs to nobody yet and is not saved; what is left out comes from the price list.

    `prices` are the list's figures. Raises `DuesMissing` for more days than its year has, and what
    `members.prices.quote` raises.
    """
    seats = price_list.seats if seats is None else seats
    if dues_cents is None:
        if days.last > year_around(days.first, is_fixed=prices.is_fixed).last:
            raise DuesMissing
        dues_cents = quote(prices, days, size=size, seats=seats).dues_cents
    return Term(
        price_list=price_list,
        size=size,
        starts_on=days.first,
        ends_on=days.last,
        seats=seats,
        grace_days=price_list.grace_days if grace_days is None else grace_days,
        dues_cents=dues_cents,
    )


def takes_back_the_end(membership: Membership, kind: Term.Kind) -> bool:
    """Whether a membership that was to end goes on with a term of this kind: not for some days more."""
    return membership.cancelled_at is not None and kind != Term.Kind.EXTENSION


def _make_room(terms: Iterable[Term], starts_on: date, now: datetime) -> int:
    """Cut or void the terms. Answers with the key that the new term will have.

    A cut term names its replacement from the start (a constraint sees to it), and must be cut before its replacement
    can have the days. So the key is drawn first; that the term is really there is checked at the commit.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('members_term', 'id'))")
        key: int = cursor.fetchone()[0]
    reason = f"An upgrade on {in_full(starts_on)} took its place."
    for term in terms:
        rows = Term.objects.filter(pk=term.pk)
        if term.starts_on < starts_on:
            rows.update(cut_on=starts_on - timedelta(days=1), replaced_by=key)
        else:
            rows.update(voided_at=now, void_reason=reason, replaced_by=key)
    return key


def locked(membership: Membership) -> Membership:
    """The membership as it stands, with its plan and holder, its row locked to the end of the transaction."""
    rows = Membership.objects.select_for_update(of=("self",)).select_related("plan", "organization")
    return rows.get(pk=membership.pk)


def record_payment(*, term: Term, reference: str = "", by: User | None, now: datetime) -> None:
    """The purchase order behind a term is paid: its clock stops, and the term stands to its last day and through grace.

    `reference` (a check number, say) replaces the one of the order when given; the audit trail keeps both.
    Raises `AlreadyPaid`, `AlreadyVoid`.
    """
    with transaction.atomic(), audited("record_payment", by=by):
        row = Term.objects.select_for_update().get(pk=term.pk)
        if row.voided_at is not None:
            raise AlreadyVoid("This term is void. Record a new one for the payment.")
        if row.provisional_until is None:
            raise AlreadyPaid
        row.provisional_until = None
        row.reference = reference.strip() or row.reference
        row.save(update_fields=["provisional_until", "reference"])
    term.refresh_from_db()


def void_term(*, term: Term, reason: str, by: User | None, now: datetime) -> None:
    """The term counts no longer, from this instant and for every day. What an upgrade had replaced counts again, and
    the membership goes on with the plan of the last term that is left.

    Raises `AlreadyVoid`, `ReasonMissing`, `WasReplaced`, `CannotBringBack`.
    """
    reason = reason_given(reason, otherwise="Say why the term is void.")
    with transaction.atomic(), audited("void_term", by=by):
        membership = locked(term.membership)
        row = Term.objects.select_for_update().get(pk=term.pk)
        if row.voided_at is not None:
            raise AlreadyVoid
        if row.replaced_by_id is not None:
            raise WasReplaced("An upgrade took its place and credits its days. Void the term of the upgrade first.")
        _check_room_for_the_replaced(membership, row)
        row.voided_at = now
        row.void_reason = reason
        row.save(update_fields=["voided_at", "void_reason"])
        row.replaces.update(cut_on=None, voided_at=None, void_reason="", replaced_by=None)
        _go_back_to_the_plan_before(membership, row)
    term.refresh_from_db()


def _go_back_to_the_plan_before(membership: Membership, voided: Term) -> None:
    """Whoever sold the term may have changed the plan with it: the next renewal would quote what was taken back."""
    if voided.price_list is None or voided.price_list.plan_id != membership.plan_id:
        return
    last = membership.terms.counting().exclude(price_list=None).order_by("starts_on").last()
    if last is not None and last.price_list is not None and last.price_list.plan_id != membership.plan_id:
        Membership.objects.filter(pk=membership.pk).update(plan=last.price_list.plan)


def _check_room_for_the_replaced(membership: Membership, row: Term) -> None:
    others = membership.terms.counting().exclude(pk=row.pk)
    for back in row.replaces.all():
        since = others.touching(back.starts_on, back.ends_on).exclude(replaced_by=row).first()
        if since is not None:
            raise CannotBringBack(
                f"Without this term the one from {in_full(back.starts_on)} to {in_full(back.ends_on)} counts again, "
                f"and a term from {in_full(since.starts_on)} to {in_full(since.last_day)} was recorded since. "
                "Void that one first."
            )

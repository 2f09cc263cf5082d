"""Verbs on the terms of a membership: record one, record its payment, void one.

A term is never deleted, and its days are never changed: a wrong one is voided with a reason and recorded anew.
"""

import calendar
from datetime import date, datetime, timedelta

from django.db import transaction

from cosn_site.verbs import StepRefused, audited
from members.models import Membership, Term, User


class TermError(StepRefused):
    """A step that makes no sense for this term."""


class TermEndsBeforeItStarts(TermError):
    sentence = "A term must end on or after the day it starts."


class TermsOverlap(TermError):
    """The days belong to another term of the membership already."""


class AlreadyPaid(TermError):
    sentence = "This term is paid already."


class AlreadyVoid(TermError):
    sentence = "This term is void already."


class ReasonMissing(TermError):
    sentence = "Say why the term is void."


def last_day_of(starts_on: date, months: int) -> date:
    """The last day, inclusive, of a term of so many months: 1 July and 12 months give 30 June.

    Where the month it would end in is too short, the term ends with that month.
    """
    years, month = divmod(starts_on.month - 1 + months, 12)
    year, month = starts_on.year + years, month + 1
    days = calendar.monthrange(year, month)[1]
    if starts_on.day > days:
        return date(year, month, days)
    return date(year, month, starts_on.day) - timedelta(days=1)


def check_days(*, membership: Membership, starts_on: date, ends_on: date) -> None:
    """Whether a term of these days fits among the others. Raises `TermEndsBeforeItStarts`, `TermsOverlap`."""
    if ends_on < starts_on:
        raise TermEndsBeforeItStarts
    other = membership.terms.filter(voided_at=None, starts_on__lte=ends_on, ends_on__gte=starts_on).first()
    if other is not None:
        raise TermsOverlap(
            f"This membership has a term from {_in_full(other.starts_on)} to {_in_full(other.ends_on)}. "
            "Choose days outside it, or void it first."
        )


def record_term(
    *,
    membership: Membership,
    starts_on: date,
    ends_on: date | None = None,
    seats: int | None = None,
    grace_days: int | None = None,
    provisional_until: date | None = None,
    dues_cents: int | None = None,
    reference: str = "",
    by: User | None,
    now: datetime,
) -> Term:
    """Write down a term that was paid, or promised by a purchase order.

    What is left out comes from the membership's plan as it is now. With `provisional_until` the term is unpaid and
    gives access up to and including that day; `record_payment` clears it.

    Raises `TermEndsBeforeItStarts`, `TermsOverlap`.
    """
    with transaction.atomic(), audited("record_term", by=by):
        membership = Membership.objects.select_for_update(of=("self",)).select_related("plan").get(pk=membership.pk)
        plan = membership.plan
        ends_on = ends_on or last_day_of(starts_on, plan.term_months)
        check_days(membership=membership, starts_on=starts_on, ends_on=ends_on)
        return Term.objects.create(
            membership=membership,
            starts_on=starts_on,
            ends_on=ends_on,
            seats=plan.seats if seats is None else seats,
            grace_days=plan.grace_days if grace_days is None else grace_days,
            provisional_until=provisional_until,
            dues_cents=plan.dues_cents if dues_cents is None else dues_cents,
            reference=reference,
        )


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
    """The term counts no longer, from this instant and for every day. Raises `AlreadyVoid`, `ReasonMissing`."""
    reason = reason.strip()
    if not reason:
        raise ReasonMissing
    with transaction.atomic(), audited("void_term", by=by):
        row = Term.objects.select_for_update().get(pk=term.pk)
        if row.voided_at is not None:
            raise AlreadyVoid
        row.voided_at = now
        row.void_reason = reason
        row.save(update_fields=["voided_at", "void_reason"])
    term.refresh_from_db()


def _in_full(day: date) -> str:
    return f"{day.day} {day:%B %Y}"

"""Memberships and their terms.

A membership is held by an organization or by a person, never both. Its history is its terms. Nothing here says
whether somebody *is* a member: `members.standing` computes that from terms and a day.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any, Self

import pghistory
import pgtrigger
from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import Case, F, Func, IntegerField, Q, Value, When
from django.db.models.functions import Coalesce

from members.models.organizations import Organization
from members.models.plans import Plan, PriceList
from members.standing import STATUS_OF_MEMBERSHIPS, Status


class StatusOn(Func):
    """Where a membership stands on a day, by THE rule in SQL; also in a subquery, where its table has another name."""

    output_field = models.CharField()

    def __init__(self, membership: Any, day: date) -> None:
        super().__init__(membership)
        self.day = day

    def as_sql(self, compiler: Any, connection: Any, **extra_context: Any) -> Any:  # type: ignore[override]
        column, parameters = compiler.compile(self.get_source_expressions()[0])
        return STATUS_OF_MEMBERSHIPS.replace("members_membership.id", column), (self.day, *parameters)


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Adjectives of memberships."""

    def with_status(self, day: date) -> Self:
        """Each with `status`: where it stands on that day, by THE rule."""
        return self.annotate(status=StatusOn(F("pk"), day))

    def in_status(self, statuses: Iterable[Status], day: date) -> Self:
        """Those in one of these statuses on that day."""
        return self.with_status(day).filter(status__in=list(statuses))


@pghistory.track()
class Membership(models.Model):
    """An organization's or a person's membership, through all its terms. `plan` is what it renews on."""

    organization = models.OneToOneField(
        Organization, on_delete=models.PROTECT, null=True, blank=True, related_name="membership"
    )
    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="membership"
    )
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="memberships")
    cancelled_at = models.DateTimeField(null=True, blank=True, editable=False)
    cancel_reason = models.CharField(max_length=200, blank=True, editable=False)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(organization__isnull=False, person__isnull=True)
                | Q(organization__isnull=True, person__isnull=False),
                name="membership_has_one_holder",
                violation_error_message="Choose an organization or a person, not both.",
            )
        ]

    def __str__(self) -> str:
        return str(self.organization or self.person)

    def terms_that_count(self) -> "list[Term]":
        """The terms that are not void, in their order: of those that were prefetched, if they were."""
        return [term for term in self.terms.all() if term.voided_at is None]


# `Term.last_day` and `Term.grace` in a query
LAST_DAY = Coalesce(F("cut_on"), F("ends_on"))
GRACE = Case(When(cut_on__isnull=False, then=0), default=F("grace_days"), output_field=IntegerField())


class TermQuerySet(models.QuerySet["Term"]):
    """Adjectives of terms."""

    def counting(self) -> Self:
        """Those that are not void."""
        return self.filter(voided_at__isnull=True)

    def touching(self, first: date, last: date) -> Self:
        """Those that count on a day from the first to the last, both inclusive."""
        return self.alias(to=LAST_DAY).filter(starts_on__lte=last, to__gte=first)


def _day_range() -> Func:
    return Func(F("starts_on"), LAST_DAY, Value("[]"), function="daterange", output_field=DateRangeField())


def _same_membership() -> Func:
    # an integer range of one value: equality in an exclusion constraint without the btree_gist extension
    return Func(F("membership"), F("membership"), Value("[]"), function="int8range")


@pghistory.track()
class Term(models.Model):
    """One paid or promised stretch of days of a membership, with the figures it was sold at.

    `provisional_until` is set while an accepted purchase order is unpaid: the term gives access up to and including
    that day. Recording the payment clears it.

    `cut_on` is set when an upgrade took its place before its time: the last day that it counts.
    """

    class Kind(models.TextChoices):
        PAID = "paid", "Paid"
        COMPLIMENTARY = "complimentary", "Complimentary"
        EXTENSION = "extension", "Extension"

    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="terms")
    kind = models.CharField(max_length=13, choices=Kind, default=Kind.PAID)
    price_list = models.ForeignKey(PriceList, on_delete=models.PROTECT, null=True, blank=True, related_name="terms")
    size = models.PositiveIntegerField(
        null=True, blank=True, help_text="Students or staff that the dues were sold by, where they go by size."
    )
    starts_on = models.DateField()
    ends_on = models.DateField(help_text="The last day, inclusive.")
    seats = models.PositiveSmallIntegerField(default=1, help_text="All of them: included, bought, and added later.")
    grace_days = models.PositiveSmallIntegerField(default=30)
    provisional_until = models.DateField(
        null=True, blank=True, help_text="Unpaid purchase order: access up to and including this day."
    )
    dues_cents = models.PositiveIntegerField(
        "dues in cents", default=0, help_text="What the days of the term are worth, before any credit."
    )
    credit_cents = models.PositiveIntegerField("credit in cents", default=0, help_text="For unused days it replaced.")
    reference = models.CharField(max_length=80, blank=True, help_text="Purchase order, check or order number.")
    cut_on = models.DateField(null=True, blank=True, editable=False)
    replaced_by = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="replaces"
    )
    voided_at = models.DateTimeField(null=True, blank=True, editable=False)
    void_reason = models.CharField(max_length=200, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TermQuerySet.as_manager()

    class Meta:
        ordering = ["starts_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="term_ends_after_it_starts",
                violation_error_message="A term must end on or after the day it starts.",
            ),
            models.CheckConstraint(
                condition=Q(cut_on__isnull=True)
                | Q(cut_on__gte=F("starts_on"), cut_on__lt=F("ends_on"), replaced_by__isnull=False),
                name="term_is_cut_within_its_days",
            ),
            models.CheckConstraint(condition=Q(seats__gte=1), name="term_has_a_seat"),
            models.CheckConstraint(condition=Q(credit_cents__lte=F("dues_cents")), name="credit_is_within_the_dues"),
            ExclusionConstraint(
                name="terms_of_one_membership_never_overlap",
                index_type="gist",
                expressions=[(_same_membership(), RangeOperators.OVERLAPS), (_day_range(), RangeOperators.OVERLAPS)],
                condition=Q(voided_at__isnull=True),
                violation_error_message="This term overlaps another term of the same membership.",
            ),
        ]
        indexes = [models.Index(LAST_DAY, condition=Q(voided_at__isnull=True), name="terms_by_last_day")]

    def __str__(self) -> str:
        return f"{self.starts_on} to {self.last_day}"

    @property
    def last_day(self) -> date:
        """The last day that it counts: the one it was sold to, or the one an upgrade cut it on."""
        return self.cut_on or self.ends_on

    @property
    def grace(self) -> int:
        """The days of grace after its last day; none where an upgrade cut it, which goes on in its place."""
        return 0 if self.cut_on else self.grace_days


@pghistory.track(pghistory.InsertEvent())
class SeatAddition(models.Model):
    """Seats added to a term after it began, from a day to its end. Append-only; the term's `seats` include them."""

    term = models.ForeignKey(Term, on_delete=models.PROTECT, related_name="seat_additions")
    seats = models.PositiveSmallIntegerField()
    from_on = models.DateField()
    price_cents = models.PositiveIntegerField("price in cents", help_text="Prorated to the end of the term.")
    reference = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["from_on", "pk"]
        constraints = [models.CheckConstraint(condition=Q(seats__gte=1), name="an_addition_adds_a_seat")]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.seats} more from {self.from_on}"

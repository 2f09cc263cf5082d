"""Plans, memberships, their terms and seats.

A membership is held by an organization or by a person, never both. Its history is its terms. Nothing here says
whether somebody *is* a member: `members.standing` computes that from terms and a day.
"""

import pghistory
from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value

from members.models.organizations import Organization


class Plan(models.Model):
    """What can be joined, and at what price."""

    class Holder(models.TextChoices):
        ORGANIZATION = "organization", "An organization"
        PERSON = "person", "A person"

    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=60, unique=True)
    holder = models.CharField("held by", max_length=12, choices=Holder)
    summary = models.CharField(max_length=240, blank=True)
    benefits = ArrayField(models.CharField(max_length=160), default=list, blank=True)
    dues_cents = models.PositiveIntegerField("dues in cents", help_text="For one term, in US cents.")
    seats = models.PositiveSmallIntegerField(default=1, help_text="Seats included in the dues.")
    term_months = models.PositiveSmallIntegerField(default=12)
    grace_days = models.PositiveSmallIntegerField(default=30, help_text="Days of access after a term has ended.")
    provisional_days = models.PositiveSmallIntegerField(
        default=40, help_text="Days of access on an accepted purchase order before it is paid."
    )
    is_published = models.BooleanField("published", default=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "name"]
        constraints = [
            models.CheckConstraint(condition=Q(seats__gte=1), name="plan_has_a_seat"),
            models.CheckConstraint(condition=Q(term_months__gte=1), name="plan_has_a_term"),
        ]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class Membership(models.Model):
    """An organization's or a person's membership, through all its terms."""

    organization = models.OneToOneField(
        Organization, on_delete=models.PROTECT, null=True, blank=True, related_name="membership"
    )
    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="membership"
    )
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="memberships")

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


def _day_range() -> Func:
    return Func(F("starts_on"), F("ends_on"), Value("[]"), function="daterange", output_field=DateRangeField())


def _same_membership() -> Func:
    # an integer range of one value: equality in an exclusion constraint without the btree_gist extension
    return Func(F("membership"), F("membership"), Value("[]"), function="int8range")


@pghistory.track()
class Term(models.Model):
    """One paid or promised stretch of days of a membership, with the figures it was sold at.

    `provisional_until` is set while an accepted purchase order is unpaid: the term gives access up to and including
    that day. Recording the payment clears it.
    """

    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="terms")
    starts_on = models.DateField()
    ends_on = models.DateField(help_text="The last day, inclusive.")
    seats = models.PositiveSmallIntegerField(default=1)
    grace_days = models.PositiveSmallIntegerField(default=30)
    provisional_until = models.DateField(
        null=True, blank=True, help_text="Unpaid purchase order: access up to and including this day."
    )
    dues_cents = models.PositiveIntegerField("dues in cents", default=0)
    reference = models.CharField(max_length=80, blank=True, help_text="Purchase order, check or order number.")
    voided_at = models.DateTimeField(null=True, blank=True, editable=False)
    void_reason = models.CharField(max_length=200, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["starts_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="term_ends_after_it_starts",
                violation_error_message="A term must end on or after the day it starts.",
            ),
            models.CheckConstraint(condition=Q(seats__gte=1), name="term_has_a_seat"),
            ExclusionConstraint(
                name="terms_of_one_membership_never_overlap",
                index_type="gist",
                expressions=[(_same_membership(), RangeOperators.OVERLAPS), (_day_range(), RangeOperators.OVERLAPS)],
                condition=Q(voided_at__isnull=True),
                violation_error_message="This term overlaps another term of the same membership.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts_on} to {self.ends_on}"


@pghistory.track()
class Seat(models.Model):
    """A person sits in one of a membership's seats. The row stays when they leave; `left_at` closes it."""

    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="seat_rows")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="seat_rows")
    number = models.PositiveSmallIntegerField()
    taken_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["membership", "number", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["membership", "person"], condition=Q(left_at__isnull=True), name="one_seat_per_person"
            ),
            models.UniqueConstraint(
                fields=["membership", "number"], condition=Q(left_at__isnull=True), name="one_person_per_seat"
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="seats_are_numbered_from_one"),
            models.CheckConstraint(
                condition=Q(left_at__isnull=True) | Q(left_at__gte=F("taken_at")), name="seat_left_after_it_was_taken"
            ),
        ]

    def __str__(self) -> str:
        return f"Seat {self.number} of {self.membership}"

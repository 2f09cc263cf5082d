"""What can be joined, and at what price."""

from datetime import date
from typing import Self

import pghistory
import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class Plan(models.Model):
    """What can be joined. Its words may change; who holds it, when its terms run and what its dues go by never do."""

    class Holder(models.TextChoices):
        ORGANIZATION = "organization", "An organization"
        PERSON = "person", "A person"

    class Terms(models.TextChoices):
        ROLLING = "rolling", "Twelve months from the first day"
        FIXED = "fixed", "July to June, prorated when joined later"

    class BandBy(models.TextChoices):
        NOTHING = "", "Nothing: one price for all"
        ENROLLMENT = "enrollment", "Students enrolled"
        STAFF = "staff", "Staff employed"

    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=60, unique=True)
    holder = models.CharField("held by", max_length=12, choices=Holder)
    terms = models.CharField(max_length=7, choices=Terms, default=Terms.ROLLING)
    band_by = models.CharField("dues go by", max_length=10, choices=BandBy, default=BandBy.NOTHING, blank=True)
    summary = models.CharField(max_length=240, blank=True)
    benefits = ArrayField(models.CharField(max_length=160), default=list, blank=True)
    is_published = models.BooleanField("published", default=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "name"]
        triggers = [pgtrigger.ReadOnly(name="the_kind_of_a_plan_stays", fields=["holder", "terms", "band_by"])]

    def __str__(self) -> str:
        return self.name


class PriceListQuerySet(models.QuerySet["PriceList"]):
    """Adjectives of price lists."""

    def on(self, day: date) -> Self:
        """Those that are valid on a day, the one that counts first."""
        return self.filter(valid_from__lte=day).order_by("-valid_from", "-number")

    def of_each_plan(self, day: date) -> Self:
        """The one that counts on a day, of each plan that has one."""
        return self.on(day).order_by("plan_id", "-valid_from", "-number").distinct("plan_id")


@pghistory.track(pghistory.InsertEvent())
class PriceList(models.Model):
    """What a plan costs and brings from a day on. Never changed: a new price is a new list.

    The list of a day is the one with the latest `valid_from` on or before it; of two, the higher number.
    """

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="price_lists")
    number = models.PositiveSmallIntegerField()
    valid_from = models.DateField()
    seats = models.PositiveSmallIntegerField(default=1, help_text="Seats included in the dues.")
    extra_seat_cents = models.PositiveIntegerField(
        "one more seat, in cents", null=True, blank=True, help_text="For a whole term. Empty: no more can be had."
    )
    grace_days = models.PositiveSmallIntegerField(default=30, help_text="Days of access after a term has ended.")
    provisional_days = models.PositiveSmallIntegerField(
        default=40, help_text="Days of access on an accepted purchase order before it is paid."
    )
    net_days = models.PositiveSmallIntegerField(default=30, help_text="Days to pay an invoice in.")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PriceListQuerySet.as_manager()

    class Meta:
        ordering = ["plan", "-valid_from", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "number"], name="price_lists_are_numbered"),
            models.CheckConstraint(condition=Q(seats__gte=1), name="price_list_has_a_seat"),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.plan}, prices {self.number}"


@pghistory.track(pghistory.InsertEvent())
class DuesBand(models.Model):
    """The dues for a size up to and including `up_to`; the smallest band that a size fits in is its band."""

    price_list = models.ForeignKey(PriceList, on_delete=models.PROTECT, related_name="bands")
    up_to = models.PositiveIntegerField(null=True, blank=True, help_text="Empty: any size.")
    dues_cents = models.PositiveIntegerField("dues in cents", help_text="For a whole term, in US cents.")

    class Meta:
        ordering = ["price_list", models.F("up_to").asc(nulls_last=True)]
        constraints = [
            models.UniqueConstraint(fields=["price_list", "up_to"], name="one_band_per_size"),
            models.UniqueConstraint(
                fields=["price_list"], condition=Q(up_to__isnull=True), name="one_band_for_any_size"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="no_band_is_added_once_sold",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    IF EXISTS (SELECT FROM members_term WHERE price_list_id = NEW.price_list_id) THEN
                        RAISE EXCEPTION 'Terms were sold at price list %; make a new one.', NEW.price_list_id;
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"Up to {self.up_to:,}" if self.up_to is not None else "Any size"

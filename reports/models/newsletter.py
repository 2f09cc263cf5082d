"""The newsletter's subscribers and the words they agreed to."""

from enum import StrEnum

import pghistory
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from reports.models.versions import VersionedText


class ConsentText(VersionedText):
    """What a subscriber agrees to. Each keeps the version they agreed to."""


class Standing(StrEnum):
    """Where a subscriber is."""

    ASKED = "asked"
    SUBSCRIBED = "subscribed"
    LEFT = "left"


class SubscriberQuerySet(models.QuerySet["Subscriber"]):
    def in_standing(self, standing: Standing) -> "SubscriberQuerySet":
        """The queryset twin of `Subscriber.standing` (parity test)."""
        match standing:
            case Standing.LEFT:
                return self.filter(left_at__gte=F("asked_at"))
            case Standing.SUBSCRIBED:
                return self.filter(left_at__isnull=True, confirmed_at__isnull=False)
            case Standing.ASKED:
                return self.filter(Q(left_at__isnull=True, confirmed_at__isnull=True) | Q(left_at__lt=F("asked_at")))


@pghistory.track(exclude=["token_hash"])
class Subscriber(models.Model):
    """An address that asked for the newsletter. It gets nothing before it was confirmed by a button."""

    email = models.EmailField(max_length=254)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    consent = models.ForeignKey(ConsentText, on_delete=models.PROTECT, related_name="subscribers")
    focus_areas = models.ManyToManyField("reports.FocusArea", blank=True, related_name="+")
    asked_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)

    objects = SubscriberQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at"]
        constraints = [models.UniqueConstraint(Lower("email"), name="one_subscription_per_email")]

    def __str__(self) -> str:
        return self.email

    @property
    def standing(self) -> Standing:
        """Asked again after leaving counts as asked: the button has to be pressed again."""
        if self.left_at is not None:
            return Standing.ASKED if self.asked_at > self.left_at else Standing.LEFT
        return Standing.SUBSCRIBED if self.confirmed_at is not None else Standing.ASKED

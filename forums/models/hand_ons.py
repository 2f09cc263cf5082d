"""What is held out to a colleague. The verbs are in `forums.handing_on`."""

from typing import Self

import pghistory
from django.db import models
from django.db.models import Q

from forums.models.registrations import Registration


class HandOnQuerySet(models.QuerySet["HandOn"]):
    def open(self) -> Self:
        """Those that nobody took and nobody took back."""
        return self.filter(taken_at__isnull=True, withdrawn_at__isnull=True)


@pghistory.track(exclude=["token_hash"])
class HandOn(models.Model):
    """A seat or a place in line that is held out to a colleague. It stays with its holder until the colleague takes it.

    The link's secret is stored hashed, and made by the task that mails it.
    """

    registration = models.ForeignKey(Registration, on_delete=models.PROTECT, related_name="hand_ons")
    email = models.EmailField("e-mail address", max_length=254)
    name = models.CharField(max_length=120, blank=True)
    token_hash = models.CharField(max_length=64, blank=True, editable=False)
    made_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True, blank=True)
    taken_by = models.ForeignKey(
        Registration, on_delete=models.PROTECT, null=True, blank=True, related_name="came_from"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = HandOnQuerySet.as_manager()

    class Meta:
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["registration"],
                condition=Q(taken_at__isnull=True, withdrawn_at__isnull=True),
                name="one_open_hand_on_per_registration",
            ),
            models.CheckConstraint(
                condition=Q(taken_at__isnull=True) | Q(withdrawn_at__isnull=True), name="hand_on_is_taken_or_withdrawn"
            ),
            models.UniqueConstraint(
                fields=["token_hash"], condition=~Q(token_hash=""), name="hand_on_links_are_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.registration} to {self.email}"

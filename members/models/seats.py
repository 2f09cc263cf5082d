"""Who sits in a membership's seats, who was invited to one, and who asked for one."""

from datetime import datetime
from typing import Self

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from members.models.memberships import Membership
from members.models.organizations import Organization


@pghistory.track()
class Seat(models.Model):
    """A person sits in one of a membership's seats. The row stays when they leave; `left_at` closes it.

    `through` is set for somebody who works at another organization, in whose benefit its parent lets it share: the
    seat counts only while the parent does.
    """

    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="seat_rows")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="seat_rows")
    number = models.PositiveSmallIntegerField()
    through = models.ForeignKey(Organization, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
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


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Adjectives of invitations."""

    def unanswered(self) -> Self:
        """Neither accepted nor withdrawn; they may have expired."""
        return self.filter(accepted_at__isnull=True, withdrawn_at__isnull=True)

    def open(self, now: datetime) -> Self:
        """Those that keep a seat: unanswered, and not expired."""
        return self.unanswered().filter(expires_at__gt=now)


@pghistory.track(exclude=["token_hash"])
class Invitation(models.Model):
    """A seat kept for an address until it accepts, the invitation is withdrawn, or it expires.

    The link's secret is stored hashed.
    """

    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="invitations")
    email = models.EmailField("e-mail address", max_length=254)
    name = models.CharField(max_length=120, blank=True)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    follows = models.ForeignKey(
        Seat, on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text="Whose successor it invites."
    )
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-invited_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                "membership",
                Lower("email"),
                condition=Q(accepted_at__isnull=True, withdrawn_at__isnull=True),
                name="one_open_invitation_per_address",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True) | Q(withdrawn_at__isnull=True),
                name="invitation_is_accepted_or_withdrawn",
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=F("invited_at")), name="invitation_expires_later"),
        ]

    def __str__(self) -> str:
        return f"{self.email}, {self.membership}"


@pghistory.track()
class SeatRequest(models.Model):
    """Somebody who may sit here asked for a seat when none was free; a contact answers."""

    class Answer(models.TextChoices):
        GIVEN = "given", "Given"
        DECLINED = "declined", "Declined"
        DROPPED = "dropped", "Taken back by who asked"

    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="seat_requests")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="seat_requests")
    through = models.ForeignKey(Organization, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    asked_at = models.DateTimeField()
    answer = models.CharField(max_length=8, choices=Answer, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["asked_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["membership", "person"], condition=Q(answer=""), name="one_open_request_per_person"
            ),
            models.CheckConstraint(
                condition=Q(answer="", answered_at__isnull=True) | ~Q(answer="") & Q(answered_at__isnull=False),
                name="an_answer_has_its_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} asks for a seat of {self.membership}"

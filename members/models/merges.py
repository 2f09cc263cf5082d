"""Two rows that were one person, or one organization, and are one now."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from members.models.organizations import Organization


class Merge(models.Model):
    """What was merged into what, by whom and why, and how many rows moved. Append-only."""

    kept_person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    merged_person = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    kept_organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    merged_organization = models.OneToOneField(
        Organization, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.CharField(max_length=200)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    moved = models.JSONField(default=dict, help_text="Which rows moved: model and field → their keys.")

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    kept_person__isnull=False,
                    merged_person__isnull=False,
                    kept_organization__isnull=True,
                    merged_organization__isnull=True,
                )
                & ~Q(kept_person=F("merged_person"))
                | Q(
                    kept_person__isnull=True,
                    merged_person__isnull=True,
                    kept_organization__isnull=False,
                    merged_organization__isnull=False,
                )
                & ~Q(kept_organization=F("merged_organization")),
                name="two_of_a_kind_are_merged",
            )
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.merged_person or self.merged_organization} → {self.kept_person or self.kept_organization}"

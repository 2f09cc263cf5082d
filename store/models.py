"""What a person may have beyond their membership, and what they took."""

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from members.models import Organization
from reports.models import Edition, Report
from store.reasons import Reason


@pghistory.track()
class Grant(models.Model):
    """One row that opens one report, all its editions, to one person or to whoever holds one link.

    A refund or a revocation closes it; rows are never deleted. The link's secret is stored hashed.
    """

    class Kind(models.TextChoices):
        PURCHASED = "purchased", "Purchased"
        COMPLIMENTARY = "complimentary", "Complimentary"
        STAFF = "staff", "Given by staff"

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=13, choices=Kind)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    link_hash = models.CharField(max_length=64, blank=True, editable=False)
    note = models.CharField(max_length=200, blank=True, help_text="Order number, outlet, or why.")
    opened_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True, editable=False)
    closed_reason = models.CharField(max_length=200, blank=True, editable=False)
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )

    class Meta:
        ordering = ["-opened_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(person__isnull=False, link_hash="") | Q(person__isnull=True) & ~Q(link_hash=""),
                name="grant_is_for_a_person_or_a_link",
            ),
            models.UniqueConstraint(fields=["link_hash"], condition=~Q(link_hash=""), name="grant_links_are_unique"),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=F("opened_at")),
                name="grant_ends_after_it_opens",
            ),
        ]
        indexes = [models.Index(fields=["person"], condition=Q(closed_at__isnull=True), name="open_grants_of_a_person")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.report}"


class Download(models.Model):
    """The ledger: who took which edition, by which right, when. Rows are written once and never changed.

    One thing alone may change, along a recorded merge: whose a row is, when two people or organizations become one.
    """

    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, null=True, related_name="downloads")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, null=True, related_name="+")
    right = models.CharField(
        max_length=13, choices=[(reason.value, reason.label) for reason in Reason if reason.allows]
    )
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["person", "-at"], name="downloads_of_a_person"),
            models.Index(fields=["edition", "-at"], name="downloads_of_an_edition"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="append_only",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                # Whose a download is may change, from one row to the one that it was merged into, and nothing else may.
                func="""
                    IF TG_OP = 'UPDATE'
                        AND to_jsonb(NEW) - 'person_id' - 'organization_id'
                            = to_jsonb(OLD) - 'person_id' - 'organization_id'
                        AND (
                            NEW.person_id IS NOT DISTINCT FROM OLD.person_id
                            OR EXISTS (
                                SELECT FROM members_merge
                                WHERE merged_person_id = OLD.person_id AND kept_person_id = NEW.person_id
                            )
                        )
                        AND (
                            NEW.organization_id IS NOT DISTINCT FROM OLD.organization_id
                            OR EXISTS (
                                SELECT FROM members_merge
                                WHERE merged_organization_id = OLD.organization_id
                                    AND kept_organization_id = NEW.organization_id
                            )
                        )
                    THEN
                        RETURN NEW;
                    END IF;
                    RAISE EXCEPTION 'The ledger of downloads is written once.';
                """,
            )
        ]

    def __str__(self) -> str:
        return f"{self.edition} at {self.at:%Y-%m-%d %H:%M}"

"""The renewal letters that were sent."""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models

from members.models.memberships import Term

STEPS = (-90, -60, -30, -7, 0, 7, 25)  # of the series: days from the last day of the term


class RenewalNotice(models.Model):
    """One letter of the renewal series of a term, once sent. Append-only; one of each step."""

    term = models.ForeignKey(Term, on_delete=models.PROTECT, related_name="renewal_notices")
    step = models.SmallIntegerField(help_text="Days from the term’s last day: -90 is ninety days before it.")
    due_on = models.DateField()
    sent_at = models.DateTimeField()
    recipients = ArrayField(models.EmailField(max_length=254), help_text="Empty: there was nobody to write to.")

    class Meta:
        ordering = ["-sent_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["term", "step"], name="each_renewal_notice_once")]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"Renewal notice {self.step:+} of {self.term}"

"""What was mailed about a registration, and what staff add to it."""

import pghistory
from django.db import models
from django.db.models import F, Q

from forums.models.forums import Forum
from forums.models.registrations import Registration


class LetterKind(models.TextChoices):
    """The messages of a forum."""

    REGISTERED = "registered", "Registered"
    WAITLISTED = "waitlisted", "On the waitlist"
    OFFERED = "offered", "A seat is offered"
    LAPSED = "lapsed", "The offer lapsed"
    CANCELLED = "cancelled", "Cancelled"
    CHANGED = "changed", "Changed"
    STILL_COMING = "still_coming", "Still coming?"
    REMINDED = "reminded", "Reminder"
    THANKED = "thanked", "Thank you"
    REPORT_OUT = "report_out", "The report is out"
    FROM_STAFF = "from_staff", "From staff"


@pghistory.track()
class Paragraph(models.Model):
    """What staff add to one kind of message of a forum. It may hold placeholders for named values."""

    forum = models.ForeignKey(Forum, on_delete=models.CASCADE, related_name="paragraphs")
    kind = models.CharField("message", max_length=12, choices=LetterKind)
    text = models.TextField(max_length=2000)

    class Meta:
        ordering = ["forum", "kind"]
        constraints = [models.UniqueConstraint(fields=["forum", "kind"], name="one_paragraph_per_message")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.text[:40]}"


class Letter(models.Model):
    """One message to one person. Its `key` says which one it is, so that none is mailed twice; the Message-ID is made
    from it."""

    registration = models.ForeignKey(Registration, on_delete=models.CASCADE, related_name="letters")
    kind = models.CharField(max_length=12, choices=LetterKind)
    key = models.CharField(max_length=40, help_text="What makes it this message and not another of its kind.")
    made_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["registration", "kind", "key"], name="no_letter_is_written_twice"),
            models.CheckConstraint(
                condition=Q(sent_at__isnull=True) | Q(sent_at__gte=F("made_at")),
                name="letter_is_sent_after_it_is_made",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, to {self.registration}"

"""What was mailed about a registration, and what staff add to it."""

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from forums.models.forums import Forum
from forums.models.registrations import Registration
from forums.paragraphs import check_paragraph


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
    text = models.TextField(max_length=2000, validators=[check_paragraph])

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


@pghistory.track(pghistory.InsertEvent())
class Mailing(models.Model):
    """One message of ours to many who registered: what staff wrote, or that the forum's report is out.

    Its number is the `key` of each letter. With a `reference` it is written once for its forum.
    """

    forum = models.ForeignKey(Forum, on_delete=models.PROTECT, related_name="mailings")
    kind = models.CharField(max_length=12, choices=LetterKind)
    subject = models.CharField(max_length=250)
    text = models.TextField(max_length=5000, blank=True, validators=[check_paragraph])
    link = models.CharField(max_length=300, blank=True, help_text="An address of this site, from its first slash on.")
    reference = models.CharField(max_length=40, blank=True)
    recipients = models.PositiveIntegerField(help_text="To how many it goes.")
    made_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["forum", "reference"], condition=~Q(reference=""), name="mailing_is_written_once"
            )
        ]

    def __str__(self) -> str:
        return self.subject

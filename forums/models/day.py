"""The day itself and after: who came, certificates, the survey, and what the tables wrote down."""

from typing import Self

import pghistory
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import Q

from forums.models.forums import Forum, Question
from forums.models.registrations import Registration


class CheckInQuerySet(models.QuerySet["CheckIn"]):
    def counting(self) -> Self:
        """The first of each person, unless it was undone; who has one was there."""
        return self.filter(conflict=CheckIn.Conflict.NONE, undone_at__isnull=True)


@pghistory.track()
class CheckIn(models.Model):
    """Somebody came through a door. What a device kept while the network was down arrives later with its own time.

    The first that reaches us counts; a second one for the same person is kept with its conflict and counts for nothing.
    """

    class Way(models.TextChoices):
        SCANNED = "scanned", "QR code"
        BY_NAME = "by_name", "By name"
        WALKED_IN = "walked_in", "Walked in"

    class Conflict(models.TextChoices):
        NONE = "", "None"
        ALREADY_IN = "already_in", "Was checked in already"
        NO_SEAT = "no_seat", "Holds no seat"

    registration = models.ForeignKey(Registration, on_delete=models.PROTECT, related_name="check_ins")
    entry = models.UUIDField(unique=True, help_text="Made by the device, so that sending it twice writes it once.")
    at = models.DateTimeField(help_text="By the clock of the device, never later than when it reached us.")
    received_at = models.DateTimeField()
    door = models.CharField(max_length=40, blank=True)
    way = models.CharField(max_length=10, choices=Way)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    conflict = models.CharField(max_length=10, choices=Conflict, default=Conflict.NONE, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    objects = CheckInQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        permissions = [("check_in", "Can check people in at the door")]
        constraints = [
            models.UniqueConstraint(
                fields=["registration"],
                condition=Q(conflict="", undone_at__isnull=True),
                name="checked_in_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.registration}, {self.get_way_display()}"


@pghistory.track()
class Certificate(models.Model):
    """That somebody was there, for so many hours. Anyone who has its number can see that it is real."""

    registration = models.OneToOneField(Registration, on_delete=models.PROTECT, related_name="certificate")
    number = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=120, help_text="As it stood on the day of issue.")
    hours = models.DecimalField(max_digits=4, decimal_places=2)
    issued_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-issued_at", "-pk"]
        constraints = [models.CheckConstraint(condition=Q(hours__gt=0), name="certificate_has_hours")]

    def __str__(self) -> str:
        return self.number


class SurveyResponse(models.Model):
    """What one attendee answered afterwards. It is not kept whose it is; the registration only says that they did."""

    forum = models.ForeignKey(Forum, on_delete=models.CASCADE, related_name="survey_responses")
    given_on = models.DateField()

    def __str__(self) -> str:
        return f"A response about {self.forum}"


class SurveyAnswer(models.Model):
    """One answer of a response."""

    response = models.ForeignKey(SurveyResponse, on_delete=models.CASCADE, related_name="answers")
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="survey_answers")
    value = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["response", "question"], name="one_survey_answer_per_question")]

    def __str__(self) -> str:
        return self.value[:60]


@pghistory.track()
class TableNote(models.Model):
    """What a table wrote down: the rows that the report is written from. Published ones are searched by everyone."""

    class Kind(models.TextChoices):
        CHALLENGE = "challenge", "Challenge"
        OPPORTUNITY = "opportunity", "Opportunity"
        RECIPE = "recipe", "Recipe"
        QUOTE = "quote", "Quote"

    forum = models.ForeignKey(Forum, on_delete=models.PROTECT, related_name="notes")
    table = models.CharField(max_length=40, blank=True)
    kind = models.CharField(max_length=11, choices=Kind)
    text = models.CharField(max_length=400)
    is_published = models.BooleanField("published", default=False)
    taken_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    taken_at = models.DateTimeField()
    search = models.GeneratedField(
        expression=SearchVector("text", config="english"), output_field=SearchVectorField(), db_persist=True
    )

    class Meta:
        ordering = ["forum", "kind", "pk"]
        indexes = [GinIndex(fields=["search"], name="table_note_search", condition=Q(is_published=True))]

    def __str__(self) -> str:
        return self.text

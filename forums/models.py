"""What happened and what is next: the forums, their series, agenda and sponsors."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pghistory
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from members.models.people import validate_time_zone


class ForumSeries(models.Model):
    """A run of forums under one name, such as the CTO Leadership Forums."""

    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=60, unique=True)
    summary = models.CharField(max_length=240, blank=True)
    body = models.TextField(blank=True, help_text="Markdown.")

    class Meta:
        verbose_name_plural = "forum series"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Sponsor(models.Model):
    """A company that supports forums and their reports. Shown by name, in type."""

    name = models.CharField(max_length=120, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ForumQuerySet(models.QuerySet["Forum"]):
    def published(self) -> "ForumQuerySet":
        """Those the public may see; cancelled ones stay visible, so that nobody travels in vain."""
        return self.exclude(status=Forum.Status.DRAFT)

    def upcoming(self, now: datetime) -> "ForumQuerySet":
        return self.filter(ends_at__gt=now).order_by("starts_at")

    def past(self, now: datetime) -> "ForumQuerySet":
        return self.filter(ends_at__lte=now).order_by("-starts_at")


@pghistory.track()
class Forum(models.Model):
    """One forum. Free; registration required. Past ones may be known only by their month."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        PUBLISHED = "published", "Published"
        CANCELLED = "cancelled", "Cancelled"

    class Precision(models.TextChoices):
        TIME = "time", "Day and time"
        MONTH = "month", "Month only"

    series = models.ForeignKey(ForumSeries, on_delete=models.PROTECT, related_name="forums")
    title = models.CharField(max_length=200)
    slug = models.SlugField(max_length=80, unique=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    summary = models.CharField(max_length=400, blank=True)
    body = models.TextField(blank=True, help_text="Markdown.")
    audience = models.CharField("who it is for", max_length=200, blank=True)
    host_conference = models.CharField(max_length=120, blank=True)
    venue = models.CharField(max_length=200, blank=True)
    time_zone = models.CharField(max_length=64, default="America/New_York", validators=[validate_time_zone])
    precision = models.CharField(max_length=5, choices=Precision, default=Precision.TIME)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    capacity = models.PositiveIntegerField(null=True, blank=True)
    registration_opens_at = models.DateTimeField(null=True, blank=True)
    registration_closes_at = models.DateTimeField(null=True, blank=True)
    sponsors = models.ManyToManyField(Sponsor, blank=True, related_name="forums")

    objects = ForumQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_at"]
        indexes = [models.Index(fields=["ends_at"], name="forum_by_end")]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gte=F("starts_at")),
                name="forum_ends_after_it_starts",
                violation_error_message="A forum must end after it starts.",
            )
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("forums:detail", args=[self.slug])

    @property
    def local_start(self) -> datetime:
        """The start in the forum's own zone."""
        return self.starts_at.astimezone(ZoneInfo(self.time_zone))

    @property
    def local_end(self) -> datetime:
        """The end in the forum's own zone."""
        return self.ends_at.astimezone(ZoneInfo(self.time_zone))


class AgendaItem(models.Model):
    """One line of a forum's agenda."""

    forum = models.ForeignKey(Forum, on_delete=models.CASCADE, related_name="agenda")
    starts_at = models.TimeField(help_text="In the forum's time zone.")
    title = models.CharField(max_length=160)
    detail = models.TextField(blank=True)

    class Meta:
        ordering = ["starts_at", "pk"]

    def __str__(self) -> str:
        return self.title

"""What happened and what is next: the forums, their series, agenda, supporters, materials and questions."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from cosn_site.storage import private_files
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
    theme = models.CharField(max_length=200, blank=True, help_text="In a few words, when the title does not say it.")
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    summary = models.CharField(max_length=400, blank=True)
    body = models.TextField(blank=True, help_text="Markdown.")
    audience = models.CharField("who it is for", max_length=200, blank=True)
    host_conference = models.CharField(max_length=120, blank=True)
    venue = models.CharField(max_length=200, blank=True)
    map_url = models.URLField("link to a map", max_length=500, blank=True)
    time_zone = models.CharField(max_length=64, default="America/New_York", validators=[validate_time_zone])
    precision = models.CharField(max_length=5, choices=Precision, default=Precision.TIME)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    registration_opens_at = models.DateTimeField(null=True, blank=True)
    registration_closes_at = models.DateTimeField(null=True, blank=True)
    offer_hours = models.PositiveSmallIntegerField(
        "hours to answer an offer",
        default=48,
        help_text="How long a freed seat is kept for the first in line; less near the forum. 0: it is theirs at once.",
    )
    largest_team = models.PositiveSmallIntegerField(default=6, help_text="People in one registration of a team.")
    certificate_hours = models.DecimalField(
        "hours on the certificate", max_digits=4, decimal_places=2, null=True, blank=True
    )
    revision = models.PositiveIntegerField(
        default=0, editable=False, help_text="How often its day or place was changed since it was announced."
    )
    answers_erased_at = models.DateTimeField(null=True, blank=True, editable=False)
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
    def zone(self) -> ZoneInfo:
        """The time zone of the venue."""
        return ZoneInfo(self.time_zone)

    @property
    def local_start(self) -> datetime:
        """The start in the forum's own zone."""
        return self.starts_at.astimezone(self.zone)

    @property
    def local_end(self) -> datetime:
        """The end in the forum's own zone."""
        return self.ends_at.astimezone(self.zone)


class Speaker(models.Model):
    """Somebody who speaks at forums or leads a discussion there. Need not have an account."""

    name = models.CharField(max_length=120)
    title = models.CharField(max_length=120, blank=True)
    organization = models.CharField(max_length=120, blank=True)
    bio = models.TextField(blank=True, help_text="Markdown.")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name}, {self.organization}" if self.organization else self.name


class Session(models.Model):
    """One line of a forum's agenda."""

    forum = models.ForeignKey(Forum, on_delete=models.CASCADE, related_name="agenda")
    starts_at = models.TimeField(help_text="In the forum's time zone.")
    ends_at = models.TimeField(null=True, blank=True)
    title = models.CharField(max_length=160)
    detail = models.TextField(blank=True)
    speakers = models.ManyToManyField(Speaker, through="Part", blank=True, related_name="sessions")

    class Meta:
        ordering = ["starts_at", "pk"]

    def __str__(self) -> str:
        return self.title


class Part(models.Model):
    """What somebody does in a session."""

    class Role(models.TextChoices):
        SPEAKER = "speaker", "Speaker"
        MODERATOR = "moderator", "Moderator"

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="parts")
    speaker = models.ForeignKey(Speaker, on_delete=models.PROTECT, related_name="parts")
    role = models.CharField(max_length=9, choices=Role, default=Role.SPEAKER)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [models.UniqueConstraint(fields=["session", "speaker"], name="one_part_per_speaker")]

    def __str__(self) -> str:
        return f"{self.speaker}, {self.get_role_display().lower()}"


def material_path(material: "Material", filename: str) -> str:
    """Where the file of a material is kept."""
    return f"forums/{material.forum_id}/{filename}"


class Material(models.Model):
    """A file or a link for those who are registered, and nobody else."""

    forum = models.ForeignKey(Forum, on_delete=models.CASCADE, related_name="materials")
    title = models.CharField(max_length=160)
    file = models.FileField(upload_to=material_path, storage=private_files, blank=True)
    link = models.URLField(max_length=500, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(file="") ^ Q(link=""),
                name="material_is_a_file_or_a_link",
                violation_error_message="Give a file or a link, one of the two.",
            )
        ]

    def __str__(self) -> str:
        return self.title


class Question(models.Model):
    """What is asked at registration, or in the survey afterwards."""

    class Stage(models.TextChoices):
        REGISTRATION = "registration", "At registration"
        SURVEY = "survey", "In the survey afterwards"

    class Kind(models.TextChoices):
        TEXT = "text", "A line"
        LONG = "long", "A paragraph"
        YES = "yes", "Yes or no"
        ONE = "one", "One of the choices"
        SEVERAL = "several", "Any of the choices"
        SCALE = "scale", "From 1 to 5"

    forum = models.ForeignKey(Forum, on_delete=models.CASCADE, related_name="questions")
    stage = models.CharField("asked", max_length=12, choices=Stage, default=Stage.REGISTRATION)
    label = models.CharField("question", max_length=200)
    kind = models.CharField(max_length=7, choices=Kind, default=Kind.TEXT)
    choices = ArrayField(models.CharField(max_length=120), default=list, blank=True)
    help_text = models.CharField("help", max_length=200, blank=True)
    is_required = models.BooleanField("required", default=False)
    is_sensitive = models.BooleanField(
        "sensitive", default=False, help_text="Dietary or access needs: seen by few, erased 30 days after the forum."
    )
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind__in=["one", "several"]) | Q(choices__len__gte=2),
                name="a_choice_is_between_two_or_more",
                violation_error_message="Give two choices or more.",
            )
        ]

    def __str__(self) -> str:
        return self.label

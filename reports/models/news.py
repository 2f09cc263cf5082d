"""Press releases, posts, and what the press wrote."""

from datetime import datetime

import pghistory
from django.db import models
from django.db.models import Q
from django.urls import reverse

from reports.models.versions import VersionedText


class Boilerplate(VersionedText):
    """The paragraph about the association at the foot of a release."""


class PressContact(models.Model):
    """Whom a journalist asks: a role and its address, not a person."""

    role = models.CharField(max_length=120)
    email = models.EmailField()

    class Meta:
        ordering = ["role"]

    def __str__(self) -> str:
        return self.role


class NewsQuerySet(models.QuerySet["NewsItem"]):
    def out(self, now: datetime) -> "NewsQuerySet":
        """Those the public may read at this instant, newest first."""
        return self.filter(published_at__lte=now).order_by("-published_at", "-pk")


@pghistory.track()
class NewsItem(models.Model):
    """A press release or a post. Without a publication time it is a draft; with a later one it waits."""

    class Kind(models.TextChoices):
        PRESS_RELEASE = "press_release", "Press release"
        POST = "post", "Post"

    kind = models.CharField(max_length=14, choices=Kind)
    title = models.CharField("headline", max_length=200)
    slug = models.SlugField(max_length=100, unique=True)
    subhead = models.CharField(max_length=240, blank=True)
    summary = models.CharField(max_length=300, blank=True)
    dateline = models.CharField(max_length=80, blank=True, help_text="The place, for a release: Washington, DC.")
    body = models.TextField(help_text="Markdown.")
    byline = models.CharField(max_length=120, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    post_series = models.CharField(max_length=160, blank=True, help_text="The series of posts this one belongs to.")
    part = models.PositiveSmallIntegerField(null=True, blank=True)
    boilerplate = models.ForeignKey(Boilerplate, on_delete=models.PROTECT, null=True, blank=True, related_name="items")
    press_contact = models.ForeignKey(
        PressContact, on_delete=models.PROTECT, null=True, blank=True, related_name="items"
    )
    focus_areas = models.ManyToManyField("reports.FocusArea", blank=True, related_name="news")
    reports = models.ManyToManyField("reports.Report", blank=True, related_name="news")

    objects = NewsQuerySet.as_manager()

    class Meta:
        ordering = ["-published_at", "-pk"]
        indexes = [models.Index(fields=["-published_at"], name="news_by_date")]
        constraints = [
            models.CheckConstraint(
                condition=Q(part__isnull=True) | ~Q(post_series=""),
                name="a_part_belongs_to_a_series",
                violation_error_message="Name the series this part belongs to.",
            )
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("reports:news_item", args=[self.slug])


class Coverage(models.Model):
    """What an outlet wrote about a report or a framework: named and linked, never reproduced."""

    outlet = models.CharField(max_length=120)
    author = models.CharField(max_length=120, blank=True)
    published_on = models.DateField()
    headline = models.CharField(max_length=240)
    line = models.CharField("our one line", max_length=240, blank=True)
    url = models.URLField()
    reports = models.ManyToManyField("reports.Report", blank=True, related_name="coverage")
    framework = models.ForeignKey(
        "reports.Framework", on_delete=models.SET_NULL, null=True, blank=True, related_name="coverage"
    )

    class Meta:
        verbose_name_plural = "coverage"
        ordering = ["-published_on"]

    def __str__(self) -> str:
        return f"{self.outlet}: {self.headline}"

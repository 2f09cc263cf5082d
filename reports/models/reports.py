"""Reports and their editions.

What state a report is in is not stored: it follows from three times and the instant of asking (see `Report.state`).
"""

import uuid
from datetime import datetime
from enum import StrEnum
from pathlib import PurePosixPath

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import Case, F, OuterRef, Q, Subquery, When
from django.db.models.functions import Coalesce, Greatest, TruncDate
from django.urls import reverse

from cosn_site.clock import ASSOCIATION_ZONE
from cosn_site.storage import private_files
from forums.models import Forum
from reports.models.frameworks import Category, Skill
from reports.models.searchable import searchable


class Series(models.Model):
    """A kind of publication, such as the CTO Forum reports."""

    name = models.CharField(max_length=80, help_text="In the plural: CTO Forum reports.")
    singular = models.CharField(max_length=80, help_text="One of them: CTO Forum report.")
    slug = models.SlugField(max_length=60, unique=True)
    description = models.CharField(max_length=300, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name_plural = "series"
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name


class FocusArea(models.Model):
    """A subject with a page of its own."""

    name = models.CharField(max_length=80)
    slug = models.SlugField(max_length=60, unique=True)
    summary = models.CharField(max_length=300, blank=True)
    body = models.TextField(blank=True, help_text="Markdown.")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("reports:focus_area", args=[self.slug])


class State(StrEnum):
    """Where a report is in its life, at an instant."""

    DRAFT = "draft"  # no publication time
    SCHEDULED = "scheduled"  # a publication time that is yet to come
    EMBARGOED = "embargoed"  # announced, but not to be read before a time
    OUT = "out"
    WITHDRAWN = "withdrawn"


class ReportQuerySet(models.QuerySet["Report"]):
    def announced(self, now: datetime) -> "ReportQuerySet":
        """Those with a public page: out, embargoed or withdrawn."""
        return self.filter(published_at__lte=now)

    def out(self, now: datetime) -> "ReportQuerySet":
        """Those listed, searched and fed: the queryset twin of `Report.state(now) is State.OUT` (parity test)."""
        return self.filter(out_at__lte=now)

    def in_state(self, state: State, now: datetime) -> "ReportQuerySet":
        """The queryset twin of `Report.state(now) is state` (parity test)."""
        match state:
            case State.DRAFT:
                return self.filter(published_at__isnull=True)
            case State.SCHEDULED:
                return self.filter(published_at__gt=now)
            case State.WITHDRAWN:
                return self.announced(now).filter(withdrawn_at__isnull=False)
            case State.EMBARGOED:
                return self.announced(now).filter(embargo_until__gt=now, withdrawn_at__isnull=True)
            case State.OUT:
                return self.out(now)


# From when on it is out, if nothing else happens to it; empty for drafts and what was withdrawn. GREATEST skips NULL.
_OUT_AT = Case(
    When(published_at__isnull=False, withdrawn_at__isnull=True, then=Greatest("published_at", "embargo_until")),
    output_field=models.DateTimeField(),
)


@pghistory.track(exclude=["search", "out_at", "shelf_day"])
class Report(models.Model):
    """A publication of the knowledge center. The file itself is its current edition."""

    class Access(models.TextChoices):
        PUBLIC = "public", "Open to all"
        REGISTERED = "registered", "Anyone signed in"
        MEMBERS = "members", "Members"

    title = models.CharField(max_length=250)
    alternate_title = models.CharField(max_length=250, blank=True)
    slug = models.SlugField(max_length=120, unique=True, help_text="The address. It never changes once public.")
    series = models.ForeignKey(Series, on_delete=models.PROTECT, related_name="reports")
    year = models.PositiveSmallIntegerField()
    authors = ArrayField(models.CharField(max_length=120), default=list, blank=True)
    summary = models.CharField(max_length=300)
    audience = models.CharField("who it is for", max_length=120, blank=True)
    body = models.TextField("about this report", blank=True, help_text="Markdown, for the report's public page.")
    access = models.CharField(max_length=10, choices=Access, default=Access.MEMBERS)
    forum = models.ForeignKey(
        Forum, on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text="The forum it grew from."
    )
    focus_areas = models.ManyToManyField(FocusArea, blank=True, related_name="reports")
    categories = models.ManyToManyField(Category, blank=True, related_name="reports")
    motif = models.PositiveSmallIntegerField(default=0, help_text="The pattern on the cover, 0 to 8.")

    published_at = models.DateTimeField(null=True, blank=True, editable=False)
    embargo_until = models.DateTimeField(null=True, blank=True, editable=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)
    withdrawn_reason = models.CharField(max_length=300, blank=True, editable=False)
    released_on = models.DateField(
        null=True, blank=True, help_text="Shown as the release date; by default the day it came out."
    )
    current_edition = models.OneToOneField(
        "reports.Edition", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )

    out_at = models.GeneratedField(expression=_OUT_AT, output_field=models.DateTimeField(), db_persist=True)
    shelf_day = models.GeneratedField(
        expression=Coalesce("released_on", TruncDate(_OUT_AT, tzinfo=ASSOCIATION_ZONE)),
        output_field=models.DateField(),
        db_persist=True,
        help_text="What 'newest' goes by.",
    )
    search = models.GeneratedField(
        expression=SearchVector(searchable("title"), searchable("alternate_title"), weight="A", config="english")
        + SearchVector(searchable("summary"), weight="B", config="english")
        + SearchVector(searchable("body"), weight="C", config="english"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = ReportQuerySet.as_manager()

    class Meta:
        ordering = ["-year", "title"]
        indexes = [
            GinIndex(fields=["search"], name="report_search"),
            models.Index(fields=["-shelf_day", "-id"], name="report_by_day", condition=Q(out_at__isnull=False)),
            models.Index(fields=["title", "id"], name="report_by_title", condition=Q(out_at__isnull=False)),
            models.Index(fields=["out_at"], include=["id"], name="report_by_time_out"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(published_at__isnull=True) | Q(current_edition__isnull=False),
                name="nothing_is_published_without_an_edition",
            ),
            models.CheckConstraint(
                condition=Q(embargo_until__isnull=True) | Q(published_at__isnull=False), name="an_embargo_is_announced"
            ),
            models.CheckConstraint(condition=Q(motif__lte=8), name="nine_cover_motifs"),
        ]
        permissions = [("publish_report", "Can publish, schedule, embargo and withdraw reports")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("reports:report", args=[self.slug])

    def state(self, now: datetime) -> State:
        """Evaluated when asked, so that a schedule or an embargo needs no job to take effect."""
        if self.published_at is None:
            return State.DRAFT
        if self.published_at > now:
            return State.SCHEDULED
        if self.withdrawn_at is not None:
            return State.WITHDRAWN
        if self.embargo_until is not None and self.embargo_until > now:
            return State.EMBARGOED
        return State.OUT


def edition_path(edition: "Edition", filename: str) -> str:
    """Where an edition's bytes are kept: nothing of it can be guessed from the outside, nothing is ever overwritten."""
    return str(PurePosixPath("editions", str(edition.report_id), f"{uuid.uuid4().hex}.pdf"))


class EditionQuerySet(models.QuerySet["Edition"]):
    def once_out(self) -> "EditionQuerySet":
        """The current one, and each earlier one that was current while its report was out.

        What was replaced before that (a wrong file, noticed in time) was never anybody's and never becomes it.
        """
        successor = Edition.objects.filter(report=OuterRef("report"), number__gt=OuterRef("number")).order_by("number")
        return self.annotate(replaced_at=Subquery(successor.values("added_at")[:1])).filter(
            Q(replaced_at__isnull=True) | Q(replaced_at__gt=F("report__out_at"))
        )


@pghistory.track()
class Edition(models.Model):
    """One issue of a report's file. Rows and files stay when a later edition comes."""

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="editions")
    number = models.PositiveSmallIntegerField()
    file = models.FileField(storage=private_files, upload_to=edition_path, max_length=200)
    filename = models.CharField(max_length=160, help_text="What a reader's copy is called.")
    sha256 = models.CharField("SHA-256", max_length=64)
    bytes = models.PositiveBigIntegerField()
    pages = models.PositiveSmallIntegerField()
    note = models.CharField("what changed", max_length=300, blank=True)
    source = models.TextField(blank=True, help_text="The Markdown it was set from; empty for an upload.")
    released_on = models.DateField()
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    objects = EditionQuerySet.as_manager()

    class Meta:
        ordering = ["report", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["report", "number"], name="editions_are_numbered_once"),
            models.CheckConstraint(condition=Q(number__gte=1, pages__gte=1, bytes__gte=1), name="edition_is_not_empty"),
            models.CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="edition_sha256_is_hex"),
        ]

    def __str__(self) -> str:
        return f"{self.report}, edition {self.number}"


class EditionPage(models.Model):
    """The text of one page of an edition, for the search that answers with a page."""

    edition = models.ForeignKey(Edition, on_delete=models.CASCADE, related_name="page_rows")
    number = models.PositiveSmallIntegerField()
    text = models.TextField()
    search = models.GeneratedField(
        expression=SearchVector(searchable("text"), config="english"), output_field=SearchVectorField(), db_persist=True
    )

    class Meta:
        ordering = ["edition", "number"]
        indexes = [GinIndex(fields=["search"], name="edition_page_search")]
        constraints = [models.UniqueConstraint(fields=["edition", "number"], name="one_text_per_page")]

    def __str__(self) -> str:
        return f"{self.edition}, page {self.number}"


class Takeaway(models.Model):
    """One thing a report gives: a challenge, an opportunity, a recipe. Searchable across the years."""

    class Kind(models.TextChoices):
        CHALLENGE = "challenge", "Challenge"
        OPPORTUNITY = "opportunity", "Opportunity"
        RECIPE = "recipe", "Recipe"

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="takeaways")
    kind = models.CharField(max_length=12, choices=Kind)
    text = models.CharField(max_length=300)
    skill = models.ForeignKey(Skill, on_delete=models.SET_NULL, null=True, blank=True, related_name="takeaways")
    position = models.PositiveSmallIntegerField(default=0)
    search = models.GeneratedField(
        expression=SearchVector(searchable("text"), config="english"), output_field=SearchVectorField(), db_persist=True
    )

    class Meta:
        ordering = ["report", "position", "pk"]
        indexes = [GinIndex(fields=["search"], name="takeaway_search")]

    def __str__(self) -> str:
        return self.text

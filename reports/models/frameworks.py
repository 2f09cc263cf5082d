"""Frameworks of skills: what a district technology leader, or a school system, should be able to do."""

from django.db import models
from django.urls import reverse


class Framework(models.Model):
    """A named framework with editions, categories and skills."""

    name = models.CharField(max_length=160)
    slug = models.SlugField(max_length=80, unique=True)
    summary = models.CharField(max_length=300, blank=True)
    body = models.TextField(blank=True, help_text="Markdown.")
    position = models.PositiveSmallIntegerField(default=0)
    report = models.ForeignKey(
        "reports.Report",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="frameworks",
        help_text="The framework as a resource in the knowledge center.",
    )
    parallel_to = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="parallels",
        help_text="Its sister framework.",
    )
    aligned_to = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="aligned",
        help_text="Derived from this one.",
    )

    class Meta:
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("reports:framework", args=[self.slug])


class FrameworkEdition(models.Model):
    """When the framework was first issued or revised, and by whom."""

    framework = models.ForeignKey(Framework, on_delete=models.CASCADE, related_name="editions")
    year = models.PositiveSmallIntegerField()
    label = models.CharField(max_length=80)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["year"]
        constraints = [models.UniqueConstraint(fields=["framework", "year"], name="one_framework_edition_per_year")]

    def __str__(self) -> str:
        return f"{self.framework}, {self.year}"


class Category(models.Model):
    """A group of skills. Reports are tagged with categories, takeaways with skills."""

    framework = models.ForeignKey(Framework, on_delete=models.CASCADE, related_name="categories")
    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=80, unique=True)
    description = models.TextField(blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    aligned_to = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="aligned")

    class Meta:
        verbose_name_plural = "categories"
        ordering = ["framework", "position"]

    def __str__(self) -> str:
        return self.name


class Skill(models.Model):
    """One skill of a category."""

    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="skills")
    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=80, unique=True)
    description = models.TextField(blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["category", "position"]

    def __str__(self) -> str:
        return self.name

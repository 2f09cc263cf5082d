"""The newsletter's subscribers and the words they agreed to."""

from django.db import models
from django.db.models.functions import Lower


class ConsentText(models.Model):
    """What a subscriber agrees to. A change is a new version; each subscriber keeps the one they agreed to."""

    version = models.PositiveSmallIntegerField(unique=True)
    text = models.TextField()

    class Meta:
        ordering = ["-version"]

    def __str__(self) -> str:
        return f"Version {self.version}"


class Subscriber(models.Model):
    """An address that asked for the newsletter. It gets nothing before it was confirmed by a button."""

    email = models.EmailField(max_length=254)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    consent = models.ForeignKey(ConsentText, on_delete=models.PROTECT, related_name="subscribers")
    focus_areas = models.ManyToManyField("reports.FocusArea", blank=True, related_name="+")
    asked_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-asked_at"]
        constraints = [models.UniqueConstraint(Lower("email"), name="one_subscription_per_email")]

    def __str__(self) -> str:
        return self.email

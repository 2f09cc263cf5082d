"""Words of which every version stays."""

from django.db import models


class VersionedText(models.Model):
    """A text that others refer to by its version: a change is a new version, and what is in use stays."""

    version = models.PositiveSmallIntegerField(unique=True)
    text = models.TextField()

    class Meta:
        abstract = True
        ordering = ["-version"]

    def __str__(self) -> str:
        return f"Version {self.version}"

"""What a member lets other members know."""

import pghistory
from django.conf import settings
from django.db import models


@pghistory.track()
class DirectoryEntry(models.Model):
    """A person who wants to be found by other members, with the fields that they chose to show. No row: not listed."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="directory_entry")
    shows_title = models.BooleanField("Show my title", default=True)
    shows_organization = models.BooleanField("Show where I work", default=True)
    shows_state = models.BooleanField("Show the state", default=True)
    shows_email = models.BooleanField("Show my e-mail address", default=False)
    about = models.CharField(
        max_length=300, blank=True, help_text="What colleagues may ask you about. At most 300 characters."
    )
    listed_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "directory entries"
        ordering = ["person__name", "pk"]

    def __str__(self) -> str:
        return f"Directory entry of {self.person}"

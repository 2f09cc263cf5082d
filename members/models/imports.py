"""Files of organizations, people and memberships that staff bring in, line by line."""

from django.conf import settings
from django.db import models

from cosn_site.storage import private_files


class ImportBatch(models.Model):
    """One file on its way in: uploaded, mapped, previewed, confirmed, written. Nothing else is written before that."""

    class Kind(models.TextChoices):
        ORGANIZATIONS = "organizations", "Organizations"
        PEOPLE = "people", "People"
        MEMBERSHIPS = "memberships", "Memberships"

    class Dates(models.TextChoices):
        PLAIN = "", "Neither: such days are refused"
        MONTH = "month", "The month: 7/1/2026 is 1 July"
        DAY = "day", "The day: 1/7/2026 is 1 July"

    class State(models.TextChoices):
        UPLOADED = "uploaded", "Waiting for its columns"
        READING = "reading", "Being read"
        PREVIEWED = "previewed", "Waiting for you"
        WRITING = "writing", "Being written"
        WRITTEN = "written", "Written"
        STOPPED = "stopped", "Stopped"
        DISCARDED = "discarded", "Discarded"

    kind = models.CharField(max_length=13, choices=Kind)
    state = models.CharField(max_length=9, choices=State, default=State.UPLOADED)
    file = models.FileField(upload_to="imports/%Y/", storage=private_files)
    filename = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    encoding = models.CharField(max_length=40, blank=True, help_text="As found in the file; empty for a workbook.")
    header = models.JSONField(default=list, help_text="The file’s column names, in order.")
    mapping = models.JSONField(default=dict, help_text="Our field → the number of the column it comes from.")
    dates = models.CharField("what comes first in a day of figures", max_length=5, choices=Dates, blank=True)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    added_at = models.DateTimeField()
    lines_total = models.PositiveIntegerField(default=0)
    lines_done = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=300, blank=True, help_text="Why it stopped, in a sentence.")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    written_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "import"
        ordering = ["-added_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} from {self.filename}"


class ImportLine(models.Model):
    """What one line of the file would do, or why it cannot."""

    class Action(models.TextChoices):
        CREATE = "create", "Create"
        CHANGE = "change", "Change"
        SKIP = "skip", "Skip"
        REFUSE = "refuse", "Refuse"

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="lines")
    number = models.PositiveIntegerField(help_text="As an editor or spreadsheet counts them; the header is 1.")
    action = models.CharField(max_length=6, choices=Action)
    label = models.CharField(max_length=254, blank=True, help_text="Which row of ours it is about.")
    values = models.JSONField(default=dict)
    words = models.JSONField(default=list, help_text="Pairs of a column and a sentence: what changes, or is wrong.")

    class Meta:
        ordering = ["batch", "number"]
        constraints = [models.UniqueConstraint(fields=["batch", "number"], name="each_line_once")]
        indexes = [models.Index(fields=["batch", "action", "number"], name="lines_of_an_import_by_action")]

    def __str__(self) -> str:
        return f"Line {self.number}: {self.get_action_display()}"

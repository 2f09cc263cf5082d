"""Rows behind the background work."""

from django.db import models
from django_tasks_db.models import DBTaskResult


class ScheduledJob(models.Model):
    """What is known of one piece of scheduled work. The code declares it; the row remembers the last slot served."""

    path = models.CharField(max_length=200, unique=True)
    rhythm = models.CharField(max_length=100)
    slot = models.DateTimeField(null=True)
    enqueued_at = models.DateTimeField(null=True)
    task_id = models.UUIDField(null=True)  # the last task; no foreign key, because old tasks are removed

    class Meta:
        ordering = ["path"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.path


class BackgroundTask(DBTaskResult):
    """A task as staff see it."""

    class Meta:
        proxy = True
        default_permissions = ("view", "change")
        verbose_name = "background task"
        verbose_name_plural = "background work"

    def __str__(self) -> str:
        return task_title(self.task_path)

    @property
    def attempts(self) -> int:
        """How often a worker has taken it."""
        return len(self.worker_ids)


def task_title(path: str) -> str:
    """The name of a task's function as words."""
    return path.rpartition(".")[2].replace("_", " ").capitalize()

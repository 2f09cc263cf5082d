"""The staff's view of the background work."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.tasks import TaskResultStatus
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html
from django_tasks_db.admin import DBTaskResultAdmin  # noqa: F401 - registers itself, which is undone below
from django_tasks_db.models import DBTaskResult, get_date_max

from cosn_site.jobs.endings import policy_for, run_again
from cosn_site.jobs.policy import GiveUp
from cosn_site.jobs.presence import present
from cosn_site.model_admin import LedgerAdmin, Verb
from cosn_site.models import BackgroundTask, ScheduledJob, task_title
from cosn_site.verbs import StepRefused

SHOWN_AT_MOST = 50
WORDS = {
    TaskResultStatus.READY: "Waiting",
    TaskResultStatus.RUNNING: "Running",
    TaskResultStatus.FAILED: "Failed",
    TaskResultStatus.SUCCESSFUL: "Done",
}
_GIVE_UP = f"{GiveUp.__module__}.{GiveUp.__qualname__}"

admin.site.unregister(DBTaskResult)


class NotFailed(StepRefused):
    sentence = "This task has not failed, or somebody has run it again already."


def _run_again(task: BackgroundTask, cleaned: Mapping[str, Any], by: Any, now: datetime) -> None:
    if not run_again(task=task, by=by, now=now):
        raise NotFailed


def reason(task: DBTaskResult) -> str:
    """Why a task failed, for staff: our own sentence, or the kind of error. The rest is in the traceback."""
    if task.exception_class_path == _GIVE_UP and task.return_value:
        return str(task.return_value)
    return task.exception_class_path.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """A piece of scheduled work and how its last task went."""

    title: str
    rhythm: str
    enqueued_at: datetime | None
    task: BackgroundTask | None

    @property
    def outcome(self) -> str:
        if self.task is None:
            return "Not yet" if self.enqueued_at is None else "Done long ago"
        return WORDS[TaskResultStatus(self.task.status)]

    @property
    def said(self) -> str:
        """What the task had to say, once it is over."""
        if self.task is None or self.task.status not in (TaskResultStatus.SUCCESSFUL, TaskResultStatus.FAILED):
            return ""
        if self.task.status == TaskResultStatus.FAILED:
            return reason(self.task)
        return self.task.return_value if isinstance(self.task.return_value, str) else ""


def schedule() -> list[ScheduleRow]:
    """All scheduled work, in two queries."""
    jobs = list(ScheduledJob.objects.all())
    tasks = BackgroundTask.objects.in_bulk([job.task_id for job in jobs if job.task_id])
    return [
        ScheduleRow(task_title(job.path), job.rhythm, job.enqueued_at, tasks.get(job.task_id) if job.task_id else None)
        for job in jobs
    ]


@admin.register(BackgroundTask)
class BackgroundTaskAdmin(LedgerAdmin):
    """One page instead of a list: what failed, what runs, what waits, and the schedule."""

    verbs = (
        Verb(
            name="run-again",
            label="Run again",
            run=_run_again,
            done="{object} is waiting to run again.",
            permission="cosn_site.change_backgroundtask",
            offered=lambda task, _now: task.status == TaskResultStatus.FAILED,
            is_next=True,
        ),
    )
    fields = (
        *("state", "why", "attempts_made", "queue_name", "enqueued_at", "started_at", "next_try", "finished_at"),
        *("task_path", "given", "result", "error"),
    )
    readonly_fields = fields

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        now = timezone.now()
        counts = dict(BackgroundTask.objects.order_by().values_list("status").annotate(Count("pk")))
        tasks = BackgroundTask.objects.all()
        context = {
            **self.admin_site.each_context(request),
            "title": "Background work",
            "opts": self.opts,
            "now": now,
            "workers": len(present("worker")),
            "schedulers": len(present("scheduler")),
            "counts": {word: counts.get(status, 0) for status, word in WORDS.items()},
            "failed": [(task, reason(task), self.offers(request, task, now)) for task in self._newest_failed(tasks)],
            "running": tasks.running().order_by("started_at")[:SHOWN_AT_MOST],
            "waiting": [
                (task, None if task.run_after == get_date_max() else task.run_after, reason(task))
                for task in tasks.filter(status=TaskResultStatus.READY)[:SHOWN_AT_MOST]
            ],
            "schedule": schedule(),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/background_work.html", context)

    @staticmethod
    def _newest_failed(tasks: Any) -> Any:
        return tasks.failed().order_by("-finished_at")[:SHOWN_AT_MOST]

    @admin.display(description="State")
    def state(self, task: BackgroundTask) -> str:
        return WORDS[TaskResultStatus(task.status)]

    @admin.display(description="Last error")
    def why(self, task: BackgroundTask) -> str:
        return reason(task) or "None"

    @admin.display(description="Attempts")
    def attempts_made(self, task: BackgroundTask) -> str:
        return f"{task.attempts} of {policy_for(task).attempts}"

    @admin.display(description="Not before")
    def next_try(self, task: BackgroundTask) -> datetime | str:
        return "At once" if task.run_after == get_date_max() else task.run_after

    @admin.display(description="Given to it")
    def given(self, task: BackgroundTask) -> str:
        args, kwargs = task.args_kwargs.get("args", []), task.args_kwargs.get("kwargs", {})
        return ", ".join([*map(repr, args), *(f"{name}={value!r}" for name, value in kwargs.items())]) or "Nothing"

    @admin.display(description="Result")
    def result(self, task: BackgroundTask) -> str:
        return "None" if task.return_value is None else str(task.return_value)

    @admin.display(description="For developers")
    def error(self, task: BackgroundTask) -> str:
        return format_html("<pre>{}</pre>", task.traceback) if task.traceback else "Nothing"

"""What becomes of a task after an attempt, and the one way to write it down."""

import logging
from datetime import datetime
from traceback import format_exception
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from cosn_site.jobs.policy import GiveUp, Retry, retry_of

logger = logging.getLogger("cosn_site.jobs")

_LONGEST_TRACEBACK = 20_000
Ending = dict[str, Any]  # column values of the task's row


def policy_for(row: DBTaskResult) -> Retry:
    """The task's policy; the default for a task that this version of the code does not have (it may come back)."""
    try:
        return retry_of(row.task)
    except (ImportError, SuspiciousOperation):
        return Retry()


def succeeded(value: Any, *, now: datetime) -> Ending:
    """Done. `value` must be JSON."""
    return {
        "status": TaskResultStatus.SUCCESSFUL,
        "finished_at": now,
        "return_value": value,
        "exception_class_path": "",
        "traceback": "",
    }


def failed(row: DBTaskResult, error: BaseException, *, retry: Retry, now: datetime) -> Ending:
    """Waiting for another attempt, or failed for good when it gave up or has used up its attempts."""
    text = "".join(format_exception(error))[-_LONGEST_TRACEBACK:]
    kind = type(error)
    noted = {
        "exception_class_path": f"{kind.__module__}.{kind.__qualname__}",
        "traceback": _storable(text),
        "return_value": _storable(str(error)) if isinstance(error, GiveUp) else None,
    }
    attempts = len(row.worker_ids)
    if isinstance(error, GiveUp) or attempts >= retry.attempts:
        return {**noted, "status": TaskResultStatus.FAILED, "finished_at": now}
    return {**noted, "status": TaskResultStatus.READY, "run_after": now + retry.pause(attempts)}


def put_back(row: DBTaskResult, *, now: datetime) -> Ending:
    """Waiting again at once. The attempt does not count: we broke it off, because we were asked to stop."""
    return {"status": TaskResultStatus.READY, "run_after": now, "worker_ids": row.worker_ids[:-1]}


def write_down(row: DBTaskResult, ending: Ending) -> bool:
    """Write the ending, if the attempt is still this one; False when somebody else has taken the task meanwhile.

    The condition is what lets several workers and several reapers work side by side: each attempt adds a worker to the
    row, so of all who would end the same attempt exactly one does.
    """
    attempt = DBTaskResult.objects.filter(pk=row.pk, status=TaskResultStatus.RUNNING, worker_ids=row.worker_ids)
    written = attempt.update(**ending) == 1
    if written:
        for name, value in ending.items():
            setattr(row, name, value)
    return written


def run_again(*, task: DBTaskResult, by: Any, now: datetime) -> bool:
    """A failed task waits again, with all its attempts before it; False when it is not a failed one (any more)."""
    failed_one = DBTaskResult.objects.filter(pk=task.pk, status=TaskResultStatus.FAILED)
    waiting = failed_one.update(
        status=TaskResultStatus.READY, run_after=now, worker_ids=[], finished_at=None, return_value=None
    )
    if waiting:
        logger.info("Task %s %s: to run again, by person %s.", task.task_path, task.pk, by.pk)
    return waiting == 1


def _storable(text: str) -> str:
    """Without what PostgreSQL cannot keep."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()

"""Many tasks of one kind, put in line by one statement."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.tasks import Task
from django_tasks_db.models import DBTaskResult, get_date_max

from cosn_site.prepared import PreparedInsert

_write = PreparedInsert("put_a_task_in_line", DBTaskResult)


def enqueue_each(task: Task[..., Any], calls: Iterable[Sequence[int | str]]) -> int:
    """Enqueue the task once for each of these positional arguments; answers how many.

    As so many times `task.enqueue(*arguments)`, in the transaction that is open; only nobody is told of each by
    Django's signal `task_enqueued`.
    """
    rows = [task_row(task, arguments) for arguments in calls]
    if len(rows) == 1:  # on the way of a request
        _write(rows[0])
        return 1
    return len(DBTaskResult.objects.bulk_create(rows, batch_size=1_000))


def task_row(task: Task[..., Any], arguments: Sequence[int | str]) -> DBTaskResult:
    """The row of a task with these positional arguments, not written."""
    return DBTaskResult(
        args_kwargs={"args": list(arguments), "kwargs": {}},
        priority=task.priority,
        task_path=task.module_path,
        queue_name=task.queue_name,
        run_after=get_date_max(),
        backend_name=task.backend,
    )

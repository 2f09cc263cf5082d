"""The background work of imports."""

from datetime import timedelta
from typing import Any

from django.tasks import TaskContext
from django.utils import timezone

from cosn_site.jobs import job
from members.importing import previewing, writing
from members.models import ImportBatch

ATTEMPTS = 3
_FAILED = "It could not be {} because something here is broken. Nothing was written. Tell whoever runs this site."


@job(queue="files", attempts=ATTEMPTS, limit=timedelta(minutes=30), takes_context=True)
def preview_import(context: TaskContext[Any, Any], batch_id: int) -> str:
    """Say of each line what it would do. Safe to run twice."""
    finished = False
    try:
        said = previewing.preview(batch_id, now=timezone.now())
        finished = True
    finally:
        if not finished:
            _give_up(context, batch_id, ImportBatch.State.READING, "read")
    return said


@job(queue="files", attempts=ATTEMPTS, limit=timedelta(minutes=30), takes_context=True)
def write_import(context: TaskContext[Any, Any], batch_id: int) -> str:
    """Write what was previewed, all or nothing. Safe to run twice."""
    finished = False
    try:
        said = writing.write(batch_id, now=timezone.now())
        finished = True
    finally:
        if not finished:
            _give_up(context, batch_id, ImportBatch.State.WRITING, "written")
    return said


def _give_up(context: TaskContext[Any, Any], batch_id: int, state: str, done: str) -> None:
    """After the last attempt the import stops, so that staff are not left waiting for it."""
    if context.attempt >= ATTEMPTS:
        previewing.stop(ImportBatch(pk=batch_id), state, _FAILED.format(done))

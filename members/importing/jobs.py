"""The background work of imports."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
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
    return _try(partial(previewing.preview, now=timezone.now()), context, batch_id, ImportBatch.State.READING, "read")


@job(queue="files", attempts=ATTEMPTS, limit=timedelta(minutes=30), takes_context=True)
def write_import(context: TaskContext[Any, Any], batch_id: int) -> str:
    """Write what was previewed, all or nothing. Safe to run twice."""
    return _try(partial(writing.write, now=timezone.now()), context, batch_id, ImportBatch.State.WRITING, "written")


def _try(work: Callable[[int], str], context: TaskContext[Any, Any], batch_id: int, state: str, done: str) -> str:
    """The work on an import. When its last attempt fails the import stops, lest staff be left waiting for it."""
    finished = False
    try:
        said = work(batch_id)
        finished = True
    finally:
        if not finished and context.attempt >= ATTEMPTS:
            previewing.stop(ImportBatch(pk=batch_id), state, _FAILED.format(done))
    return said

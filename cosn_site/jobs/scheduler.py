"""Enqueues what is due. "Due by today", never "due exactly today"."""

import logging
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.tasks import TaskResultStatus
from django.utils.module_loading import autodiscover_modules
from django_tasks_db.models import DBTaskResult

from cosn_site.jobs.rhythms import Scheduled, declared
from cosn_site.models import ScheduledJob

logger = logging.getLogger("cosn_site.jobs")

MODULES = ("tasks", "integrity")  # where an app declares its scheduled work


def discover() -> Mapping[str, Scheduled]:
    """All scheduled work of all installed apps."""
    autodiscover_modules(*MODULES)
    return declared()


def tick(*, now: datetime, jobs: Mapping[str, Scheduled]) -> list[str]:
    """Enqueue every job whose last slot has not been served, once; answers their paths.

    However many slots were missed, a job is enqueued once, for the last of them; so is a new one, whose first slot
    counts as missed. A task that is still waiting from the slot before serves this one too. Claim and task are one
    transaction: a slot is served exactly when its task is there.
    """
    slots = _slots(jobs)
    enqueued = []
    for path, scheduled in jobs.items():
        due, served = scheduled.rhythm.latest(now), slots[path]
        if served is not None and served >= due:
            continue
        with transaction.atomic():
            if not _claim(path, due) or _is_waiting(path):
                continue
            result = scheduled.task.enqueue()
            ScheduledJob.objects.filter(path=path).update(task_id=result.id, enqueued_at=now)
        enqueued.append(path)
        logger.info("Enqueued %s, due since %s.", path, due.isoformat())
    return enqueued


def _slots(jobs: Mapping[str, Scheduled]) -> dict[str, datetime | None]:
    """The last served slot of each job. New jobs get their row; a changed rhythm is noted for staff."""
    rows = {row.path: row for row in ScheduledJob.objects.filter(path__in=jobs)}
    new = [ScheduledJob(path=path, rhythm=str(jobs[path].rhythm)) for path in jobs if path not in rows]
    if new:
        ScheduledJob.objects.bulk_create(new, ignore_conflicts=True)
    for path, row in rows.items():
        if row.rhythm != str(jobs[path].rhythm):
            ScheduledJob.objects.filter(path=path).update(rhythm=str(jobs[path].rhythm))
    return {path: rows[path].slot if path in rows else None for path in jobs}


def _claim(path: str, due: datetime) -> bool:
    """One conditional update, so that of any number of schedulers one gets the slot."""
    unserved = Q(slot__isnull=True) | Q(slot__lt=due)
    return ScheduledJob.objects.filter(unserved, path=path).update(slot=due) == 1


def _is_waiting(path: str) -> bool:
    last = ScheduledJob.objects.filter(path=path).values("task_id")
    return DBTaskResult.objects.filter(pk__in=last, status=TaskResultStatus.READY).exists()

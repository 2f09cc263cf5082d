"""Takes back the tasks of workers that are no more."""

import logging
from datetime import datetime

from django_tasks_db.models import DBTaskResult

from cosn_site.jobs.endings import failed, policy_for, write_down
from cosn_site.jobs.policy import WorkerLost
from cosn_site.jobs.presence import number_of, present

logger = logging.getLogger("cosn_site.jobs")


def reap(*, now: datetime) -> int:
    """Let every running task whose worker is gone wait for another attempt; answers how many there were.

    The lost attempt counts, so that a task that kills its worker does not go on for ever. Safe beside other reapers
    and beside the workers: each ending is written only if the attempt is still the same.
    """
    running = list(DBTaskResult.objects.running())
    if not running:
        return 0
    # Asked after the rows: a worker is present before it takes a task, so a row seen above cannot be younger than this.
    workers = present("worker")
    lost = 0
    for row in running:
        number = number_of(row.worker_ids)
        if number is None or number in workers:
            continue
        worker, retry = row.worker_ids[-1], policy_for(row)
        ending = failed(row, WorkerLost(f"Worker {worker} ended before the task did."), retry=retry, now=now)
        if write_down(row, ending):
            lost += 1
            logger.warning(
                "Task %s %s lost its worker %s in attempt %d of %d: %s.",
                *(row.task_path, row.pk, worker, len(row.worker_ids), retry.attempts, row.status),
            )
    return lost

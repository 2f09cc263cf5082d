"""Runs tasks, one after the other.

Why a worker of our own, and not `django_tasks_db`'s with something hooked in:

- its `task_finished` signal comes after the row was committed as FAILED, so a worker that dies between the two loses
  the retry, and others see a failure that is none;
- a backend subclass takes no part in running a task at all;
- its worker writes the result without a condition, so one that was taken for dead would overwrite the attempt of the
  next; it ends when the database restarts; and it stops only when the task in hand is through.

What is left of it is used as it is: the rows, their order, how a row is claimed. The outcome of an attempt, another
try included, is one conditional update.
"""

import logging
import time
from collections.abc import Sequence
from typing import Any

from django.db import DataError, InterfaceError, OperationalError, close_old_connections, connection, transaction
from django.tasks import DEFAULT_TASK_BACKEND_ALIAS, TaskContext, TaskResultStatus
from django.tasks.signals import task_finished, task_started
from django.utils import timezone
from django.utils.json import normalize_json
from django_tasks_db.models import DBTaskResult

from cosn_site.jobs.endings import Ending, failed, policy_for, put_back, succeeded, write_down
from cosn_site.jobs.policy import GiveUp
from cosn_site.jobs.presence import Presence
from cosn_site.jobs.stopping import Interrupted, OverTime, Stop

logger = logging.getLogger("cosn_site.jobs")

AWAY = (OperationalError, InterfaceError)
RECONNECT_SECONDS = 1.0


class Worker:
    """Takes waiting tasks of the given queues (all, when none is given) until it is asked to stop."""

    def __init__(self, *, stop: Stop, queues: Sequence[str] = (), poll: float = 1.0, until_idle: bool = False) -> None:
        """`poll` is in seconds, between looks when nothing is waiting; `until_idle` ends there
        instead, and does not wait for a database that is away."""
        self.stop = stop
        self._queues = queues
        self._poll = poll
        self._until_idle = until_idle

    def run(self) -> None:
        """Returns when asked to stop. While the database is away it waits, and then goes on under a new id."""
        away = False
        while not self.stop.asked:
            try:
                with Presence("worker") as presence:
                    away = False
                    logger.info("Worker %s takes tasks of %s.", presence.id, ", ".join(self._queues) or "all queues")
                    self._take_tasks(presence)
                if self._until_idle:
                    return
            except AWAY as error:
                if self._until_idle:
                    raise
                if not away:
                    logger.warning("The database is away (%s). Waiting for it.", type(error).__name__)
                away = True
                connection.close()
                self.stop.pause(RECONNECT_SECONDS)
        logger.info("Worker stopped.")

    def _take_tasks(self, presence: Presence) -> None:
        while not self.stop.asked:
            if not connection.in_atomic_block:  # as in a test that will be rolled back
                close_old_connections()
            presence.confirm()
            row = self._claim(presence.id)
            if row is not None:
                self._run(row)
            elif self._until_idle:
                return
            else:
                self.stop.pause(self._poll)

    def _claim(self, worker_id: str) -> DBTaskResult | None:
        waiting = DBTaskResult.objects.ready().filter(backend_name=DEFAULT_TASK_BACKEND_ALIAS)
        if self._queues:
            waiting = waiting.filter(queue_name__in=self._queues)
        with transaction.atomic():
            row = waiting.get_locked()
            if row is not None:
                row.claim(worker_id)
        return row

    def _run(self, row: DBTaskResult) -> None:
        retry, began = policy_for(row), time.monotonic()
        logger.info("Task %s %s: attempt %d of %d.", row.task_path, row.pk, len(row.worker_ids), retry.attempts)
        ending = self._attempt(row)
        if not self._write_down(row, ending):
            logger.warning("Task %s %s: dropped, another worker has it.", row.task_path, row.pk)
            return
        _log(row, time.monotonic() - began)
        if row.status in (TaskResultStatus.SUCCESSFUL, TaskResultStatus.FAILED):
            _tell(row)

    def _attempt(self, row: DBTaskResult) -> Ending:
        retry = policy_for(row)
        try:
            with self.stop.in_hand(retry.limit):
                value = _call(row)
            return succeeded(_as_json(value), now=timezone.now())
        except Interrupted:
            _leave_the_connection()
            return put_back(row, now=timezone.now())
        except BaseException as error:  # noqa: BLE001 - whatever a task raises is its outcome, SystemExit included
            if isinstance(error, OverTime):
                _leave_the_connection()
            return failed(row, error, retry=retry, now=timezone.now())

    def _write_down(self, row: DBTaskResult, ending: Ending) -> bool:
        """As `write_down`, but waits for a database that is away; a stop leaves the task to the reaper."""
        while True:
            try:
                return write_down(row, ending)
            except DataError:
                error = GiveUp("It was done, but its result cannot be kept.")
                ending = failed(row, error, retry=policy_for(row), now=timezone.now())
            except AWAY:
                connection.close()
                if self.stop.asked:
                    return False
                self.stop.pause(RECONNECT_SECONDS)


def _call(row: DBTaskResult) -> Any:
    task: Any = row.task
    result = row.task_result
    task_started.send(sender=type(task.get_backend()), task_result=result)
    context: list[Any] = [TaskContext(task_result=result)] if task.takes_context else []
    return task.call(*context, *result.args, **result.kwargs)


def _as_json(value: Any) -> Any:
    try:
        return normalize_json(value)
    except TypeError as error:
        raise GiveUp("It was done, but its result cannot be kept.") from error


def _leave_the_connection() -> None:
    """A task that was broken off may have been in the middle of a statement: let go of its connection."""
    if not connection.in_atomic_block:
        connection.close()


def _log(row: DBTaskResult, seconds: float) -> None:
    name = f"{row.task_path} {row.pk}"
    match row.status:
        case TaskResultStatus.SUCCESSFUL:
            logger.info("Task %s: done in %.2f s.", name, seconds)
        case TaskResultStatus.FAILED:  # the text of an error can hold somebody's address: it is on the staff page only
            logger.error("Task %s: failed for good, %s.", name, row.exception_class_path)
        case _ if row.run_after <= timezone.now():
            logger.warning("Task %s: put back, because we are to stop.", name)
        case _:
            logger.warning("Task %s: %s, again at %s.", name, row.exception_class_path, row.run_after.isoformat())


def _tell(row: DBTaskResult) -> None:
    """Django's own signal, for whoever listens. Its receivers cannot undo what is written."""
    try:
        task = row.task
        task_finished.send_robust(sender=type(task.get_backend()), task_result=row.task_result)
    except (ImportError, ValueError) as error:
        logger.warning("Task %s %s: nobody was told, %s.", row.task_path, row.pk, type(error).__name__)

"""The second pass: plan all lines anew, under lock, and write them in one transaction. All or nothing."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import DatabaseError, DataError, IntegrityError, connection, transaction

from cosn_site.verbs import StepRefused, audited
from members.importing.planning import Action, Draft, Planned
from members.importing.previewing import CHUNK, PLANNERS, stop
from members.models import ImportBatch, ImportLine

logger = logging.getLogger(__name__)

State = ImportBatch.State
_LOCK = 1_229_804_097  # the first half of an advisory lock's key: whose it is
_MEANWHILE = "Somebody added or changed the same rows meanwhile, so nothing was written. Read the file again."


class PlanChanged(StepRefused):
    """What a line would do is no longer what the preview said."""


def write(batch_id: int, *, now: datetime) -> str:
    """Write a confirmed import; answers with a sentence. Safe to run twice: what is written is not written again.

    When anything has changed since the preview, or the database refuses a row, nothing is written, and the import
    stops with the reason.
    """
    batch = ImportBatch.objects.select_related("confirmed_by").get(pk=batch_id)
    try:
        with _tell(batch) as tell, transaction.atomic(), audited(f"import_{batch.kind}", by=batch.confirmed_by):
            if not _alone(batch):
                return "There was nothing to write."
            for done in _chunks(batch, now):
                tell(done)
            ImportBatch.objects.filter(pk=batch.pk).update(state=State.WRITTEN, written_at=now)
    except PlanChanged as changed:
        stop(batch, State.WRITING, changed.sentence)
        return changed.sentence
    except (IntegrityError, DataError):
        stop(batch, State.WRITING, _MEANWHILE)
        return _MEANWHILE
    return f"Wrote {batch}."


def _alone(batch: ImportBatch) -> bool:
    """Whether this import is to be written and nobody else is at it.

    The lock is not on the import's row: another connection writes there how far we are.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [_LOCK, batch.pk % 2**31])
        free = bool(cursor.fetchone()[0])
    return free and ImportBatch.objects.filter(pk=batch.pk, state=State.WRITING).exists()


def _chunks(batch: ImportBatch, now: datetime) -> Iterator[int]:
    """Plan and write chunk by chunk; after each the number of lines that are done."""
    planner, done, last = PLANNERS[batch.kind](now=now, lock=True), 0, 0
    while lines := list(batch.lines.filter(number__gt=last).order_by("number")[:CHUNK]):
        planned = planner.plan([Draft(line.number, line.values) for line in lines])
        _compare(lines, planned)
        planner.write(planned)
        done, last = done + len(lines), lines[-1].number
        yield done


def _compare(lines: list[ImportLine], planned: list[Planned]) -> None:
    for line, plan in zip(lines, planned, strict=True):
        if not plan.same_as(line):
            why = f" {plan.words[0][1]}" if plan.action == Action.REFUSE and plan.words else ""
            raise PlanChanged(
                f"What line {line.number} is about has changed since the preview, so nothing was written.{why} "
                "Read the file again."
            )


@contextmanager
def _tell(batch: ImportBatch) -> Iterator[Any]:
    """A function that notes how far we are, where others see it at once: on a connection beside the transaction."""
    beside = connection.copy()

    def tell(done: int) -> None:
        try:
            with beside.cursor() as cursor:
                cursor.execute("UPDATE members_importbatch SET lines_done = %s WHERE id = %s", [done, batch.pk])
        except DatabaseError as error:  # it is only for show
            logger.warning("Import %s: how far it is could not be noted, %s.", batch.pk, type(error).__name__)

    try:
        tell(0)
        yield tell
    finally:
        beside.close()

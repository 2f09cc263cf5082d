"""What staff do with an import: hand in a file, say which column is what, confirm, discard."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from django.core.files import File
from django.db import transaction
from django.db.models import Count

from cosn_site import bounded
from cosn_site.verbs import StepRefused, audited
from members.importing import mapping, reading
from members.importing.copies import copy_of, keep
from members.importing.fields import KINDS
from members.importing.jobs import preview_import, write_import
from members.models import ImportBatch, ImportLine, User

State = ImportBatch.State
Action = ImportLine.Action
# From which states the columns may be chosen (again), and an import be discarded.
OPEN = (State.UPLOADED, State.PREVIEWED, State.STOPPED)
DISCARDABLE = (*OPEN, State.READING)


class ImportRefused(StepRefused):
    """A step that makes no sense for this import now."""


class NotNow(ImportRefused):
    sentence = "This import is being worked on, or done. Look at its page again."


class ColumnsMissing(ImportRefused):
    """A field that is needed has no column, or two fields have the same one."""


class LinesRefused(ImportRefused):
    """Some lines are refused, so none can be written."""


class NothingToWrite(ImportRefused):
    sentence = "Every line of this file is here already, so there is nothing to write."


def receive_file(*, kind: str, file: File, filename: str, by: User | None, now: datetime) -> ImportBatch:
    """Keep a file that is to be imported, its columns guessed. Raises `reading.FileRefused`."""
    digest = hashlib.sha256()
    if file.size > reading.MOST_BYTES:
        raise reading.FileRefused("too_large")
    with bounded.as_path(file, digest.update) as path:
        sample = reading.sample_of(path, reading.detect(path))
    header = [name.replace("\x00", "").strip()[:200] for name in sample.header]
    with transaction.atomic(), audited("receive_file", by=by):
        batch = ImportBatch(
            kind=kind,
            filename=Path(filename).name[:200],
            sha256=digest.hexdigest(),
            encoding=sample.encoding,
            header=header,
            mapping=mapping.guess(kind, header),
            added_by=by,
            added_at=now,
        )
        suffix = ".xlsx" if sample.encoding == reading.WORKBOOK else ".csv"
        keep(batch, file, f"{digest.hexdigest()[:16]}{suffix}")
        batch.save()
    return batch


def sample_of(batch: ImportBatch) -> reading.Sample:
    """The header and the first lines of an import's file."""
    with copy_of(batch) as path:
        return reading.sample_of(path, batch.encoding)


def choose_columns(
    *, batch: ImportBatch, columns: Mapping[str, int], dates: str, by: User | None, now: datetime
) -> None:
    """Say which column holds which field, and have the file read. Raises `NotNow`, `ColumnsMissing`."""
    problems = mapping.missing(KINDS[batch.kind], columns)
    if len(set(columns.values())) != len(columns):
        problems.append("Two fields have the same column.")
    if problems:
        raise ColumnsMissing(" ".join(problems))
    with transaction.atomic(), audited("choose_columns", by=by):
        row = _locked(batch, OPEN)
        row.mapping, row.dates = dict(columns), dates
        row.state, row.problem, row.lines_done, row.lines_total = State.READING, "", 0, 0
        row.confirmed_at = row.confirmed_by = None
        row.save()
        preview_import.enqueue(row.pk)
    batch.refresh_from_db()


def confirm(*, batch: ImportBatch, by: User | None, now: datetime) -> None:
    """Have the previewed lines written, all of them. Raises `NotNow`, `LinesRefused`, `NothingToWrite`."""
    with transaction.atomic(), audited("confirm_import", by=by):
        row = _locked(batch, (State.PREVIEWED,))
        counts = totals(row)
        if counts[Action.REFUSE]:
            raise LinesRefused(
                f"{counts[Action.REFUSE]:,} lines are refused. All lines are written or none: "
                "correct the file, and upload it again."
            )
        if not counts[Action.CREATE] + counts[Action.CHANGE]:
            raise NothingToWrite
        row.state, row.lines_done = State.WRITING, 0
        row.confirmed_at, row.confirmed_by = now, by
        row.save()
        write_import.enqueue(row.pk)
    batch.refresh_from_db()


def discard(*, batch: ImportBatch, by: User | None, now: datetime) -> None:
    """Do without this import. Its lines go; that there was one stays on record. Raises `NotNow`."""
    with transaction.atomic(), audited("discard_import", by=by):
        row = _locked(batch, DISCARDABLE)
        row.state = State.DISCARDED
        row.save(update_fields=["state"])
        row.lines.all().delete()
    batch.refresh_from_db()


def totals(batch: ImportBatch) -> dict[str, int]:
    """How many lines would be created, changed, skipped, refused."""
    found = dict(batch.lines.order_by().values_list("action").annotate(count=Count("pk")))
    return {action.value: found.get(action.value, 0) for action in Action}


def _locked(batch: ImportBatch, states: tuple[State, ...]) -> ImportBatch:
    row = ImportBatch.objects.select_for_update().get(pk=batch.pk)
    if row.state not in states:
        raise NotNow
    return row

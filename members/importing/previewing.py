"""The first pass: read the file, say of each line what it would do, and write nothing but that."""

from collections.abc import Iterator
from datetime import datetime
from itertools import batched, islice
from typing import Any

from django.db import transaction

from members.importing.copies import copy_of
from members.importing.fields import KINDS
from members.importing.mapping import read_cells
from members.importing.memberships import MembershipPlanner
from members.importing.organizations import OrganizationPlanner
from members.importing.people import PersonPlanner
from members.importing.planning import Action, Draft, Planned, Planner
from members.importing.reading import FileRefused, Line, count_lines, read
from members.models import ImportBatch, ImportLine

CHUNK = 1_000
PLANNERS: dict[str, type[Planner]] = {
    ImportBatch.Kind.ORGANIZATIONS: OrganizationPlanner,
    ImportBatch.Kind.PEOPLE: PersonPlanner,
    ImportBatch.Kind.MEMBERSHIPS: MembershipPlanner,
}
_KEPT_OF_A_CELL = 300  # of what is kept of a refused line, to give it back

State = ImportBatch.State


def preview(batch_id: int, *, now: datetime) -> str:
    """Plan all lines of an import that is to be read; answers with a sentence. Safe to run twice.

    Lines are kept a thousand at a time, so that the page shows how far it is. Ends early when the import is discarded.
    """
    batch = ImportBatch.objects.get(pk=batch_id)
    if batch.state != State.READING:
        return "There was nothing to read."
    try:
        with copy_of(batch) as path:
            batch.lines.all().delete()
            batch.lines_total = count_lines(path, batch.encoding)
            if not _note(batch, 0):
                return "It was discarded."
            done = 0
            for lines in _plans(batch, islice(read(path, batch.encoding), 1, None), now):
                done += len(lines)
                with transaction.atomic():
                    if not _note(batch, done):
                        return "It was discarded."
                    ImportLine.objects.bulk_create(lines)
    except FileRefused as refused:
        stop(batch, State.READING, refused.sentence)
        return refused.sentence
    return _finish(batch, done)


def stop(batch: ImportBatch, state: str, problem: str) -> None:
    """The import stops, for a reason that is shown to staff."""
    ImportBatch.objects.filter(pk=batch.pk, state=state).update(state=State.STOPPED, problem=problem[:300])


def _finish(batch: ImportBatch, done: int) -> str:
    if not done:
        stop(batch, State.READING, "There is no line below the header.")
        return "There was nothing in it."
    waiting = ImportBatch.objects.filter(pk=batch.pk, state=State.READING)
    waiting.update(state=State.PREVIEWED, lines_total=done, lines_done=done)
    return f"Read {done:,} lines."


def _note(batch: ImportBatch, done: int) -> bool:
    """How far it is; False when it is no longer wanted."""
    wanted = ImportBatch.objects.filter(pk=batch.pk, state=State.READING)
    return wanted.update(lines_done=done, lines_total=max(batch.lines_total, done)) == 1


def _plans(batch: ImportBatch, lines: Iterator[Line], now: datetime) -> Iterator[list[ImportLine]]:
    planner = PLANNERS[batch.kind](now=now, lock=False)
    for chunk in batched(lines, CHUNK):
        drafts = [_draft(batch, line) for line in chunk]
        yield [
            _kept(batch, line, draft, planned)
            for line, draft, planned in zip(chunk, drafts, planner.plan(drafts), strict=True)
        ]


def _draft(batch: ImportBatch, line: Line) -> Draft:
    if line.problem:
        return Draft(line.number, {}, [["", line.problem]])
    width = len(batch.header)
    if len(line.cells) != width and (len(line.cells) < width or any(cell.strip() for cell in line.cells[width:])):
        problem = (
            f"This line has {len(line.cells)} cells where the header has {width}. Is a delimiter missing or unquoted?"
        )
        return Draft(line.number, {}, [["", problem]])
    values, words = read_cells(KINDS[batch.kind], batch.mapping, line.cells, batch.dates, line.refused)
    return Draft(line.number, values, words)


def _kept(batch: ImportBatch, line: Line, draft: Draft, planned: Planned) -> ImportLine:
    """What is kept of a line: the values that will be written, or the cells of one that is refused."""
    values: dict[str, Any] = draft.values
    if planned.action == Action.REFUSE:
        values = {"cells": [_storable(cell) for cell in line.cells[: len(batch.header)]]}
    return ImportLine(
        batch=batch,
        number=planned.number,
        action=planned.action,
        label=_storable(planned.label)[:254],
        values=values,
        words=planned.words,
    )


def _storable(text: str) -> str:
    """Without what PostgreSQL cannot keep."""
    short = text if len(text) <= _KEPT_OF_A_CELL else f"{text[:_KEPT_OF_A_CELL]}…"
    return short.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()

"""How tests bring a file in: as bytes, and all the way."""

import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from django.core.files.base import ContentFile
from openpyxl import Workbook

from members.importing import previewing, verbs, writing
from members.models import ImportBatch, ImportLine
from tests import people

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
Action = ImportLine.Action


def received(kind: str, content: bytes | str, filename: str = "list.csv") -> ImportBatch:
    """The file is uploaded, its columns guessed."""
    data = content.encode() if isinstance(content, str) else content
    return verbs.receive_file(
        kind=kind, file=ContentFile(data, filename), filename=filename, by=people.staff(), now=NOW
    )


def previewed(
    kind: str,
    content: bytes | str,
    *,
    columns: dict[str, int] | None = None,
    dates: str = "",
    filename: str = "list.csv",
) -> ImportBatch:
    """And its lines are planned."""
    batch = received(kind, content, filename)
    verbs.choose_columns(
        batch=batch, columns=batch.mapping if columns is None else columns, dates=dates, by=people.staff(), now=NOW
    )
    previewing.preview(batch.pk, now=NOW)
    batch.refresh_from_db()
    return batch


def written(kind: str, content: bytes | str, **given: Any) -> ImportBatch:
    """And they are written."""
    batch = previewed(kind, content, **given)
    verbs.confirm(batch=batch, by=people.staff(), now=NOW)
    writing.write(batch.pk, now=NOW)
    batch.refresh_from_db()
    return batch


def found(batch: ImportBatch) -> list[tuple[int, str, str]]:
    """Number, action and words of each line."""
    lines = batch.lines.order_by("number")
    return [
        (line.number, line.action, " ".join(f"{label}: {words}" if label else words for label, words in line.words))
        for line in lines
    ]


def refusals(batch: ImportBatch) -> dict[int, str]:
    """Line → why it is refused."""
    return {number: words for number, action, words in found(batch) if action == Action.REFUSE}


def workbook(rows: Iterable[Sequence[Any]]) -> bytes:
    """An XLSX file with these rows."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("List")
    for row in rows:
        sheet.append(list(row))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()

"""A file from outside into numbered lines of cells: CSV in whatever encoding and with whatever delimiter, or XLSX.

Lines are numbered as an editor or a spreadsheet numbers them: a record of a CSV file that goes over several lines has
the number of its first. Nothing here keeps more than one line in memory.
"""

import codecs
import csv
import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO

from charset_normalizer import from_bytes

from cosn_site import bounded
from cosn_site.verbs import StepRefused
from members.importing.workbook import MOST_COLUMNS

MEGABYTE = 1024 * 1024
MOST_BYTES = 20 * MEGABYTE
MOST_LINES = 100_000
SECONDS = 180.0
DELIMITERS = ",;\t|"
_SAMPLE = 256 * 1024
_WESTERN = ["cp1252", "mac_roman"]  # what spreadsheets of schools write when it is not Unicode

WORKBOOK = "workbook"  # stands where a CSV file has its encoding

_AGAIN = "Open it in a spreadsheet, save it as CSV or XLSX, and upload that."
REFUSALS = {
    "empty": "This file is empty.",
    "no_lines": "This file has a header and no line below it.",
    "too_large": f"This file is larger than {MOST_BYTES // MEGABYTE} MB. Split it into several.",
    "too_many_lines": f"This file has more than {MOST_LINES:,} lines. Split it into several.",
    "too_many_columns": f"This file has more than {MOST_COLUMNS} columns. Leave out those that you do not need.",
    "not_text": f"This is neither a CSV nor an XLSX file. {_AGAIN}",
    "not_a_workbook": f"This is an archive, but no XLSX workbook is in it. {_AGAIN}",
    "password": f"This workbook has a password, or is of a kind from before 2007. {_AGAIN}",
    "broken": f"This workbook is damaged and could not be read. {_AGAIN}",
    "bomb": f"This workbook unpacks to far more than a list should. {_AGAIN}",
    "no_sheet": "This workbook has no sheet that is shown. Show the one to be read, and save it again.",
    "memory": "This workbook takes more memory to open than a list should. Save it as CSV, and upload that.",
    "time": "This workbook takes too long to open. Save it as CSV, and upload that.",
    "crash": f"This workbook could not be read. {_AGAIN}",
}
_NOT_CLOSED = "A quotation mark in this line is not closed where its cell ends. Close it, or write it twice."
_TOO_LONG = "A cell of this line is far too long, or a quotation mark in it is never closed."

# How files begin that are neither; some of them would pass for text.
_OTHERS = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"{\\rtf", b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf", b"\x7fELF")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # a workbook with a password, or an old one
_PAGE = re.compile(rb"\s*<(!doctype|html|\?xml)", re.IGNORECASE)


class FileRefused(StepRefused):
    """The file as a whole cannot be read. `code` is a key of `REFUSALS`."""

    def __init__(self, code: str) -> None:
        super().__init__(REFUSALS[code])
        self.code = code


@dataclass(slots=True)
class Line:
    """One line of the file. `problem` is set when it could not be taken apart; `refused` are cells that say no."""

    number: int
    cells: list[str]
    problem: str = ""
    refused: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sample:
    """What the mapping page shows of a file."""

    encoding: str
    header: list[str]
    examples: list[list[str]]


def detect(path: Path) -> str:
    """The encoding of a CSV file, or `WORKBOOK`. Raises FileRefused for what is neither."""
    with path.open("rb") as file:
        head = file.read(4096)
    if not head.strip(b" \t\r\n\x00"):
        raise FileRefused("empty")
    if head.startswith(b"PK\x03\x04"):
        return WORKBOOK
    if head.startswith(_OLE):
        raise FileRefused("password")
    if head.startswith(_OTHERS) or _PAGE.match(head):
        raise FileRefused("not_text")
    return _encoding(path, head)


def _encoding(path: Path, head: bytes) -> str:
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    nuls = head.count(0)
    if nuls > len(head) // 4:  # most of what is written in Latin letters has one NUL in two bytes of UTF-16
        return "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
    wrong = _first_beyond_utf8(path)
    if wrong is None:
        return "utf-8"
    with path.open("rb") as file:
        file.seek(max(0, wrong - _SAMPLE // 2))
        sample = file.read(_SAMPLE)
    controls = sum(sample.count(bytes([code])) for code in range(32) if code not in (9, 10, 13))
    if controls > len(sample) // 100:
        raise FileRefused("not_text")
    best = from_bytes(sample, cp_isolation=_WESTERN).best()
    return best.encoding if best is not None else "cp1252"


def _first_beyond_utf8(path: Path) -> int | None:
    decoder, place = codecs.getincrementaldecoder("utf-8")(), 0
    with path.open("rb") as file:
        while piece := file.read(MEGABYTE):
            try:
                decoder.decode(piece)
            except UnicodeDecodeError as error:
                return place + error.start
            place += len(piece)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return place - 1
    return None


def sample_of(path: Path, encoding: str, *, lines: int = 3) -> Sample:
    """The header and the first lines. Raises FileRefused."""
    found = list(islice(read(path, encoding, most_lines=lines + 30), lines + 1))
    if not found:
        raise FileRefused("empty")
    if len(found) == 1:
        raise FileRefused("no_lines")
    if len(found[0].cells) > MOST_COLUMNS:
        raise FileRefused("too_many_columns")
    return Sample(encoding, found[0].cells, [line.cells for line in found[1:]])


def read(path: Path, encoding: str, *, most_lines: int = MOST_LINES) -> Iterator[Line]:
    """The lines of the file that are not blank, the header first. Raises FileRefused, at the latest on the way."""
    lines = _workbook_lines(path, most_lines) if encoding == WORKBOOK else _csv_lines(path, encoding)
    for count, line in enumerate(lines):
        if count > most_lines:
            if most_lines == MOST_LINES:
                raise FileRefused("too_many_lines")
            return
        yield line


def count_lines(path: Path, encoding: str) -> int:
    """About how many lines there are below the header, for the progress bar; 0 where that is not cheap to tell."""
    if encoding == WORKBOOK:
        return 0
    with path.open("rb") as file:
        return max(sum(piece.count(b"\n") for piece in iter(lambda: file.read(MEGABYTE), b"")) - 1, 0)


# --- CSV ----------------------------------------------------------------------------------------------------------
def _csv_lines(path: Path, encoding: str) -> Iterator[Line]:
    delimiter, skipped = _delimiter(path, encoding)
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        for _ in range(skipped):
            file.readline()
        records = csv.reader(file, delimiter=delimiter, strict=True)
        while True:
            number = records.line_num + skipped + 1
            try:
                cells = next(records)
            except StopIteration:
                return
            except csv.Error as error:
                yield Line(number, [], _TOO_LONG if "limit" in str(error) else _NOT_CLOSED)
                continue
            if any(cell.strip() for cell in cells):
                yield Line(number, cells)


def _delimiter(path: Path, encoding: str) -> tuple[str, int]:
    """The delimiter, and how many lines stand before the header only to name it, as some spreadsheets write them."""
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        text = file.read(_SAMPLE // 4)
    named = re.match(r"sep=(.)\r?\n", text)
    if named:
        return named.group(1), 1
    return max(DELIMITERS, key=lambda delimiter: _fit(text, delimiter)), 0


def _fit(text: str, delimiter: str) -> tuple[int, int, int]:
    """How well a delimiter makes a table of the text: lines as long as the header, and columns."""
    records: list[list[str]] = []
    with suppress(csv.Error):
        records.extend(islice(csv.reader(text.splitlines(keepends=True), delimiter=delimiter), 40))
    records = [record for record in records if any(record)]
    columns = len(records[0]) if records else 0
    if columns < 2:
        return 0, 0, -DELIMITERS.index(delimiter)
    return sum(len(record) == columns for record in records), columns, -DELIMITERS.index(delimiter)


# --- XLSX ---------------------------------------------------------------------------------------------------------
def _workbook_lines(path: Path, most_lines: int) -> Iterator[Line]:
    with tempfile.NamedTemporaryFile(prefix="import-", suffix=".jsonl") as out:
        _convert(path, Path(out.name), most_lines + 2)
        with Path(out.name).open(encoding="utf-8") as file:
            yield from _json_lines(file)


def _convert(path: Path, out: Path, most_rows: int) -> None:
    try:
        answer = bounded.run("members.importing.workbook", [str(path), str(out), str(most_rows)], seconds=SECONDS)
    except bounded.OutOfBounds as error:
        raise FileRefused(error.reason) from error
    if answer != b"ok":
        raise FileRefused(answer.decode())


def _json_lines(file: IO[str]) -> Iterator[Line]:
    width = 0
    for text in file:
        number, cells, refused = json.loads(text)
        width = width or len(cells)
        # a spreadsheet leaves out the empty cells at the end of a row
        cells += [""] * (width - len(cells))
        yield Line(number, cells, refused={int(place): sentence for place, sentence in refused.items()})

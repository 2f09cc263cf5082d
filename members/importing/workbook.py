"""An XLSX file into lines of JSON, in a process of its own: `python -m members.importing.workbook <file> <out> <rows>`.

Each line of `out` is the number of a row, its cells as text, and for cells that could not be read a sentence by their
place. What is said on the standard output is `ok` or the code of a refusal (see `members.importing.reading.REFUSALS`).
The file comes from outside: this process has limits on memory, time and what it writes, and no secrets.
"""

import json
import resource
import sys
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from cosn_site.bounded import MEBIBYTE, OUT_OF_MEMORY, limit_this_process

MEMORY = 1024 * MEBIBYTE
CPU_SECONDS = 150
MOST_UNPACKED = 300 * MEBIBYTE
MOST_STRINGS = 96 * MEBIBYTE  # openpyxl keeps the workbook's shared strings in memory
MOST_WRITTEN = 512 * MEBIBYTE
MOST_COLUMNS = 100
MOST_OF_A_CELL = 2_001  # one more than a cell may have, so that it is seen to be too long
NO_RESULT = "The formula in this cell has no result in the file. Put in the value itself."


class Refused(Exception):
    """The file as a whole cannot be read; the argument is its code."""


def check_archive(path: Path) -> None:
    """Raises Refused for what is not a workbook, has a password, or unpacks to more than a workbook should."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise Refused("broken") from error
    names = {member.filename for member in members}
    if "xl/workbook.xml" not in names and "[Content_Types].xml" not in names:
        raise Refused("not_a_workbook")
    if any(member.flag_bits & 1 for member in members):
        raise Refused("password")
    # an archive cannot lie about these: no more is unpacked than it announces
    strings = sum(member.file_size for member in members if member.filename.endswith("sharedStrings.xml"))
    if sum(member.file_size for member in members) > MOST_UNPACKED or strings > MOST_STRINGS:
        raise Refused("bomb")


def rows_of(path: Path, *, most_rows: int, data_only: bool) -> Iterator[tuple[Any, ...]]:
    """The cells of the first sheet that is not hidden, row by row."""
    with path.open("rb") as file:
        workbook = load_workbook(file, read_only=True, data_only=data_only, keep_links=False)
        shown = [sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible"]
        if not shown:
            raise Refused("no_sheet")
        shown[0].reset_dimensions()  # what a file says of its own size need not be so
        yield from shown[0].iter_rows(max_row=most_rows, max_col=None)


def lines(path: Path, *, most_rows: int) -> Iterator[tuple[int, list[str], dict[int, str]]]:
    """Number, cells and problems of each row that is not empty."""
    formulas = rows_of(path, most_rows=most_rows, data_only=False) if has_formulas(path) else None
    for number, row in enumerate(rows_of(path, most_rows=most_rows, data_only=True), 1):
        written = next(formulas, ()) if formulas is not None else ()
        cells = [as_text(cell.value)[:MOST_OF_A_CELL] for cell in row[: MOST_COLUMNS + 1]]
        problems = {
            place: NO_RESULT
            for place, cell in enumerate(written[: len(cells)])
            if cell.data_type == "f" and cell.value is not None and not cells[place]
        }
        while cells and not cells[-1] and len(cells) - 1 not in problems:
            cells.pop()
        if cells:
            yield number, cells, problems


def has_formulas(path: Path) -> bool:
    """Whether any sheet has one; the file is then read twice side by side, for values and for formulas."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                with archive.open(name) as sheet:
                    end = b""
                    while piece := sheet.read(MEBIBYTE):
                        if b"<f>" in end + piece or b"<f " in end + piece:
                            return True
                        end = piece[-2:]
    return False


def as_text(value: Any) -> str:
    """A cell as somebody would type it: days as 2026-07-01, whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date | time | timedelta):
        return str(value)
    return str(value)


def convert(source: Path, out: Path, most_rows: int) -> str:
    """Write the lines; `ok` or the code of why not."""
    try:
        check_archive(source)
        with out.open("w", encoding="utf-8") as file:
            for line in lines(source, most_rows=most_rows):
                file.write(json.dumps(line))
                file.write("\n")
    except Refused as refused:
        return str(refused)
    except (InvalidFileException, KeyError, ValueError, TypeError, IndexError, AttributeError, OverflowError):
        return "broken"  # openpyxl meets what a workbook should have and this one has not
    except (zipfile.BadZipFile, zlib.error, SyntaxError, EOFError, RuntimeError):  # SyntaxError: so XML parsers say
        return "broken"
    except OSError:
        return "bomb"  # more than MOST_WRITTEN
    return "ok"


def main(arguments: list[str]) -> int:
    limit_this_process(memory=MEMORY, cpu_seconds=CPU_SECONDS)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_WRITTEN, MOST_WRITTEN))
    warnings.simplefilter("ignore")
    try:
        answer = convert(Path(arguments[0]), Path(arguments[1]), int(arguments[2]))
    except MemoryError:
        return OUT_OF_MEMORY
    sys.stdout.write(answer)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

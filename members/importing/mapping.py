"""Which column of a file holds which field of ours: guessed from the header, changed by a person."""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence

from members.importing.cells import CellRefused, tidy
from members.importing.fields import KINDS, Kind


def plain(name: str) -> str:
    """A column's name without what people write differently: case, spaces, signs, accents."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return re.sub(r"[^a-z0-9]", "", letters)


def guess(kind: str, header: Sequence[str]) -> dict[str, int]:
    """Field → number of its column, from 0. A name that two columns have is nobody's; nor is a field guessed twice."""
    names = [plain(name) for name in header]
    counts = Counter(names)
    found: dict[str, int] = {}
    for field in KINDS[kind].fields:
        own = (plain(field.name), plain(field.label), *field.aliases)
        for alias in own:
            if counts[alias] == 1 and names.index(alias) not in found.values():
                found[field.name] = names.index(alias)
                break
    return found


def missing(kind: Kind, columns: Mapping[str, int]) -> list[str]:
    """What has no column yet and needs one, in sentences."""
    found = []
    for names in kind.needed:
        if not any(name in columns for name in names):
            labels = [f"“{kind.field(name).label}”" for name in names]
            found.append(f"Say which column is {' or '.join(labels)}.")
    return found


def column_names(header: Sequence[str]) -> list[str]:
    """The header as people tell columns apart: a letter as in a spreadsheet, and the name."""
    return [f"{letters(place)}: {name.strip()[:60] or 'no name'}" for place, name in enumerate(header)]


def letters(place: int) -> str:
    """The spreadsheet's name of a column: 0 is A, 26 is AA."""
    found = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        found = chr(65 + rest) + found
    return found


def read_cells(
    kind: Kind, columns: Mapping[str, int], cells: Sequence[str], dates: str, refused: Mapping[int, str]
) -> tuple[dict[str, object], list[list[str]]]:
    """The values of the line's cells that are not empty, and pairs of a field's label and why its cell is refused."""
    values: dict[str, object] = {}
    words: list[list[str]] = []
    for name, place in columns.items():
        field = kind.field(name)
        if place in refused:
            words.append([field.label, refused[place]])
            continue
        try:
            cell = tidy(cells[place]) if place < len(cells) else ""
            if cell:
                values[name] = field.read(cell, dates)
        except CellRefused as error:
            words.append([field.label, error.sentence])
    return values, words

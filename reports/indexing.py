"""Text out of PDFs, page by page, for the search that answers with a page; and a picture of the first page.

PDFs hold glyphs and places, not words. What comes out is mended here so that a search finds what a reader sees:
ligatures become letters again, words broken at the end of a line are joined, and the running heads that repeat on every
page go, or a report's title would be found on each of its pages.
"""

import json
import re
from collections import Counter
from pathlib import Path
from typing import IO

from django.core.files import File

from cosn_site import bounded

MOST_PAGES = 2_000
SECONDS = 90.0
WIDEST = 2_400
EDGE = 4  # lines at the top and the foot of a page among which running heads are looked for
FEWEST_PAGES_WITH_HEADS = 4

_LIGATURES = str.maketrans(
    {
        "ﬀ": "ff",
        "ﬁ": "fi",
        "ﬂ": "fl",
        "ﬃ": "ffi",
        "ﬄ": "ffl",
        "ﬅ": "st",
        "ﬆ": "st",
        "\xad": "",
        "\u200b": "",
        "\ufeff": "",
    }
)
# What a renderer puts at the end of a broken line and nowhere else: a true hyphen, or the library's marks for one.
_BREAK_MARKS = "\u2010\u0002\ufffe"
_BROKEN_FOR_SURE = re.compile(rf"(\w)[{_BREAK_MARKS}]\s*\n\s*(\w)")
_BROKEN_PERHAPS = re.compile(r"(\w+)-[ \t]*\n\s*(\w+)")
_WORD = re.compile(r"\w+(?:-\w+)*")
_BULLETS = frozenset("•◦▪‣●○■□")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufffe\uffff]")


class PdfUnreadable(Exception):
    """The file gave no answer within its limits. `reason` is `time`, `memory` or `crash`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def page_texts(file: str | Path | IO[bytes] | File) -> list[str]:
    """The text of every page, in order, each on one line; an empty string for a page without text.

    Reads 2,000 pages at most, and of each what fits on its visible part. Raises PdfUnreadable.
    """
    raw = json.loads(_read("text", file, MOST_PAGES))
    return mend(raw)


def first_page_png(file: str | Path | IO[bytes] | File, width: int) -> bytes:
    """The first page as a PNG, `width` pixels wide (16 to 2,400) and in its own proportions, on white.

    Raises PdfUnreadable, also when the file has no page.
    """
    return _read("picture", file, min(max(width, 16), WIDEST))


def _read(what: str, file: str | Path | IO[bytes] | File, number: int) -> bytes:
    source = Path(file) if isinstance(file, str) else file
    with bounded.as_path(source) as path:
        try:
            return bounded.run("reports.pdf_reader", [what, str(path), str(number)], seconds=SECONDS)
        except bounded.OutOfBounds as error:
            raise PdfUnreadable(error.reason) from error


def mend(raw_pages: list[str]) -> list[str]:
    """Raw text of pages, line by line, as one line of words each, without running heads."""
    pages = [_letters(raw) for raw in raw_pages]
    heads = _running_heads(pages)
    known = {word.lower() for page in pages for word in _WORD.findall(page)}
    return [_join(_without(page, heads), known) for page in pages]


def _letters(raw: str) -> str:
    text = raw.replace("\r\n", "\n").replace("\r", "\n").translate(_LIGATURES)
    return _CONTROLS.sub(" ", _BROKEN_FOR_SURE.sub(r"\1\2", text))


def _shape(line: str) -> str:
    """A line with its numbers made equal, so that "page 7" and "page 8" are one running head."""
    return re.sub(r"\d+", "0", line).strip()


def _edges(page: str) -> list[str]:
    lines = [line for line in page.split("\n") if line.strip()]
    return lines if len(lines) <= 2 * EDGE else lines[:EDGE] + lines[-EDGE:]


def _running_heads(pages: list[str]) -> set[str]:
    if len(pages) < FEWEST_PAGES_WITH_HEADS:
        return set()
    on_pages = Counter(shape for page in pages for shape in {_shape(line) for line in _edges(page)})
    return {shape for shape, count in on_pages.items() if count > len(pages) / 2}


def _without(page: str, heads: set[str]) -> str:
    edges = {line for line in _edges(page) if _shape(line) in heads}
    return "\n".join(line for line in page.split("\n") if line not in edges)


def _join(page: str, known: set[str]) -> str:
    """One line of the page's lines. A word broken at a hyphen is joined unless the document has it with the hyphen."""

    def joined(broken: re.Match[str]) -> str:
        head, tail = broken[1], broken[2]
        whole, hyphened = f"{head}{tail}", f"{head}-{tail}"
        if hyphened.lower() in known:
            return hyphened
        if whole.lower() in known or (head.islower() and tail.islower() and len(tail) > 2):
            return whole
        return hyphened

    return " ".join(word for word in _BROKEN_PERHAPS.sub(joined, page).split() if word not in _BULLETS)

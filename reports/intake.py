"""What an uploaded PDF must be before it may become an edition: sound, open, and without anything that acts by itself.

The file is looked at by a process of its own (`reports.pdf_probe`), because it comes from outside. A refusal says which
of the reasons it is and what to do about it, in words for the person who uploaded the file.
"""

import hashlib
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.files import File

from cosn_site import bounded

logger = logging.getLogger(__name__)

MOST_PAGES = 2_000
SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class PdfFacts:
    """What is known of a PDF that was let in. `bytes` is its size, `sha256` 64 hexadecimal digits."""

    pages: int
    bytes: int
    sha256: str
    title: str


class PdfRefused(Exception):
    """Why a file is not let in. `code` is for programs, `message` a sentence or two for the person who sent it.

    Codes: too_large, not_pdf, damaged, encrypted, script, launch, embedded, no_pages, too_many_pages.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


_SAVE_AGAIN = "Open it in the program that it was written in, save it as a PDF again, and upload that."
FOUND = {  # what the probe found: the code, what is the matter, and what to do about it
    "not_pdf": ("not_pdf", "This file is not a PDF: it does not begin as one does.", "Save the document as a PDF."),
    "cut_off": (
        "damaged",
        "This PDF does not end as one does: it was cut off, or something was added behind it.",
        "Upload it again from the original.",
    ),
    "damaged": ("damaged", "This PDF is damaged, so that some readers cannot open it.", _SAVE_AGAIN),
    "bomb": ("damaged", "A page of this PDF unpacks to far more than a page can hold.", _SAVE_AGAIN),
    "memory": ("damaged", "This PDF takes more memory to open than a report should.", _SAVE_AGAIN),
    "time": ("damaged", "This PDF takes longer to open than a report should.", _SAVE_AGAIN),
    "crash": ("damaged", "This PDF is damaged and could not be read.", _SAVE_AGAIN),
    "page_size": (
        "damaged",
        "A page of this PDF has a size that cannot be shown; the most is 200 inches.",
        "Set the page size and save it again.",
    ),
    "encrypted": (
        "encrypted",
        "This PDF is encrypted: it has a password, or limits on printing or copying.",
        "Save it without security settings.",
    ),
    "javascript": ("script", "This PDF carries JavaScript.", "Save it without scripts, or print it to a new PDF."),
    "xfa": ("script", "This PDF carries an XFA form, which is run by script.", "Print it to a new PDF."),
    "launch": (
        "launch",
        "This PDF carries a launch action, which starts a program on the reader's computer.",
        "Take it out and save it again.",
    ),
    "other_file": (
        "launch",
        "This PDF carries an action that opens another file on the reader's computer.",
        "Link to a web address instead and save it again.",
    ),
    "submit": (
        "launch",
        "This PDF carries a form that sends what the reader fills in.",
        "Take the button out and save it again.",
    ),
    "by_itself": (
        "launch",
        "This PDF opens a web address by itself, without the reader's doing.",
        "Take that action out and save it again.",
    ),
    "embedded": (
        "embedded",
        "This PDF has other files attached inside it.",
        "Take the attachments out and save it again.",
    ),
    "no_pages": ("no_pages", "This PDF has no pages.", _SAVE_AGAIN),
    "too_many_pages": (
        "too_many_pages",
        f"This PDF has more than {MOST_PAGES:,} pages, the most for a report.",
        "Upload it in parts.",
    ),
}


def inspect_pdf(file: IO[bytes] | File) -> PdfFacts:
    """What the file is, once it is known to be a sound PDF without script, launch actions, attachments or encryption.

    Reads from the beginning of the file and leaves it there. Raises PdfRefused; takes 20 seconds at the very most, and
    well under one for an ordinary report, whatever the file holds.
    """
    size = file.seek(0, 2)
    if size > settings.REPORT_MAX_BYTES:
        raise PdfRefused("too_large", _too_large(size, settings.REPORT_MAX_BYTES))
    digest = hashlib.sha256()
    with bounded.as_path(file, each=digest.update) as path:
        answer = _probe(path)
    if "found" in answer:
        code, matter, remedy = FOUND[answer["found"]]
        raise PdfRefused(code, f"{matter} {remedy}")
    return PdfFacts(pages=answer["pages"], bytes=size, sha256=digest.hexdigest(), title=answer["title"])


def _probe(path: Path) -> dict[str, Any]:
    try:
        return json.loads(bounded.run("reports.pdf_probe", [str(path), str(MOST_PAGES)], seconds=SECONDS))
    except bounded.OutOfBounds as error:
        logger.warning("A PDF was refused without having been read to its end: %s", error.reason)
        return {"found": error.reason}


def _too_large(size: int, limit: int) -> str:
    """Both sizes, with as many decimals as it takes to tell them apart."""
    for decimals in (0, 1, 2):
        have, may = (f"{number / bounded.MEBIBYTE:,.{decimals}f} MB" for number in (size, limit))
        if have != may:
            break
    else:
        have, may = f"{size:,} bytes", f"{limit:,} bytes"
    return f"This file is {have}; the most is {may}. Make its pictures smaller and save it again."

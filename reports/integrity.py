"""No file is lost silently: a daily look at every edition's stored file."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time, timedelta

from cosn_site.jobs import GiveUp, every_day, job
from reports.models import Edition

CHUNK = 1024 * 1024
NAMED_AT_MOST = 20


@dataclass(frozen=True, slots=True)
class Flaw:
    """An edition whose file is not what was stored: `missing`, or `changed`."""

    edition: Edition
    what: str

    def __str__(self) -> str:
        return f"{self.edition} ({self.what})"


def flaws() -> Iterator[Flaw]:
    """Every edition, of published reports or not, whose file is gone or has another SHA-256.

    Reads each file whole. An error of the storage itself (it is away, it refuses us) goes to the caller: it says
    nothing about the file.
    """
    editions = Edition.objects.select_related("report").defer("source", "report__body", "report__search")
    for edition in editions.iterator(chunk_size=200):
        name = edition.file.name
        if not name or not edition.file.storage.exists(name):
            yield Flaw(edition, "missing")
        elif _sha256(edition) != edition.sha256:
            yield Flaw(edition, "changed")


@every_day(at=time(4, 0))
@job(queue="files", limit=timedelta(hours=6))
def check_stored_files() -> str:
    """Fails for good, and so stays on the staff page, when an edition's file is missing or changed."""
    found = list(flaws())
    if found:
        named = "; ".join(str(flaw) for flaw in found[:NAMED_AT_MOST])
        more = f"; and {len(found) - NAMED_AT_MOST} more" if len(found) > NAMED_AT_MOST else ""
        raise GiveUp(f"Restore these files from the backup, then run this again: {named}{more}.")
    count = Edition.objects.count()
    return f"All {count} stored files are there and unchanged." if count != 1 else "The one stored file is unchanged."


def _sha256(edition: Edition) -> str:
    digest = hashlib.sha256()
    with edition.file.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()

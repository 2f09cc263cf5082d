"""An import of many lines, preview and commit, each in a worker process of its own whose memory is measured.

`python -m bench.importing preview 7` is such a process: it does one pass of import 7 and says what that took.
"""

import csv
import io
import json
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SIZES = (5_000, 50_000)
HEADER = ("Name", "Type", "State", "NCES ID", "Enrollment", "Staff")
MOST_RATIO = 1.5  # peak memory of ten times the lines, to that of the lines
_KIBIBYTES = 1024 if sys.platform != "darwin" else 1  # what ru_maxrss counts in, in bytes


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass over one file."""

    form: str  # CSV or XLSX
    lines: int
    name: str  # preview or commit
    seconds: float
    megabytes: float  # peak resident memory of the worker


def measure(env: Mapping[str, str], sizes: Sequence[int] = SIZES) -> list[Pass]:
    """Import districts by CSV and XLSX, all of them new. Raises Wrong when not all of them are there then.

    What is written comes from the previewed lines, whatever the file was: so the commit is measured once.
    """
    from bench.proofs import Wrong
    from members.models import Organization

    found: list[Pass] = []
    number = 1_000_000
    for form, write in (("CSV", _csv), ("XLSX", _xlsx)):
        for size in sizes:
            before = Organization.objects.count()
            found += _both_passes(env, form, size, write(_rows(number, size)))
            number += size
            if Organization.objects.count() != before + (size if form == "CSV" else 0):
                raise Wrong(f"Not all of {size:,} lines were written.")
    return found


def ratios(passes: Sequence[Pass]) -> dict[tuple[str, str], float]:
    """For each form and pass the peak memory of the most lines to that of the fewest."""
    found = {}
    for key in dict.fromkeys((one.form, one.name) for one in passes):
        of_key = sorted((one for one in passes if (one.form, one.name) == key), key=lambda one: one.lines)
        found[key] = of_key[-1].megabytes / of_key[0].megabytes
    return found


def _both_passes(env: Mapping[str, str], form: str, size: int, content: bytes) -> Iterator[Pass]:
    from django.core.files.base import ContentFile
    from django.utils import timezone

    from members.importing import verbs

    now, name = timezone.now(), f"list.{form.lower()}"
    file = ContentFile(content, name)
    batch = verbs.receive_file(kind="organizations", file=file, filename=name, by=None, now=now)
    verbs.choose_columns(batch=batch, columns=batch.mapping, dates="", by=None, now=now)
    yield _worker(env, form, size, "preview", batch.pk)
    if form == "XLSX":
        return
    batch.refresh_from_db()
    verbs.confirm(batch=batch, by=None, now=now)
    yield _worker(env, form, size, "commit", batch.pk)


def _worker(env: Mapping[str, str], form: str, size: int, name: str, batch: int) -> Pass:
    command = [sys.executable, "-m", "bench.importing", name, str(batch)]
    answer = subprocess.run(command, env=dict(env), capture_output=True, text=True, check=False)
    if answer.returncode:
        raise RuntimeError(f"The {name} of {size:,} lines of {form} failed:\n{answer.stderr[-2000:]}")
    said = json.loads(answer.stdout.splitlines()[-1])
    return Pass(form, size, name, said["seconds"], said["megabytes"])


def _rows(first: int, count: int) -> Iterator[tuple[str, ...]]:
    yield HEADER
    for number in range(first, first + count):
        yield f"District {number}", "School district", "MN", str(number), str(number % 90_000), str(number % 4_000)


def _csv(rows: Iterator[tuple[str, ...]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def _xlsx(rows: Iterator[tuple[str, ...]]) -> bytes:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Districts")
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def main(name: str, batch: int) -> None:
    """One pass, as the worker makes it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cosn_site.settings")
    import django

    django.setup()
    from django.utils import timezone

    from members.importing import previewing, writing

    began = time.perf_counter()
    work = previewing.preview if name == "preview" else writing.write
    work(batch, now=timezone.now())
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "megabytes": _peak_bytes() / 2**20}))


def _peak_bytes() -> int:
    """The most memory that was resident. Linux tells it of this program alone; `ru_maxrss` counts our parent's too."""
    status = Path("/proc/self/status")
    if status.exists():
        peak = re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="ascii"))
        if peak:
            return int(peak[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIBIBYTES


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

"""A shelf with one report of every kind, each with real bytes behind it, unlike those of any other."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.core.files.base import ContentFile
from django.utils import timezone

from reports.models import Edition, Report, Series

BYTES = 5_000
YESTERDAY = datetime(1, 1, 1, tzinfo=UTC)  # counted from the moment the report is made


def bytes_of(name: str) -> bytes:
    """A file of 5,000 bytes that begins like a PDF and tells its name over and over."""
    line = f"the secret content of {name}\n".encode()
    return (b"%PDF-1.7\n" + line * (BYTES // len(line) + 1))[:BYTES]


def report(
    slug: str = "a-report",
    *,
    access: str = Report.Access.MEMBERS,
    published_at: datetime | None = YESTERDAY,
    **times: object,
) -> Report:
    """A report that came out yesterday, unless told otherwise, with one edition whose bytes are `bytes_of(slug)`."""
    series, _ = Series.objects.get_or_create(
        slug="cto-forum-reports", defaults={"name": "CTO Forum reports", "singular": "CTO Forum report"}
    )
    made = Report.objects.create(
        title=f"The report {slug}", slug=slug, series=series, year=2013, summary="What it says.", access=access
    )
    add_edition(made, bytes_of(slug))
    made.published_at = _ago(1) if published_at is YESTERDAY else published_at
    for name, value in times.items():
        setattr(made, name, value)
    made.save()
    return made


def add_edition(of: Report, content: bytes, *, number: int = 1, filename: str = "") -> Edition:
    """These bytes become the current edition."""
    edition = Edition(
        report=of,
        number=number,
        filename=filename or f"{of.slug}.pdf",
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        pages=3,
        released_on=timezone.now().date(),
        added_at=timezone.now(),
    )
    edition.file.save("edition.pdf", ContentFile(content), save=False)
    edition.save()
    of.current_edition = edition
    of.save(update_fields=["current_edition"])
    return edition


def _ago(days: float) -> datetime:
    return timezone.now() - timedelta(days=days)


# Everything but `public` and `registered` is a members' report.
KINDS: dict[str, Callable[[], Report]] = {
    "public": lambda: report("public", access=Report.Access.PUBLIC),
    "registered": lambda: report("registered", access=Report.Access.REGISTERED),
    "members": lambda: report("members"),
    "bought": lambda: report("bought"),
    "embargoed": lambda: report("embargoed", embargo_until=_ago(-3)),
    "draft": lambda: report("draft", published_at=None),
    "scheduled": lambda: report("scheduled", published_at=_ago(-3)),
    "withdrawn": lambda: report("withdrawn", withdrawn_at=_ago(0.5), withdrawn_reason="A table was wrong."),
}

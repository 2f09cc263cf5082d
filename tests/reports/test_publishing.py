"""The verbs of publishing: what each does to a report, and when each says no."""

import hashlib
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.files.storage import storages
from django.db import connection, transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from hypothesis import given, settings
from hypothesis import strategies as st
from pghistory.models import Events

from cosn_site.verbs import ReasonMissing
from reports import publishing
from reports.intake import PdfRefused
from reports.models import Edition, Report
from reports.models.reports import State
from reports.tasks import index_edition
from tests import pdf_checks, people
from tests.factories import make_report, make_series
from tests.reports.pdf_files import sound

NOW = datetime(2026, 12, 1, 15, tzinfo=UTC)
LATER = NOW + timedelta(days=3)
MARKDOWN = "# One\n\nA district tries it.\n\n# Two\n\nAnother waits.\n"

pytestmark = pytest.mark.django_db


def draft(slug: str = "a-draft", **fields: Any) -> Report:
    """A report without an edition."""
    return Report.objects.create(
        title="A draft", slug=slug, series=make_series(), year=2026, summary="What it says.", **fields
    )


def add(report: Report, content: bytes | None = None, **more: Any) -> Edition:
    return publishing.add_edition(report=report, content=content or sound(), by=None, now=NOW, **more)


def stored_files() -> set[str]:
    storage = storages["files"]
    if not storage.exists("editions"):
        return set()
    return {f"{folder}/{name}" for folder in storage.listdir("editions")[0] for name in _files(folder)}


def _files(folder: str) -> list[str]:
    return storages["files"].listdir(f"editions/{folder}")[1]


# --- editions ---------------------------------------------------------------------------------------------------
def test_an_edition_is_stored_byte_for_byte_and_becomes_the_current_one() -> None:
    report, content = draft(), sound(pages=3)
    edition = add(report, content)
    assert report.current_edition == edition
    assert (edition.number, edition.pages, edition.bytes) == (1, 3, len(content))
    assert edition.sha256 == hashlib.sha256(content).hexdigest()
    with edition.file.open("rb") as file:
        assert file.read() == content


def test_a_new_edition_leaves_the_old_one_in_the_record() -> None:
    report = draft()
    first = add(report, sound(pages=1))
    second = add(report, sound(pages=2), note="Corrects page 1.")
    assert [edition.number for edition in report.editions.all()] == [2, 1]
    assert report.current_edition == second
    assert storages["files"].exists(str(first.file.name))
    assert first.file.name != second.file.name


def test_the_file_of_the_current_edition_is_not_added_again() -> None:
    report, content = draft(), sound()
    add(report, content)
    before = stored_files()
    with pytest.raises(publishing.SameFile, match="edition 1"):
        add(report, content)
    assert report.editions.count() == 1
    assert stored_files() == before


def test_a_refused_file_leaves_nothing_behind() -> None:
    report, before = draft(), stored_files()
    with pytest.raises(PdfRefused):
        add(report, b"This is no PDF.")
    assert not report.editions.exists()
    assert stored_files() == before


def test_a_transaction_that_fails_leaves_no_file_behind() -> None:
    report, before = draft(), stored_files()

    def add_and_fail() -> None:
        with publishing.files_follow_the_transaction(), transaction.atomic():
            add(report)
            assert stored_files() > before
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        add_and_fail()
    assert stored_files() == before
    assert not Edition.objects.exists()


def test_a_row_that_the_database_refuses_leaves_no_file_behind() -> None:
    report, before = draft(), stored_files()
    with pytest.raises(Exception, match="too long"), transaction.atomic():
        add(report, note="x" * 301)
    assert stored_files() == before


def test_a_reader_s_copy_is_named_after_the_report_s_address() -> None:
    report = draft("prove-it")
    assert add(report, sound(pages=1)).filename == "prove-it.pdf"
    assert add(report, sound(pages=2)).filename == "prove-it-edition-2.pdf"
    assert add(report, sound(pages=4), filename='../a "draft".PDF').filename == "a-draft.pdf"


def test_adding_an_edition_leaves_a_task_that_reads_its_pages() -> None:
    edition = add(draft())
    (task,) = DBTaskResult.objects.filter(task_path=index_edition.module_path)
    assert task.args_kwargs["args"] == [edition.pk]


def test_markdown_becomes_an_edition_that_keeps_its_source_and_is_read_page_by_page() -> None:
    report = draft()
    edition = publishing.typeset_edition(report=report, source=MARKDOWN, by=None, now=NOW)
    assert edition.source == MARKDOWN
    with edition.file.open("rb") as file:
        text = " ".join(pdf_checks.words(file.read()))
    assert "A district tries it." in text
    assert "December 2026" in text
    for _ in range(2):  # safe to run twice
        index_edition.call(edition.pk)
        assert edition.page_rows.filter(text__contains="A district tries it.").count() == 1


# --- from state to state ----------------------------------------------------------------------------------------
STEPS: dict[str, Callable[[Report], None]] = {
    "publish": lambda report: publishing.publish(report=report, by=None, now=NOW),
    "schedule": lambda report: publishing.schedule(report=report, at=LATER, by=None, now=NOW),
    "embargo": lambda report: publishing.embargo(report=report, until=LATER, by=None, now=NOW),
    "lift_embargo": lambda report: publishing.lift_embargo(report=report, by=None, now=NOW),
    "unschedule": lambda report: publishing.unschedule(report=report, by=None, now=NOW),
    "withdraw": lambda report: publishing.withdraw(report=report, reason="Wrong.", by=None, now=NOW),
    "reinstate": lambda report: publishing.reinstate(report=report, by=None, now=NOW),
}
LEADS_TO: dict[tuple[State, str], State] = {
    (State.DRAFT, "publish"): State.OUT,
    (State.DRAFT, "schedule"): State.SCHEDULED,
    (State.DRAFT, "embargo"): State.EMBARGOED,
    (State.SCHEDULED, "publish"): State.OUT,
    (State.SCHEDULED, "schedule"): State.SCHEDULED,
    (State.SCHEDULED, "embargo"): State.EMBARGOED,
    (State.SCHEDULED, "unschedule"): State.DRAFT,
    (State.EMBARGOED, "embargo"): State.EMBARGOED,
    (State.EMBARGOED, "lift_embargo"): State.OUT,
    (State.EMBARGOED, "withdraw"): State.WITHDRAWN,
    (State.OUT, "withdraw"): State.WITHDRAWN,
    (State.WITHDRAWN, "reinstate"): State.OUT,
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("state", State)
def test_a_step_leads_where_it_should_or_changes_nothing(state: State, step: str) -> None:
    report = make_report(state=state)
    times = Report.objects.filter(pk=report.pk).values("published_at", "embargo_until", "withdrawn_at", "released_on")
    before = times.get()
    expected = LEADS_TO.get((state, step))
    if expected is None:
        with pytest.raises(publishing.WrongState):
            STEPS[step](report)
        assert times.get() == before
    else:
        STEPS[step](report)
        assert report.state(NOW) is expected
        assert Report.objects.get(pk=report.pk).state(NOW) is expected


@pytest.mark.parametrize("step", ["publish", "schedule", "embargo"])
def test_nothing_comes_out_without_an_edition(step: str) -> None:
    report = draft()
    with pytest.raises(publishing.NoEdition):
        STEPS[step](report)
    assert report.state(NOW) is State.DRAFT


@pytest.mark.parametrize("late", [timedelta(0), timedelta(seconds=-1)])
def test_a_time_that_has_passed_is_refused(late: timedelta) -> None:
    report = make_report(state=State.DRAFT)
    with pytest.raises(publishing.TimeHasPassed):
        publishing.schedule(report=report, at=NOW + late, by=None, now=NOW)
    with pytest.raises(publishing.TimeHasPassed):
        publishing.embargo(report=report, until=NOW + late, by=None, now=NOW)
    assert report.state(NOW) is State.DRAFT


def test_a_schedule_takes_effect_by_itself() -> None:
    report = make_report(state=State.DRAFT)
    publishing.schedule(report=report, at=LATER, by=None, now=NOW)
    assert report.state(LATER - timedelta(seconds=1)) is State.SCHEDULED
    assert report.state(LATER) is State.OUT


def test_an_embargo_ends_by_itself() -> None:
    report = make_report(state=State.DRAFT)
    publishing.embargo(report=report, until=LATER, by=None, now=NOW)
    assert report.state(LATER - timedelta(seconds=1)) is State.EMBARGOED
    assert report.state(LATER) is State.OUT


def test_moving_an_embargo_keeps_the_day_of_its_announcement() -> None:
    report = make_report(state=State.DRAFT)
    publishing.embargo(report=report, until=LATER, by=None, now=NOW)
    publishing.embargo(report=report, until=LATER + timedelta(days=1), by=None, now=NOW + timedelta(hours=1))
    assert report.published_at == NOW


def test_a_report_withdrawn_under_embargo_comes_back_under_it() -> None:
    report = make_report(state=State.DRAFT)
    publishing.embargo(report=report, until=LATER, by=None, now=NOW)
    publishing.withdraw(report=report, reason="Too soon.", by=None, now=NOW)
    publishing.reinstate(report=report, by=None, now=NOW)
    assert report.state(NOW) is State.EMBARGOED
    assert report.withdrawn_reason == ""


def test_a_withdrawal_gives_a_reason() -> None:
    report = make_report(state=State.OUT)
    with pytest.raises(ReasonMissing, match="Say why it is withdrawn"):
        publishing.withdraw(report=report, reason="  ", by=None, now=NOW)
    assert report.state(NOW) is State.OUT


# --- the day it came out ----------------------------------------------------------------------------------------
def test_the_release_day_is_the_association_s_day() -> None:
    report = draft()
    add(report)
    publishing.publish(report=report, by=None, now=datetime(2026, 12, 2, 3, tzinfo=UTC))  # 10 pm on the 1st
    assert report.released_on == date(2026, 12, 1)


def test_the_waiting_edition_is_of_the_day_its_report_comes_out() -> None:
    report = draft()
    add(report)
    publishing.schedule(report=report, at=LATER, by=None, now=NOW)
    assert Edition.objects.get(report=report).released_on == report.released_on == date(2026, 12, 4)


def test_a_moved_time_moves_the_release_day_with_it() -> None:
    report = draft()
    add(report)
    publishing.schedule(report=report, at=LATER, by=None, now=NOW)
    publishing.schedule(report=report, at=LATER + timedelta(days=5), by=None, now=NOW)
    assert report.released_on == date(2026, 12, 9)
    publishing.unschedule(report=report, by=None, now=NOW)
    assert report.released_on is None


def test_a_release_day_that_staff_chose_stays() -> None:
    report = draft(released_on=date(2012, 5, 22))
    assert add(report).released_on == date(2012, 5, 22)
    publishing.publish(report=report, by=None, now=NOW)
    assert report.released_on == date(2012, 5, 22)


def test_a_day_that_staff_chose_for_the_edition_stays() -> None:
    report = draft()
    edition = add(report, released_on=date(2013, 11, 14))
    publishing.schedule(report=report, at=LATER, by=None, now=NOW)
    publishing.publish(report=report, by=None, now=NOW)
    edition.refresh_from_db()
    assert edition.released_on == date(2013, 11, 14)
    assert report.released_on == date(2026, 12, 1)


# --- what is written down ---------------------------------------------------------------------------------------
def test_the_audit_trail_names_the_verb_and_the_actor() -> None:
    report, editor = make_report(state=State.DRAFT), people.editor()
    publishing.publish(report=report, by=editor, now=NOW)
    newest = Events.objects.tracks(report).order_by("-pgh_id").first()
    assert newest is not None
    assert newest.pgh_context == {"verb": "publish", "user": editor.pk}
    assert "published_at" in newest.pgh_diff


def test_a_new_report_gets_a_pattern_unlike_the_three_before_it() -> None:
    for number in range(12):
        recent = set(Report.objects.order_by("-pk").values_list("motif", flat=True)[:3])
        report = draft(f"draft-{number}", motif=publishing.choose_motif(f"draft-{number}"))
        assert report.motif not in recent


# --- the state, asked of a row and of the database --------------------------------------------------------------
moments = st.none() | st.integers(-3, 3).map(lambda hours: NOW + timedelta(hours=hours))


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(st.tuples(moments, moments, moments), min_size=1, max_size=8))
def test_the_database_finds_the_state_that_a_report_says_it_is_in(
    rows: list[tuple[datetime | None, datetime | None, datetime | None]],
) -> None:
    with transaction.atomic():
        for published_at, embargo_until, withdrawn_at in rows:
            make_report(
                published_at=published_at,
                embargo_until=embargo_until if published_at else None,
                withdrawn_at=withdrawn_at,
            )
        everything = list(Report.objects.all())
        for state in State:
            found = set(Report.objects.in_state(state, NOW).values_list("pk", flat=True))
            assert found == {report.pk for report in everything if report.state(NOW) is state}
        transaction.set_rollback(True)


# --- two at once ------------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_two_editions_added_at_once_get_two_numbers() -> None:
    report = draft()
    barrier, numbers, lock = threading.Barrier(2), [], threading.Lock()

    def add_one(content: bytes) -> None:
        try:
            barrier.wait(10)
            edition = publishing.add_edition(
                report=Report.objects.get(pk=report.pk), content=content, by=None, now=timezone.now()
            )
            with lock:
                numbers.append(edition.number)
        finally:
            connection.close()

    threads = [threading.Thread(target=add_one, args=[sound(pages=pages)]) for pages in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(numbers) == [1, 2]
    report.refresh_from_db()
    assert report.current_edition is not None
    assert report.current_edition.number == 2

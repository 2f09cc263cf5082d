"""The rules of background work: how long the pauses are, when work by the clock is due, what staff see."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.tasks import TaskResultStatus
from django.urls import reverse
from django_tasks_db.models import DBTaskResult
from hypothesis import given
from hypothesis import strategies as st

from cosn_site.clock import association_day, end_of, start_of
from cosn_site.jobs.policy import Retry, job, retry_of
from cosn_site.jobs.rhythms import Daily, Regular, Rhythm, Scheduled, every, every_day
from cosn_site.jobs.scheduler import discover, tick
from cosn_site.models import BackgroundTask, ScheduledJob
from cosn_site.tasks import remove_expired_cache_rows, remove_expired_sessions, remove_finished_tasks
from tests.people import browser, editor, member, staff
from tests.site.job_samples import greet, knows_that_it_cannot, never_works

MONDAY = datetime(2026, 6, 1, 14, tzinfo=UTC)  # 10 am in Washington
DAY = timedelta(days=1)
PATH = knows_that_it_cannot.module_path
YEARS = st.integers(0, 20 * 366 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes))
INSTANTS = YEARS.map(lambda since: datetime(2020, 1, 1, tzinfo=UTC) + since)
DICE = st.floats(0, 1)


# --- pauses -----------------------------------------------------------------------------------------------------
@given(attempt=st.integers(1, 30), first=DICE, second=DICE)
def test_each_pause_is_longer_than_the_one_before_as_long_as_the_longest_allows(
    attempt: int, first: float, second: float
) -> None:
    retry = Retry(backoff=timedelta(seconds=1), longest=timedelta(days=10_000_000))
    if attempt < 20:
        assert retry.pause(attempt + 1, lambda: second) > retry.pause(attempt, lambda: first)


@given(attempt=st.integers(1, 10**9), dice=DICE)
def test_no_pause_is_longer_than_the_longest(attempt: int, dice: float) -> None:
    assert timedelta(0) < Retry().pause(attempt, lambda: dice) <= Retry().longest


def test_tasks_that_fail_together_come_back_apart() -> None:
    assert Retry().pause(1, lambda: 0.0) != Retry().pause(1, lambda: 1.0)


def test_a_job_keeps_its_own_policy() -> None:
    assert retry_of(never_works).attempts == 3
    assert retry_of(greet) == Retry()
    assert retry_of(never_works.using(run_after=MONDAY)).attempts == 3


def test_a_job_that_is_never_tried_is_refused() -> None:
    with pytest.raises(ValueError, match="at least once"):
        job(attempts=0)


# --- slots ------------------------------------------------------------------------------------------------------
@given(now=INSTANTS, at=st.times())
def test_a_daily_slot_belongs_to_today_or_to_yesterday_and_is_never_in_the_future(now: datetime, at: time) -> None:
    slot = Daily(at).latest(now)
    assert slot <= now
    assert association_day(slot) in (association_day(now), association_day(now) - DAY)


@given(now=INSTANTS, at=st.times())
def test_every_calendar_day_has_one_slot_days_of_23_and_25_hours_included(now: datetime, at: time) -> None:
    today = association_day(now)
    evening = end_of(today) - timedelta(microseconds=1)
    slot = Daily(at).latest(evening)
    assert association_day(slot) == today
    quarters = (start_of(today) + step * timedelta(minutes=15) for step in range(100))
    slots = {Daily(at).latest(moment) for moment in quarters if slot <= moment <= evening}
    assert slots <= {slot}


def test_a_time_that_the_day_skips_is_due_an_hour_later() -> None:
    assert Daily(time(2, 30)).latest(datetime(2026, 3, 8, 23, tzinfo=UTC)) == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)


def test_a_time_that_the_day_has_twice_is_due_at_the_first() -> None:
    first = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert Daily(time(1, 30)).latest(first) == first
    assert Daily(time(1, 30)).latest(first + timedelta(hours=1)) == first


@given(now=INSTANTS, minutes=st.integers(1, 10_000))
def test_regular_slots_are_as_far_apart_as_they_say(now: datetime, minutes: int) -> None:
    slot, step = Regular(minutes).latest(now), timedelta(minutes=minutes)
    assert slot <= now < slot + step
    assert Regular(minutes).latest(slot + step) == slot + step


def test_a_schedule_that_means_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="every minute"):
        every(minutes=0)
    with pytest.raises(ValueError, match="no zone"):
        every_day(at=time(6, tzinfo=UTC))


# --- the tick ---------------------------------------------------------------------------------------------------
def look(now: datetime, rhythm: Rhythm = Daily(time(6))) -> int:  # noqa: B008 - it is frozen
    """One look of the scheduler; how many tasks it enqueued."""
    with time_machine.travel(now, tick=False):
        return len(tick(now=now, jobs={PATH: Scheduled(knows_that_it_cannot, rhythm)}))


def all_done() -> None:
    DBTaskResult.objects.update(status=TaskResultStatus.SUCCESSFUL)


@pytest.mark.django_db
def test_a_daily_job_is_enqueued_once_a_day() -> None:
    looks = [MONDAY + hours * timedelta(hours=1) for hours in range(72)]
    enqueued = []
    for now in looks:
        if look(now):
            enqueued.append(now)
            all_done()
    assert enqueued == [MONDAY, *(datetime(2026, 6, day, 10, tzinfo=UTC) for day in (2, 3, 4))]  # 10:00 UTC is 6 am


@pytest.mark.django_db
def test_after_three_missed_days_a_daily_job_is_enqueued_once_and_at_once() -> None:
    look(MONDAY)
    all_done()
    late_evening = MONDAY + 4 * DAY + timedelta(hours=9)
    assert look(late_evening) == 1
    all_done()
    assert look(late_evening + timedelta(seconds=20)) == 0
    assert look(MONDAY + 5 * DAY) == 1


@pytest.mark.django_db
def test_a_job_that_was_never_enqueued_is_due_whatever_the_hour() -> None:
    assert look(start_of(association_day(MONDAY))) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("status", [TaskResultStatus.RUNNING, TaskResultStatus.FAILED])
def test_a_new_slot_gets_a_task_when_the_last_one_has_begun(status: str) -> None:
    look(MONDAY)
    DBTaskResult.objects.update(status=status)
    assert look(MONDAY + DAY) == 1


@pytest.mark.django_db
def test_tasks_do_not_pile_up_while_no_worker_takes_them() -> None:
    assert [look(MONDAY + days * DAY) for days in range(4)] == [1, 0, 0, 0]
    all_done()
    assert look(MONDAY + 3 * DAY + timedelta(minutes=1)) == 0
    assert look(MONDAY + 4 * DAY) == 1


@pytest.mark.django_db
def test_on_the_day_of_25_hours_a_daily_job_in_the_double_hour_is_enqueued_once() -> None:
    midnight = start_of(date(2026, 11, 1))
    count = 0
    for quarter in range(100):
        count += look(midnight.astimezone(UTC) + quarter * timedelta(minutes=15), Daily(time(1, 30)))
        all_done()
    assert count == 2  # the day before's, missed, and its own


@pytest.mark.django_db
def test_a_slot_whose_task_could_not_be_written_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr("django_tasks_db.backend.DatabaseBackend.enqueue", refuse)
        with pytest.raises(ConnectionError):
            look(MONDAY)
    assert look(MONDAY) == 1


@pytest.mark.django_db
def test_staff_see_the_rhythm_that_the_code_has_now() -> None:
    look(MONDAY)
    look(MONDAY, Regular(30))
    assert ScheduledJob.objects.get().rhythm == "every 30 minutes"


def test_the_stored_files_are_checked_daily() -> None:
    assert isinstance(discover()["reports.integrity.check_stored_files"].rhythm, Daily)


# --- the house cleans itself ------------------------------------------------------------------------------------
def finished_task(age: timedelta, status: str = TaskResultStatus.SUCCESSFUL) -> None:
    task = DBTaskResult.objects.get(pk=greet.enqueue("x").id)
    task.status, task.finished_at = status, datetime.now(UTC) - age
    task.save()


@pytest.mark.django_db
def test_finished_tasks_are_removed_after_30_days_and_others_never() -> None:
    finished_task(31 * DAY)
    finished_task(31 * DAY, TaskResultStatus.FAILED)
    finished_task(29 * DAY)
    waiting = greet.enqueue("y")
    DBTaskResult.objects.filter(pk=waiting.id).update(enqueued_at=datetime.now(UTC) - 300 * DAY)
    assert remove_finished_tasks.call() == "Removed 2 finished tasks."
    assert DBTaskResult.objects.count() == 2


@pytest.mark.django_db
def test_expired_sessions_and_cache_rows_go_and_live_ones_stay() -> None:
    with time_machine.travel(datetime.now(UTC) - 60 * DAY):
        browser(member())
        cache.set("old", 1, 60)
    cache.set("new", 1, 3600)
    live = browser(member())
    remove_expired_sessions.call()
    assert Session.objects.count() == 1
    assert live.get("/account/").status_code == 200
    assert remove_expired_cache_rows.call() == "Removed 1 cache rows."
    assert cache.get("new") == 1


# --- the staff's page -------------------------------------------------------------------------------------------
OVERVIEW = "admin:cosn_site_backgroundtask_changelist"


@pytest.fixture
def failed(db: None) -> BackgroundTask:
    task = BackgroundTask.objects.get(pk=knows_that_it_cannot.enqueue().id)
    task.status, task.worker_ids, task.finished_at = TaskResultStatus.FAILED, ["a:1:1"], MONDAY
    task.exception_class_path, task.return_value = "cosn_site.jobs.policy.GiveUp", "There is no such report."
    task.save()
    return task


def run_again_url(task: BackgroundTask) -> str:
    return reverse("admin:cosn_site_backgroundtask_do", args=[task.pk, "run-again"])


def test_staff_see_what_failed_and_why_what_waits_and_the_schedule(failed: BackgroundTask) -> None:
    greet.enqueue("somebody")
    look(MONDAY, Regular(30))
    page = browser(staff()).get(reverse(OVERVIEW))
    assert page.status_code == 200
    for words in ("Knows that it cannot", "There is no such report.", "Greet", "Every 30 minutes", "0 workers"):
        assert words in page.text
    assert run_again_url(failed) in page.text


def test_staff_run_a_failed_task_again_with_all_its_attempts(failed: BackgroundTask) -> None:
    browser(staff()).post(run_again_url(failed))
    failed.refresh_from_db()
    assert (failed.status, failed.worker_ids) == (TaskResultStatus.READY, [])


def test_a_task_that_has_not_failed_cannot_be_run_again(failed: BackgroundTask) -> None:
    BackgroundTask.objects.update(status=TaskResultStatus.RUNNING)
    page = browser(staff()).post(run_again_url(failed))
    assert page.status_code == 422
    assert "somebody has run it again already" in page.text
    assert BackgroundTask.objects.get().status == TaskResultStatus.RUNNING


def test_editors_and_members_do_not_see_the_background_work(failed: BackgroundTask) -> None:
    assert browser(editor()).get(reverse(OVERVIEW)).status_code == 403
    assert browser(editor()).post(run_again_url(failed)).status_code == 403
    assert browser(member()).get(reverse(OVERVIEW)).status_code in (302, 403)
    failed.refresh_from_db()
    assert failed.status == TaskResultStatus.FAILED


def test_the_page_of_a_task_shows_developers_the_traceback_and_no_markup_of_it(failed: BackgroundTask) -> None:
    BackgroundTask.objects.update(traceback="Traceback: <script>alert(1)</script>")
    page = browser(staff()).get(reverse("admin:cosn_site_backgroundtask_change", args=[failed.pk]))
    assert "Traceback: &lt;script&gt;" in page.text
    assert "Run again" in page.text

"""Workers and schedulers at work: real processes on a database of their own, which they may be cut off from."""

import os
import signal
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import time_machine
from django.conf import settings
from django.db import connection, transaction
from django.tasks import Task, TaskResultStatus
from django_tasks_db.models import DBTaskResult
from psycopg2 import sql
from pytest_django.plugin import DjangoDbBlocker

from cosn_site.jobs.presence import Presence, present
from cosn_site.jobs.reaper import reap
from cosn_site.jobs.stopping import Stop
from cosn_site.jobs.worker import Worker
from cosn_site.models import ScheduledJob
from tests.site import job_samples as samples

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 30  # seconds; only a hang gets there
NOW = datetime(2026, 6, 1, 14, tzinfo=UTC)
GONE = "elsewhere:1:1"  # a worker that is not there

pytestmark = pytest.mark.usefixtures("fresh_tasks")


# --- the stage --------------------------------------------------------------------------------------------------
def on_server(statement: str, *names: str) -> None:
    """Run a statement about databases, from outside of ours."""
    server = psycopg2.connect(urllib.parse.urlsplit(settings.DATABASE_URL)._replace(path="/postgres").geturl())
    with closing(server):
        server.autocommit = True
        server.cursor().execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@pytest.fixture(scope="module")
def own_database(django_db_setup: object, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """A copy of the test database: what we write is committed, and nobody else's tests see it. Its address."""
    with django_db_blocker.unblock():
        connection.close()
        usual = str(connection.settings_dict["NAME"])
        own = f"{usual}_workers"
        on_server("DROP DATABASE IF EXISTS {} WITH (FORCE)", own)
        on_server("CREATE DATABASE {} TEMPLATE {}", own, usual)
        connection.settings_dict["NAME"] = own
        try:
            yield urllib.parse.urlsplit(settings.DATABASE_URL)._replace(path=f"/{own}").geturl()
        finally:
            connection.close()
            connection.settings_dict["NAME"] = usual
            on_server("DROP DATABASE IF EXISTS {} WITH (FORCE)", own)


@pytest.fixture
def fresh_tasks(own_database: str) -> Iterator[None]:
    yield
    DBTaskResult.objects.all().delete()


class Crew:
    """Worker processes, started when they are needed and shared by the tests that leave them alive."""

    def __init__(self, url: str) -> None:
        self.env = dict(os.environ, DATABASE_URL=url, PYTHONUNBUFFERED="1")
        self.hired: list[subprocess.Popen[str]] = []

    def __call__(self, size: int) -> list[subprocess.Popen[str]]:
        """Exactly that many, at work."""
        self.hired = [process for process in self.hired if process.poll() is None]
        while len(self.hired) > size:
            self.dismiss(self.hired.pop())
        while len(self.hired) < size:
            command = [sys.executable, "manage.py", "run_worker", "--poll", "0.05", "--grace", "0.2"]
            self.hired.append(
                subprocess.Popen(
                    command, cwd=ROOT, env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True
                )
            )
        until(lambda: len(present("worker")) == size)
        return self.hired

    def dismiss(self, process: subprocess.Popen[str]) -> int:
        process.terminate()
        return process.wait(PATIENCE)


@pytest.fixture(scope="module")
def crew(own_database: str) -> Iterator[Crew]:
    crew = Crew(own_database)
    yield crew
    for process in crew.hired:
        process.kill()
        process.wait()


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, list(DBTaskResult.objects.values())
        time.sleep(0.01)


def enqueued(task: Task[..., Any], *args: object) -> DBTaskResult:
    return DBTaskResult.objects.get(pk=task.enqueue(*args).id)


def has(row: DBTaskResult, status: str) -> bool:
    row.refresh_from_db()
    return row.status == status


def work(*queues: str) -> None:
    """A worker in this process, until nothing is due."""
    Worker(stop=Stop(), queues=queues, until_idle=True).run()


def after_work(task: Task[..., Any]) -> DBTaskResult:
    """The task's row after one attempt."""
    row = enqueued(task)
    work()
    row.refresh_from_db()
    return row


# --- one worker -------------------------------------------------------------------------------------------------
def test_a_task_that_fails_twice_is_done_at_the_third_try_after_growing_pauses() -> None:
    row = enqueued(samples.works_at_the_third_try)
    pauses = []
    with time_machine.travel(NOW, tick=False) as clock:
        for now in (NOW, None, None):
            clock.move_to(now or row.run_after)
            began = datetime.now(UTC)
            work()
            row.refresh_from_db()
            if row.status == TaskResultStatus.READY:
                pauses.append(row.run_after - began)
    assert (row.status, row.return_value, len(row.worker_ids)) == (TaskResultStatus.SUCCESSFUL, 3, 3)
    assert timedelta(seconds=12) <= pauses[0] <= timedelta(seconds=15)
    assert timedelta(seconds=48) <= pauses[1] <= timedelta(seconds=60)
    assert (row.traceback, row.exception_class_path) == ("", "")


def test_a_task_is_not_tried_again_before_its_pause_is_over() -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        row = after_work(samples.works_at_the_third_try)
        clock.move_to(row.run_after - timedelta(seconds=1))
        work()
        row.refresh_from_db()
    assert len(row.worker_ids) == 1


def test_a_task_whose_attempts_are_used_up_has_failed_and_the_log_says_so(caplog: pytest.LogCaptureFixture) -> None:
    row = enqueued(samples.never_works)
    with time_machine.travel(NOW, tick=False) as clock:
        for _ in range(5):
            work()
            clock.shift(timedelta(hours=2))
    row.refresh_from_db()
    assert (row.status, len(row.worker_ids)) == (TaskResultStatus.FAILED, 3)
    assert "somebody@example.org" in row.traceback
    errors = [record.getMessage() for record in caplog.records if record.name == "cosn_site.jobs"]
    assert sum("failed for good" in line for line in errors) == 1
    assert "somebody@example.org" not in "".join(errors)


def test_a_task_that_gives_up_is_not_tried_again_and_says_why() -> None:
    row = after_work(samples.knows_that_it_cannot)
    assert (row.status, row.return_value) == (TaskResultStatus.FAILED, "There is no such report.")
    assert len(row.worker_ids) == 1


def test_an_attempt_that_takes_too_long_is_broken_off_and_counts() -> None:
    row = after_work(samples.runs_too_long)
    assert (row.status, len(row.worker_ids)) == (TaskResultStatus.READY, 1)
    assert row.exception_class_path.endswith("OverTime")


@pytest.mark.parametrize("task", [samples.answers_with_no_json, samples.answers_with_what_cannot_be_stored])
def test_work_whose_result_cannot_be_kept_is_not_done_again(task: Task[..., Any]) -> None:
    row = after_work(task)
    assert (row.status, row.return_value) == (
        TaskResultStatus.FAILED,
        "It was done, but its result cannot be kept.",
    )


def test_a_task_that_this_version_of_the_code_does_not_have_waits_for_one_that_does() -> None:
    row = enqueued(samples.greet, "x")
    DBTaskResult.objects.update(task_path="reports.tasks.of_tomorrow")
    work()
    row.refresh_from_db()
    assert (row.status, len(row.worker_ids)) == (TaskResultStatus.READY, 1)


def test_the_end_of_an_attempt_that_is_no_longer_ours_is_not_written() -> None:
    row = after_work(samples.is_taken_for_dead)
    assert (row.status, row.return_value) == (TaskResultStatus.RUNNING, None)


def test_a_worker_takes_from_its_queues_only() -> None:
    mail, other = enqueued(samples.greet, "x"), enqueued(samples.knows_that_it_cannot)
    work("mail")
    assert has(mail, TaskResultStatus.SUCCESSFUL)
    assert has(other, TaskResultStatus.READY)


# --- the reaper -------------------------------------------------------------------------------------------------
def running(task: Task[..., Any], worker: str) -> DBTaskResult:
    row = enqueued(task)
    row.claim(worker)
    return row


def test_a_task_of_a_worker_that_is_there_is_left_alone() -> None:
    with Presence("worker") as presence:
        row = running(samples.never_works, presence.id)
        assert reap(now=NOW) == 0
        assert has(row, TaskResultStatus.RUNNING)
    assert reap(now=NOW) == 1
    assert has(row, TaskResultStatus.READY)


def test_a_lost_attempt_counts_and_the_last_one_fails_the_task() -> None:
    row = running(samples.hangs, GONE)
    reap(now=NOW)
    assert has(row, TaskResultStatus.FAILED)
    assert row.exception_class_path.endswith("WorkerLost")


def test_of_several_reapers_that_see_the_same_loss_one_takes_the_task_back(monkeypatch: pytest.MonkeyPatch) -> None:
    row = running(samples.never_works, GONE)
    inner: list[int] = []

    def another_comes_first(role: str) -> set[int]:
        monkeypatch.undo()
        inner.append(reap(now=NOW))
        return set()

    monkeypatch.setattr("cosn_site.jobs.reaper.present", another_comes_first)
    assert (reap(now=NOW), inner) == (0, [1])
    row.refresh_from_db()
    assert len(row.worker_ids) == 1


def test_a_task_of_a_worker_that_is_not_ours_is_left_alone() -> None:
    row = running(samples.never_works, "x" * 32)
    assert reap(now=NOW) == 0
    assert has(row, TaskResultStatus.RUNNING)


# --- real processes ---------------------------------------------------------------------------------------------
def test_a_task_whose_worker_is_killed_is_done_by_another(crew: Crew) -> None:
    workers = {process.pid: process for process in crew(2)}
    row = enqueued(samples.hangs_at_the_first_try)
    until(lambda: has(row, TaskResultStatus.RUNNING))
    assert reap(now=datetime.now(UTC)) == 0
    victim = workers.pop(int(row.worker_ids[0].split(":")[1]))
    os.kill(victim.pid, signal.SIGKILL)
    victim.wait(PATIENCE)
    until(lambda: reap(now=datetime.now(UTC)) == 1)
    until(lambda: has(row, TaskResultStatus.SUCCESSFUL))
    assert row.return_value == 2
    assert int(row.worker_ids[1].split(":")[1]) in workers


def test_a_task_of_a_rolled_back_transaction_never_runs(crew: Crew) -> None:
    crew(1)
    with transaction.atomic():
        enqueued(samples.greet, "nobody")
        transaction.set_rollback(True)
    later = enqueued(samples.greet, "somebody")
    until(lambda: has(later, TaskResultStatus.SUCCESSFUL))
    assert DBTaskResult.objects.get().return_value == "Hello somebody"


def test_a_worker_outlives_an_outage_of_the_database(crew: Crew, own_database: str) -> None:
    (worker,) = crew(1)
    with no_connections(own_database):
        time.sleep(0.3)  # long enough for it to knock in vain
    row = enqueued(samples.greet, "again")
    until(lambda: has(row, TaskResultStatus.SUCCESSFUL))
    assert worker.poll() is None


@contextmanager
def no_connections(url: str) -> Iterator[None]:
    """As seen from the workers, the database restarts."""
    name = urllib.parse.urlsplit(url).path.strip("/")
    connection.close()
    on_server("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false", name)
    server = psycopg2.connect(urllib.parse.urlsplit(url)._replace(path="/postgres").geturl())
    with closing(server):
        server.cursor().execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
    yield
    on_server("ALTER DATABASE {} WITH ALLOW_CONNECTIONS true", name)


def test_a_worker_that_is_told_to_stop_puts_a_long_task_back_without_counting_it(crew: Crew) -> None:
    (worker,) = crew(1)
    row = enqueued(samples.hangs)
    until(lambda: has(row, TaskResultStatus.RUNNING))
    assert crew.dismiss(worker) == 0
    row.refresh_from_db()
    assert (row.status, row.worker_ids) == (TaskResultStatus.READY, [])


# --- schedulers -------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def rivals(own_database: str) -> Iterator[list[subprocess.Popen[str]]]:
    env = dict(os.environ, DATABASE_URL=own_database)
    command = [sys.executable, "tests/site/racing_scheduler.py"]
    pipe = subprocess.PIPE
    processes = [subprocess.Popen(command, cwd=ROOT, env=env, stdin=pipe, stdout=pipe, text=True) for _ in range(2)]
    yield processes
    for process in processes:
        process.communicate()


def race(rivals: list[subprocess.Popen[str]], claim: str, rounds: int) -> int:
    """So many due slots, at each of which both stand at the same moment; how many tasks come of it."""

    def tell(line: str) -> None:
        for rival in rivals:
            assert rival.stdin
            print(line, file=rival.stdin, flush=True)

    def answers() -> list[str]:
        return [rival.stdout.readline().strip() for rival in rivals if rival.stdout]

    ScheduledJob.objects.all().delete()
    total = 0
    for day in range(rounds):
        tell(f"{claim} {(NOW + timedelta(days=day)).isoformat()}")
        assert answers() == ["at the claim"] * 2
        tell("go")
        total += sum(map(int, answers()))
    assert DBTaskResult.objects.count() == total
    return total


def test_two_schedulers_at_the_same_slot_enqueue_one_task(rivals: list[subprocess.Popen[str]]) -> None:
    assert race(rivals, "ours", 20) == 20


def test_without_the_conditional_update_the_same_race_enqueues_two(rivals: list[subprocess.Popen[str]]) -> None:
    assert race(rivals, "look_then_write", 20) == 40


def test_the_scheduler_enqueues_what_is_due_and_stops_when_told(own_database: str) -> None:
    ScheduledJob.objects.all().delete()
    env = dict(os.environ, DATABASE_URL=own_database)
    lost = running(samples.never_works, GONE)
    scheduler = subprocess.Popen(
        [sys.executable, "manage.py", "run_scheduler"], cwd=ROOT, env=env, stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: ScheduledJob.objects.filter(path="reports.integrity.check_stored_files").exists())
        until(lambda: has(lost, TaskResultStatus.READY))
        assert len(present("scheduler")) == 1
    finally:
        scheduler.terminate()
    assert scheduler.wait(PATIENCE) == 0

"""A process is killed (SIGKILL) at a point that has a name: what it did is there wholly or not at all, and after the
restart everything that was due is done.

Twelve points of registering and of promoting, and four of sending a letter. `FULL=1` kills ten times at each, otherwise
it is once.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
import time_machine
from django.conf import settings
from django.core import mail
from django.db import connection
from django.tasks import TaskResultStatus
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from pytest_django.plugin import DjangoDbBlocker

from cosn_site.jobs.reaper import reap
from cosn_site.jobs.stopping import Stop
from cosn_site.jobs.worker import Worker
from forums.models import Forum, Letter
from tests import people
from tests.factories import make_open_forum
from tests.forums.killing import PROMOTING, REGISTERING, SENDING
from tests.forums.seat_model import World
from tests.forums.seat_steps import perform, rows_of

ROOT = Path(__file__).resolve().parents[2]
TIMES = 10 if os.environ.get("FULL") else 1
PATIENCE = 60  # seconds

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


class Executioner:
    """The program that starts processes and sees them die."""

    def __init__(self, log: Path) -> None:
        parts = urlsplit(settings.DATABASE_URL)
        self.database = urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))
        self.log = log
        self.process = subprocess.Popen(
            [sys.executable, "tests/forums/killing.py"],
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": self.database, "TESTING": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def kill(self, point: str, forum: Forum, step: str, given: dict[str, int], now: datetime) -> None:
        """Let a process take the step, and die at the point. Returns when the database has noticed."""
        assert self.process.stdin
        assert self.process.stdout
        order = {"point": point, "forum": forum.pk, "by": people.staff().pk, "step": step, "given": given}
        print(json.dumps(order | {"now": now.isoformat(), "log": str(self.log)}), file=self.process.stdin, flush=True)
        assert int(self.process.stdout.readline()) == -signal.SIGKILL, "it never came to this point"
        until(nobody_else_is_connected)

    def messages(self) -> list[str]:
        """The Message-ID of each message that left before a process died."""
        found = self.log.read_text().split() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return found


@pytest.fixture(scope="module")
def executioner(
    django_db_setup: object, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Executioner]:
    with django_db_blocker.unblock():
        executioner = Executioner(tmp_path_factory.mktemp("killed") / "sent")
    yield executioner
    executioner.process.communicate(timeout=PATIENCE)


def nobody_else_is_connected() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
            """
        )
        return cursor.fetchone() == (0,)


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, list(DBTaskResult.objects.values())
        time.sleep(0.01)


class Story:
    """A forum with one seat and two in line, or with nobody; and its twin in memory."""

    def __init__(self, *names: str) -> None:
        self.now = timezone.now()
        self.forum = make_open_forum(f"forum-{Forum.objects.count()}", now=self.now, capacity=1)
        self.world = World(1, self.forum.starts_at, self.forum.ends_at, self.forum.offer_hours)
        for name in names:
            given = {"who": people.person(name).pk, "at_once": False}
            perform(self.forum, "register", now=self.now, by=people.staff(), given=given)
            self.world.do("register", self.now, **given)
        DBTaskResult.objects.all().delete()


def letters_in_line() -> list[str]:
    rows = DBTaskResult.objects.filter(task_path="forums.letters.send_letter").order_by("enqueued_at")
    return sorted(row.args_kwargs["args"][1] for row in rows)


def work() -> list[str]:
    """A worker, until nothing is due. The Message-ID of each message."""
    mail.outbox.clear()
    Worker(stop=Stop(), queues=("mail",), until_idle=True).run()
    return [message.extra_headers["Message-ID"] for message in mail.outbox]


def is_all_or_nothing(
    executioner: Executioner, point: str, story: Story, step: str, given: dict[str, int], letters: list[str]
) -> None:
    after, is_done = story.world.twin(), point.startswith("after") and point.endswith("committed")
    assert after.do(step, story.now, **given) == ""
    executioner.kill(point, story.forum, step, given, story.now)
    assert rows_of(story.forum) == (after if is_done else story.world).rows()
    assert letters_in_line() == (letters if is_done else [])

    refusal, _ = perform(story.forum, step, now=story.now, by=people.staff(), given=given)
    assert bool(refusal) == is_done, "whoever got no answer tries again"
    assert rows_of(story.forum) == after.rows()
    assert letters_in_line() == letters
    sent = work()
    assert len(sent) == len(set(sent)) == len(letters)
    assert work() == []


@pytest.mark.parametrize("point", REGISTERING)
def test_who_is_killed_while_registering_has_registered_or_not(executioner: Executioner, point: str) -> None:
    for _ in range(TIMES):
        given = {"who": people.person("ada").pk, "at_once": False}
        is_all_or_nothing(executioner, point, Story(), "register", given, ["registered"])


@pytest.mark.parametrize("point", PROMOTING)
def test_who_is_killed_while_promoting_has_given_the_seat_on_or_not(executioner: Executioner, point: str) -> None:
    for _ in range(TIMES):
        story, given = Story("ada", "ben", "cay"), {"who": people.person("ada").pk}
        is_all_or_nothing(executioner, point, story, "cancel", given, ["cancelled", "offered"])


@pytest.mark.parametrize("point", SENDING)
def test_a_letter_whose_sender_is_killed_is_sent_and_twice_only_with_one_message_id(
    executioner: Executioner, point: str
) -> None:
    for _ in range(TIMES):
        story, given = Story(), {"who": people.person("ada").pk, "at_once": False}
        perform(story.forum, "register", now=story.now, by=people.staff(), given=given)
        executioner.kill(point, story.forum, "work", {}, story.now)
        task = DBTaskResult.objects.get()
        assert task.status == TaskResultStatus.RUNNING
        assert reap(now=timezone.now()) == 1
        with time_machine.travel(timezone.now() + timedelta(seconds=PATIENCE)):
            sent = executioner.messages() + work()
        task.refresh_from_db()
        assert task.status == TaskResultStatus.SUCCESSFUL
        assert len(sent) == (2 if point == "after the letter is sent" else 1)
        assert len(set(sent)) == 1
        assert Letter.objects.filter(registration__forum=story.forum).exclude(sent_at=None).count() == 1
        DBTaskResult.objects.all().delete()


@pytest.mark.skipif(TIMES == 1, reason="waits for real processes; FULL=1 runs it")
def test_after_a_restart_everything_that_was_due_is_done_within_a_minute(executioner: Executioner) -> None:
    """The worker and the scheduler as `make run` starts them: a letter whose sender was killed, and an offer whose
    deadline passed while nothing ran."""
    story = Story("ada", "ben", "cay")
    ben, cay = people.person("ben").pk, people.person("cay").pk
    perform(story.forum, "cancel", now=story.now, by=people.staff(), given={"who": people.person("ada").pk})
    executioner.kill("before the letter is sent", story.forum, "work", {}, story.now)
    past = timezone.now() - timedelta(minutes=1)
    story.forum.registrations.filter(person=ben).update(offer_expires_at=past)

    def is_settled() -> bool:
        states = {who: row[0] for who, row in rows_of(story.forum).items()}
        waiting = DBTaskResult.objects.filter(queue_name="mail").exclude(status=TaskResultStatus.SUCCESSFUL)
        return states[ben] == "lapsed" and states[cay] == "offered" and not waiting.exists()

    nowhere = "django.core.mail.backends.dummy.EmailBackend"
    env = os.environ | {"DATABASE_URL": executioner.database, "MAIL_BACKEND": nowhere}
    crew = [
        subprocess.Popen(  # noqa: S603 - our own interpreter and program
            [sys.executable, "manage.py", command],
            cwd=ROOT,
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for command in ("run_worker", "run_scheduler")
    ]
    try:
        until(is_settled)
    finally:
        for process in crew:
            process.terminate()
        for process in crew:
            process.wait(PATIENCE)

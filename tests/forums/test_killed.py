"""A process is killed (SIGKILL) at a point that has a name: what it did is there wholly or not at all, and after the
restart everything that was due is done.

Twelve points of registering by the long way and of promoting, four of the short way, and four of sending a letter.
`FULL=1` kills ten times at each, otherwise it is once.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import time_machine
from django.apps import apps
from django.conf import settings
from django.core import mail
from django.db import connection, transaction
from django.tasks import TaskResultStatus
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from pytest_django.plugin import DjangoDbBlocker

from cosn_site.jobs.reaper import reap
from cosn_site.jobs.stopping import Stop
from cosn_site.jobs.worker import Worker
from forums.models import Forum, Letter, Seating
from tests import people
from tests.factories import make_open_forum
from tests.forums.in_the_database import PATIENCE, closed_gate, nobody_else_is_connected, until, waiting_for_a_lock
from tests.forums.killing import NOWHERE, POINTS, PROMOTING, REGISTERING, SENDING, THE_SHORT_WAY
from tests.forums.seat_model import World
from tests.forums.seat_steps import perform, rows_of

ROOT = Path(__file__).resolve().parents[2]
TIMES = 10 if os.environ.get("FULL") else 1

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


Events: Any = apps.get_model("forums", "RegistrationEvent")


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
        self.begin(point, forum, step, given, now)
        said = self.hear("ended")
        assert said["ended"] == -signal.SIGKILL, "it never came to this point"
        assert said["sees"] == POINTS[point].sees
        until(nobody_else_is_connected)

    def begin(self, point: str, forum: Forum, step: str, given: dict[str, int], now: datetime) -> int:
        """Let a process take the step; its number."""
        assert self.process.stdin
        order = {"point": point, "forum": forum.pk, "by": people.staff().pk, "step": step, "given": given}
        print(json.dumps(order | {"now": now.isoformat(), "log": str(self.log)}), file=self.process.stdin, flush=True)
        return int(self.hear("began")["began"])

    def hear(self, last: str) -> dict[str, Any]:
        """What the program says, to this word."""
        assert self.process.stdout
        said: dict[str, Any] = {}
        while last not in said:
            word, _, what = self.process.stdout.readline().partition(" ")
            said[word] = json.loads(what)
        return said

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


class Story:
    """A forum with one seat and two in line, or with nobody, or with who came and left; and its twin in memory."""

    def __init__(self, *names: str, left: tuple[str, ...] = ()) -> None:
        self.now, self.by = timezone.now(), people.staff()
        self.forum = make_open_forum(f"forum-{Forum.objects.count()}", now=self.now, capacity=1)
        self.world = World(1, self.forum.starts_at, self.forum.ends_at, self.forum.offer_hours)
        for name in (*names, *left):
            self.tell("register", who=people.person(name).pk, at_once=False)
        for name in left:
            self.tell("cancel", who=people.person(name).pk)
        DBTaskResult.objects.all().delete()
        self.record = self.events()

    def tell(self, step: str, **given: int) -> None:
        """It happens, before anybody is killed."""
        perform(self.forum, step, now=self.now, by=self.by, given=given)
        self.world.do(step, self.now, **given)

    def events(self) -> list[tuple[object, ...]]:
        """The audit trail: who came into which state, by which verb of whom."""
        rows = Events.objects.filter(pgh_obj__forum=self.forum).order_by("pgh_id")
        context = "pgh_context__metadata"
        return list(rows.values_list("person", "state", f"{context}__verb", f"{context}__user"))


def letters_in_line() -> list[str]:
    rows = DBTaskResult.objects.filter(task_path="forums.letters.send_letter").order_by("enqueued_at")
    return sorted(row.args_kwargs["args"][1] for row in rows)


def work() -> list[str]:
    """A worker, until nothing is due. The Message-ID of each message."""
    mail.outbox.clear()
    Worker(stop=Stop(), queues=("mail",), until_idle=True).run()
    return [message.extra_headers["Message-ID"] for message in mail.outbox]


def assert_all_or_nothing(story: Story, step: str, given: dict[str, int], letters: list[str], *, is_done: bool) -> None:
    """What the killed process did is there wholly or not at all, and is there once when it was tried again."""
    before, after = story.world.rows(), story.world.twin()
    assert after.do(step, story.now, **given) == ""
    changes: set[tuple[object, ...]] = {
        (who, row[0], step, story.by.pk) for who, row in after.rows().items() if before.get(who) != row
    }
    assert rows_of(story.forum) == (after.rows() if is_done else before)
    assert letters_in_line() == (letters if is_done else [])
    assert_recorded(story, changes if is_done else set())

    refusal, _ = perform(story.forum, step, now=story.now, by=story.by, given=given)
    assert bool(refusal) == is_done, "whoever got no answer tries again"
    assert rows_of(story.forum) == after.rows()
    assert letters_in_line() == letters
    assert_recorded(story, changes)
    sent = work()
    assert len(sent) == len(set(sent)) == len(letters)
    assert work() == []


def assert_recorded(story: Story, changes: set[tuple[object, ...]]) -> None:
    *events, number = *story.events(), len(story.record)
    assert events[:number] == story.record
    assert len(events[number:]) == len(changes)
    assert set(events[number:]) == changes


# --- registering and promoting ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("point", REGISTERING)
def test_who_is_killed_while_registering_has_registered_or_not(executioner: Executioner, point: str) -> None:
    for _ in range(TIMES):
        story, given = Story(left=("ada",)), {"who": people.person("ada").pk, "at_once": False}
        executioner.kill(point, story.forum, "register", given, story.now)
        is_done = point == "after the registration is committed"
        assert_all_or_nothing(story, "register", given, ["registered"], is_done=is_done)


@pytest.mark.parametrize("point", THE_SHORT_WAY)
def test_who_is_killed_before_or_after_the_short_way_has_registered_or_not(
    executioner: Executioner, point: str
) -> None:
    for _ in range(TIMES):
        story, given = Story(), {"who": people.person("ada").pk, "at_once": False}
        executioner.kill(point, story.forum, "register", given, story.now)
        is_done = point == "after the one trip"
        assert_all_or_nothing(story, "register", given, ["registered"], is_done=is_done)


@pytest.mark.parametrize("server_goes_on", [True, False])
@pytest.mark.parametrize("held_up", ["at the lock", "at the row"])
def test_who_is_killed_while_the_server_is_at_it_has_registered_if_the_server_goes_on(
    executioner: Executioner, held_up: str, *, server_goes_on: bool
) -> None:
    """It waits for the lock, or has it and is about to write. A server is not told that nobody listens any more; one
    that ends too writes nothing."""
    for _ in range(TIMES):
        story, given = Story(), {"who": people.person("ada").pk, "at_once": False}
        with the_lock_of(story.forum) if held_up == "at the lock" else closed_gate():
            process = executioner.begin(NOWHERE, story.forum, "register", given, story.now)
            until(lambda: len(waiting_for_a_lock()) == 1)
            ((server, told),) = waiting_for_a_lock()
            assert "EXECUTE register_the_short_way" in told
            assert (held_up == "at the row") == has_lock_of_seating(story.forum, server)
            os.kill(process, signal.SIGKILL)
            assert executioner.hear("ended")["ended"] == -signal.SIGKILL
            if not server_goes_on:
                end_server_process(server)
        until(nobody_else_is_connected)
        assert_all_or_nothing(story, "register", given, ["registered"], is_done=server_goes_on)


@contextmanager
def the_lock_of(forum: Forum) -> Iterator[None]:
    """Somebody has the lock on the seating, and then changes nothing."""
    with transaction.atomic():
        Seating.objects.select_for_update().get(pk=forum.pk)
        yield


def has_lock_of_seating(forum: Forum, server: int) -> bool:
    """Whether the transaction of this server process has locked the row of the seating."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT EXISTS (
                SELECT FROM pg_locks, forums_seating seating
                WHERE forum_id = %s AND pid = %s AND locktype = 'transactionid' AND mode = 'ExclusiveLock'
                    AND transactionid = seating.xmax
            )
            """,
            [forum.pk, server],
        )
        return bool(cursor.fetchone()[0])


def end_server_process(server: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, %s)", [server, PATIENCE * 1_000])
        assert cursor.fetchone() == (True,)


@pytest.mark.parametrize("point", PROMOTING)
def test_who_is_killed_while_promoting_has_given_the_seat_on_or_not(executioner: Executioner, point: str) -> None:
    for _ in range(TIMES):
        story, given = Story("ada", "ben", "cay"), {"who": people.person("ada").pk}
        executioner.kill(point, story.forum, "cancel", given, story.now)
        is_done = point == "after the offer is committed"
        assert_all_or_nothing(story, "cancel", given, ["cancelled", "offered"], is_done=is_done)


# --- sending, and starting again --------------------------------------------------------------------------------------
@pytest.mark.parametrize("point", SENDING)
def test_a_letter_whose_sender_is_killed_is_sent_and_twice_only_with_one_message_id(
    executioner: Executioner, point: str
) -> None:
    for _ in range(TIMES):
        story, given = Story(), {"who": people.person("ada").pk, "at_once": False}
        perform(story.forum, "register", now=story.now, by=story.by, given=given)
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
    """The worker and the scheduler as `make run` starts them: a letter whose sender was killed, an offer whose deadline
    passed while nothing ran, and a letter of the short way whose process did not live to see it."""
    other, story = Story(), Story("ada", "ben", "cay")
    ben, cay = people.person("ben").pk, people.person("cay").pk
    perform(story.forum, "cancel", now=story.now, by=people.staff(), given={"who": people.person("ada").pk})
    executioner.kill("before the letter is sent", story.forum, "work", {}, story.now)
    past = timezone.now() - timedelta(minutes=1)
    story.forum.registrations.filter(person=ben).update(offer_expires_at=past)
    given = {"who": people.person("dan").pk, "at_once": False}
    executioner.kill("after the one trip", other.forum, "register", given, other.now)

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
    assert Letter.objects.filter(registration__forum=other.forum).exclude(sent_at=None).count() == 1

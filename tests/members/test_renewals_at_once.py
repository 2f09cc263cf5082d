"""Two runs of the renewal series in two processes at the same moment send each letter once; without the lock they
would not."""

import os
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg2
import pytest
from django.conf import settings
from django.db import connection
from django_tasks_db.models import DBTaskResult
from psycopg2 import sql
from pytest_django.plugin import DjangoDbBlocker

from members.models import Membership, RenewalNotice, Term
from tests import people

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 6, 1, 14, tzinfo=UTC)


def _on_server(statement: str, *names: str) -> None:
    server = psycopg2.connect(urllib.parse.urlsplit(settings.DATABASE_URL)._replace(path="/postgres").geturl())
    with closing(server):
        server.autocommit = True
        server.cursor().execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@pytest.fixture
def own_database(django_db_setup: object, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """A copy of the test database, so that what is committed is gone afterwards. Its address."""
    with django_db_blocker.unblock():
        connection.close()
        usual = str(connection.settings_dict["NAME"])
        own = f"{usual}_renewals"
        _on_server("DROP DATABASE IF EXISTS {} WITH (FORCE)", own)
        _on_server("CREATE DATABASE {} TEMPLATE {}", own, usual)
        connection.settings_dict["NAME"] = own
        try:
            yield urllib.parse.urlsplit(settings.DATABASE_URL)._replace(path=f"/{own}").geturl()
        finally:
            connection.close()
            connection.settings_dict["NAME"] = usual
            _on_server("DROP DATABASE IF EXISTS {} WITH (FORCE)", own)


@pytest.fixture
def rivals(own_database: str) -> Iterator[list["subprocess.Popen[str]"]]:
    env, pipe = dict(os.environ, DATABASE_URL=own_database), subprocess.PIPE
    command = [sys.executable, "tests/members/racing_renewals.py"]
    processes = [
        subprocess.Popen(command, cwd=ROOT, env=env, stdin=pipe, stdout=pipe, text=True)  # noqa: S603 - our own
        for _ in range(2)
    ]
    yield processes
    for process in processes:
        process.communicate()


def race(rivals: list["subprocess.Popen[str]"], variant: str) -> list[list[str]]:
    """A letter falls due in each round, for two memberships; what each of the two says that it wrote down."""
    for number in range(2):
        membership = Membership.objects.create(person=people.person(f"racer{number}"), plan=people.individual_plan())
        ends_on = NOW.date() + timedelta(days=90)
        term = Term.objects.create(membership=membership, starts_on=date(2026, 1, 1), ends_on=ends_on)
        Term.objects.filter(pk=term.pk).update(created_at=datetime(2026, 1, 1, tzinfo=UTC))

    def tell(line: str) -> None:
        for rival in rivals:
            assert rival.stdin
            print(line, file=rival.stdin, flush=True)

    def answers() -> list[str]:
        return sorted(rival.stdout.readline().strip() for rival in rivals if rival.stdout)

    said = []
    for ahead in (0, 30, 60, 83, 90, 97, 115):
        tell(f"{variant} {(NOW + timedelta(days=ahead)).isoformat()}")
        assert answers() == ["has looked"] * 2
        tell("go")
        said.append(answers())
    return said


def test_two_runs_at_once_write_each_letter_down_once(rivals: list["subprocess.Popen[str]"]) -> None:
    assert race(rivals, "ours") == [["0", "2"]] * 7
    assert RenewalNotice.objects.count() == DBTaskResult.objects.count() == 14


def test_without_the_lock_it_is_the_constraint_that_stops_the_second(rivals: list["subprocess.Popen[str]"]) -> None:
    assert race(rivals, "without_the_lock") == [["2", "stopped by the database"]] * 7
    assert RenewalNotice.objects.count() == DBTaskResult.objects.count() == 14


def test_without_lock_and_constraint_the_same_race_writes_each_letter_down_twice(
    rivals: list["subprocess.Popen[str]"],
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE members_renewalnotice DROP CONSTRAINT each_renewal_notice_once")
    assert race(rivals, "without_the_lock") == [["2", "2"]] * 7
    assert RenewalNotice.objects.count() == DBTaskResult.objects.count() == 28

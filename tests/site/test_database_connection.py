"""A connection that is kept between requests is looked at before it is used again."""

from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from django.db import close_old_connections, connection

from cosn_site.database import base

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def fresh_connection() -> Iterator[None]:
    """Each test opens its own, and the suite gets a new one after it."""
    connection.close()
    yield
    connection.close()


class Counted:
    """Statements sent below Django: the health check is not in Django's own log."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def __enter__(self) -> list[str]:
        sent = self.sent

        class Counting(psycopg2.extensions.cursor):
            def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002 - psycopg2's own name
                sent.append(str(query))
                super().execute(query, vars)

        connection.ensure_connection()
        connection.connection.cursor_factory = Counting
        return sent

    def __exit__(self, *error: object) -> None:
        connection.connection.cursor_factory = None


def begin_request() -> None:
    """What Django does with its connections when a request comes in."""
    close_old_connections()


def ask() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def end_session(pid: int) -> None:
    """As a restart of the server does, from outside."""
    parameters = connection.get_connection_params()
    other = psycopg2.connect(
        **{name: parameters[name] for name in ("dbname", "host", "user", "port") if name in parameters}
    )
    try:
        other.autocommit = True
        other.cursor().execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    finally:
        other.close()


def test_an_ended_session_is_noticed_before_the_next_request_asks() -> None:
    begin_request()
    first = ask()
    begin_request()
    assert ask() == first
    end_session(first)
    begin_request()
    assert ask() != first


def test_a_healthy_connection_is_asked_once_in_a_while_not_on_each_request(monkeypatch: pytest.MonkeyPatch) -> None:
    with Counted() as sent:
        for _ in range(4):
            begin_request()
            ask()
    assert sent.count("SELECT 1") == 0
    monkeypatch.setattr(base, "ASK_AFTER_SECONDS", 0.0)
    with Counted() as sent:
        for _ in range(4):
            begin_request()
            ask()
    assert sent.count("SELECT 1") == 4

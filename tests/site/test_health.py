"""The two probes: alive, and able to serve; and what is said when it is not."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django.plugin import DjangoDbBlocker

from tests import people
from tests.store import house
from tests.store.house import say

READY = {"status": "ready", "database": "ok", "migrations": "ok", "storage": "ok"}


@pytest.mark.django_db
def test_a_site_in_order_is_alive_and_ready() -> None:
    alive, ready = Client().get("/healthz"), Client().get("/readyz")
    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    assert (ready.status_code, ready.json()) == (200, READY)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_are_kept_by_no_cache_and_take_no_post(path: str) -> None:
    assert "no-store" in Client().get(path).headers["Cache-Control"]
    assert Client().head(path).status_code == 200
    assert Client().post(path).status_code == 405


@pytest.mark.django_db
def test_being_alive_asks_nothing_of_the_database_even_with_a_session() -> None:
    browser = people.browser(people.member())
    with CaptureQueriesContext(connection) as captured:
        assert browser.get("/healthz").status_code == 200
    assert len(captured) == 0


@pytest.mark.django_db
def test_a_probe_starts_no_session() -> None:
    browser = Client()
    browser.get("/healthz")
    browser.get("/readyz")
    assert not browser.cookies


@pytest.fixture
def broken(
    request: pytest.FixtureRequest, tmp_path: Path, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[Path]:
    """The site in a process of its own, with what the test says broken."""
    file = tmp_path / "a-file"
    file.write_text("no folder")
    with django_db_blocker.unblock(), house.own_database():
        pass
    environments = {
        "database": {"DATABASE_URL": house.database_url("no_such_database")},
        "migrations": {"DATABASE_URL": house.database_url("postgres")},
        "storage": {"FILES_ROOT": str(file / "files")},
    }
    with house.gunicorn(tmp_path, **environments[request.param]) as address:
        yield address
    with django_db_blocker.unblock():
        house.drop_own_database()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("broken", "failed"),
    [("database", {"database", "migrations"}), ("migrations", {"migrations"}), ("storage", {"storage"})],
    indirect=["broken"],
)
def test_a_site_that_cannot_serve_is_alive_and_not_ready_and_says_what_is_missing(
    broken: Path, failed: set[str]
) -> None:
    assert say(broken, "/healthz").status == 200
    heard = say(broken, "/readyz")
    told = json.loads(heard.body)
    assert heard.status == 503
    assert told.pop("status") == "not ready"
    assert {name for name, word in told.items() if word != "ok"} == failed
    assert b"/" not in heard.body.replace(b"application/json", b""), "no path, no address, no message of an error"


@pytest.mark.slow
def test_connections_that_the_database_ended_cost_no_visitor_an_error(
    tmp_path: Path, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> None:
    with django_db_blocker.unblock(), house.own_database():
        cookie = house.cookie_of(people.visitor())
    try:
        with house.gunicorn(tmp_path) as address:
            for _ in range(3):
                assert {say(address, "/account/", cookie=cookie).status for _ in range(8)} == {200}
                assert house.end_connections() > 0
    finally:
        with django_db_blocker.unblock():
            house.drop_own_database()

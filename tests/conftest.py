"""What every test may use: a database made in a blink, and the path of a browser."""

import hashlib
from pathlib import Path

import hypothesis
import psycopg2
import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import setup_databases, teardown_databases
from psycopg2 import sql
from pytest_django.plugin import DjangoDbBlocker

from scripts.bootstrap import find_chromium
from tests.postgres import EMBEDDED

ROOT = Path(__file__).resolve().parent.parent

# A busy machine is no counterexample, so no example has a deadline; those that failed are kept with the other data.
hypothesis.settings.register_profile(
    "house",
    deadline=None,
    database=hypothesis.database.DirectoryBasedExampleDatabase(ROOT / "var/hypothesis"),
)
hypothesis.settings.load_profile("house")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the platform's Chromium."""
    path = find_chromium()
    assert path, "Chromium is missing. `make test` installs it or says how."
    return path


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest,
    django_test_environment: None,
    django_db_blocker: DjangoDbBlocker,
    django_db_modify_db_settings: None,
) -> object:
    """The test database. On our own server it is copied from one that the migrations made once, until they change.

    Migrating takes seconds and copying a tenth of one. `--create-db` migrates anew.
    """
    with django_db_blocker.unblock():
        if not request.config.stash.get(EMBEDDED, False):
            made = setup_databases(verbosity=0, interactive=False)
            yield
            teardown_databases(made, verbosity=0)
            return
        template = f"migrated_{_fingerprint()}"
        name = connection.creation._get_test_db_name()  # type: ignore[attr-defined]
        if request.config.getvalue("create_db") or not _exists(template):
            setup_databases(verbosity=0, interactive=False)
            connection.close()
            for stale in _databases("migrated_%"):
                _on_server("DROP DATABASE {}", stale)
            _on_server("ALTER DATABASE {} RENAME TO {}", name, template)
        _on_server("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
        _on_server("CREATE DATABASE {} TEMPLATE {}", name, template)
        settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name
    yield
    with django_db_blocker.unblock():
        connection.close()


def _fingerprint() -> str:
    """Of everything that decides what a migrated database looks like."""
    digest = hashlib.sha256()
    files = [path for name in ("migrations/*.py", "apps.py", "roles.py") for path in ROOT.glob(f"*/{name}")]
    for path in (*sorted(files), ROOT / "requirements.txt", ROOT / "cosn_site/settings.py"):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _on_server(statement: str, *names: str) -> None:
    """Run a statement about databases, from outside all of them."""
    server = psycopg2.connect(settings.DATABASE_URL.replace("/cosn?", "/postgres?"))
    try:
        server.autocommit = True
        server.cursor().execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
    finally:
        server.close()


def _databases(pattern: str) -> list[str]:
    server = psycopg2.connect(settings.DATABASE_URL.replace("/cosn?", "/postgres?"))
    try:
        cursor = server.cursor()
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [pattern])
        return [name for (name,) in cursor.fetchall()]
    finally:
        server.close()


def _exists(database: str) -> bool:
    return bool(_databases(database))

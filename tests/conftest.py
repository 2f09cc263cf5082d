"""What every test may use: a database made in a blink, and the path of a browser."""

from pathlib import Path

import hypothesis
import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import setup_databases, teardown_databases
from pytest_django.plugin import DjangoDbBlocker

from scripts.bootstrap import find_chromium
from tests.databases import copy
from tests.migrated import begin, is_made, template
from tests.postgres import EMBEDDED, MAKING

ROOT = Path(__file__).resolve().parent.parent

# A busy machine is no counterexample, so no example has a deadline; those that failed are kept with the other data.
hypothesis.settings.register_profile(
    "house",
    deadline=None,
    database=hypothesis.database.DirectoryBasedExampleDatabase(ROOT / "var/hypothesis"),
)
hypothesis.settings.load_profile("house")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those who need the demo first: then one worker starts it and keeps it, and no long test is left for the end."""
    items.sort(key=lambda item: "demo" not in getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the platform's Chromium."""
    path = find_chromium()
    assert path, "Chromium is missing. `make test` installs it or says how."
    return path


@pytest.fixture(scope="session")
def migrated(request: pytest.FixtureRequest) -> str:
    """The name of the database that the migrations made, to be copied. It stays as it is."""
    making = request.config.stash.get(MAKING, None)
    if request.config.getvalue("create_db") or (making is None and not is_made()):
        making = begin(anew=request.config.getvalue("create_db"))
    if making is not None:
        said, _ = making.communicate()
        assert making.returncode == 0, said
    return template()


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest,
    django_test_environment: None,
    django_db_blocker: DjangoDbBlocker,
    django_db_modify_db_settings: None,
) -> object:
    """The test database. On our own server it is copied from one that the migrations made once, until they change.

    `--create-db` migrates anew.
    """
    with django_db_blocker.unblock():
        if not request.config.stash.get(EMBEDDED, False):
            made = setup_databases(verbosity=0, interactive=False)
            yield
            teardown_databases(made, verbosity=0)
            return
        name = connection.creation._get_test_db_name()  # type: ignore[attr-defined]
        copy(name, request.getfixturevalue("migrated"))
        settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name
    yield
    with django_db_blocker.unblock():
        connection.close()

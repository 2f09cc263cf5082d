"""The pytest plugin that gives the suite its PostgreSQL and its environment, before Django reads its settings.

It is a plugin named in pyproject.toml and not a conftest.py, because pytest-django loads the settings earlier than
pytest loads any conftest.py. DATABASE_URL or TEST_DATABASE_URL takes the place of the embedded server.

With `-n 2` (pytest-xdist) each worker is a process with a server of its own; the process that leads them needs none.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

from scripts.postgres import throwaway_cluster
from scripts.processes import StartError
from tests import migrated

# What a developer's own shell may hold, and a test must not see.
FOREIGN = ("DEBUG", "PRODUCTION", "SITE_URL", "SECRET_KEY", "FILES_DELIVERY", "MAIL_BACKEND", "VAR_DIR", "PORT")

EMBEDDED = pytest.StashKey[bool]()
MAKING = pytest.StashKey[subprocess.Popen[str]]()  # of the template, while pytest collects
NOWHERE = "postgresql:///nowhere"  # for a process that reads the settings and runs no test


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, object, object]:
    """Start PostgreSQL and set the environment; both go when pytest ends."""
    os.environ["TESTING"] = "1"
    options = early_config.known_args_namespace
    leads_workers = bool(getattr(options, "numprocesses", None)) and "PYTEST_XDIST_WORKER" not in os.environ
    if options.help or options.version or leads_workers:
        os.environ.setdefault("DATABASE_URL", NOWHERE)
        return (yield)
    stack = ExitStack()
    early_config.add_cleanup(stack.close)
    for name in FOREIGN:
        os.environ.pop(name, None)
    files = Path(tempfile.mkdtemp(prefix="cosn-tests-"))
    stack.callback(shutil.rmtree, files, ignore_errors=True)
    (files / "static").mkdir()  # whitenoise warns when its folder is not there, and a warning is an error
    os.environ["VAR_DIR"], os.environ["FILES_ROOT"] = str(files), str(files / "files")
    given = os.environ.get("TEST_DATABASE_URL") or os.environ.get("DATABASE_URL", "").replace(NOWHERE, "")
    early_config.stash[EMBEDDED] = not given
    try:
        os.environ["DATABASE_URL"] = given or stack.enter_context(throwaway_cluster()).url("cosn")
    except StartError as error:
        raise pytest.UsageError(str(error)) from error
    if not given and not migrated.is_made():
        making = early_config.stash[MAKING] = migrated.begin()
        stack.enter_context(making)
        stack.callback(making.kill)  # where no test asked for it
    return (yield)

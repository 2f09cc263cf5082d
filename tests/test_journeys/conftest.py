"""The demo as `make run` starts it, on a database of its own, and people with a real browser in it."""

import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from tests.databases import address, copy, drop
from tests.postgres import EMBEDDED

ROOT = Path(__file__).resolve().parent.parent.parent
PASSWORD = "knowledge-center"
START_SECONDS = 400
expect.set_options(timeout=30_000)
PHONE: ViewportSize = {"width": 360, "height": 740}
WIDE: ViewportSize = {"width": 1280, "height": 900}


@dataclass(frozen=True)
class Demo:
    """A running demo: its address, its database, and the folder of its files and mail."""

    url: str
    database: str
    var: Path

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the database says, read past the site."""
        connection = psycopg2.connect(self.database)
        try:
            cursor = connection.cursor()
            cursor.execute(statement, values)
            return cursor.fetchall()
        finally:
            connection.close()


@pytest.fixture(scope="session")
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """`scripts/run.py`, as `make run` calls it, on a database that is migrated: test_running.py has it migrate."""
    var = tmp_path_factory.mktemp("demo")
    name = f"cosn_journeys{os.environ.get('PYTEST_XDIST_WORKER', '')}"
    database = address(name)
    drop(name)  # one that an earlier run left knows of files that went with that run
    if request.config.stash[EMBEDDED]:
        copy(name, request.getfixturevalue("migrated"))
    port = _free_port()
    ours = {"TESTING", "FILES_ROOT", "TEST_DATABASE_URL"}
    env = {name: value for name, value in os.environ.items() if name not in ours}
    env |= {"DATABASE_URL": database, "VAR_DIR": str(var), "PORT": str(port), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, "scripts/run.py"], cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        _wait_until_ready(process)
        yield Demo(f"http://127.0.0.1:{port}", database, var)
    finally:
        process.terminate()
        process.communicate(timeout=60)
        drop(name)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(process: "subprocess.Popen[bytes]") -> None:
    deadline, said = time.monotonic() + START_SECONDS, b""
    assert process.stdout is not None
    while b"Ready: " not in said:
        if select.select([process.stdout], [], [], 1)[0]:
            said += os.read(process.stdout.fileno(), 65536)
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"The demo did not start:\n{said.decode()}")


@pytest.fixture(scope="session")
def engine(chromium: str) -> Iterator[Browser]:
    """One Chromium for all journeys."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # playwright's loop runs in this thread; these tests use no ORM
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
        )
        yield browser
        browser.close()


@dataclass(frozen=True)
class Visitor:
    """Somebody at a browser."""

    page: Page
    demo: Demo

    def goes_to(self, path: str) -> int:
        """Open an address of the demo; the status of its answer."""
        response = self.page.goto(self.demo.url + path)
        assert response is not None
        return response.status

    def signs_in(self, name: str, lands_on: str = "") -> None:
        """Sign in with the demo's password, on the sign-in page they were led to or else on their own way there."""
        if self.page.locator("input[name=password]").count() == 0:
            self.goes_to("/accounts/login/")
        self.page.locator("input[name=login]").fill(f"{name}@example.org")
        self.page.locator("input[name=password]").fill(PASSWORD)
        self.page.locator("input[name=password]").press("Enter")
        expect(self.page.get_by_role("link", name="Your account")).to_be_visible()
        if lands_on:
            expect(self.page.get_by_role("heading", level=1, name=lands_on)).to_be_visible()

    def downloads(self, click: Callable[[], None]) -> bytes:
        """The bytes of the file that a click brings."""
        with self.page.expect_download() as caught:
            click()
        return Path(caught.value.path()).read_bytes()


@pytest.fixture
def someone(engine: Browser, demo: Demo) -> Iterator[Callable[..., Visitor]]:
    """`someone()` sits at a wide screen, `someone(PHONE)` holds a phone; whatever their console complains of fails."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def sit_down(viewport: ViewportSize = WIDE, **options: Any) -> Visitor:
        context = engine.new_context(viewport=viewport, accept_downloads=True, reduced_motion="reduce", **options)
        context.set_default_timeout(60_000)  # a busy machine is no fault of the page
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return Visitor(page, demo)

    yield sit_down
    for context in contexts:
        context.close()
    assert not complaints

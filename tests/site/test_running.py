"""`make run` and what is under it, as whole processes: what it says when it cannot start, and what it leaves behind."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import psycopg2
import pytest

ROOT = Path(__file__).resolve().parents[2]
RUN = [sys.executable, "scripts/run.py", "--empty"]
PATIENCE = 60  # seconds; only a hang gets there

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A var/ of our own. The first start in it makes the database, later ones find it."""
    return tmp_path_factory.mktemp("var")


def environment(var: Path, **more: str) -> dict[str, str]:
    """As in a fresh terminal: nothing of the test run's own settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONPYCACHEPREFIX") if name in os.environ}
    return kept | {"VAR_DIR": str(var), "FILES_ROOT": str(var / "files"), "PORT": "0"} | more


def refused(var: Path, **more: str) -> str:
    """What it says when it refuses to start. It must be one sentence on standard error, and nothing may be left."""
    result = subprocess.run(
        RUN, cwd=ROOT, env=environment(var, **more), capture_output=True, text=True, timeout=PATIENCE
    )
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert "Traceback" not in result.stderr + result.stdout
    return result.stderr


class Started:
    """A run.py that was started, and what it said."""

    def __init__(self, var: Path, **more: str) -> None:
        self.process = subprocess.Popen(
            RUN, cwd=ROOT, env=environment(var, **more), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.address = ""

    def wait_for(self, word: str) -> str:
        """The first line with the word in it. Lines come from a pipe, so a run that ends is seen at once."""
        assert self.process.stdout
        for line in self.process.stdout:
            if word in line:
                return line
        raise AssertionError(f"it ended before it said {word!r}: {self.process.communicate()}")

    def ready(self) -> "Started":
        self.address = self.wait_for("Ready: ").split()[1]
        return self

    def family(self) -> list[psutil.Process]:
        """It and everything below it, by name of the process and time of its start."""
        itself = psutil.Process(self.process.pid)
        return [itself, *itself.children(recursive=True)]

    def end(self, *signals: signal.Signals) -> tuple[int, str]:
        for number in signals:
            self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, errors


@contextmanager
def started(var: Path, **more: str) -> Iterator[Started]:
    run = Started(var, **more)
    try:
        yield run
    finally:
        if run.process.poll() is None:
            run.end(signal.SIGTERM)


def eventually(holds: Callable[[], bool]) -> bool:
    """Poll, for what happens in other processes. The limit is only for a failure."""
    for _ in range(PATIENCE * 20):
        if holds():
            return True
        time.sleep(0.05)
    return False


def running(processes: list[psutil.Process]) -> list[str]:
    left = []
    for process in processes:
        try:
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                left.append(f"{process.pid} {process.name()}")
        except psutil.NoSuchProcess:
            continue
    return left


# --- it refuses to start ----------------------------------------------------------------------------------------


def test_port_in_use_is_said_in_one_sentence_before_anything_starts(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        assert f"Port {port} is in use" in refused(tmp_path, PORT=port)
    assert not (tmp_path / "postgres/data").exists()


def test_port_that_is_no_port_is_said_in_one_sentence(tmp_path: Path) -> None:
    assert "PORT must be a number" in refused(tmp_path, PORT="eighty")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        pytest.param("mysql://root@localhost/cosn", "must begin with postgresql://", id="other engine"),
        pytest.param("postgresql://host:port/cosn", "cannot be read", id="malformed"),
        pytest.param("postgresql://host", "names no database", id="no database"),
        pytest.param("postgresql://me:secret@127.0.0.1:1/cosn", "nothing answers there", id="unreachable"),
        pytest.param("postgresql://me:secret@nowhere.invalid/cosn", "host name is not known", id="unknown host"),
        pytest.param("postgresql:///cosn?host=/nowhere", "nothing answers there", id="no socket"),
    ],
)
def test_broken_database_url_is_said_in_one_sentence_without_the_password(
    tmp_path: Path, url: str, sentence: str
) -> None:
    said = refused(tmp_path, DATABASE_URL=url)
    assert sentence in said
    assert "secret" not in said


@pytest.fixture
def stranger() -> Iterator[str]:
    """A DATABASE_URL whose user needs a password that the URL has wrong."""
    url = os.environ["DATABASE_URL"].replace("/cosn?", "/postgres?")
    with closing(psycopg2.connect(url)) as server:
        server.autocommit = True
        cursor = server.cursor()
        cursor.execute("SHOW hba_file")
        rules = Path(cursor.fetchone()[0])
        if not os.access(rules, os.W_OK):
            pytest.skip("the rules of this server are not ours to change")
        before = rules.read_text(encoding="utf-8")
        rules.write_text(f"local all stranger scram-sha-256\n{before}", encoding="utf-8")
        cursor.execute("DROP ROLE IF EXISTS stranger; CREATE ROLE stranger LOGIN PASSWORD 'right'")
        cursor.execute("SELECT pg_reload_conf()")
        try:
            yield url.replace("postgres@", "stranger:secret@")
        finally:
            rules.write_text(before, encoding="utf-8")
            cursor.execute("DROP ROLE stranger")
            cursor.execute("SELECT pg_reload_conf()")


def asks_for_a_password(url: str) -> bool:
    """False as long as the server still reads its old rules."""
    try:
        psycopg2.connect(url).close()
    except psycopg2.OperationalError as error:
        return "password authentication failed" in str(error)
    return False


def test_wrong_password_is_said_in_one_sentence_without_the_password(tmp_path: Path, stranger: str) -> None:
    assert eventually(lambda: asks_for_a_password(stranger))
    said = refused(tmp_path, DATABASE_URL=stranger)
    assert "refuses this user or password" in said
    assert "secret" not in said


def test_unsafe_production_is_refused_with_what_is_missing(tmp_path: Path) -> None:
    said = refused(tmp_path, DEBUG="0")
    assert "SECRET_KEY" in said


def test_interpreter_that_will_not_do_is_said_in_one_sentence(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "scripts/bootstrap.py"],
        cwd=ROOT,
        env=environment(tmp_path, COSN_PYTHON="/nowhere/python3"),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert result.returncode == 1
    assert "not a working Python 3.12, 3.13 or 3.14" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_machine_without_a_python_that_will_do_is_told_so_in_one_sentence(tmp_path: Path) -> None:
    """The machine is played: no interpreter is found, and uv can fetch none."""
    program = f"""
import pathlib, sys
from scripts import bootstrap
here = pathlib.Path({str(tmp_path)!r})
bootstrap.VENV, bootstrap.TOOLS, bootstrap.LOG = here / ".venv", here / "tools", here / "log"
bootstrap.UV = pathlib.Path("/bin/false")
bootstrap.candidates = lambda: []
bootstrap.ensure_uv = lambda interpreter: None
sys.exit(bootstrap.main([]))
"""
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert result.returncode == 1
    assert result.stderr.startswith("There is no Python 3.12, 3.13 or 3.14 on this machine")
    assert len(result.stderr.splitlines()) == 1


# --- it starts, and ends ----------------------------------------------------------------------------------------


def test_start_serves_and_ctrl_c_leaves_nothing(var: Path) -> None:
    with started(var) as run:
        run.ready()
        with urllib.request.urlopen(f"{run.address}readyz") as answer:  # noqa: S310 - our own address
            assert answer.status == 200
        assert "already running" in refused(var)
        family = run.family()
        assert {"postgres"} <= {process.name() for process in family}
        assert run.end(signal.SIGINT) == (0, "")
    assert running(family) == []


@pytest.mark.parametrize("signals", [(signal.SIGTERM,), (signal.SIGINT, signal.SIGINT)], ids=["once", "twice"])
def test_signal_during_the_start_leaves_nothing(tmp_path: Path, signals: tuple[signal.Signals, ...]) -> None:
    with started(tmp_path) as run:
        run.wait_for("Preparing")
        family = run.family()
        assert len(family) > 1
        assert run.end(*signals)[0] == 0
    assert running(family) == []


def test_death_of_a_child_ends_everything_and_says_which(var: Path) -> None:
    with started(var) as run:
        run.ready()
        family = run.family()
        next(process for process in family if "run_worker" in process.cmdline()).kill()
        code, errors = run.process.wait(PATIENCE), run.process.communicate()[1]
    assert code == 1
    assert errors.startswith("The worker process ended by itself.")
    assert running(family) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children that their parent was killed")
def test_kill_takes_the_children_along_and_the_next_start_keeps_the_data(var: Path) -> None:
    with started(var) as run:
        run.ready()
        url = database_of(run)
        with closing(psycopg2.connect(url)) as server:
            server.cursor().execute("CREATE TABLE kept AS SELECT 42 AS number")
            server.commit()
        family = run.family()
        run.end(signal.SIGKILL)
        assert eventually(lambda: not running(family)), running(family)
    (var / "postgres/data/postmaster.pid").write_text(f"{os.getpid()}\n", encoding="utf-8")  # stale, and somebody's
    with started(var) as run:
        run.ready()
        with closing(psycopg2.connect(url)) as server:
            cursor = server.cursor()
            cursor.execute("SELECT number FROM kept")
            assert cursor.fetchone() == (42,)
        family = run.family()
        assert run.end(signal.SIGTERM, signal.SIGTERM) == (0, "")
    assert running(family) == []


def database_of(run: Started) -> str:
    """The DATABASE_URL of a run on its own PostgreSQL, read off the server's command line."""
    server = next(process for process in run.family() if process.name() == "postgres" and "-D" in process.cmdline())
    setting = "unix_socket_directories="
    return "postgresql://postgres@/cosn?host=" + next(
        word.removeprefix(setting) for word in server.cmdline() if word.startswith(setting)
    )

"""Run a command with a database: `with_postgres.py [--test] COMMAND…`.

Without --test it is the demo's, shared with a `make run` that is up; with it, an empty one of its own, whose data may
go. DATABASE_URL (TEST_DATABASE_URL with --test) takes the place of the embedded server.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.database import ensure_database  # noqa: E402
from scripts.postgres import Cluster, throwaway_cluster  # noqa: E402
from scripts.processes import StartError  # noqa: E402


@contextmanager
def database(*, test: bool) -> Iterator[str]:
    """The DATABASE_URL of a database that exists."""
    given = os.environ.get("TEST_DATABASE_URL" if test else "DATABASE_URL")
    if given:
        ensure_database(given)
        yield given
    elif test:
        with throwaway_cluster() as cluster:
            url = cluster.url("cosn")
            ensure_database(url)
            yield url
    else:
        cluster = Cluster(ROOT / "var/postgres", log=ROOT / "var/log/postgres.log")
        ours = cluster.acquire()
        try:
            if ours:
                cluster.start()
            url = cluster.url("cosn")
            ensure_database(url)
            yield url
        finally:
            if ours:
                cluster.stop()


def main(arguments: list[str]) -> int:
    test = arguments[:1] == ["--test"]
    command = arguments[1:] if test else arguments
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with database(test=test) as url:
            env = dict(os.environ, DATABASE_URL=url)
            if "SECRET_KEY" not in env:
                env.setdefault("DEBUG", "1")
            child = subprocess.Popen(command, env=env)
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command, which shares our terminal
            signal.signal(signal.SIGTERM, lambda *_: child.terminate())
            return child.wait()
    except StartError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The database that the migrations make, made once: a template on the server of the tests. A program.

Migrating takes half a minute of a core, copying a template a tenth of a second. Of several workers, each with a server
of its own, the first migrates and the others read what it dumped, which is a second. Both last until a migration
changes. The program is started before pytest collects, so that the tests find it done.

`--anew` migrates again, whatever is there.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.postgres import BINARIES  # noqa: E402
from tests.databases import address, databases, drop, on_server  # noqa: E402

KEPT = ROOT / "var/postgres-test-migrated"  # of all servers


@cache
def template() -> str:
    """The name of the template, from everything that decides what a migrated database looks like."""
    digest = hashlib.sha256()
    files = [path for name in ("migrations/*.py", "apps.py", "roles.py") for path in ROOT.glob(f"*/{name}")]
    for path in (*sorted(files), ROOT / "requirements.txt", ROOT / "cosn_site/settings.py"):
        digest.update(path.read_bytes())
    return f"migrated_{digest.hexdigest()[:16]}"


def is_made() -> bool:
    """Whether the server of the tests has it. It gets its name when it is whole."""
    return bool(databases(template()))


def begin(*, anew: bool = False) -> "subprocess.Popen[str]":
    """Have it made in a process of its own, on the server of DATABASE_URL."""
    command = [sys.executable, str(Path(__file__)), *(["--anew"] * anew)]
    return subprocess.Popen(  # noqa: S603 - our own interpreter and program
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def make(*, anew: bool) -> None:
    """Give the server its template, and drop those that it has of other migrations."""
    KEPT.mkdir(parents=True, exist_ok=True)
    dump = KEPT / f"{template()}.sql"
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the others wait for our dump
        if is_made() and not anew:
            return
        for stale in databases("migrated_%"):
            drop(stale)
        if dump.exists() and not anew:
            _restore(dump)
        else:
            _migrate()
            _dump(dump)


def _migrate() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cosn_site.settings")
    import django

    django.setup()
    from django.db import connection
    from django.test.utils import setup_databases

    setup_databases(verbosity=0, interactive=False)
    made = str(connection.settings_dict["NAME"])
    connection.close()
    on_server("ALTER DATABASE {} RENAME TO {}", made, template())


def _dump(dump: Path) -> None:
    unfinished = dump.with_suffix(".unfinished")
    _run("pg_dump", "--file", str(unfinished), address(template()))
    for stale in KEPT.glob("*.sql"):
        stale.unlink()
    unfinished.rename(dump)


def _restore(dump: Path) -> None:
    unfinished = "restored_by_half"
    drop(unfinished)
    on_server("CREATE DATABASE {} TEMPLATE template0", unfinished)
    _run(
        "psql",
        "--no-psqlrc",
        "--quiet",
        "--set=ON_ERROR_STOP=1",
        "--output=/dev/null",
        f"--file={dump}",
        "--single-transaction",
        address(unfinished),
    )
    on_server("ALTER DATABASE {} RENAME TO {}", unfinished, template())


def _run(program: str, *arguments: str) -> None:
    subprocess.run([BINARIES / program, *arguments], check=True)  # noqa: S603 - PostgreSQL's own


if __name__ == "__main__":
    make(anew="--anew" in sys.argv[1:])

"""Everything that a machine can find wrong without running a test. `make lint`. All of it runs; one failure fails."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.with_postgres import database  # noqa: E402

PYTHON = sys.executable
MANAGE = [PYTHON, "manage.py"]
# Looks like a production environment; opens nothing.
PRODUCTION = {
    "DEBUG": "0",
    "SECRET_KEY": "only-for-the-deployment-check-0123456789-abcdefghijklmnop",
    "ALLOWED_HOSTS": "www.example.org",
    "SITE_URL": "https://www.example.org",
}


def main() -> int:
    with database(test=True) as url:
        base = {name: value for name, value in os.environ.items() if name not in {"TESTING", "DEBUG", "PRODUCTION"}}
        base["DATABASE_URL"] = url
        development, production = base | {"DEBUG": "1"}, base | PRODUCTION
        steps = (
            ("ruff check", [PYTHON, "-m", "ruff", "check", "--quiet", "."], development),
            ("ruff format", [PYTHON, "-m", "ruff", "format", "--check", "--quiet", "."], development),
            ("djlint lint", [PYTHON, "-m", "djlint", "--lint", "--quiet", "templates"], development),
            ("migrations", [*MANAGE, "makemigrations", "--check", "--dry-run"], development),
            ("deployment", [*MANAGE, "check", "--deploy", "--fail-level", "WARNING"], production),
            ("mypy", [PYTHON, "-m", "mypy"], development),
        )
        failed = [name for name, command, env in steps if not passes(name, command, env)]
    print(f"Failed: {', '.join(failed)}." if failed else "Nothing found.")
    return 1 if failed else 0


def passes(name: str, command: list[str], env: dict[str, str]) -> bool:
    print(f"- {name}", flush=True)
    return subprocess.run(command, cwd=ROOT, env=env, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())

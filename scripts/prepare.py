"""Bring the database up to date and load the demo. Run by scripts/run.py in a process of its own.

Exit code 78: the settings refuse this environment, and the last line printed says why.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REFUSED = 78


def main() -> int:
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cosn_site.settings")
    import django
    from django.core.exceptions import ImproperlyConfigured

    try:
        django.setup()
    except ImproperlyConfigured as error:
        print(error)
        return REFUSED
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False, verbosity=1)
    if not settings.DEBUG:
        call_command("collectstatic", interactive=False, verbosity=0)
    elif "--empty" not in sys.argv[1:]:
        call_command("load_demo")
    return 0


if __name__ == "__main__":
    sys.exit(main())

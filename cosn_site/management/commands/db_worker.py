"""In the place of django_tasks_db's command, whose worker tries nothing again and cannot be told from a dead one."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Not used here: see run_worker."

    requires_system_checks = []

    def run_from_argv(self, argv: list[str]) -> None:
        super().run_from_argv(argv[:2])  # whatever its options were

    def handle(self, **options: Any) -> None:
        raise CommandError("Use `manage.py run_worker`. It tries failed tasks again and is seen by the reaper.")

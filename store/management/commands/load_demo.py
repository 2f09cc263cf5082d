"""Load the demo association: every floor loads its own part, lowest first."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

import forums.demo
import members.demo
import reports.demo
import store.demo
from members.models import User


class Command(BaseCommand):
    help = "Load the demo association, or bring it up to date with today. Only where DEBUG is on."

    def handle(self, *args: Any, **options: Any) -> None:
        if not (settings.DEBUG or settings.TESTING):
            raise CommandError("The demo people have a known password. They are never loaded where DEBUG is off.")
        if User.objects.exists() and not User.objects.filter(email="staff@example.org").exists():
            raise CommandError("This database has people of its own. The demo is loaded into an empty one only.")
        now = timezone.now()
        members.demo.load(now)
        forums.demo.load(now)
        new = reports.demo.load(now)
        store.demo.load(now)
        self.stdout.write(f"The demo association is loaded ({len(new)} reports set now).")

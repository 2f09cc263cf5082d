"""The worker process."""

import logging
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.tasks import task_backends

from cosn_site.jobs.stopping import Stop
from cosn_site.jobs.worker import Worker


class Command(BaseCommand):
    help = "Run background tasks until SIGTERM or SIGINT. Start as many of these as there is work for."

    requires_system_checks = []  # they are the web server's; importing all views here would double our start

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--queues", default="", help="Comma-separated; all when left out.")
        parser.add_argument("--poll", type=float, default=1.0, help="Seconds between looks when nothing is waiting.")
        parser.add_argument("--grace", type=float, default=5.0, help="Seconds for the task in hand after a signal.")
        parser.add_argument("--until-idle", action="store_true", help="End when nothing is waiting.")

    def handle(self, *, queues: str, poll: float, grace: float, until_idle: bool, **options: Any) -> None:
        names = [name.strip() for name in queues.split(",") if name.strip()]
        unknown = set(names) - task_backends["default"].queues
        if unknown:
            known = ", ".join(settings.TASKS["default"]["QUEUES"])
            raise CommandError(f"There is no queue {', '.join(sorted(unknown))}. There are {known}.")
        logging.getLogger("django.tasks").setLevel(logging.CRITICAL)  # our own lines say the same and more
        stop = Stop(grace=grace)
        stop.listen()
        Worker(stop=stop, queues=names, poll=poll, until_idle=until_idle).run()

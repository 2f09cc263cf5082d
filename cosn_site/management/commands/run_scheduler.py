"""The scheduler process."""

import logging
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import InterfaceError, OperationalError, close_old_connections, connection
from django.utils import timezone

from cosn_site.jobs.presence import Presence
from cosn_site.jobs.reaper import reap
from cosn_site.jobs.scheduler import discover, tick
from cosn_site.jobs.stopping import Stop

logger = logging.getLogger("cosn_site.jobs")


class Command(BaseCommand):
    help = "Enqueue scheduled work and take back tasks of lost workers, until SIGTERM or SIGINT. Several may run."

    requires_system_checks = []  # they are the web server's; importing all views here would double our start

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--interval", type=float, default=20.0, help="Seconds between two looks.")

    def handle(self, *, interval: float, **options: Any) -> None:
        stop = Stop()
        stop.listen()
        away = False
        while not stop.asked:
            try:
                with Presence("scheduler") as presence:
                    away = False
                    logger.info("Scheduler %s looks every %g s.", presence.id, interval)
                    self._look(presence, stop, interval)
            except (OperationalError, InterfaceError) as error:
                if not away:
                    logger.warning("The database is away (%s). Waiting for it.", type(error).__name__)
                away = True
                connection.close()
                stop.pause(1.0)
        logger.info("Scheduler stopped.")

    def _look(self, presence: Presence, stop: Stop, interval: float) -> None:
        jobs = discover()
        while not stop.asked:
            close_old_connections()
            presence.confirm()
            reap(now=timezone.now())
            tick(now=timezone.now(), jobs=jobs)
            stop.pause(interval)

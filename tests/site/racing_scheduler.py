"""One of two schedulers that stand at the same claim at the same moment. A program: see test_workers.

Reads "<claim> <instant>" and "go" from standard input, says "at the claim" and how much it enqueued.
"""

import os
import sys
from datetime import datetime, time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cosn_site.settings")

import django

django.setup()

from cosn_site.jobs import scheduler  # noqa: E402
from cosn_site.jobs.rhythms import Daily, Scheduled  # noqa: E402
from cosn_site.models import ScheduledJob  # noqa: E402
from tests.site.job_samples import knows_that_it_cannot  # noqa: E402

JOBS = {knows_that_it_cannot.module_path: Scheduled(knows_that_it_cannot, Daily(time(6)))}
our_claim = scheduler._claim


def say(words: object) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def meet() -> None:
    say("at the claim")
    assert sys.stdin.readline().strip() == "go"


def ours(path: str, due: datetime) -> bool:
    meet()
    return our_claim(path, due)


def look_then_write(path: str, due: datetime) -> bool:
    """What one would write without thinking of the other."""
    slot = ScheduledJob.objects.get(path=path).slot
    meet()
    if slot is not None and slot >= due:
        return False
    ScheduledJob.objects.filter(path=path).update(slot=due)
    return True


def never(path: str) -> bool:
    return False


scheduler._is_waiting = never  # so that it is the claim alone that is tried
for line in sys.stdin:
    claim, instant = line.split()
    scheduler._claim = {"ours": ours, "look_then_write": look_then_write}[claim]
    say(len(scheduler.tick(now=datetime.fromisoformat(instant), jobs=JOBS)))

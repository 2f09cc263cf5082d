"""One of two runs of the renewal series that see the same due letters at the same moment. A program: see
test_renewals_at_once.

Reads "<variant> <instant>" and "go" from standard input, says "has looked" and how many letters it wrote down.
"""

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cosn_site.settings")

import django

django.setup()

from django.db import IntegrityError  # noqa: E402
from django.db.models import QuerySet  # noqa: E402

from members import renewals  # noqa: E402

our_batch, our_recipients, our_lock = renewals._send_batch, renewals.recipients_of, QuerySet.select_for_update


def say(words: object) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def meet() -> None:
    say("has looked")
    assert sys.stdin.readline().strip() == "go"


def meet_before_the_lock(*args: Any, **kwargs: Any) -> Any:
    meet()
    return our_batch(*args, **kwargs)


def meet_before_writing(memberships: Any) -> Any:
    meet()
    return our_recipients(memberships)


def no_lock(rows: Any, *args: Any, **kwargs: Any) -> Any:
    return rows


VARIANTS: dict[str, tuple[Any, Any, Any]] = {
    "ours": (meet_before_the_lock, our_recipients, our_lock),
    "without_the_lock": (our_batch, meet_before_writing, no_lock),
}
for line in sys.stdin:
    variant, instant = line.split()
    renewals._send_batch, renewals.recipients_of, QuerySet.select_for_update = VARIANTS[variant]  # type: ignore[method-assign]
    try:
        say(renewals.send_due_notices(by=None, now=datetime.fromisoformat(instant)).letters)
    except IntegrityError:
        say("stopped by the database")

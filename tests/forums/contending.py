"""One of two who do something about the same seat at the same moment. A program: see test_contending_for_a_seat.

Reads a step as one line of JSON, says "ready", does it at the word "go", and says what came of it: "done" or the name
of the refusal. With `--without-lock` it reads the seating and the registration, says "has read", and writes at the next
word.
"""

import json
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cosn_site.settings")

import django

django.setup()

from forums import registrations  # noqa: E402
from forums.models import Forum, Registration, Seating  # noqa: E402
from members.models import User  # noqa: E402
from tests.forums.seat_steps import perform  # noqa: E402


def say(words: object) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def only_read(registration: Registration, now: datetime) -> Registration:
    """The registration as it is now, without the lock that would keep it so."""
    row = Registration.objects.select_related("forum", "person", "team").get(pk=registration.pk)
    row.forum.seating = Seating.objects.select_related("forum").get(pk=row.forum_id)
    say("has read")
    assert sys.stdin.readline()
    return row


if "--without-lock" in sys.argv:
    replaced: Any = registrations
    replaced._locked_row = only_read

for line in sys.stdin:
    order = json.loads(line)
    forum, by = Forum.objects.get(pk=order["forum"]), User.objects.get(pk=order["by"])
    now = datetime.fromisoformat(order["now"])
    say("ready")
    assert sys.stdin.readline()
    try:
        say(perform(forum, order["step"], now=now, by=by, given=order["given"])[0] or "done")
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what somebody sees
        say(f"error: {type(error).__name__}")

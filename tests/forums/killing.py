"""Processes that are killed at a point that has a name, while they register, promote or send a letter. A program.

Reads an order as one line of JSON, forks a child that carries it out, and says how the child ended: the number of the
signal, or 0 if it never came to the point. `LOG` gets the Message-ID of each message that left before the end.
"""

import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cosn_site.settings")

import django

django.setup()

from django.core.mail import EmailMessage  # noqa: E402
from django.db import connection  # noqa: E402

from cosn_site.jobs.stopping import Stop  # noqa: E402
from cosn_site.jobs.worker import Worker  # noqa: E402
from forums.models import Forum  # noqa: E402
from members.models import User  # noqa: E402
from tests.forums.seat_steps import perform  # noqa: E402

LOCK, WRITE, LETTER, STATE = "lock_a_seating", "write_a_registration", "put_a_task_in_line", 'SET "state"'
SHORT = "register_the_short_way"
# Before or after the so many-th statement that has these words in it.
REGISTERING = {
    "before the lock": ("before", LOCK, 1),
    "after the lock": ("after", LOCK, 1),
    "after the seat is given": ("after", WRITE, 1),
    "after the letter is in line": ("after", LETTER, 1),
    "before the registration is committed": ("before", "COMMIT", 1),
    "after the registration is committed": ("after", "COMMIT", 1),
}
THE_SHORT_WAY = {
    "before the one statement": ("before", SHORT, 1),
    "after the one statement": ("after", SHORT, 1),
}
PROMOTING = {
    "after the seat is given back": ("after", STATE, 1),
    "before the seat is offered": ("before", STATE, 2),
    "after the seat is offered": ("after", STATE, 2),
    "after the letters are in line": ("after", LETTER, 2),
    "before the offer is committed": ("before", "COMMIT", 1),
    "after the offer is committed": ("after", "COMMIT", 1),
}
SENDING = {
    "before the letter is written": ("before", 'FROM "forums_paragraph"', 1),
    "before the letter is sent": ("before", "SEND", 1),
    "after the letter is sent": ("after", "SEND", 1),
    "after the letter is on record": ("after", 'UPDATE "forums_letter"', 1),
}
POINTS = REGISTERING | THE_SHORT_WAY | PROMOTING | SENDING


class Killer:
    """Ends this process at its point, as the system would that is out of memory."""

    def __init__(self, point: str) -> None:
        self.when, self.words, self.number = POINTS[point]
        self.seen: Counter[str] = Counter()

    def around(self, what: str, act: Callable[[], Any]) -> Any:
        here = self.words in what
        self.seen["here"] += here
        due = here and self.seen["here"] == self.number
        if due and self.when == "before":
            die()
        found = act()
        if due:
            die()
        return found

    def statement(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        return self.around(sql, lambda: execute(sql, params, many, context))


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


def carry_out(order: dict[str, Any]) -> None:
    killer = Killer(order["point"])
    log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def send(message: EmailMessage, fail_silently: bool = False) -> int:
        def leave() -> int:
            return os.write(log, f"{message.extra_headers['Message-ID']}\n".encode())

        return int(killer.around("SEND", leave))

    replaced: Any = EmailMessage
    replaced.send = send
    connection.ensure_connection()
    ours: Any = connection
    commit = ours._commit
    ours._commit = lambda: killer.around("COMMIT", commit)
    with connection.execute_wrapper(killer.statement):
        if order["step"] == "work":
            Worker(stop=Stop(), queues=("mail",), until_idle=True).run()
        else:
            forum, by = Forum.objects.get(pk=order["forum"]), User.objects.get(pk=order["by"])
            now = datetime.fromisoformat(order["now"])
            perform(forum, order["step"], now=now, by=by, given=order["given"])


def main() -> None:
    for line in sys.stdin:
        child = os.fork()
        if not child:
            carry_out(json.loads(line))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

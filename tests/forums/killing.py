"""Processes that are killed at a point that has a name, while they register, promote or send a letter. A program.

Reads an order as one line of JSON and forks a child that carries it out. Says in lines of two words: "began" and the
number of the child, "sees" and what the child sees at its point, "ended" and how: the number of the signal, or 0 if it
never came to the point. The log of the order gets the Message-ID of each message that left before the end.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
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

LOCK, LETTER, STATE = "EXECUTE lock_a_seating ", "EXECUTE put_a_task_in_line ", 'SET "state"'
BACK, SHORT = 'UPDATE "forums_registration"', "EXECUTE register_the_short_way "


@dataclass(frozen=True, slots=True)
class Point:
    """Before or after the so many-th statement that has these words in it.

    `sees` is what shows that it is where its name says: as the connection that is about to die sees it, whether it has
    the lock on the seating, the states of the registrations by person, and how many letters are in line.
    """

    when: str
    words: str
    number: int = 1
    sees: list[Any] | None = None


# Of somebody who registers again after they cancelled, which goes the long way.
REGISTERING = {
    "before the lock": Point("before", LOCK, sees=[False, ["cancelled"], 0]),
    "after the lock": Point("after", LOCK, sees=[True, ["cancelled"], 0]),
    "after the seat is given": Point("after", BACK, sees=[True, ["confirmed"], 0]),
    "after the letter is in line": Point("after", LETTER, sees=[True, ["confirmed"], 1]),
    "before the registration is committed": Point("before", "COMMIT", sees=[True, ["confirmed"], 1]),
    "after the registration is committed": Point("after", "COMMIT", sees=[False, ["confirmed"], 1]),
}
THE_SHORT_WAY = {
    "before the one trip": Point("before", SHORT, sees=[False, [], 0]),
    "after the one trip": Point("after", SHORT, sees=[False, ["confirmed"], 1]),
}
PROMOTING = {
    "after the seat is given back": Point("after", STATE, 1, [True, ["cancelled", "waiting", "waiting"], 0]),
    "before the seat is offered": Point("before", STATE, 2, [True, ["cancelled", "waiting", "waiting"], 1]),
    "after the seat is offered": Point("after", STATE, 2, [True, ["cancelled", "offered", "waiting"], 1]),
    "after the letters are in line": Point("after", LETTER, 2, [True, ["cancelled", "offered", "waiting"], 2]),
    "before the offer is committed": Point("before", "COMMIT", 1, [True, ["cancelled", "offered", "waiting"], 2]),
    "after the offer is committed": Point("after", "COMMIT", 1, [False, ["cancelled", "offered", "waiting"], 2]),
}
SENDING = {
    "before the letter is written": Point("before", 'FROM "forums_paragraph"'),
    "before the letter is sent": Point("before", "SEND"),
    "after the letter is sent": Point("after", "SEND"),
    "after the letter is on record": Point("after", 'UPDATE "forums_letter"'),
}
NOWHERE = "nowhere"  # the test kills by itself
POINTS = REGISTERING | THE_SHORT_WAY | PROMOTING | SENDING | {NOWHERE: Point("never", "nothing has these words")}


class Killer:
    """Ends this process at its point, as the system would that is out of memory; says before what it sees."""

    def __init__(self, point: str, forum: int) -> None:
        self.point, self.forum = POINTS[point], forum
        self.seen = 0

    def around(self, what: str, act: Callable[[], Any]) -> Any:
        here = self.point.words in what
        self.seen += here
        due = here and self.seen == self.point.number
        if due and self.point.when == "before":
            self.die()
        found = act()
        if due:
            self.die()
        return found

    def statement(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        return self.around(sql, lambda: execute(sql, params, many, context))

    def die(self) -> NoReturn:
        say("sees", json.dumps(what_is_seen(self.forum) if self.point.sees else None))
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("unreachable")


def what_is_seen(forum: int) -> list[Any]:
    driver: Any = connection.connection
    with driver.cursor() as cursor:
        cursor.execute(
            """
            SELECT coalesce(pg_current_xact_id_if_assigned()::xid IN (xmin, xmax), FALSE),
                ARRAY(SELECT state::text FROM forums_registration WHERE forum_id = %(forum)s ORDER BY person_id),
                (
                    SELECT count(*) FROM django_tasks_database_dbtaskresult task
                    JOIN forums_registration about ON about.id = (task.args_kwargs->'args'->>0)::bigint
                    WHERE task_path = 'forums.letters.send_letter' AND about.forum_id = %(forum)s
                )
            FROM forums_seating WHERE forum_id = %(forum)s
            """,
            {"forum": forum},
        )
        return list(cursor.fetchone())


def say(word: str, what: object) -> None:
    os.write(1, f"{word} {what}\n".encode())


def carry_out(order: dict[str, Any]) -> None:
    killer = Killer(order["point"], order["forum"])
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
        say("began", child)
        _, status = os.waitpid(child, 0)
        say("ended", os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()

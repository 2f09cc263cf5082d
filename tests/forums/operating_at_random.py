"""Several processes do all that can be done with the seats of one forum, at random and at the same time. A program.

`python tests/forums/operating_at_random.py FORUM LOG PROCESSES STEPS SEED PERSON…`, with DATABASE_URL of the database
that they are in, and `--without-lock` for the control. The last person is staff. Forty of the others are about at a
time: as steps are taken the first of them stay away, and others come who are new.

The steps in LOG are in the order in which they took effect, each with the rows that it left: a process writes them
before it ends its transaction, and so before it lets go of the lock. The step is taken as the site takes it. Nothing
here locks before it; a step that was refused has let go of everything, so then the lock is taken once more, only to
write down what there is.
"""

import json
import os
import random
import sys
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cosn_site.settings")

import django

django.setup()

from django.db import connection, transaction  # noqa: E402

from cosn_site.statements import Statement  # noqa: E402
from forums import allocation, capacity, handing_on, registrations, short_way, teams  # noqa: E402
from forums.models import Forum, HandOn, Registration, Seating, Team  # noqa: E402
from members.models import User  # noqa: E402
from tests.forums.seat_steps import MAKES, perform, rows_of, seating_of  # noqa: E402

fork = get_context("fork")
WEIGHTS = {
    "register": 30,
    "cancel": 14,
    "accept": 16,
    "hold_out": 7,
    "take": 7,
    "take_back": 1,
    "resize": 4,
    "register_team": 6,
    "take_as_many_as_fit": 1,
    "admit_beyond_capacity": 8,
    "settle_all": 6,
}
SEATS = 12
CROWD = 40
ONLY_READ = Statement("only_read_the_seats", "bigint", "SELECT FROM forums_seating WHERE forum_id = $1")


class Operator:
    """One process: its own chance, its own connection, the clock that it shares."""

    def __init__(self, forum: int, people: list[int], log: str, seed: int) -> None:
        self.forum = Forum.objects.get(pk=forum)
        *self.all, staff = people
        self.people = self.all[:CROWD]
        self.by = User.objects.get(pk=staff)
        self.log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self.chance = random.Random(seed)  # noqa: S311 - choices, no secrets

    def work(self, steps: int, clock: "Synchronized[float]") -> None:
        """So many steps; one in twenty lets some hours pass first."""
        done = 0
        while done < steps:
            gone = (len(self.all) - CROWD) * done // steps
            self.people = self.all[gone : gone + CROWD]
            if self.chance.random() < 0.05:
                with clock.get_lock():
                    clock.value += self.chance.uniform(0, 20 * 3600)
            step = self.chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
            given = self.choose(step)
            if given is not None:
                self.take(step, given, datetime.fromtimestamp(clock.value, UTC))
                done += 1

    def choose(self, step: str) -> dict[str, Any] | None:
        """With whom or what; None where there is nobody to do it with."""
        who = self.chance.choice(self.people)
        match step:
            case "register":
                return {"who": who, "at_once": self.chance.random() < 0.2}
            case "register_team":
                size = self.chance.randint(2, 5)
                return {"people": self.chance.sample(self.people, size), "together": self.chance.random() < 0.6}
            case "cancel" | "hold_out":
                return self._one_of(Registration.objects.alive())
            case "accept":
                offered = self._one_of(Registration.objects.filter(state="offered"))
                return offered or self._one_of(Registration.objects.all())
            case "take" | "take_back":
                numbers = list(HandOn.objects.order_by("-pk").values_list("pk", flat=True)[:8])
                found: dict[str, Any] = {"number": self.chance.choice(numbers)} if numbers else {}
                return (found | ({"who": who} if step == "take" else {})) if found else None
            case "take_as_many_as_fit":
                teams = list(Team.objects.order_by("-pk").values_list("pk", flat=True)[:5])
                return {"team": self.chance.choice(teams)} if teams else None
            case "resize":
                return {"capacity": max(1, SEATS + self.chance.randint(-5, 5))}
            case "admit_beyond_capacity":
                return {"who": who}
            case _:
                return {}

    def _one_of(self, rows: Any) -> dict[str, Any] | None:
        found = list(rows.filter(forum=self.forum).values_list("person", flat=True))
        return {"who": self.chance.choice(found)} if found else None

    def take(self, step: str, given: dict[str, Any], now: datetime) -> None:
        """Take the step and write down what came of it."""
        began, error, refusal, made = os.fstat(self.log).st_size, "", "", None
        went_short.clear()
        with transaction.atomic():
            try:
                refusal, made = perform(self.forum, step, now=now, by=self.by, given=given)
            except Exception as found:  # noqa: BLE001 - whatever it is, it is an error on somebody's screen
                error = f"{type(found).__name__}: {found}"
            if error or refusal or step == "settle_all":  # which locks only where something is due
                Seating.objects.select_for_update().get(pk=self.forum.pk)
            entry = {
                "began": began,
                "step": step,
                "given": given | ({"number": made or -1} if step in MAKES else {}),
                "now": now.timestamp(),
                "refusal": refusal,
                "error": error,
                "went_short": bool(went_short),
                "seating": seating_of(self.forum),
                "rows": [[who, *row] for who, row in rows_of(self.forum).items()],
            }
            line = json.dumps(entry, default=datetime.timestamp) + "\n"
            assert os.write(self.log, line.encode()) == len(line)


went_short: list[bool] = []


def noted(row: Registration, now: datetime) -> bool:
    """The short way, and whether it was all there was to go in this step."""
    taken = short_way.take_what_there_is(row, now)
    went_short.extend([taken] if taken else [])
    return taken


def without_lock(forum_id: int, now: datetime) -> Seating:
    """The seating read and settled as ever, but not locked."""
    seating = Seating.objects.select_related("forum").get(pk=forum_id)
    allocation.settle(seating, now)
    return seating


def operate(turn: int, steps: int, seed: int, clock: "Synchronized[float]", place: tuple[int, list[int], str]) -> None:
    Operator(*place, seed + turn).work(steps, clock)
    connection.close()


def main(forum: int, log: str, processes: int, steps: int, seed: int, people: list[int]) -> int:
    opened = Forum.objects.values_list("registration_opens_at", flat=True).get(pk=forum)
    connection.close()
    assert opened is not None
    clock = fork.Value("d", (opened + timedelta(days=1)).timestamp())
    crew = [
        fork.Process(target=operate, args=(turn, steps // processes, seed, clock, (forum, people, log)))
        for turn in range(processes)
    ]
    for process in crew:
        process.start()
    for process in crew:
        process.join()
    return max(abs(process.exitcode or 0) for process in crew)


if __name__ == "__main__":
    module: Any = registrations
    module.take_what_there_is = noted
    if "--without-lock" in sys.argv:
        sys.argv.remove("--without-lock")
        module = short_way
        module._lock = ONLY_READ
        for module in (registrations, teams, handing_on, capacity):
            module.locked = without_lock
    first, to, *rest = sys.argv[1:]
    crew_size, count, start, *persons = map(int, rest)
    sys.exit(main(int(first), to, crew_size, count, start, persons))

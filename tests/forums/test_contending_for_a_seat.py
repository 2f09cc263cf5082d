"""Two do something about the same seat at the same moment: the outcome is as if one of them had come after the other.

Cancel against promote, accept, expire, hand on and register. Both are processes with connections of their own; which
outcomes there may be, the model of the law says, which does the two steps in both orders. `FULL=1` runs five hundred
races, otherwise it is twenty-four, and more only until both orders were seen.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import connection

from forums.models import Forum, Registration
from tests import people
from tests.factories import make_open_forum
from tests.forums.seat_model import World
from tests.forums.seat_steps import MAKES, perform, rows_of, seating_of

ROOT = Path(__file__).resolve().parents[2]
MOST_ROUNDS = 63  # of eight races each
ROUNDS = MOST_ROUNDS if os.environ.get("FULL") else 3
NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)
A_MINUTE = timedelta(minutes=1)
_forums = count(1)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

Step = tuple[str, dict[str, Any], datetime]


class Story:
    """A forum with one seat; Ada has it, Ben and Cay stand in line, Dan has nothing. And its twin in memory."""

    def __init__(self, *, line: bool = True) -> None:
        self.ada, self.ben, self.cay, self.dan = (people.person(name).pk for name in ("ada", "ben", "cay", "dan"))
        self.by = people.staff()
        self.forum = make_open_forum(f"forum-{next(_forums)}", now=NOW, capacity=1)
        self.world = World(1, self.forum.starts_at, self.forum.ends_at, self.forum.offer_hours)
        for who in (self.ada, self.ben, self.cay) if line else (self.ada,):
            self.tell("register", who=who, at_once=False)

    def tell(self, step: str, **given: Any) -> int | None:
        """It happens, before the race."""
        refusal, made = perform(self.forum, step, now=NOW, by=self.by, given=given)
        if step in MAKES:
            given["number"] = made
        assert self.world.do(step, NOW, **given) == refusal == ""
        return made

    def deadline(self, who: int) -> datetime:
        until = Registration.objects.get(forum=self.forum, person=who).offer_expires_at
        assert until is not None
        return until

    def offered(self) -> "Story":
        """Ada cancels, and Ben is offered the seat."""
        self.tell("cancel", who=self.ada)
        return self


def accept_and_cancel() -> tuple[Story, Step, Step]:
    story = Story().offered()
    return story, ("accept", {"who": story.ben}, NOW), ("cancel", {"who": story.ben}, NOW)


def holder_and_next_cancel() -> tuple[Story, Step, Step]:
    story = Story()
    return story, ("cancel", {"who": story.ada}, NOW), ("cancel", {"who": story.ben}, NOW)


def the_same_cancels_twice() -> tuple[Story, Step, Step]:
    story = Story()
    return story, ("cancel", {"who": story.ada}, NOW), ("cancel", {"who": story.ada}, NOW)


def accept_and_expire() -> tuple[Story, Step, Step]:
    story = Story().offered()
    until = story.deadline(story.ben)
    return story, ("accept", {"who": story.ben}, until - A_MINUTE), ("settle_all", {}, until)


def cancel_and_expire() -> tuple[Story, Step, Step]:
    story = Story().offered()
    until = story.deadline(story.ben)
    return story, ("cancel", {"who": story.ben}, until - A_MINUTE), ("settle_all", {}, until)


def two_expire() -> tuple[Story, Step, Step]:
    story = Story().offered()
    until = story.deadline(story.ben)
    return story, ("settle_all", {}, until), ("settle_all", {}, until)


def cancel_and_register() -> tuple[Story, Step, Step]:
    story = Story(line=False)
    return story, ("cancel", {"who": story.ada}, NOW), ("register", {"who": story.dan, "at_once": False}, NOW)


def cancel_and_take() -> tuple[Story, Step, Step]:
    story = Story()
    number = story.tell("hold_out", who=story.ada)
    return story, ("cancel", {"who": story.ada}, NOW), ("take", {"number": number, "who": story.dan}, NOW)


RACES = [
    *(accept_and_cancel, holder_and_next_cancel, the_same_cancels_twice, accept_and_expire),
    *(cancel_and_expire, two_expire, cancel_and_register, cancel_and_take),
]


# --- two processes --------------------------------------------------------------------------------------------------
class Contender:
    def __init__(self, *options: str) -> None:
        parts = urlsplit(settings.DATABASE_URL)
        database = urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))
        self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and program
            [sys.executable, "tests/forums/contending.py", *options],
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": database, "TESTING": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(self, words: str) -> None:
        assert self.process.stdin
        print(words, file=self.process.stdin, flush=True)

    def answer(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def stand_ready(self, forum: Forum, by: int, step: Step) -> None:
        name, given, now = step
        order = {"forum": forum.pk, "by": by, "step": name, "given": given, "now": now.isoformat()}
        self.tell(json.dumps(order))
        assert self.answer() == "ready"


@pytest.fixture
def contenders(request: pytest.FixtureRequest) -> Iterator[list[Contender]]:
    crew = [Contender(*getattr(request, "param", [])) for _ in range(2)]
    yield crew
    for contender in crew:
        contender.process.communicate(timeout=30)


def outcomes(story: Story, *steps: Step) -> list[tuple[list[str], World]]:
    """What may come of two steps: what the law says of them in one order and in the other."""
    found = []
    for order in (0, 1), (1, 0):
        world, answers = story.world.twin(), ["", ""]
        for place in order:
            name, given, now = steps[place]
            answers[place] = world.do(name, now, **given) or "done"
        found.append((answers, world))
    return found


def assert_is_one_of(story: Story, answers: list[str], found: list[tuple[list[str], World]]) -> None:
    rows = rows_of(story.forum)
    assert (answers, rows) in [(said, world.rows()) for said, world in found]
    held = sum(row[0] in ("confirmed", "offered") for row in rows.values())
    waiting = sum(row[0] == "waiting" for row in rows.values())
    assert seating_of(story.forum) == (1, held, 0, waiting)
    assert held == 1, "the seat is not lost"


def test_what_two_do_at_once_is_as_if_one_came_after_the_other(contenders: list[Contender]) -> None:
    seen: set[tuple[str, ...]] = set()
    for turn in range(MOST_ROUNDS):
        if turn >= ROUNDS and len(seen) > len(RACES):
            break
        for race in RACES:
            story, *steps = race()
            pairs = list(zip(contenders, steps, strict=True))
            for contender, step in pairs:
                contender.stand_ready(story.forum, story.by.pk, step)
            for contender, _ in pairs[:: -1 if turn % 2 else 1]:
                contender.tell("go")
            answers = [contender.answer() for contender in contenders]
            assert_is_one_of(story, answers, outcomes(story, *steps))
            seen.add((race.__name__, *answers))
    assert len(seen) > len(RACES), "now the one came first, now the other"


@pytest.mark.parametrize("contenders", [["--without-lock"]], indirect=True)
@pytest.mark.parametrize("race", [accept_and_cancel, the_same_cancels_twice])
def test_without_the_lock_there_are_other_outcomes(contenders: list[Contender], race: Any) -> None:
    """The control: both read before either writes, which is what happens sooner or later without the lock."""
    story, *steps = race()
    for contender, step in zip(contenders, steps, strict=True):
        contender.stand_ready(story.forum, story.by.pk, step)
        contender.tell("go")
        assert contender.answer() == "has read"
    answers = ["", ""]
    for place in (1, 0):
        contenders[place].tell("write")
        answers[place] = contenders[place].answer()
    with pytest.raises(AssertionError):
        assert_is_one_of(story, answers, outcomes(story, *steps))

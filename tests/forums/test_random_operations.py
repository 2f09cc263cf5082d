"""Random steps from several processes at once, against the law: by a model of it, and by its sentences one by one.

`FULL=1` (as in `make evidence`) takes ten thousand steps; otherwise it is four hundred.
"""

import json
import os
import subprocess
import sys
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import connection

from forums.models import Forum, Override, Skip
from members.models import User
from tests import people
from tests.factories import make_open_forum
from tests.forums.operating_at_random import CROWD
from tests.forums.seat_model import HOLDING, Row, World
from tests.forums.seat_steps import skips_of

ROOT = Path(__file__).resolve().parents[2]
FULL = bool(os.environ.get("FULL"))
STEPS = 10_000 if FULL else 400
PROCESSES, PEOPLE, SEATS, SEED = 4, CROWD + STEPS // 80, 12, 20261122
NOW = datetime(2027, 1, 1, 12, 0, 30, tzinfo=UTC)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@dataclass(frozen=True)
class Entry:
    """One step in the order in which they took effect, and what it left."""

    first: int  # the number of the first step that may have come before it began and did not
    step: str
    given: dict[str, Any]
    now: datetime
    refusal: str
    went_short: bool  # registered by the short way
    capacity: int
    counts: tuple[int, int, int]
    rows: dict[int, Row]


@pytest.fixture
def forum() -> Forum:
    """A forum that begins when about all steps are taken: one in twenty lets ten hours pass."""
    return make_open_forum(
        now=NOW, capacity=SEATS, starts_at=NOW + timedelta(hours=STEPS / 2), largest_team=6, offer_hours=12
    )


def operate(forum: Forum, log: Path, *options: str, steps: int = STEPS) -> list[Entry]:
    crowd = User.objects.bulk_create(User(email=f"cto{n}@example.org", name=f"CTO {n}") for n in range(PEOPLE))
    parts = urlsplit(settings.DATABASE_URL)
    database = urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))
    words = [forum.pk, log, PROCESSES, steps, SEED, *(person.pk for person in crowd), people.staff().pk]
    connection.close()
    result = subprocess.run(  # noqa: S603 - our own interpreter and program
        [sys.executable, "tests/forums/operating_at_random.py", *options, *map(str, words)],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": database, "TESTING": "1"},
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return list(entries(log))


def entries(log: Path) -> Iterator[Entry]:
    lines = log.read_text().splitlines()
    ends = list(accumulate(len(line) + 1 for line in lines))
    for line in lines:
        one = json.loads(line)
        assert not one["error"], one["error"]
        rows: dict[int, Row] = {
            who: (state, seat, place, until and datetime.fromtimestamp(until, UTC), team, chair)
            for who, state, seat, place, until, team, chair in one["rows"]
        }
        now, (capacity, *counts) = datetime.fromtimestamp(one["now"], UTC), one["seating"]
        first = bisect_right(ends, one["began"])
        held, extra, waiting = counts
        step, given, refusal, went_short = (one[name] for name in ("step", "given", "refusal", "went_short"))
        yield Entry(first, step, given, now, refusal, went_short, capacity, (held, extra, waiting), rows)


def test_what_many_do_at_once_is_what_the_law_says(forum: Forum, tmp_path: Path) -> None:
    steps = operate(forum, tmp_path / "steps")
    assert len(steps) == STEPS
    follow_the_model(forum, steps)
    keep_the_sentences(forum, steps)
    done = Counter(one.step for one in steps if not one.refusal)
    often = {"register", "cancel", "accept", "take", "resize", "register_team", "settle_all"}
    assert set(done) >= ({one.step for one in steps} if FULL else often), "each kind of step came about"
    ways = Counter(one.went_short for one in steps if one.step == "register" and not one.refusal)
    assert min(ways[True], ways[False]) > STEPS // 400, "both ways were gone"
    changes = Counter(change for before, after in pairwise(steps) for change in changes_of(before, after))
    assert changes["waiting", "offered"] > STEPS // 50
    assert changes["offered", "lapsed"] > 0


def test_the_same_steps_without_the_lock_break_the_law(forum: Forum, tmp_path: Path) -> None:
    """The control: what is looked for above can be found."""
    with pytest.raises(AssertionError):
        follow_the_model(forum, operate(forum, tmp_path / "steps", "--without-lock", steps=400))


def changes_of(before: Entry, after: Entry) -> Iterator[tuple[str, str]]:
    for who, row in after.rows.items():
        old = before.rows.get(who)
        if old is None or old[0] != row[0]:
            yield old[0] if old else "new", row[0]


# --- by the model ---------------------------------------------------------------------------------------------------
def follow_the_model(forum: Forum, steps: list[Entry]) -> None:
    """Each step, in the order in which they took effect, leaves the rows that the model leaves. What left nothing,
    rightly left nothing at some moment since it began: what is refused was seen before it was written down, and
    `settle_all` locks nothing where it sees nothing due."""
    world = World(SEATS, forum.starts_at, forum.ends_at, forum.offer_hours)
    moments = [world.twin()]
    for number, one in enumerate(steps):
        if one.refusal and one.step != "accept":
            refusals = {moment.twin().do(one.step, one.now, **one.given) for moment in moments[one.first :]}
            assert one.refusal in refusals, (number, one)
        elif one.step == "settle_all" and world.rows() == one.rows:
            assert any(leaves_all(moment.twin(), one) for moment in moments[one.first :]), (number, one)
        else:
            assert world.do(one.step, one.now, **one.given) == one.refusal, (number, one)
            assert world.number_as({who: row[1] for who, row in one.rows.items()}), (number, one)
        assert world.rows() == one.rows, (number, one)
        assert world.capacity == one.capacity
        moments.append(world.twin())
    assert Counter(skips_of(forum)) == Counter(world.skips)


def leaves_all(world: World, one: Entry) -> bool:
    before = world.rows()
    return world.do(one.step, one.now, **one.given) == one.refusal and world.rows() == before


# --- by the sentences of the law ------------------------------------------------------------------------------------
def keep_the_sentences(forum: Forum, steps: list[Entry]) -> None:
    """The law again, without the model: read from what the steps left."""
    skips = set(Skip.objects.values_list("registration__person", "in_favor_of__person", "at"))
    before: Entry | None = None
    together: set[int | None] = set()
    latest = NOW  # of the clock that they share; a step may take effect after one that began later
    for one in steps:
        latest = max(latest, one.now)
        if one.step == "register_team" and one.given["together"]:
            together.add(one.given["number"])
        if one.step == "take_as_many_as_fit" and not one.refusal:
            together.discard(one.given["team"])
        the_counts_are_the_rows(one)
        nobody_holds_two(one)
        if latest < forum.starts_at:
            no_seat_is_lost(one, together)
        if before is not None:
            nothing_beyond_the_capacity(before, one)
            first_come_first_served(before, one, skips)
        before = one
    chairs = sum(row[5] for row in steps[-1].rows.values())
    assert chairs <= Override.objects.exclude(reason="").exclude(used_at=None).count()


def within(rows: dict[int, Row]) -> int:
    return sum(row[0] in HOLDING and not row[5] for row in rows.values())


def the_counts_are_the_rows(one: Entry) -> None:
    extra = sum(row[5] for row in one.rows.values())
    assert one.counts == (within(one.rows), extra, sum(row[0] == "waiting" for row in one.rows.values()))


def nobody_holds_two(one: Entry) -> None:
    """There is one row for each person; no number and no place is given twice."""
    for column in (1, 2):
        given = [row[column] for row in one.rows.values() if row[column] is not None]
        assert len(given) == len(set(given)), one


def nothing_beyond_the_capacity(before: Entry, one: Entry) -> None:
    """Held seats are within the capacity, but where it was made smaller: then nobody new gets one."""
    if within(one.rows) > one.capacity:
        assert within(one.rows) <= within(before.rows), one


def no_seat_is_lost(one: Entry, together: set[int | None]) -> None:
    """After no step is there a free seat, and somebody in line who could take it."""
    free = max(one.capacity - within(one.rows), 0)
    if not free:
        return
    sizes: Counter[object] = Counter()
    for who, (state, _, _, _, team, _) in one.rows.items():
        if state == "waiting":
            sizes[team if team in together else f"alone: {who}"] += 1
    assert all(size > free for size in sizes.values()), one


def first_come_first_served(before: Entry, one: Entry, skips: set[tuple[int, int, datetime]]) -> None:
    """Whoever waits still, and was in line before somebody who got a seat now, was passed over on record."""
    if one.step == "take":
        return
    for who, row in one.rows.items():
        old = before.rows.get(who)
        if row[0] not in HOLDING or (old and old[0] in HOLDING):
            continue
        came = old[2] if old and old[0] == "waiting" else None
        party = {other for other, its in one.rows.items() if its[4] is not None and its[4] == row[4]} | {who}
        for other, its in one.rows.items():
            was = before.rows.get(other)
            if its[0] != "waiting" or not was or was[0] != "waiting" or (came and (was[2] or 0) > came):
                continue
            assert any((other, favored, one.now) in skips for favored in party), (other, who, one)

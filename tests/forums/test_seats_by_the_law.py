"""Random steps, one after the other, against a model of the law: the outcome is equal, row by row.

`FULL=1` tries ten times as many stories.
"""

import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests import people
from tests.factories import make_open_forum
from tests.forums.seat_model import ALIVE, World
from tests.forums.seat_steps import MAKES, perform, rows_of, seating_of, skips_of

NOW = datetime(2027, 1, 1, 12, 0, 30, tzinfo=UTC)
PEOPLE = 7
_forums = count(1)

somebody = st.integers(0, PEOPLE - 1)


class Seats(RuleBasedStateMachine):
    """A forum, and its twin in memory to which the same is done."""

    def __init__(self) -> None:
        super().__init__()
        self.people = [people.person(f"guest{number}") for number in range(PEOPLE)]
        self.by, self.now = people.staff(), NOW

    @initialize(capacity=st.integers(1, 4), hours=st.sampled_from([48, 24, 6, 0]), days=st.sampled_from([60, 20, 7, 2]))
    def announce(self, capacity: int, hours: int, days: int) -> None:
        starts_at = NOW + timedelta(days=days)
        self.forum = make_open_forum(
            f"forum-{next(_forums)}", now=NOW, capacity=capacity, starts_at=starts_at, offer_hours=hours
        )
        self.world = World(capacity, starts_at, self.forum.ends_at, hours)

    def both(self, step: str, **given: Any) -> str:
        refusal, made = perform(self.forum, step, now=self.now, by=self.by, given=given)
        if step in MAKES:
            given["number"] = made if made is not None else -1
        assert self.world.do(step, self.now, **given) == refusal
        return refusal

    @invariant()
    def they_are_equal(self) -> None:
        if not hasattr(self, "world"):
            return
        rows = rows_of(self.forum)
        assert self.world.number_as({who: row[1] for who, row in rows.items()})
        self.world.given = []
        assert rows == self.world.rows()
        assert Counter(skips_of(self.forum)) == Counter(self.world.skips)
        held = [row for row in rows.values() if row[0] in ("confirmed", "offered")]
        extra, waiting = sum(row[5] for row in held), sum(row[0] == "waiting" for row in rows.values())
        assert seating_of(self.forum) == (self.world.capacity, len(held) - extra, extra, waiting)

    # --- steps
    @rule(who=somebody, at_once=st.sampled_from([False, False, True]))
    def register(self, who: int, *, at_once: bool) -> None:
        self.both("register", who=self.people[who].pk, at_once=at_once)

    @rule(who=somebody)
    def come_or_go(self, who: int) -> None:
        """What most people do most of the time, so that there is always somebody and something to do."""
        person = self.people[who].pk
        guest = self.world.guests.get(person)
        if guest is None or guest.state not in ALIVE:
            self.both("register", who=person, at_once=False)
        else:
            self.both("accept" if guest.state == "offered" else "cancel", who=person)

    @rule(who=st.lists(somebody, min_size=2, max_size=4, unique=True), together=st.booleans())
    def register_team(self, who: list[int], *, together: bool) -> None:
        self.both("register_team", people=[self.people[one].pk for one in who], together=together)

    @rule(data=st.data())
    @precondition(lambda self: self.world.guests)
    def cancel(self, data: st.DataObject) -> None:
        self.both("cancel", who=data.draw(self.guests(*ALIVE)))

    @rule(data=st.data())
    @precondition(lambda self: self.world.guests)
    def accept(self, data: st.DataObject) -> None:
        self.both("accept", who=data.draw(self.guests("offered")))

    @rule(data=st.data())
    @precondition(lambda self: self.world.guests)
    def hold_out(self, data: st.DataObject) -> None:
        self.both("hold_out", who=data.draw(self.guests(*ALIVE)))

    @rule(data=st.data())
    @precondition(lambda self: self.world.guests)
    def hand_on(self, data: st.DataObject) -> None:
        """Held out, and taken at once by whoever has nothing yet."""
        alive = [who for who, guest in self.world.guests.items() if guest.state in ALIVE]
        others = [person.pk for person in self.people if person.pk not in alive]
        if alive and others and not self.both("hold_out", who=(giver := data.draw(st.sampled_from(alive)))):
            number = max(number for number, held in self.world.held_out.items() if held == [giver, True])
            self.both("take", number=number, who=data.draw(st.sampled_from(others)))

    @rule(data=st.data(), who=somebody)
    @precondition(lambda self: self.world.held_out)
    def take(self, data: st.DataObject, who: int) -> None:
        self.both("take", number=data.draw(st.sampled_from(list(self.world.held_out))), who=self.people[who].pk)

    @rule(data=st.data())
    @precondition(lambda self: self.world.held_out)
    def take_back(self, data: st.DataObject) -> None:
        self.both("take_back", number=data.draw(st.sampled_from(list(self.world.held_out))))

    @rule(capacity=st.integers(1, 5))
    def resize(self, capacity: int) -> None:
        self.both("resize", capacity=capacity)

    @rule(data=st.data())
    @precondition(lambda self: self.world.together)
    def take_as_many_as_fit(self, data: st.DataObject) -> None:
        self.both("take_as_many_as_fit", team=data.draw(st.sampled_from(list(self.world.together))))

    @rule(who=somebody)
    def admit_beyond_capacity(self, who: int) -> None:
        self.both("admit_beyond_capacity", who=self.people[who].pk)

    @rule(minutes=st.integers(1, 3 * 24 * 60), settles=st.booleans())
    def time_passes(self, minutes: int, *, settles: bool) -> None:
        self.now += timedelta(minutes=minutes)
        if settles:
            self.both("settle_all")

    def guests(self, *states: str) -> st.SearchStrategy[int]:
        """Somebody who registered once; in one of these states, if there is anybody."""
        found = [who for who, guest in self.world.guests.items() if guest.state in states]
        return st.sampled_from(found or list(self.world.guests))


@pytest.mark.django_db
def test_each_step_has_the_outcome_that_the_law_says() -> None:
    run_state_machine_as_test(
        Seats,
        settings=settings(
            max_examples=400 if os.environ.get("FULL") else 20,
            stateful_step_count=50,
            suppress_health_check=[HealthCheck.too_slow],
            phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking takes minutes with a real database
        ),
    )

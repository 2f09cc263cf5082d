"""The law of seats (the docstring of `forums.allocation`) stated a second time: as a small world in memory.

It shares no line with the product and does everything the slow and plain way: no counts that are kept, no database,
the whole line walked each time. `World.do` answers with the name of the refusal, or with nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

HOLDING = {"confirmed", "offered"}
ALIVE = HOLDING | {"waiting"}
Row = tuple[str, int | None, int | None, datetime | None, int | None, bool]


class Refused(Exception):
    """The law says no."""


@dataclass
class Guest:
    """Somebody who registered once."""

    state: str = "new"
    seat: int | None = None
    place: int | None = None
    deadline: datetime | None = None
    team: int | None = None
    at_once: bool = False
    has_chair: bool = False  # brought in for them

    def leave(self, state: str) -> None:
        self.state, self.seat, self.deadline, self.has_chair = state, None, None, False


@dataclass
class World:
    """One forum."""

    capacity: int
    starts_at: datetime
    ends_at: datetime
    hours: int
    guests: dict[int, Guest] = field(default_factory=dict)
    together: dict[int, bool] = field(default_factory=dict)  # by team
    held_out: dict[int, list[object]] = field(default_factory=dict)  # by number: who, and whether it is open
    last_place: int = 0
    skips: list[tuple[int, int, str, int]] = field(default_factory=list)  # who, for whom, why, free seats
    given: list[tuple[list[int], list[int]]] = field(default_factory=list)  # by this step: to whom, which numbers

    # --- what can be seen
    def rows(self) -> dict[int, Row]:
        """Everybody who registered, as the database should have them."""
        return {
            who: (guest.state, guest.seat, place, guest.deadline, guest.team, guest.has_chair)
            for who, guest in self.guests.items()
            for place in [guest.place if guest.state in ("waiting", "offered") else None]
        }

    @property
    def free(self) -> int:
        held = sum(guest.state in HOLDING and not guest.has_chair for guest in self.guests.values())
        return max(self.capacity - held, 0)

    def line(self) -> list[int]:
        """Who waits, the first in line first."""
        waiting = [who for who, guest in self.guests.items() if guest.state == "waiting"]
        return sorted(waiting, key=lambda who: self.guests[who].place or 0)

    def parties(self) -> list[list[int]]:
        """The line, those of a team that stays together as one."""
        found: dict[object, list[int]] = {}
        for who in self.line():
            team = self.guests[who].team
            found.setdefault(("team", team) if self.together.get(team or 0) else who, []).append(who)
        return list(found.values())

    def number_as(self, seats: dict[int, int | None]) -> bool:
        """Which of several who were seated by one statement got which number is the database's choice. Whether the
        numbers are the lowest that were free.

        Who left again in the same step had a number that nobody saw. It is known where they were seated alone; where
        others were with them, it is only known that those who stay have some of the numbers that were given.
        """
        stay = {who for people, _ in self.given for who in people if self.guests[who].seat is not None}
        unclear = any(len(people) > 1 and not stay.issuperset(people) for people, _ in self.given)
        if not {seats.get(who) for who in stay} <= {number for _, numbers in self.given for number in numbers}:
            return False
        for people, numbers in [] if unclear else self.given:
            if stay.issuperset(people) and sorted(seats.get(who) or 0 for who in people) != sorted(numbers):
                return False
        for who in stay:
            self.guests[who].seat = seats[who]
        return True

    # --- what can be done
    def do(self, step: str, now: datetime, **given: object) -> str:
        """Do it, or leave all as it was. An answer to an offer keeps what time has brought about."""
        before, skips, self.given = self.twin(), self.skips, []
        count = len(skips)
        try:
            getattr(self, step)(now=now, **given)
        except Refused as refusal:
            if step != "accept":
                del skips[count:]
                self.__dict__ = before.__dict__ | {"skips": skips}
            return str(refusal)
        return ""

    def twin(self) -> "World":
        """As this one is now, without what was skipped so far."""
        return replace(
            self,
            guests={who: replace(guest) for who, guest in self.guests.items()},
            together=dict(self.together),
            held_out={number: list(held) for number, held in self.held_out.items()},
            skips=[],
            given=[],
        )

    def register(self, *, now: datetime, who: int, at_once: bool) -> None:
        self._must_be_open(now)
        self._settle(now)
        self._admit([who], now, at_once=at_once)

    def register_team(self, *, now: datetime, people: list[int], together: bool, number: int) -> None:
        self._must_be_open(now)
        self._settle(now)
        new = [who for who in people if self._state(who) not in ALIVE]
        if not new:
            raise Refused("NobodyNew")
        self.together[number] = together
        self._admit(new, now, team=number)

    def cancel(self, *, now: datetime, who: int) -> None:
        self._settle(now)
        if self._state(who) not in ALIVE:
            raise Refused("NothingToCancel")
        if now >= self.starts_at:
            raise Refused("ForumIsOver")
        self._end(who, "cancelled")
        self._fill(now)

    def accept(self, *, now: datetime, who: int) -> None:
        self._settle(now)
        guest = self.guests[who]
        if guest.state == "offered":
            for other in self.guests.values():
                with_them = other.team == guest.team and self.together.get(guest.team or 0)
                if other is guest or (with_them and other.state == "offered"):
                    other.state, other.deadline = "confirmed", None
        if guest.state != "confirmed":
            raise Refused("NoOffer")

    def hold_out(self, *, now: datetime, who: int, number: int) -> None:
        self._settle(now)
        self._must_have_something(who, now)
        if any(held == [who, True] for held in self.held_out.values()):
            raise Refused("AlreadyHeldOut")
        self.held_out[number] = [who, True]

    def take_back(self, *, now: datetime, number: int) -> None:
        self._settle(now)
        if not self.held_out[number][1]:
            raise Refused("HandOnClosed")
        self.held_out[number][1] = False

    def take(self, *, now: datetime, number: int, who: int) -> None:
        giver, is_open = self.held_out[number]
        assert isinstance(giver, int)
        self._settle(now)
        self._must_have_something(giver, now)
        if not is_open:
            raise Refused("HandOnClosed")
        if self._state(who) in ALIVE:
            raise Refused("HasOneAlready")
        self.held_out[number][1] = False
        had = self.guests[giver]
        self.guests[who] = Guest(had.state, had.seat, had.place, had.deadline, had.team, has_chair=had.has_chair)
        had.leave("handed_on")
        had.place = had.team = None

    def resize(self, *, now: datetime, capacity: int) -> None:
        self._settle(now)
        self.capacity = capacity
        self._fill(now)

    def take_as_many_as_fit(self, *, now: datetime, team: int) -> None:
        self._settle(now)
        if not self.together[team] or not any(self.guests[who].team == team for who in self.line()):
            raise Refused("NotTogether")
        self.together[team] = False
        self._fill(now)

    def admit_beyond_capacity(self, *, now: datetime, who: int) -> None:
        self._settle(now)
        if now >= self.ends_at:
            raise Refused("RegistrationClosed")
        if self.free and now < self.starts_at:
            raise Refused("SeatsAreFree")
        if self._state(who) in HOLDING:
            raise Refused("AlreadyRegistered")
        line = self.line()
        ahead = line[: line.index(who)] if who in line else line
        if who not in line:
            self.guests[who] = Guest()
        self.guests[who].has_chair = True
        self._seat([who], "confirmed", None)
        self.skips.extend((other, who, "override", 0) for other in ahead)

    def settle_all(self, *, now: datetime) -> None:
        if now < self.starts_at:
            self._settle(now)

    # --- the law
    def _settle(self, now: datetime) -> None:
        for who, guest in self.guests.items():
            if guest.state == "offered" and guest.deadline and guest.deadline <= now:
                self._end(who, "lapsed")
        self._fill(now)

    def _end(self, who: int, state: str) -> None:
        """It is over for them, and held out to nobody any longer."""
        self.guests[who].leave(state)
        for held in self.held_out.values():
            if held[0] == who:
                held[1] = False

    def _fill(self, now: datetime) -> None:
        if now >= self.starts_at:
            return
        passed: list[int] = []
        for party in self.parties():
            free = self.free
            if not free:
                return
            if len(party) > free:
                passed += party
                continue
            deadline = self._deadline(now)
            if all(self.guests[who].at_once for who in party):
                deadline = None
            self._seat(party, "offered" if deadline else "confirmed", deadline)
            self.skips.extend((other, party[0], "team_too_large", free) for other in passed)

    def _deadline(self, now: datetime) -> datetime | None:
        """48 hours or what the forum says; a quarter of what is left if that is less; none below two hours."""
        time = min(timedelta(hours=self.hours), (self.starts_at - now) / 4)
        if time < timedelta(hours=2):
            return None
        until = now + time
        return until - timedelta(seconds=until.second, microseconds=until.microsecond)

    def _admit(self, people: list[int], now: datetime, *, team: int | None = None, at_once: bool = False) -> None:
        free = self.free if now < self.starts_at else 0
        if self.together.get(team or 0) and len(people) > free:
            free = 0
        waiting = self.line()
        for turn, who in enumerate(people):
            if self._state(who) in ALIVE:
                raise Refused("AlreadyRegistered")
            self.guests[who] = Guest(team=team, at_once=at_once)
            if turn < free:
                self._seat([who], "confirmed", None)
                self.skips.extend((other, who, "team_too_large", free - turn) for other in waiting)
            else:
                self.last_place += 1
                self.guests[who].state, self.guests[who].place = "waiting", self.last_place

    def _seat(self, people: list[int], state: str, deadline: datetime | None) -> None:
        numbers = []
        for who, number in zip(people, self._lowest_numbers(), strict=False):
            guest = self.guests[who]
            guest.state, guest.deadline, guest.seat = state, deadline, number
            numbers.append(number)
        self.given.append((people, numbers))

    def _lowest_numbers(self) -> Iterator[int]:
        taken = {guest.seat for guest in self.guests.values()}
        return (number for number in range(1, len(self.guests) + 1) if number not in taken)

    def _state(self, who: int) -> str:
        return self.guests[who].state if who in self.guests else "new"

    def _must_be_open(self, now: datetime) -> None:
        if now >= self.starts_at:
            raise Refused("RegistrationClosed")

    def _must_have_something(self, who: int, now: datetime) -> None:
        if self._state(who) not in ALIVE:
            raise Refused("NothingToHandOn")
        if now >= self.starts_at:
            raise Refused("ForumIsOver")

"""What the panel of a forum says: where registration stands, and where one's own does.

Pure: rows and an instant in, a state with its figures out. When one can register is decided by the verbs' own check;
the words are the templates'.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from forums.models import Forum, Registration, Seating
from forums.registrations import ForumCancelled, NotOpenYet, RegistrationClosed, check_open


class Phase(StrEnum):
    """Where the forum stands for somebody who is not registered."""

    CANCELLED = "cancelled"
    OVER = "over"
    UNDER_WAY = "under_way"
    NOT_TAKING = "not_taking"  # nobody has said yet how many seats there are, or from when on
    OPENS_LATER = "opens_later"
    OPEN = "open"
    FULL = "full"  # one can wait
    CLOSED = "closed"


class Mine(StrEnum):
    """Where somebody's own registration stands."""

    REGISTERED = "registered"
    OFFERED = "offered"
    WAITING = "waiting"
    WAITED = "waited"  # until the forum began
    LAPSED = "lapsed"
    CANCELLED = "cancelled"
    HANDED_ON = "handed_on"


@dataclass(frozen=True, slots=True)
class Panel:
    """The forum's phase with the figures of its seats, and where the reader stands, if they are registered."""

    phase: Phase
    capacity: int = 0
    taken: int = 0  # of the capacity
    free: int = 0
    waiting: int = 0
    mine: Mine | None = None
    place: int = 0  # one's own in line, from 1

    @property
    def takes_part(self) -> bool:
        """Whether the reader's own seat, offer or place is what the panel is about."""
        return self.mine in _ALIVE and self.phase not in (Phase.CANCELLED, Phase.OVER)

    @property
    def ahead(self) -> int:
        """How many stand before the reader in line."""
        return max(self.place - 1, 0)

    @property
    def can_register(self) -> bool:
        return self.phase in (Phase.OPEN, Phase.FULL)


_ALIVE = (Mine.REGISTERED, Mine.OFFERED, Mine.WAITING)
_ENDED = {
    Registration.State.LAPSED: Mine.LAPSED,
    Registration.State.CANCELLED: Mine.CANCELLED,
    Registration.State.HANDED_ON: Mine.HANDED_ON,
    Registration.State.CONFIRMED: Mine.REGISTERED,
}


def panel_for(
    forum: Forum, seating: Seating | None, now: datetime, *, own: Registration | None = None, place: int = 0
) -> Panel:
    """What is so at this instant. `own` is the reader's registration, `place` its number in line while it waits."""
    phase, mine = phase_of(forum, seating, now), mine_of(own, forum, now) if own else None
    if seating is None:
        return Panel(phase, mine=mine, place=place)
    return Panel(
        phase,
        capacity=seating.capacity,
        taken=min(seating.held, seating.capacity),
        free=seating.free,
        waiting=seating.waiting,
        mine=mine,
        place=place if mine is Mine.WAITING else 0,
    )


def phase_of(forum: Forum, seating: Seating | None, now: datetime) -> Phase:
    """Where the forum stands at this instant, for somebody who is not registered."""
    if forum.status == Forum.Status.CANCELLED:
        return Phase.CANCELLED
    if forum.ends_at <= now:
        return Phase.OVER
    if forum.starts_at <= now:
        return Phase.UNDER_WAY
    if seating is None or forum.registration_opens_at is None:
        return Phase.NOT_TAKING
    try:
        check_open(forum, now)
    except NotOpenYet:
        return Phase.OPENS_LATER
    except (RegistrationClosed, ForumCancelled):
        return Phase.CLOSED
    return Phase.OPEN if seating.free else Phase.FULL


def mine_of(own: Registration, forum: Forum, now: datetime) -> Mine:
    """Where a registration stands at this instant. An offer is gone with its deadline, noted or not."""
    ended = _ENDED.get(Registration.State(own.state))
    if ended is not None:
        return ended
    if own.offer_expires_at is not None:
        return Mine.OFFERED if now < own.offer_expires_at else Mine.LAPSED
    return Mine.WAITING if now < forum.starts_at else Mine.WAITED

"""THE seat rule: who gets a seat, who waits, and who is next.

The law, as the association states it:

1. A forum has as many seats as its capacity. Who is registered holds one; an offer holds one until its deadline.
2. Who asks while a seat is free that nobody in line could take gets it at once. Everybody else goes to the end of the
   line. The order of the line is the order in which requests were admitted.
3. A seat that becomes free goes to the first in line in the same transaction: as an offer that holds it until the
   deadline, or at once where the forum asks nobody, where they said so beforehand, or where the forum is near.
4. A team that stays together is one party: it gets seats for all who wait in it, or none yet. Until there are enough it
   keeps its place, those behind it may pass, and each pass is on record.
5. An offer that is not answered by its deadline lapses, also when nobody was there to note it. Who let it lapse leaves
   the line and is not asked again, unless they join it anew.
6. A larger capacity brings the next in line in. A smaller one evicts nobody: no seat is given until as many have left
   as are over.
7. Staff may bring in one chair more for one person, for a reason. Who waits is passed over, on record; the chair goes
   when the person goes. Nothing else goes beyond the capacity: the database refuses it (`forums.models.registrations`).
8. Seats are given until the forum starts, while it is announced and not cancelled. From then on somebody at the door
   may take the empty chair of somebody who did not come, by a chair of the kind of 7 (`forums.check_in`).

Whoever gives or takes a seat or a place holds the lock on the forum's seating (`locked`), which also settles what time
has brought about. The verbs are in `forums.registrations`, `forums.teams`, `forums.handing_on` and `forums.capacity`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, OuterRef, QuerySet, Subquery

from cosn_site.prepared import Prepared, columns, instance
from cosn_site.verbs import StepRefused
from forums.letters import post
from forums.models import Forum, HandOn, LetterKind, Registration, Seating, Skip, Team

State = Registration.State
SHORTEST_OFFER = timedelta(hours=2)
PART_OF_WHAT_IS_LEFT = 4  # an offer lasts a quarter of the time to the forum at most


class SeatRefused(StepRefused):
    """A step that makes no sense with this forum or this registration."""


class NoSeating(SeatRefused):
    sentence = "This forum takes no registrations."


# --- the rule: pure ---------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Party:
    """Who stands in line as one: a person, or a team that stays together. `members` are in the order of the line."""

    members: tuple[int, ...]
    at_once: bool = False

    @property
    def size(self) -> int:
        return len(self.members)


@dataclass(frozen=True, slots=True)
class Served:
    """A party that gets its seats now; the larger ones before it that it passes, and how many seats were free then."""

    party: Party
    passed: tuple[Party, ...]
    free: int


def next_served(line: Iterable[Party], free: int) -> Iterator[Served]:
    """Who of the line gets seats when so many are free, the first in line first."""
    passed: list[Party] = []
    for party in line:
        if free <= 0:
            return
        if party.size <= free:
            yield Served(party, tuple(passed), free)
            free -= party.size
        else:
            passed.append(party)


def offer_until(now: datetime, *, starts_at: datetime, hours: int) -> datetime | None:
    """The deadline of an offer that is made now, to the minute; None where the seat is theirs at once.

    So many hours, but never more than a quarter of the time that is left; and where that is less than two hours there
    is no time to ask.
    """
    lasts = min(timedelta(hours=hours), (starts_at - now) / PART_OF_WHAT_IS_LEFT)
    if hours == 0 or lasts < SHORTEST_OFFER:
        return None
    return (now + lasts).replace(second=0, microsecond=0)


def gives_seats(forum: Forum, now: datetime) -> bool:
    """Whether seats are still given: it is announced, not cancelled, and has not begun."""
    return forum.status == Forum.Status.PUBLISHED and now < forum.starts_at


# --- under the lock ---------------------------------------------------------------------------------------------------
def locked(forum_id: int, now: datetime) -> Seating:
    """The forum's seating, its row locked to the end of the transaction, and settled at this instant.

    The forum and the first deadline are read after the lock is had: while one waited for it the forum may have been
    cancelled and an offer made, and the statement that waited sees no row but the locked one as it is by then. Two
    statements when there is nothing to settle. Raises `NoSeating`.
    """
    for values in _lock(forum_id):
        seating = instance(Seating, _SEATING, values)
        ((*forum, first_deadline),) = _forum(forum_id)
        seating.forum = instance(Forum, _FORUM, forum)
        is_due = first_deadline is not None and first_deadline <= now
        if is_due or (seating.free and seating.waiting):
            settle(seating, now)
        return seating
    raise NoSeating


_SEATING, _FORUM = columns(Seating), columns(Forum, without=["body", "summary", "audience"])
_first_deadline = Subquery(
    Registration.objects.filter(forum=OuterRef("pk"), state=State.OFFERED)
    .order_by("offer_expires_at")
    .values("offer_expires_at")[:1]
)
_lock = Prepared(
    "lock_a_seating",
    ["bigint"],
    lambda forum: Seating.objects.filter(pk=forum).select_for_update(of=("self",)).values_list(*_SEATING),
)
_forum = Prepared(
    "forum_of_a_seating",
    ["bigint"],
    lambda forum: Forum.objects.filter(pk=forum).values_list(*_FORUM, _first_deadline),
)


def settle(seating: Seating, now: datetime) -> None:
    """Let offers lapse whose deadline has passed, and give what is free to the next in line. Safe to run twice."""
    expired = list(_expired(seating.pk, now).order_by("place").values_list("pk", flat=True))
    if expired:
        put(expired, State.LAPSED, now)
        post(LetterKind.LAPSED, expired, now=now)
    fill(seating, now)


def fill(seating: Seating, now: datetime) -> None:
    """Give the free seats to the next in line, and refresh the counts of the seating. Under its lock."""
    seating.refresh_from_db(fields=["capacity", "held", "extra", "waiting", "last_place"])
    if not (seating.free and seating.waiting and gives_seats(seating.forum, now)):
        return
    for served in list(next_served(_line(seating), seating.free)):
        _serve(seating.forum, served, now)
    seating.refresh_from_db(fields=["held", "extra", "waiting"])


def foresee(seating: Seating, capacity: int, now: datetime) -> list[Served]:
    """Who would get seats now if there were so many chairs. Writes nothing."""
    if not gives_seats(seating.forum, now):
        return []
    imagined = Seating(forum=seating.forum, capacity=capacity, held=seating.held, waiting=seating.waiting)
    return list(next_served(_line(imagined), imagined.free))


def put(rows: Sequence[int], state: Registration.State, now: datetime, offer_expires_at: datetime | None = None) -> int:
    """Put registrations into a state; their calendar entries get a new sequence. Answers how many.

    What ends is held out to nobody any longer: whoever registers anew holds something else.
    """
    if state not in Registration.ALIVE:
        HandOn.objects.open().filter(registration__in=rows).update(withdrawn_at=now)
    return Registration.objects.filter(pk__in=rows).update(
        state=state, settled_at=now, revision=F("revision") + 1, offer_expires_at=offer_expires_at
    )


def pass_over(passed: Iterable[int], in_favor_of: int, reason: Skip.Reason, *, free: int, now: datetime) -> None:
    """Write down who in line was passed over, for whom and why."""
    Skip.objects.bulk_create(
        Skip(registration_id=pk, in_favor_of_id=in_favor_of, reason=reason, free_seats=free, at=now) for pk in passed
    )


def waiting_together(seating: Seating) -> list[int]:
    """Who waits in teams that stay together, the first in line first."""
    together = Registration.objects.in_line().filter(forum=seating.pk, team__mode=Team.Mode.TOGETHER)
    return list(together.values_list("pk", flat=True))


def _expired(forum: int | OuterRef, now: datetime) -> QuerySet[Registration]:
    return Registration.objects.filter(forum_id=forum, state=State.OFFERED, offer_expires_at__lte=now)


def _line(seating: Seating) -> list[Party]:
    """As much of the line as can matter for the free seats, as parties."""
    far = seating.free + len(waiting_together(seating))
    rows = Registration.objects.in_line().filter(forum=seating.pk)
    parties: dict[object, list[tuple[int, bool]]] = {}
    for pk, team, mode, at_once in rows.values_list("pk", "team", "team__mode", "takes_seat_at_once")[:far]:
        key = ("team", team) if mode == Team.Mode.TOGETHER else pk
        parties.setdefault(key, []).append((pk, at_once))
    return [Party(tuple(pk for pk, _ in rows), all(at_once for _, at_once in rows)) for rows in parties.values()]


def _serve(forum: Forum, served: Served, now: datetime) -> None:
    deadline = None
    if not served.party.at_once:
        deadline = offer_until(now, starts_at=forum.starts_at, hours=forum.offer_hours)
    state = State.CONFIRMED if deadline is None else State.OFFERED
    put(served.party.members, state, now, deadline)
    post(LetterKind.REGISTERED if deadline is None else LetterKind.OFFERED, served.party.members, now=now)
    for party in served.passed:
        first = served.party.members[0]
        pass_over(party.members, first, Skip.Reason.TEAM_TOO_LARGE, free=served.free, now=now)

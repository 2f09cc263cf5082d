"""Verbs of the door: somebody came in, did not after all, or came without a seat.

Several doors check in at once, and a device may have been without a network for an hour. What reaches us first counts.
Whatever else says the same later is kept beside it with its conflict, for somebody to look at, and changes nothing.

Who comes without a seat, before the forum begins, gets one if one is free: the chairs of the others are still theirs.
From the start on the seats are no longer given (`forums.allocation`, 8), and chairs stay empty whose people did not
come. A walk-in takes one of these by an override, so that each is on record; when every chair is sat on, only staff who
bring in one more, and say why, can let anybody in.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from django.db import transaction

from cosn_site.verbs import audited
from forums.allocation import SeatRefused, gives_seats, locked, pass_over, waiting_together
from forums.letters import post
from forums.models import CheckIn, Forum, LetterKind, Registration, Seating, Skip
from forums.registrations import Details, NoOffer, accept_offer, admit, admit_beyond_capacity
from forums.templatetags.forum_words import clock_face
from members.models import User

State, Conflict, Way = Registration.State, CheckIn.Conflict, CheckIn.Way
WALKED_IN = "Walked in"
LONGEST_DOOR = 40


class NotAnnounced(SeatRefused):
    sentence = "Nobody is checked in: this forum is a draft, or it is cancelled."


class NotCheckedIn(SeatRefused):
    sentence = "This check-in is undone already, or it never counted."


class EverySeatIsHeld(SeatRefused):
    sentence = (
        "Every seat is held, and the forum has not begun: its people may still come. "
        "Try again when it has begun, or say why one chair more is brought in."
    )


class EveryChairIsTaken(SeatRefused):
    sentence = "Somebody sits on every chair. Say why one chair more is brought in."


@dataclass(frozen=True, slots=True)
class Entry:
    """A check-in as a device kept it. `at` is by the clock of the device."""

    entry: UUID
    registration: int
    at: datetime
    door: str = ""
    way: CheckIn.Way = Way.BY_NAME


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an entry, in a sentence for whoever stands at the door; `conflict` is empty when it counts."""

    entry: UUID
    conflict: str
    sentence: str


def check_in(
    *,
    registration: Registration,
    entry: UUID,
    at: datetime,
    door: str = "",
    way: CheckIn.Way,
    by: User | None,
    now: datetime,
) -> CheckIn:
    """Note that they came through this door. The same `entry` a second time is the same check-in.

    The first that reaches us counts; a second one, and one of somebody without a seat, comes back with its `conflict`.
    A time in the future is cut to now. Whoever comes while a seat is held out to them takes it by coming.
    Raises `NotAnnounced`.
    """
    if registration.forum.status != Forum.Status.PUBLISHED:
        raise NotAnnounced
    _take_what_is_offered(registration, by, now)
    with transaction.atomic(), audited("check_in", by=by):
        # two doors at once: the second waits here, and finds what the first wrote
        row = Registration.objects.select_for_update(of=("self",)).get(pk=registration.pk)
        known = CheckIn.objects.filter(entry=entry).first()
        if known is not None:
            return known
        conflict = Conflict.NONE
        if row.state != State.CONFIRMED:
            conflict = Conflict.NO_SEAT
        elif CheckIn.objects.counting().filter(registration=row).exists():
            conflict = Conflict.ALREADY_IN
        return CheckIn.objects.create(
            registration=row,
            entry=entry,
            at=min(at, now),
            received_at=now,
            door=" ".join(door.split())[:LONGEST_DOOR],
            way=way,
            by=by,
            conflict=conflict,
        )


def _take_what_is_offered(registration: Registration, by: User | None, now: datetime) -> None:
    if registration.state == State.OFFERED:
        try:
            accept_offer(registration=registration, by=by, now=now)
        except NoOffer:
            return  # its deadline has passed; the check-in is kept, as one without a seat


def undo_check_in(*, check_in: CheckIn, by: User | None, now: datetime) -> CheckIn:
    """They did not come after all. It stays on record, and a later check-in counts. Raises `NotCheckedIn`."""
    with transaction.atomic(), audited("undo_check_in", by=by):
        row = CheckIn.objects.counting().select_for_update(of=("self",)).filter(pk=check_in.pk).first()
        if row is None:
            raise NotCheckedIn
        row.undone_at = now
        row.save(update_fields=["undone_at"])
    return row


def reconcile(*, forum: Forum, entries: Iterable[Entry], by: User | None, now: datetime) -> list[Outcome]:
    """Take over what a device kept, each entry for itself, in its order. Safe to send twice.

    Raises `NotAnnounced`.
    """
    entries = list(entries)
    people = Registration.objects.filter(forum=forum).select_related("forum", "person")
    rows = people.in_bulk([entry.registration for entry in entries])
    outcomes = []
    for entry in entries:
        row = rows.get(entry.registration)
        if row is None:
            outcomes.append(Outcome(entry.entry, "unknown", "We know no such registration for this forum."))
            continue
        made = check_in(
            registration=row, entry=entry.entry, at=entry.at, door=entry.door, way=entry.way, by=by, now=now
        )
        outcomes.append(Outcome(entry.entry, made.conflict, in_words(made, row)))
    return outcomes


def in_words(made: CheckIn, row: Registration) -> str:
    """What a check-in came to, for the door."""
    if made.conflict == Conflict.NO_SEAT:
        return f"{row.person} holds no seat. Let them in as a walk-in if a chair is free."
    if made.conflict == Conflict.ALREADY_IN:
        first = CheckIn.objects.counting().filter(registration=row).first()
        when = f" at {clock_face(first.at.astimezone(row.forum.zone))}" if first else ""
        where = f", {first.door}" if first and first.door else ""
        return f"{row.person} was checked in already{when}{where}. This second check-in is kept and does not count."
    return f"{row.person} is checked in."


# --- without a seat ---------------------------------------------------------------------------------------------------
def walk_in(
    *, forum: Forum, person: User, details: Details, door: str = "", reason: str = "", by: User, now: datetime
) -> CheckIn:
    """Seat somebody who stands at the door without a seat, and check them in; who has a seat is checked in.

    Whoever waits in line, had cancelled or never registered is treated alike: they are here. With a `reason` staff
    bring in a chair where none is free. Raises `NotAnnounced`, `EverySeatIsHeld`, `EveryChairIsTaken`, `NoSeating`,
    `RegistrationClosed` when the forum is over.
    """
    if forum.status != Forum.Status.PUBLISHED:
        raise NotAnnounced
    with transaction.atomic(), audited("walk_in", by=by):
        seating = locked(forum.pk, now)
        row = Registration.objects.filter(forum=forum, person=person).first()
        if row is None or not row.holds_a_seat:
            row = _seat(seating, row, person, details, reason=reason, by=by, now=now)
        row.forum = seating.forum
        return check_in(registration=row, entry=uuid4(), at=now, door=door, way=Way.WALKED_IN, by=by, now=now)


def empty_chairs(seating: Seating) -> int:
    """Chairs of the room that nobody sits on: those of the capacity, and those brought in, less who came."""
    brought_in = Registration.objects.filter(forum=seating.pk, override__isnull=False)
    chairs = seating.capacity + brought_in.exclude(override__reason=WALKED_IN).count()
    return max(chairs - CheckIn.objects.counting().filter(registration__forum=seating.pk).count(), 0)


def _seat(
    seating: Seating, row: Registration | None, person: User, details: Details, *, reason: str, by: User, now: datetime
) -> Registration:
    """A free seat before the start, an empty chair from then on, or one that is brought in. Under the lock."""
    forum = seating.forum
    if gives_seats(forum, now) and seating.free:
        return _give_free_seat(seating, row, person, details, now)
    if not gives_seats(forum, now) and empty_chairs(seating):
        reason = WALKED_IN
    elif not reason.strip():
        raise EverySeatIsHeld if gives_seats(forum, now) else EveryChairIsTaken
    return admit_beyond_capacity(forum=forum, person=person, details=details, reason=reason, by=by, now=now)


def _give_free_seat(
    seating: Seating, row: Registration | None, person: User, details: Details, now: datetime
) -> Registration:
    """Who still waits while a seat is free waits for a team that stays together; who is here need not wait for it."""
    if row is None or row.state != State.WAITING:
        row = row or Registration(forum=seating.forum, person=person)
        admit(seating, [row], details=details, now=now)
        return row
    passed = [pk for pk in waiting_together(seating) if pk != row.pk]
    Registration.objects.filter(pk=row.pk).update(state=State.CONFIRMED, settled_at=now, team=None)
    pass_over(passed, row.pk, Skip.Reason.TEAM_TOO_LARGE, free=seating.free, now=now)
    post(LetterKind.REGISTERED, [row.pk], now=now)
    row.refresh_from_db()
    return row

"""Verbs on one registration: register, accept an offer, cancel, change what was said.

The law is in `forums.allocation`.
"""

import secrets
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from django.db import IntegrityError, connection, transaction
from django.db.models import F

from cosn_site.clock import in_full
from cosn_site.prepared import Prepared, PreparedInsert, columns, instance
from cosn_site.verbs import audited
from forums.allocation import (
    SeatRefused,
    fill,
    gives_seats,
    locked,
    pass_over,
    put,
    waiting_together,
)
from forums.letters import post
from forums.models import Answer, Forum, LetterKind, Override, Question, Registration, Seating, Skip, Team
from forums.short_way import take_what_there_is
from members.models import Organization, User

State = Registration.State
TICKET_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that is misread or misheard
TICKET_LENGTH = 12


class NotOpenYet(SeatRefused):
    """Registration opens later."""


class RegistrationClosed(SeatRefused):
    sentence = "Registration for this forum is closed."


class ForumCancelled(SeatRefused):
    sentence = "This forum is cancelled."


class AlreadyRegistered(SeatRefused):
    sentence = "You are registered for this forum already."


class NothingToCancel(SeatRefused):
    sentence = "This registration is no longer in force. There is nothing to cancel."


class ForumIsOver(SeatRefused):
    sentence = "The forum has begun. Nothing can be changed any more."


class NoOffer(SeatRefused):
    sentence = "This offer is gone: its deadline has passed, or it was answered."


@dataclass(frozen=True, slots=True)
class Details:
    """What a registration says of its person, as it is on the day of the forum."""

    organization: Organization | None = None
    organization_name: str = ""
    title: str = ""
    us_state: str = ""
    takes_seat_at_once: bool = False


_COLUMNS = columns(Registration)
_of_a_person = Prepared(
    "registration_of_a_person",
    ["bigint", "bigint"],
    lambda forum, person: Registration.objects.filter(forum=forum, person=person).order_by().values_list(*_COLUMNS),
)
_write = PreparedInsert("write_a_registration", Registration, returning=("seat_number", "place"))


def registration_at(forum: Forum, person: User) -> Registration | None:
    """The person's registration at the forum, whatever its state. One statement."""
    for values in _of_a_person(forum.pk, person.pk):
        row = instance(Registration, _COLUMNS, values)
        row.forum, row.person = forum, person
        return row
    return None


def check_open(forum: Forum, now: datetime) -> None:
    """Whether one can register now. Raises `ForumCancelled`, `NotOpenYet`, `RegistrationClosed`."""
    if forum.status == Forum.Status.CANCELLED:
        raise ForumCancelled
    opens, closes = forum.registration_opens_at, forum.registration_closes_at
    if not gives_seats(forum, now) or opens is None or (closes is not None and closes <= now):
        raise RegistrationClosed
    if opens > now:
        raise NotOpenYet(f"Registration opens on {in_full(opens.astimezone(forum.zone).date())}.")


def register(
    *,
    forum: Forum,
    person: User,
    details: Details,
    answers: Mapping[Question, str] | None = None,
    by: User | None,
    now: datetime,
) -> Registration:
    """A seat if one is free for them, otherwise the last place in line; and the message that says so.

    Raises `ForumCancelled`, `NotOpenYet`, `RegistrationClosed`, `NoSeating`, `AlreadyRegistered`.
    """
    check_open(forum, now)
    row = Registration(forum=forum, person=person, state=State.WAITING)
    start_anew(row, details, now)
    given = {question: value for question, value in (answers or {}).items() if value}
    # The one trip is a transaction of its own, which ends with the lock.
    together = transaction.atomic() if given or connection.in_atomic_block else nullcontext()
    try:
        with together, audited("register", by=by):
            if take_what_there_is(row, now):
                save_answers(row, given)
                return row
        return _register_the_long_way(forum, person, details, answers or {}, by, now)
    except IntegrityError as error:
        if "one_registration_per_person" not in str(error):
            raise
    return _register_the_long_way(forum, person, details, answers or {}, by, now)  # they were registered before


def _register_the_long_way(
    forum: Forum, person: User, details: Details, answers: Mapping[Question, str], by: User | None, now: datetime
) -> Registration:
    """Under the lock, with all that there is to weigh."""
    with transaction.atomic(), audited("register", by=by):
        seating = locked(forum.pk, now)
        check_open(seating.forum, now)
        row = registration_at(forum, person) or Registration(forum=forum, person=person)
        admit(seating, [row], details=details, now=now)
        save_answers(row, answers)
    return row


def admit(
    seating: Seating,
    rows: Sequence[Registration],
    *,
    details: Details,
    titles: Mapping[int, str] = MappingProxyType({}),
    team: Team | None = None,
    override: Override | None = None,
    now: datetime,
) -> None:
    """Give these people, in their order, what the law gives who asks now: seats, or the end of the line.

    Under the seating's lock, settled. `titles` by person take the place of the one in the details. Those of a team that
    stays together get seats only when there is one for each.
    Raises `AlreadyRegistered`.
    """
    free = seating.free if gives_seats(seating.forum, now) else 0
    if team is not None and team.mode == Team.Mode.TOGETHER and free < len(rows):
        free = 0
    if override is not None:
        free = len(rows)
    # Who still waits while a seat is free waits in a team that is too large for what is free: the seating is settled.
    passed = waiting_together(seating) if free and seating.waiting and override is None else []
    for number, row in enumerate(rows):
        came_before = row.pk is not None
        if came_before:
            row.refresh_from_db()
        if row.is_alive:
            raise AlreadyRegistered
        start_anew(row, details, now)
        row.title = titles.get(row.person_id, details.title)
        row.team, row.override = team, override
        row.state = State.CONFIRMED if number < free else State.WAITING
        if came_before:
            row.save()
            row.refresh_from_db(fields=["seat_number", "place"])
        else:
            _write(row)
        if passed and number < free:
            pass_over(passed, row.pk, Skip.Reason.TEAM_TOO_LARGE, free=free - number, now=now)
    seated, waiting = [row.pk for row in rows[:free]], [row.pk for row in rows[free:]]
    post(LetterKind.REGISTERED, seated, now=now)
    post(LetterKind.WAITLISTED, waiting, now=now)


def write_details(row: Registration, details: Details) -> None:
    """Set what a registration says of its person; not saved."""
    row.organization, row.organization_name = details.organization, details.organization_name
    row.title, row.us_state, row.takes_seat_at_once = details.title, details.us_state, details.takes_seat_at_once


def start_anew(row: Registration, details: Details, now: datetime) -> None:
    """What a new registration says, also where the row is one that was cancelled before; not saved."""
    write_details(row, details)
    row.seat_number = row.place = row.offer_expires_at = row.team = row.override = None
    row.reason, row.ticket = "", new_ticket()
    row.registered_at = row.settled_at = now
    row.revision += 1


def new_ticket() -> str:
    """What the QR code of a ticket holds: 58 bits, enough that nobody guesses one at a door."""
    return "".join(secrets.choice(TICKET_ALPHABET) for _ in range(TICKET_LENGTH))


def save_answers(row: Registration, answers: Mapping[Question, str]) -> None:
    """Write what was answered; an empty answer is none."""
    given = [Answer(registration=row, question=question, value=value) for question, value in answers.items() if value]
    empty = [question for question, value in answers.items() if not value]
    if empty:
        Answer.objects.filter(registration=row, question__in=empty).delete()
    if given:
        Answer.objects.bulk_create(
            given, update_conflicts=True, unique_fields=["registration", "question"], update_fields=["value"]
        )


def accept_offer(*, registration: Registration, by: User | None, now: datetime) -> Registration:
    """The seat that is kept for them is theirs; in a team that stays together, for all of it. Raises `NoOffer`."""
    with transaction.atomic(), audited("accept_offer", by=by):
        row = _locked_row(registration, now)
        if row.state == State.OFFERED:
            rows = _who_was_offered_with(row)
            put(rows, State.CONFIRMED, now)
            post(LetterKind.REGISTERED, rows, now=now)
    row.refresh_from_db()  # what time has brought about stays, also where the answer came too late
    if row.state != State.CONFIRMED:
        raise NoOffer
    return row


def _who_was_offered_with(row: Registration) -> list[int]:
    if row.team is None or row.team.mode != Team.Mode.TOGETHER:
        return [row.pk]
    return list(row.team.registrations.filter(state=State.OFFERED).order_by("place").values_list("pk", flat=True))


def cancel(*, registration: Registration, reason: str = "", by: User | None, now: datetime) -> Registration:
    """Give the seat, the offer or the place in line back; the next in line gets the seat in the same transaction.

    Raises `NothingToCancel`, `ForumIsOver`.
    """
    with transaction.atomic(), audited("cancel", by=by):
        row = _locked_row(registration, now)
        if not row.is_alive:
            raise NothingToCancel
        if now >= row.forum.starts_at:
            raise ForumIsOver
        Registration.objects.filter(pk=row.pk).update(reason=reason.strip()[:200])
        put([row.pk], State.CANCELLED, now)
        post(LetterKind.CANCELLED, [row.pk], now=now)
        fill(row.forum.seating, now)
    row.refresh_from_db()
    return row


def change_details(
    *,
    registration: Registration,
    details: Details,
    answers: Mapping[Question, str] | None = None,
    by: User | None,
    now: datetime,
) -> Registration:
    """Change what was said at registration; the seat and the place stay. Raises `NothingToCancel`, `ForumIsOver`."""
    with transaction.atomic(), audited("change_details", by=by):
        row = Registration.objects.select_for_update(of=("self",)).select_related("forum").get(pk=registration.pk)
        if not row.is_alive:
            raise NothingToCancel("This registration is no longer in force. There is nothing to change.")
        if now >= row.forum.starts_at:
            raise ForumIsOver
        write_details(row, details)
        row.save(update_fields=["organization", "organization_name", "title", "us_state", "takes_seat_at_once"])
        save_answers(row, answers or {})
    return row


def _locked_row(registration: Registration, now: datetime) -> Registration:
    """The registration as it stands under the lock on its forum's seating, which is settled."""
    seating = locked(registration.forum_id, now)
    row = Registration.objects.select_related("person", "team").get(pk=registration.pk)
    row.forum = seating.forum
    row.forum.seating = seating
    return row


# --- by staff ---------------------------------------------------------------------------------------------------------
class SeatsAreFree(SeatRefused):
    sentence = "A seat is free for them without it. Register them as everybody else."


class ReasonMissing(SeatRefused):
    sentence = "Say why one chair more is brought in."


def admit_beyond_capacity(
    *, forum: Forum, person: User, details: Details, reason: str, by: User, now: datetime
) -> Registration:
    """One chair more for this person, who may stand in line already. Who waits before them is passed over, on record.

    Raises `ReasonMissing`, `SeatsAreFree`, `AlreadyRegistered`, `NoSeating`, `RegistrationClosed`.
    """
    if not reason.strip():
        raise ReasonMissing
    with transaction.atomic(), audited("admit_beyond_capacity", by=by):
        seating = locked(forum.pk, now)
        if forum.status != Forum.Status.PUBLISHED or now >= forum.ends_at:
            raise RegistrationClosed
        if seating.free and gives_seats(seating.forum, now):
            raise SeatsAreFree
        row = registration_at(forum, person)
        if row is not None and row.holds_a_seat:
            raise AlreadyRegistered("They have a seat already, or an offer of one.")
        chair = Override.objects.create(forum=forum, person=person, reason=reason.strip()[:300], by=by, at=now)
        ahead = Registration.objects.in_line().filter(forum=forum)
        if row is not None and row.state == State.WAITING:
            ahead = ahead.filter(place__lt=row.place)
            passed = list(ahead.values_list("pk", flat=True))
            Registration.objects.filter(pk=row.pk).update(
                state=State.CONFIRMED, settled_at=now, override=chair, revision=F("revision") + 1
            )
            row.refresh_from_db()
            post(LetterKind.REGISTERED, [row.pk], now=now)
        else:
            passed = list(ahead.values_list("pk", flat=True))
            row = row or Registration(forum=forum, person=person)
            admit(seating, [row], details=details, override=chair, now=now)
        pass_over(passed, row.pk, Skip.Reason.OVERRIDE, free=0, now=now)
    return row

"""Verbs on handing a seat or a place in line to a colleague without losing it. The law is in `forums.allocation`.

It stays with its holder until the colleague takes it by the button behind the link in their mail; whatever it has
become by then, a place in line or a seat, is what they take. When it ends before, it is held out no longer.
"""

from datetime import datetime

from django.db import transaction

from cosn_site.verbs import audited
from forums.allocation import SeatRefused, locked
from forums.letters import post, send_hand_on
from forums.models import HandOn, LetterKind, Override, Registration
from forums.registrations import Details, ForumIsOver, start_anew
from members.links import hash_of
from members.models import User

State = Registration.State


class NothingToHandOn(SeatRefused):
    sentence = "This registration is no longer in force. There is nothing to hand on."


class OwnAddress(SeatRefused):
    sentence = "This is your own address. Give your colleague’s."


class AlreadyHeldOut(SeatRefused):
    """It is held out to somebody already."""


class HandOnClosed(SeatRefused):
    sentence = "This was taken, or taken back. Nothing can be done with this link any more."


class HasOneAlready(SeatRefused):
    sentence = "You are registered for this forum already, so you need no other seat or place in line."


def find_hand_on(secret: str) -> HandOn | None:
    """Whose link this is; None for a secret that is nobody's (any more)."""
    found = HandOn.objects.filter(token_hash=hash_of(secret))
    return found.select_related("registration__forum__seating", "registration__person").first()


def hold_out(*, registration: Registration, email: str, name: str, by: User | None, now: datetime) -> HandOn:
    """Hold the seat or the place out to a colleague, who is mailed a link.

    Raises `OwnAddress`, `NothingToHandOn`, `AlreadyHeldOut`, `ForumIsOver`.
    """
    email = User.objects.normalize_email(email.strip())
    if email.lower() == registration.person.email.lower():
        raise OwnAddress
    with transaction.atomic(), audited("hold_out", by=by):
        row = _alive(registration, now)
        open_one = row.hand_ons.open().first()
        if open_one is not None:
            raise AlreadyHeldOut(f"It is held out to {open_one.email}. Take that back first.")
        hand_on = HandOn.objects.create(registration=row, email=email, name=" ".join(name.split()), made_at=now)
        send_hand_on.enqueue(hand_on.pk)
    return hand_on


def take_back(*, hand_on: HandOn, by: User | None, now: datetime) -> None:
    """The colleague's link works no longer; it stays with its holder. Raises `HandOnClosed`."""
    with transaction.atomic(), audited("take_back", by=by):
        locked(hand_on.registration.forum_id, now)
        if not HandOn.objects.open().filter(pk=hand_on.pk).update(withdrawn_at=now):
            raise HandOnClosed
    hand_on.refresh_from_db()


def take(*, hand_on: HandOn, person: User, details: Details, by: User | None, now: datetime) -> Registration:
    """The colleague has it from now on: the same seat or the same place, with the same deadline where it is an offer.

    Raises `HandOnClosed`, `NothingToHandOn`, `HasOneAlready`, `ForumIsOver`.
    """
    with transaction.atomic(), audited("take", by=by):
        giver = _alive(hand_on.registration, now)
        if not HandOn.objects.open().filter(pk=hand_on.pk).exists():
            raise HandOnClosed
        row = Registration.objects.filter(forum=giver.forum, person=person).first()
        row = row or Registration(forum=giver.forum, person=person)
        if row.is_alive:
            raise HasOneAlready
        _pass_on(giver, row, details, now)
        HandOn.objects.filter(pk=hand_on.pk).update(taken_at=now, taken_by=row)
        post(LetterKind.CANCELLED, [giver.pk], now=now)
        post(_ABOUT[State(row.state)], [row.pk], now=now)
    row.refresh_from_db()
    return row


_ABOUT = {
    State.CONFIRMED: LetterKind.REGISTERED,
    State.OFFERED: LetterKind.OFFERED,
    State.WAITING: LetterKind.WAITLISTED,
}


def _pass_on(giver: Registration, row: Registration, details: Details, now: datetime) -> None:
    """Seat number, place, deadline and team go to the row. The giver lets go first: both are one person's only."""
    chair = giver.override
    start_anew(row, details, now)
    row.state, row.seat_number, row.place = giver.state, giver.seat_number, giver.place
    row.offer_expires_at, row.team = giver.offer_expires_at, giver.team
    Registration.objects.filter(pk=giver.pk).update(
        state=State.HANDED_ON, place=None, offer_expires_at=None, team=None, settled_at=now, revision=giver.revision + 1
    )
    if chair is not None:
        row.override = Override.objects.create(
            forum=giver.forum, person=row.person, reason=chair.reason, by=chair.by, at=chair.at
        )
    row.save()


def _alive(registration: Registration, now: datetime) -> Registration:
    seating = locked(registration.forum_id, now)
    row = Registration.objects.select_related("person", "override", "team").get(pk=registration.pk)
    row.forum = seating.forum
    if not row.is_alive:
        raise NothingToHandOn
    if now >= seating.forum.starts_at:
        raise ForumIsOver
    return row

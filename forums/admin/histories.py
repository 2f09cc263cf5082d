"""A registration told as its story: state by state, who did it and by which verb, and the letters it brought.

From the audit trail and from rows that are never deleted. Answers are not part of it.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model

from forums.models import CheckIn, Registration, Skip
from forums.templatetags.forum_words import ordinal
from members.admin.histories import Chapter

State = Registration.State
_CAME = {
    State.CONFIRMED: "Registered with a seat",
    State.OFFERED: "Was offered a seat",
    State.WAITING: "Came into the line",
    State.CANCELLED: "Cancelled",
    State.LAPSED: "The offer was not answered in time",
    State.HANDED_ON: "Handed it to a colleague",
}


def story_of(registration: Registration) -> list[Chapter]:
    """What happened, the latest first. A fixed number of statements."""
    chapters = [
        *_states(registration),
        *_letters(registration),
        *_skips(registration),
        *_hand_ons(registration),
        *_check_ins(registration),
    ]
    names = {one.who for one in chapters if one.who.isdecimal()}
    people = {str(person.pk): str(person) for person in get_user_model().objects.filter(pk__in=names)}
    told = [replace(one, who=people.get(one.who, one.who)) for one in chapters]
    told.reverse()  # of two at the same time, the one that was told later is above
    return sorted(told, key=lambda one: one.at, reverse=True)


def _states(registration: Registration) -> Iterator[Chapter]:
    events = apps.get_model("forums", "RegistrationEvent").objects.filter(pgh_obj_id=registration.pk)
    before: Any = None
    for event in events.select_related("pgh_context").order_by("pgh_id"):
        context = event.pgh_context.metadata if event.pgh_context else {}
        who = str(context.get("user") or "the system")
        verb = str(context.get("verb") or "").replace("_", " ")
        if before is None or event.state != before.state:
            yield Chapter(event.pgh_created_at, _CAME[State(event.state)], _details(event, verb), who)
        elif event.seat_number != before.seat_number or event.person_id != before.person_id:
            yield Chapter(event.pgh_created_at, "It changed hands", _details(event, verb), who)
        elif event.place != before.place and event.place:
            yield Chapter(event.pgh_created_at, "Its place in line changed", _details(event, verb), who)
        before = event


def _details(event: Any, verb: str) -> str:
    parts = []
    if event.seat_number:
        chair = " brought in beyond the capacity" if event.override_id else ""
        parts.append(f"Seat {event.seat_number}{chair}")
    elif event.state == State.WAITING:
        parts.append(f"The {ordinal(event.place)} to come into the line")
    if event.reason:
        parts.append(f"“{event.reason}”")
    if verb:
        parts.append(f"by “{verb}”")
    return "; ".join(parts)


def _letters(registration: Registration) -> Iterator[Chapter]:
    for letter in registration.letters.all():
        sent = letter.sent_at is not None
        state = "It was sent" if sent else "It waits to be sent"
        yield Chapter(letter.sent_at or letter.made_at, f"Letter: {letter.get_kind_display()}", state)


def _skips(registration: Registration) -> Iterator[Chapter]:
    for skip in registration.skips.select_related("in_favor_of__person"):
        text = skip.get_reason_display()
        if skip.reason == Skip.Reason.TEAM_TOO_LARGE:
            text = f"{text}: {skip.free_seats}"
        yield Chapter(skip.at, f"Was passed over for {skip.in_favor_of.person}", text)


def _hand_ons(registration: Registration) -> Iterator[Chapter]:
    for held in registration.hand_ons.select_related("taken_by__person"):
        yield Chapter(held.made_at, f"Held out to {held.name or held.email}", held.email)
        if held.withdrawn_at:
            yield Chapter(held.withdrawn_at, "No longer held out", f"To {held.email}")
        elif held.taken_at and held.taken_by:
            yield Chapter(held.taken_at, f"{held.taken_by.person} took it")
    for came in registration.came_from.select_related("registration__person"):
        if came.taken_at:
            yield Chapter(came.taken_at, f"Taken over from {came.registration.person}")


def _check_ins(registration: Registration) -> Iterator[Chapter]:
    for entry in registration.check_ins.all():
        door = f", {entry.door}" if entry.door else ""
        who = str(entry.by_id or "the system")
        if entry.conflict:
            yield Chapter(
                entry.at, f"A second check-in: {CheckIn.Conflict(entry.conflict).label}", door.strip(", "), who
            )
        else:
            yield Chapter(entry.at, "Came in", f"{entry.get_way_display()}{door}", who)
        if entry.undone_at:
            yield Chapter(entry.undone_at, "That check-in was undone")
    certificate = getattr(registration, "certificate", None)
    if certificate is not None:
        yield Chapter(certificate.issued_at, f"Certificate {certificate.number}", f"{certificate.hours} hours")
        if certificate.revoked_at:
            yield Chapter(certificate.revoked_at, "The certificate was revoked", certificate.revoked_reason)

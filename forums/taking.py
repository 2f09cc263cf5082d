"""The verb behind the colleague's link: whose address it is becomes somebody who is registered."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from cosn_site.verbs import StepRefused, audited
from forums.handing_on import take
from forums.models import Forum, HandOn, Question, Registration
from forums.panel import Mine, mine_of
from forums.registrations import Details, ForumIsOver, save_answers
from members.address_codes import prove_address


class NameMissing(StepRefused):
    sentence = "Give your name. It stands on the badge."


def take_by_link(
    *, hand_on: HandOn, name: str, details: Details, answers: Mapping[Question, str], now: datetime
) -> Registration:
    """Whoever has the link takes the seat or the place: the link came to their address, so it proves it.

    Somebody new gets an account, which they can sign in to by a code. All or nothing.
    Raises `NameMissing`, and what `take` raises.
    """
    name = " ".join(name.split())
    if not name:
        raise NameMissing
    with transaction.atomic(), audited("take", by=None):
        person = prove_address(email=hand_on.email, name=name)
        row = take(hand_on=hand_on, person=person, details=details, by=person, now=now)
        save_answers(row, answers)
    return row


def what_it_is(row: Registration) -> str:
    """Seat, or place in line: what somebody hands on, or took."""
    return "place in line" if row.state == Registration.State.WAITING else "seat"


def why_closed(hand_on: HandOn, now: datetime) -> str:
    """Why it cannot be taken, in a sentence; empty while it can."""
    row = hand_on.registration
    if hand_on.taken_at is not None:
        return "It was taken with this link."
    if row.forum.status == Forum.Status.CANCELLED:
        return "The forum is cancelled."
    if mine_of(row, row.forum, now) not in (Mine.REGISTERED, Mine.OFFERED, Mine.WAITING):
        return "Your colleague has it no longer: it was given back, or an offer was not answered in time."
    if hand_on.withdrawn_at is not None:
        return "Your colleague took it back, or holds it no longer."
    if now >= row.forum.starts_at:
        return ForumIsOver.sentence
    return ""

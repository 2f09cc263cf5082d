"""Verbs on asking for a seat: who works at a member organization takes a free one at once, or asks for one.

A free seat goes first to who asked first: somebody else may take one at once only where more are free than people are
waiting. Who had a seat here that was taken back, or was told no, does not take one again: they ask, and the primary
contact answers.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import transaction

from cosn_site.clock import association_day
from cosn_site.verbs import audited, reason_given
from members.contacts import primary_contact_of
from members.models import Membership, Organization, Seat, SeatRequest, User
from members.seat_mail import send_answer, send_request
from members.seats import (
    NoCurrentTerm,
    Place,
    SeatError,
    WorksElsewhere,
    locked_for_seating,
    lowest_free,
    place_of,
    room_of,
    sit_down,
)
from members.standing import Holding, Via, standing


class RequestAnswered(SeatError):
    """Somebody was quicker."""


NOWHERE = Place(works_here=False)


class Way(StrEnum):
    """How the person can come to a seat of a membership."""

    NONE = "none"  # they don't work there, or it has no seats now
    SEATED = "seated"
    TAKE = "take"  # one is free for them
    ASK = "ask"
    ASKED = "asked"


@dataclass(frozen=True, slots=True)
class Offer:
    """What a membership can offer a person now. `request` is theirs, while it is open."""

    membership: Membership
    way: Way
    request: SeatRequest | None = None
    place: Place = NOWHERE

    @property
    def organization(self) -> Organization | None:
        return self.membership.organization

    @property
    def primary_contact(self) -> User | None:
        """Who answers requests here."""
        return primary_contact_of(self.membership.organization_id)


def offer_for(*, membership: Membership, person: User, now: datetime) -> Offer:
    """Which way is open to the person. What it says may be over when they press the button: the verb decides."""
    room, place = room_of(membership, now, person=person), place_of(membership, person)
    if person.pk in room.taken.values():
        return Offer(membership, Way.SEATED)
    if not place.works_here or not room.count:
        return Offer(membership, Way.NONE)
    open_requests = list(membership.seat_requests.filter(answer=""))
    mine = next((request for request in open_requests if request.person_id == person.pk), None)
    ahead = open_requests.index(mine) if mine else len(open_requests)
    if room.free > ahead and not _must_ask(membership, person):
        return Offer(membership, Way.TAKE, mine, place)
    return Offer(membership, Way.ASKED if mine else Way.ASK, mine, place)


def offers_for(*, person: User, holdings: Iterable[Holding], now: datetime) -> list[Offer]:
    """What each membership that gives access, and under which the person works without a seat, can offer them now."""
    today = association_day(now)
    wanted = [
        holding.membership_id
        for holding in holdings
        if holding.via is Via.WORKS_THERE and standing(holding.terms, today).status.gives_access
    ]
    rows = Membership.objects.filter(pk__in=wanted).select_related("organization").order_by("pk")
    return [offer_for(membership=membership, person=person, now=now) for membership in rows]


def _must_ask(membership: Membership, person: User) -> bool:
    """Whether a contact decided about this person here: took a seat back, or said no."""
    declined = membership.seat_requests.filter(person=person, answer=SeatRequest.Answer.DECLINED)
    return membership.seat_rows.filter(person=person, left_at__isnull=False).exists() or declined.exists()


def take_or_request_seat(*, membership: Membership, person: User, by: User | None, now: datetime) -> Seat | SeatRequest:
    """Sit in a free seat at once, or ask for one. Doing it twice changes nothing the second time.

    Raises `WorksElsewhere`, `NoCurrentTerm`, `NoSeatsHere`.
    """
    with transaction.atomic(), audited("take_or_request_seat", by=by):
        membership = locked_for_seating(membership)
        offer = offer_for(membership=membership, person=person, now=now)
        if offer.way is Way.SEATED:
            return membership.seat_rows.get(person=person, left_at=None)
        if offer.way is Way.NONE:
            if place_of(membership, person).works_here:
                raise NoCurrentTerm("This membership has no current term, so it has no seats.")
            raise WorksElsewhere(f"{person} does not work at {membership.organization}.")
        if offer.way is Way.TAKE:
            number = lowest_free(room_of(membership, now, person=person))
            return sit_down(membership=membership, person=person, number=number, place=offer.place, by=by, now=now)
        if offer.request is not None:
            return offer.request
        request = SeatRequest.objects.create(
            membership=membership, person=person, through_id=offer.place.through_id, asked_at=now
        )
        send_request.enqueue(request.pk)
    return request


def answer_request(
    *, request: SeatRequest, answer: SeatRequest.Answer, reason: str = "", by: User | None, now: datetime
) -> None:
    """Give a seat to who asked, or say why not; either way they are written to.

    Raises `RequestAnswered`, `ReasonMissing`, and what giving a seat raises: `NoSeatLeft`, `NoCurrentTerm`.
    """
    reason = " ".join(reason.split())
    if answer is SeatRequest.Answer.DECLINED:
        reason_given(reason, otherwise="Say why, so that they know what to do.")
    with transaction.atomic(), audited("answer_request", by=by):
        membership = locked_for_seating(request.membership)
        row = _open(request)
        if answer is SeatRequest.Answer.GIVEN:
            person = row.person
            number, place = lowest_free(room_of(membership, now, person=person)), place_of(membership, person)
            sit_down(membership=membership, person=person, number=number, place=place, by=by, now=now)
        row.answer, row.reason, row.answered_at, row.answered_by = answer, reason, now, by
        row.save(update_fields=["answer", "reason", "answered_at", "answered_by"])
        send_answer.enqueue(row.pk)
    request.refresh_from_db()


def drop_request(*, request: SeatRequest, by: User | None, now: datetime) -> None:
    """Who asked takes it back. Raises `RequestAnswered`."""
    with transaction.atomic(), audited("drop_request", by=by):
        locked_for_seating(request.membership)
        row = _open(request)
        row.answer, row.answered_at, row.answered_by = SeatRequest.Answer.DROPPED, now, by
        row.save(update_fields=["answer", "answered_at", "answered_by"])
    request.refresh_from_db()


def _open(request: SeatRequest) -> SeatRequest:
    row = SeatRequest.objects.select_for_update(of=("self",)).select_related("person").get(pk=request.pk)
    if row.answer:
        raise RequestAnswered(f"This request was answered already: {row.get_answer_display().lower()}.")
    return row

"""Verbs on the seats of an organization's membership: give one, take one back.

How many there are is what the term says that decides the membership's standing today. The count is taken and the seat
given under a lock on the membership's row, so that two people cannot be given the last seat at once.
"""

from datetime import datetime

from django.db import transaction

from cosn_site.clock import association_day
from cosn_site.verbs import StepRefused, audited
from members.models import Membership, Seat, Term, User
from members.standing import Standing, Status, TermFacts, standing


class SeatError(StepRefused):
    """A step that makes no sense with this seat."""


class NoSeatsHere(SeatError):
    sentence = "An individual membership has no seats to give."


class NoCurrentTerm(SeatError):
    sentence = "This membership has no current term. Record one first."


class NoSeatLeft(SeatError):
    """Every seat has someone in it."""


class AlreadySeated(SeatError):
    """The person holds a seat of this membership."""


class SeatIsFree(SeatError):
    sentence = "Nobody sits in this seat any more."


def membership_standing(membership: Membership, now: datetime) -> Standing:
    """Where the membership stands at this instant, by THE rule, with the term that decides."""
    terms = (_facts(term) for term in membership.terms.all() if term.voided_at is None)
    return standing(terms, association_day(now))


def _facts(term: Term) -> TermFacts:
    """As `members.holdings` reads them: a term that was cut short has no grace of its own."""
    grace_days = 0 if term.cut_on else term.grace_days
    return TermFacts(term.starts_on, term.last_day, grace_days, term.provisional_until, term.seats)


def seat_count(membership: Membership, now: datetime) -> int:
    """How many seats the membership has at this instant; none when it has lapsed."""
    found = membership_standing(membership, now)
    if found.term is None or not (found.status.gives_access or found.status is Status.UPCOMING):
        return 0
    return found.term.seats


def give_seat(*, membership: Membership, person: User, by: User | None, now: datetime) -> Seat:
    """The person sits in the lowest seat that is free.

    Raises `NoSeatsHere`, `NoCurrentTerm`, `AlreadySeated`, `NoSeatLeft`.
    """
    with transaction.atomic(), audited("give_seat", by=by):
        membership = Membership.objects.select_for_update().get(pk=membership.pk)
        if membership.organization_id is None:
            raise NoSeatsHere
        count = seat_count(membership, now)
        if not count:
            raise NoCurrentTerm
        taken = dict(membership.seat_rows.filter(left_at=None).values_list("number", "person"))
        if person.pk in taken.values():
            raise AlreadySeated(f"{person} holds a seat of this membership already.")
        free = next((number for number in range(1, count + 1) if number not in taken), None)
        # After a smaller renewal people may sit in numbers above the count; they are seated, so they are counted.
        if free is None or len(taken) >= count:
            raise NoSeatLeft(f"All {count} seats have someone in them. Take one back first.")
        return Seat.objects.create(membership=membership, person=person, number=free, taken_at=now)


def take_seat(*, seat: Seat, by: User | None, now: datetime) -> None:
    """Take a seat back: the person leaves it, the row stays. Raises `SeatIsFree`."""
    with transaction.atomic(), audited("take_seat", by=by):
        Membership.objects.select_for_update().get(pk=seat.membership_id)
        row = Seat.objects.select_for_update().get(pk=seat.pk)
        if row.left_at is not None:
            raise SeatIsFree
        row.left_at = max(now, row.taken_at)
        row.save(update_fields=["left_at"])
    seat.refresh_from_db()

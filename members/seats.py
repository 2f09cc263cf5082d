"""Verbs on the seats of an organization's membership: give one, take one back, put somebody else into one.

How many there are is what the term says that decides the membership's standing today. An open invitation keeps one.
The count is taken and the seat given under a lock on the membership's row, so that two people cannot be given the last
seat at once. A seat that becomes free is nobody's until somebody gives or takes it.
"""

from dataclasses import dataclass
from datetime import datetime

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Lower

from cosn_site.clock import association_day
from cosn_site.verbs import StepRefused, audited
from members.contacts import pass_roles_on
from members.holdings import seats_in_force, works_at
from members.models import Contact, Invitation, Membership, Organization, Seat, SeatRequest, Term, User
from members.standing import Standing, Status, TermFacts, standing


class SeatError(StepRefused):
    """A step that makes no sense with this seat."""


class NoSeatsHere(SeatError):
    sentence = "An individual membership has no seats to give."


class NoCurrentTerm(SeatError):
    sentence = "This membership has no current term. Record one first."


class NoSeatLeft(SeatError):
    """Every seat has someone in it, or is kept for somebody who was invited."""


class AlreadySeated(SeatError):
    """The person holds a seat of this membership."""


class SeatIsFree(SeatError):
    sentence = "Nobody sits in this seat any more."


class WasMerged(SeatError):
    """The person's account was merged into another one."""


class WorksElsewhere(SeatError):
    """The person does not work at the holder of the membership."""


def membership_standing(membership: Membership, now: datetime) -> Standing:
    """Where the membership stands at this instant, by THE rule, with the term that decides."""
    return standing(map(_facts, membership.terms_that_count()), association_day(now))


def _facts(term: Term) -> TermFacts:
    """As `members.holdings` reads them."""
    return TermFacts(term.starts_on, term.last_day, term.grace, term.provisional_until, term.seats)


def seat_count(membership: Membership, now: datetime) -> int:
    """How many seats the membership has at this instant; none when it has lapsed."""
    found = membership_standing(membership, now)
    if found.term is None or not (found.status.gives_access or found.status is Status.UPCOMING):
        return 0
    return found.term.seats


# --- what there is ------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Room:
    """A membership's seats at an instant: how many there are, who sits where, how many are kept for invited people."""

    count: int
    taken: dict[int, int]
    kept: int

    @property
    def free(self) -> int:
        # After a smaller renewal people may sit in numbers above the count; they are seated, so they are counted.
        return max(self.count - len(self.taken) - self.kept, 0)


def addresses_of(person: User) -> list[str]:
    """The person's verified addresses, in lower case."""
    verified = EmailAddress.objects.filter(user=person, verified=True)
    return list(verified.annotate(lower=Lower("email")).values_list("lower", flat=True))


def kept_for(membership: Membership, person: User, now: datetime) -> QuerySet[Invitation]:
    """The open invitations of this membership to one of the person's verified addresses."""
    addressed = membership.invitations.open(now).alias(lower=Lower("email"))
    return addressed.filter(lower__in=addresses_of(person))


def room_of(membership: Membership, now: datetime, *, person: User | None = None) -> Room:
    """The seats as they are now. What is kept for this person is not kept from them."""
    kept = membership.invitations.open(now)
    if person is not None:
        kept = kept.exclude(pk__in=kept_for(membership, person, now).values("pk"))
    taken = dict(membership.seat_rows.filter(left_at=None).values_list("number", "person"))
    return Room(count=seat_count(membership, now), taken=taken, kept=kept.count())


# --- who may sit here ---------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Place:
    """Whether the person works at the holder, and the organization below it through which they do, if it is one."""

    works_here: bool
    through_id: int | None = None


def place_of(membership: Membership, person: User) -> Place:
    """Where the person stands to the holder of an organization's membership."""
    working = set(works_at(person.pk).order_by().values_list("organization", flat=True))
    if membership.organization_id in working:
        return Place(works_here=True)
    below = Organization.objects.filter(
        pk__in=working, parent=membership.organization_id, parent__shares_benefit=True
    ).first()
    return Place(works_here=below is not None, through_id=below.pk if below else None)


# --- verbs --------------------------------------------------------------------------------------------------------
def locked_for_seating(membership: Membership) -> Membership:
    """The membership's row, locked to the end of the transaction: whoever counts seats holds it. Raises
    `NoSeatsHere`."""
    row = Membership.objects.select_for_update(of=("self",)).select_related("organization").get(pk=membership.pk)
    if row.organization_id is None:
        raise NoSeatsHere
    return row


def lowest_free(room: Room) -> int:
    """The number of the seat that the next person sits in. Raises `NoCurrentTerm`, `NoSeatLeft`."""
    if not room.count:
        raise NoCurrentTerm
    if not room.free:
        kept = " or are kept for somebody who was invited" if room.kept else ""
        raise NoSeatLeft(f"All {room.count} seats have someone in them{kept}. Take one back first.")
    return next(number for number in range(1, room.count + 1) if number not in room.taken)


def sit_down(
    *, membership: Membership, person: User, number: int, place: Place, by: User | None, now: datetime
) -> Seat:
    """The rest of every verb that seats somebody, under the lock that the number was found under.

    A request of theirs is answered by it, and an invitation accepted. Raises `AlreadySeated`, `WasMerged`.
    """
    _check_not_merged(person)
    if membership.seat_rows.filter(left_at=None, person=person).exists():
        raise AlreadySeated(f"{person} holds a seat of this membership already.")
    invitations = list(kept_for(membership, person, now).select_related("follows__person"))
    seat = Seat.objects.create(
        membership=membership, person=person, number=number, through_id=place.through_id, taken_at=now
    )
    membership.seat_requests.filter(person=person, answer="").update(
        answer=SeatRequest.Answer.GIVEN, answered_at=now, answered_by=by
    )
    for invitation in invitations:
        Invitation.objects.filter(pk=invitation.pk).update(accepted_at=now, accepted_by=person)
        if invitation.follows is not None and membership.organization is not None:
            leaver = invitation.follows.person
            pass_roles_on(organization=membership.organization, leaver=leaver, to=person, by=by, now=now)
    return seat


def _check_not_merged(person: User) -> None:
    """With the person's row locked to the end of the transaction, as a merge locks it: what is so now stays so."""
    row = User.objects.select_for_update(no_key=True).get(pk=person.pk)
    if row.merged_into_id is not None:
        raise WasMerged(f"This account of {person} was merged into another one of theirs. Choose that one.")


def give_seat(*, membership: Membership, person: User, by: User | None, now: datetime) -> Seat:
    """The person sits in the lowest seat that is free.

    Raises `NoSeatsHere`, `NoCurrentTerm`, `AlreadySeated`, `NoSeatLeft`, `WasMerged`.
    """
    with transaction.atomic(), audited("give_seat", by=by):
        membership = locked_for_seating(membership)
        room = room_of(membership, now, person=person)
        if room.count and person.pk in room.taken.values():
            raise AlreadySeated(f"{person} holds a seat of this membership already.")
        number, place = lowest_free(room), place_of(membership, person)
        return sit_down(membership=membership, person=person, number=number, place=place, by=by, now=now)


def take_seat(*, seat: Seat, by: User | None, now: datetime) -> None:
    """Take a seat back: the person leaves it, the row stays. Raises `SeatIsFree`."""
    with transaction.atomic(), audited("take_seat", by=by):
        locked_for_seating(seat.membership)
        leave(seat=seat, now=now)


def leave(*, seat: Seat, now: datetime) -> None:
    """The seat's person leaves it, under the membership's lock. Raises `SeatIsFree`."""
    row = Seat.objects.select_for_update().get(pk=seat.pk)
    if row.left_at is not None:
        raise SeatIsFree
    row.left_at = max(now, row.taken_at)
    row.save(update_fields=["left_at"])
    seat.refresh_from_db(fields=["left_at"])


def swap_seat(*, seat: Seat, person: User, by: User | None, now: datetime) -> Seat:
    """Somebody else who works here sits in this seat instead, with no moment in between when it is free.

    Raises `SeatIsFree`, `WorksElsewhere`, `AlreadySeated`, `WasMerged`.
    """
    with transaction.atomic(), audited("swap_seat", by=by):
        membership = locked_for_seating(seat.membership)
        place = place_of(membership, person)
        if not place.works_here:
            raise WorksElsewhere(f"{person} does not work at {membership.organization}. Invite them instead.")
        leave(seat=seat, now=now)
        return sit_down(membership=membership, person=person, number=seat.number, place=place, by=by, now=now)


# --- lists --------------------------------------------------------------------------------------------------------
def people_without_a_seat(membership: Membership) -> QuerySet[User]:
    """The contacts of the holder, and who asked for a seat, who hold none: who may be given one."""
    seated = membership.seat_rows.filter(left_at=None).values("person")
    contacts = Contact.objects.filter(organization=membership.organization_id).values("person")
    asking = membership.seat_requests.filter(answer="").values("person")
    working = User.objects.filter(pk__in=contacts) | User.objects.filter(pk__in=asking)
    return working.filter(is_active=True).exclude(pk__in=seated).distinct().order_by("name", "pk")


def seats_that_count(membership: Membership) -> QuerySet[Seat]:
    """The membership's seats that somebody holds and that open something today, as far as the seat is concerned."""
    return seats_in_force().filter(membership=membership)

"""Verbs on invitations: a seat is kept for an address until its owner accepts, for fourteen days.

The link in the mail opens a page; the button on it accepts. It came to the invited address, so it proves that address:
somebody new gets an account with it and is signed in. An address that has an account already is proven by signing in.
"""

from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.db.models import QuerySet, Value
from django.db.models.functions import Lower

from cosn_site.verbs import StepRefused, audited
from members.links import hash_of, new_secret
from members.models import Contact, Invitation, Membership, Seat, User
from members.seat_mail import send_invitation
from members.seats import (
    AlreadySeated,
    NoCurrentTerm,
    Place,
    addresses_of,
    locked_for_seating,
    lowest_free,
    place_of,
    room_of,
    sit_down,
)

DAYS = 14
LASTS = timedelta(days=DAYS)


class InvitationError(StepRefused):
    """A step that makes no sense with this invitation."""


class AlreadyInvited(InvitationError):
    """The address has an open invitation."""


class InvitationClosed(InvitationError):
    """It was accepted, withdrawn, or has expired."""


class ForSomebodyElse(InvitationError):
    """Whoever is signed in has not verified the invited address."""


class HasAnAccount(InvitationError):
    sentence = "This address has an account. Sign in with it to accept."


class NameMissing(InvitationError):
    sentence = "Give your name, so that your colleagues know who you are."


def find_invitation(secret: str) -> Invitation | None:
    """Whose link this is; None for a secret that is nobody's (any more)."""
    found = Invitation.objects.filter(token_hash=hash_of(secret))
    return found.select_related("membership__organization", "invited_by", "follows__person").first()


def invitations_of(person: User, now: datetime) -> QuerySet[Invitation]:
    """The open invitations to the person's verified addresses."""
    addressed = Invitation.objects.open(now).alias(lower=Lower("email")).filter(lower__in=addresses_of(person))
    return addressed.select_related("membership__organization", "invited_by")


def has_account(email: str) -> bool:
    """Whether somebody has this address: as their sign-in, or verified as one of theirs."""
    lower = Lower(Value(email))
    named = User.objects.alias(lower=Lower("email")).filter(lower=lower).exists()
    return named or EmailAddress.objects.alias(lower=Lower("email")).filter(lower=lower, verified=True).exists()


def why_closed(invitation: Invitation, now: datetime) -> str:
    """Why it cannot be accepted, in a sentence; empty while it can."""
    if invitation.accepted_at is not None:
        return "This invitation was accepted."
    if invitation.withdrawn_at is not None:
        return "This invitation was withdrawn."
    if invitation.expires_at <= now:
        return f"This invitation has expired: its link worked for {DAYS} days. Ask for a new one."
    return ""


# --- by the contact -----------------------------------------------------------------------------------------------
def invite(
    *, membership: Membership, email: str, name: str = "", follows: Seat | None = None, by: User | None, now: datetime
) -> Invitation:
    """Keep a seat for this address and send it the link. `follows` is the seat of whom they succeed.

    That somebody holds a seat already is said of the address that the roster shows. Any other address of theirs is
    theirs to tell: it is invited like one that nobody has, and they learn it when they accept.

    Raises `AlreadyInvited`, `AlreadySeated`, `NoCurrentTerm`, `NoSeatLeft`, `NoSeatsHere`.
    """
    email = User.objects.normalize_email(email.strip())
    with transaction.atomic(), audited("invite", by=by):
        membership = locked_for_seating(membership)
        _close_what_stands_in_the_way(membership, email, now)
        lowest_free(room_of(membership, now))
        invitation = Invitation.objects.create(
            membership=membership,
            email=email,
            name=" ".join(name.split()),
            token_hash=hash_of(new_secret()),  # one that nobody has, until the mail is sent
            follows=follows,
            invited_by=by,
            invited_at=now,
            expires_at=now + LASTS,
        )
        send_invitation.enqueue(invitation.pk)
    return invitation


def _close_what_stands_in_the_way(membership: Membership, email: str, now: datetime) -> None:
    lower = Lower(Value(email))
    if membership.seat_rows.filter(left_at=None).alias(lower=Lower("person__email")).filter(lower=lower).exists():
        raise AlreadySeated(f"{email} holds one of your seats already.")
    same = membership.invitations.unanswered().alias(lower=Lower("email"))
    for earlier in same.filter(lower=lower):
        if earlier.expires_at > now:
            raise AlreadyInvited(f"{email} is invited already. Send the link again if it went astray.")
        Invitation.objects.filter(pk=earlier.pk).update(withdrawn_at=now)


def invite_again(*, invitation: Invitation, by: User | None, now: datetime) -> None:
    """A new link, good for another fourteen days; the one before stops working. An expired one keeps a seat again.

    Raises `InvitationClosed`, and when it had expired, `NoCurrentTerm`, `NoSeatLeft`.
    """
    with transaction.atomic(), audited("invite_again", by=by):
        membership = locked_for_seating(invitation.membership)
        row = _unanswered(invitation)
        if row.expires_at <= now:
            lowest_free(room_of(membership, now))
        row.expires_at = now + LASTS
        row.token_hash = hash_of(new_secret())
        row.save(update_fields=["expires_at", "token_hash"])
        send_invitation.enqueue(row.pk)
    invitation.refresh_from_db()


def withdraw_invitation(*, invitation: Invitation, by: User | None, now: datetime) -> None:
    """The link works no longer, and the seat is free. Raises `InvitationClosed`."""
    with transaction.atomic(), audited("withdraw_invitation", by=by):
        locked_for_seating(invitation.membership)
        row = _unanswered(invitation)
        row.withdrawn_at = now
        row.save(update_fields=["withdrawn_at"])
    invitation.refresh_from_db()


def _unanswered(invitation: Invitation) -> Invitation:
    row = Invitation.objects.select_for_update(of=("self",)).get(pk=invitation.pk)
    if row.accepted_at is not None or row.withdrawn_at is not None:
        word = "accepted" if row.accepted_at else "withdrawn"
        raise InvitationClosed(f"This invitation was {word} already.")
    return row


# --- by who was invited -------------------------------------------------------------------------------------------
def accept_invitation(*, invitation: Invitation, person: User, by: User | None, now: datetime) -> Seat:
    """The person sits in the seat that was kept, and works at the organization from now on.

    Raises `ForSomebodyElse`, `InvitationClosed`, `AlreadySeated`, `NoSeatLeft`.
    """
    with transaction.atomic(), audited("accept_invitation", by=by):
        row, membership = _acceptable(invitation, now)
        if row.email.lower() not in addresses_of(person):
            raise ForSomebodyElse(f"This invitation is for {row.email}. Sign in with that address to accept it.")
        return _seat(membership, person, now)


def accept_as_new_person(*, invitation: Invitation, name: str, by: User | None, now: datetime) -> tuple[User, Seat]:
    """Somebody without an account accepts: the link proves their address, so they get an account that needs no code.

    Raises `NameMissing`, `HasAnAccount`, `InvitationClosed`, `NoSeatLeft`.
    """
    name = " ".join(name.split())
    if not name:
        raise NameMissing
    with transaction.atomic(), audited("accept_invitation", by=by):
        row, membership = _acceptable(invitation, now)
        if has_account(row.email):
            raise HasAnAccount
        person = _account(User.objects.normalize_email(row.email), name)
        return person, _seat(membership, person, now)


def _account(email: str, name: str) -> User:
    try:
        with transaction.atomic():
            person = User.objects.create_user(email, name=name)
            EmailAddress.objects.create(user=person, email=email, verified=True, primary=True)
    except IntegrityError as error:  # they signed up at the same moment
        raise HasAnAccount from error
    return person


def _acceptable(invitation: Invitation, now: datetime) -> tuple[Invitation, Membership]:
    membership = locked_for_seating(invitation.membership)
    row = Invitation.objects.select_for_update(of=("self",)).get(pk=invitation.pk)
    why = why_closed(row, now)
    if why:
        raise InvitationClosed(why)
    return row, membership


def _seat(membership: Membership, person: User, now: datetime) -> Seat:
    """In the seat that was kept. Who works neither here nor below becomes a contact: they work here now."""
    place = place_of(membership, person)
    if not place.works_here and membership.organization is not None:
        Contact.objects.get_or_create(organization=membership.organization, person=person)
        place = Place(works_here=True)
    try:
        number = lowest_free(room_of(membership, now, person=person))
    except NoCurrentTerm as error:
        raise InvitationClosed(f"The membership of {membership.organization} has ended. Ask its contact.") from error
    return sit_down(membership=membership, person=person, number=number, place=place, by=person, now=now)

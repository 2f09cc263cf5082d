"""The verb for when somebody leaves: their seat passes to a successor, and so do their roles.

Who leaves keeps the account, the downloads and everything else of their own; the organization keeps the seat and its
record. An organization is never without the contact that it had: while a successor has yet to accept, a leaver who was
primary or billing contact stays so, unless a colleague is named who takes the roles at once.
"""

from datetime import datetime

from django.db import transaction

from cosn_site.verbs import audited
from members.contacts import NotAContact, pass_roles_on
from members.invitations import invite
from members.models import Contact, Invitation, Seat, User
from members.seat_mail import send_handed_on
from members.seats import SeatError, leave, locked_for_seating


class OwnSuccessor(SeatError):
    sentence = "This is the address of who leaves. Give the successor’s."


def hand_off(
    *, seat: Seat, email: str, name: str = "", roles_to: User | None = None, by: User | None, now: datetime
) -> Invitation:
    """Close the leaver's seat, keep it for the successor by an invitation, and see that the roles pass on.

    Raises `OwnSuccessor`, `NotAContact` and `CannotSignIn` (for `roles_to`), `SeatIsFree`, and what `invite` raises.
    """
    leaver = seat.person
    if email.strip().lower() == leaver.email.lower():
        raise OwnSuccessor
    with transaction.atomic(), audited("hand_off", by=by):
        membership = locked_for_seating(seat.membership)
        organization = membership.organization
        assert organization is not None, "only an organization's membership has seats"  # noqa: S101
        leave(seat=seat, now=now)
        invitation = invite(membership=membership, email=email, name=name, follows=seat, by=by, now=now)
        contact = Contact.objects.filter(organization=organization, person=leaver).first()
        if roles_to is not None:
            if not Contact.objects.filter(organization=organization, person=roles_to).exists():
                raise NotAContact
            pass_roles_on(organization=organization, leaver=leaver, to=roles_to, by=by, now=now)
        elif contact is not None and not (contact.is_primary or contact.is_billing):
            contact.delete()
        send_handed_on.enqueue(seat.pk)
    return invitation

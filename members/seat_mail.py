"""The mails about seats: one task each, put in line in the transaction of the step that calls for it."""

from django.conf import settings
from django.urls import reverse

from cosn_site.jobs import job
from cosn_site.mail import send_templated
from members.contacts import primary_contact_of
from members.links import hash_of, new_secret
from members.models import Invitation, Seat, SeatRequest

STAFF_ADDRESS = "membership@example.org"


def _site(name: str, *args: object) -> str:
    return f"{settings.SITE_URL}{reverse(name, args=args)}"


@job(queue="mail")
def send_invitation(invitation_id: int) -> None:
    """Send the link. Running it twice sends two mails, of which the second has the link that works."""
    invitation = Invitation.objects.select_related("membership__organization", "invited_by").get(pk=invitation_id)
    if invitation.accepted_at is not None or invitation.withdrawn_at is not None:
        return
    secret = new_secret()
    Invitation.objects.filter(pk=invitation.pk).update(token_hash=hash_of(secret))
    link = _site("members:invitation", secret)
    send_templated(invitation.email, "members/seat_invitation", {"invitation": invitation, "link": link})


@job(queue="mail")
def send_request(request_id: int) -> None:
    """Tell the primary contact that somebody asks for a seat; without one, our staff."""
    request = SeatRequest.objects.select_related("membership__organization", "person").get(pk=request_id)
    organization = request.membership.organization
    if request.answer or organization is None:
        return
    contact = primary_contact_of(organization.pk)
    link = _site("members:organization_of", organization.slug)
    context = {"request": request, "organization": organization, "contact": contact, "link": link}
    send_templated(contact.email if contact else STAFF_ADDRESS, "members/seat_request", context)


@job(queue="mail")
def send_answer(request_id: int) -> None:
    """Tell who asked for a seat what the contact decided."""
    request = SeatRequest.objects.select_related("membership__organization", "person").get(pk=request_id)
    given = request.answer == SeatRequest.Answer.GIVEN
    link = _site("members:welcome") if given else _site("members:account")
    context = {"request": request, "organization": request.membership.organization, "given": given, "link": link}
    send_templated(request.person.email, "members/seat_answer", context)


@job(queue="mail")
def send_handed_on(seat_id: int) -> None:
    """Tell who leaves what stays with them."""
    seat = Seat.objects.select_related("membership__organization", "person").get(pk=seat_id)
    context = {"organization": seat.membership.organization, "link": _site("members:account")}
    send_templated(seat.person.email, "members/seat_handed_on", context)

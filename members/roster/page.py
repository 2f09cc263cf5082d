"""The page of an organization, for its primary contact."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cosn_site.audience import contact_only
from cosn_site.clock import association_day
from members.models import Contact, Seat, SeatRequest
from members.price_lists import size_of_holder
from members.roster.desk import Desk, desk_of, for_contact, looked_after_by, not_the_contact
from members.roster.forms import InviteForm
from members.seats import Room, membership_standing, room_of, seats_that_count
from members.signed_in import person_of


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the roster."""

    seat: Seat
    counts: bool


@contact_only
@never_cache
@require_safe
def organization(request: HttpRequest) -> HttpResponse:
    """My organization; a choice, when I look after several."""
    person = person_of(request)
    mine = list(looked_after_by(person)[:50])
    if not mine:
        return not_the_contact(request)
    if len(mine) > 1:
        return render(request, "members/organization/choose.html", {"organizations": mine})
    return _page(request, desk_of(mine[0], person))


@for_contact
def organization_of(request: HttpRequest, desk: Desk) -> HttpResponse:
    """One organization: its seats and who sits in them, who was invited, who asks, its domains, contacts and papers."""
    return _page(request, desk)


def _page(request: HttpRequest, desk: Desk) -> HttpResponse:
    now = timezone.now()
    contacts = list(Contact.objects.filter(organization=desk.organization).select_related("person"))
    context = {
        "desk": desk,
        "organization": desk.organization,
        "contacts": contacts,
        "domains": desk.organization.domains.all(),
        "certificates": desk.organization.exemption_certificates.all(),
        "today": association_day(now),
        "invite_form": InviteForm(organization=desk.organization),
        **_seats(desk, now),
    }
    return render(request, "members/organization/page.html", context)


def _seats(desk: Desk, now: datetime) -> dict[str, Any]:
    membership = desk.membership
    if membership is None:
        return {"standing": None}
    room: Room = room_of(membership, now)
    rows = membership.seat_rows.filter(left_at=None).select_related("person", "through").order_by("number")
    counting = set(seats_that_count(membership).values_list("pk", flat=True))
    return {
        "standing": membership_standing(membership, now),
        "size": size_of_holder(membership),
        "room": room,
        "used": len(room.taken) + room.kept,
        "yours": 1 if desk.person.pk in room.taken.values() else 0,
        "rows": [Row(seat, seat.pk in counting) for seat in rows],
        "invitations": membership.invitations.unanswered().select_related("follows__person"),
        "requests": SeatRequest.objects.filter(membership=membership, answer="").select_related("person", "through"),
        "now": now,
    }

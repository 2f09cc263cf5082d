"""Steps on seats, invitations and requests, by the primary contact."""

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from cosn_site.limits import within_limit
from cosn_site.verbs import StepRefused
from members import invitations, requests, seats
from members.handoff import hand_off as hand_off_verb
from members.models import Contact, Invitation, Membership, Seat, SeatRequest
from members.roster.desk import Desk, for_contact
from members.roster.forms import DeclineForm, HandOffForm, InviteForm, SwapForm
from members.roster.steps import StepPage, posted, take_step

HOUR = 60 * 60
INVITATIONS_AN_HOUR = 100  # of one organization


class TooManyInvitations(StepRefused):
    sentence = "Many invitations went out just now. Try again in an hour."


def _membership(desk: Desk) -> Membership:
    if desk.membership is None:
        raise Http404
    return desk.membership


def _seat(desk: Desk, pk: int) -> Seat:
    rows = Seat.objects.select_related("person", "membership__organization")
    return get_object_or_404(rows, pk=pk, membership=_membership(desk), left_at=None)


def _check_pace(desk: Desk) -> None:
    subject = str(desk.organization.pk)
    if not within_limit("invitations", subject, times=INVITATIONS_AN_HOUR, seconds=HOUR, now=timezone.now()):
        raise TooManyInvitations


# --- invitations --------------------------------------------------------------------------------------------------
@for_contact
def invite(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Keep a seat for somebody and send them the link."""
    membership = _membership(desk)
    form = InviteForm(posted(request), organization=desk.organization)

    def run(asked: Mapping[str, Any]) -> None:
        _check_pace(desk)
        invitations.invite(
            membership=membership, email=asked["email"], name=asked["name"], by=desk.person, now=timezone.now()
        )

    page = StepPage("Invite someone", "Send the invitation", is_next=True)
    return take_step(request, desk, page, form=form, run=run, done=f"The invitation is on its way to {_typed(form)}.")


def _typed(form: InviteForm) -> str:
    return str(form.data.get("email", "")).strip()


def _invitation(desk: Desk, pk: int) -> Invitation:
    rows = Invitation.objects.unanswered().select_related("membership__organization")
    return get_object_or_404(rows, pk=pk, membership=_membership(desk))


@for_contact
def invite_again(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    """A new link for who was invited."""
    invitation = _invitation(desk, pk)

    def run(asked: Mapping[str, Any]) -> None:
        _check_pace(desk)
        invitations.invite_again(invitation=invitation, by=desk.person, now=timezone.now())

    page = StepPage(
        "Send a new link",
        "Send a new link",
        (f"To {invitation.email}. It works for {invitations.DAYS} days from now; the one before stops working.",),
        is_next=True,
    )
    return take_step(request, desk, page, run=run, done=f"A new link is on its way to {invitation.email}.")


@for_contact
def withdraw_invitation(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    """Take an invitation back."""
    invitation = _invitation(desk, pk)
    page = StepPage(
        "Withdraw the invitation",
        "Withdraw the invitation",
        (f"{invitation.email} was invited. Their link stops working, and the seat that was kept is free.",),
    )
    return take_step(
        request,
        desk,
        page,
        run=lambda _: invitations.withdraw_invitation(invitation=invitation, by=desk.person, now=timezone.now()),
        done=f"The invitation of {invitation.email} is withdrawn.",
    )


# --- seats --------------------------------------------------------------------------------------------------------
@for_contact
def take_seat(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    """Take a seat back from who sits in it."""
    seat = _seat(desk, pk)
    page = StepPage(
        f"Take seat {seat.number} back from {seat.person}",
        "Take the seat back",
        (
            "They can’t download members’ reports any more, from this moment on.",
            "What they downloaded stays on their account. You can give them a seat again at any time.",
        ),
    )
    return take_step(
        request,
        desk,
        page,
        run=lambda _: seats.take_seat(seat=seat, by=desk.person, now=timezone.now()),
        done=f"Seat {seat.number} is free.",
    )


@for_contact
def swap_seat(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    """Put somebody else into a seat."""
    seat = _seat(desk, pk)
    page = StepPage(
        f"Swap seat {seat.number}",
        "Swap the seat",
        (f"{seat.person} sits in it now and gives it up to who you choose.",),
        is_next=True,
    )
    return take_step(
        request,
        desk,
        page,
        form=SwapForm(posted(request), membership=_membership(desk)),
        run=lambda asked: seats.swap_seat(seat=seat, person=asked["person"], by=desk.person, now=timezone.now()),
        done=f"Somebody else sits in seat {seat.number} now.",
    )


@for_contact
def hand_off(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    """Somebody leaves: their seat goes to a successor, and their roles with it."""
    seat = _seat(desk, pk)
    form = HandOffForm(posted(request), leaver=seat.person, organization=desk.organization)
    page = StepPage(
        f"{seat.person} leaves: hand seat {seat.number} off",
        "Hand the seat off",
        (
            "Their seat closes now and is kept for the successor, whom we send an invitation.",
            "Their account and what they downloaded stay theirs.",
        ),
        is_next=True,
    )

    def run(asked: Mapping[str, Any]) -> None:
        _check_pace(desk)
        hand_off_verb(
            seat=seat,
            email=asked["email"],
            name=asked["name"],
            roles_to=asked.get("roles_to"),
            by=desk.person,
            now=timezone.now(),
        )

    gives_up = seat.person_id == desk.person.pk and bool(request.POST.get("roles_to"))
    return take_step(
        request,
        desk,
        page,
        form=form,
        run=run,
        done=f"Seat {seat.number} is kept for {_typed(form)}.",
        back_to=reverse("members:account") if gives_up else "",
    )


@for_contact
def give_seat(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    """Give a free seat to a contact who has none; `pk` is the contact's."""
    membership = _membership(desk)
    rows = Contact.objects.select_related("person")
    person = get_object_or_404(rows, pk=pk, organization=desk.organization).person
    words = ("They sit in the lowest seat that is free.",)
    page = StepPage(f"Give {person} a seat", "Give the seat", words, is_next=True)
    return take_step(
        request,
        desk,
        page,
        run=lambda _: seats.give_seat(membership=membership, person=person, by=desk.person, now=timezone.now()),
        done=f"{person} holds a seat.",
    )


# --- requests -----------------------------------------------------------------------------------------------------
def _request(desk: Desk, pk: int) -> SeatRequest:
    rows = SeatRequest.objects.select_related("membership__organization", "person")
    return get_object_or_404(rows, pk=pk, membership=_membership(desk), answer="")


@for_contact
def give_to_request(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    """Give a seat to who asked."""
    asked_for = _request(desk, pk)
    page = StepPage(f"Give {asked_for.person} a seat", "Give the seat", ("We write to them.",), is_next=True)
    return take_step(
        request,
        desk,
        page,
        run=lambda _: requests.answer_request(
            request=asked_for, answer=SeatRequest.Answer.GIVEN, by=desk.person, now=timezone.now()
        ),
        done=f"{asked_for.person} holds a seat.",
    )


@for_contact
def decline_request(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    """Say no to who asked, and why."""
    asked_for = _request(desk, pk)
    page = StepPage(f"Decline the request of {asked_for.person}", "Decline the request", ("We write to them.",))
    return take_step(
        request,
        desk,
        page,
        form=DeclineForm(posted(request)),
        run=lambda asked: requests.answer_request(
            request=asked_for,
            answer=SeatRequest.Answer.DECLINED,
            reason=asked["reason"],
            by=desk.person,
            now=timezone.now(),
        ),
        done=f"The request of {asked_for.person} is declined.",
    )

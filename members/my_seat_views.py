"""A person's own way to a seat: take one, ask for one, accept an invitation; and the page that welcomes them to it."""

from typing import Any

from allauth.account.utils import perform_login
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from cosn_site.audience import link_holder, signed_in
from cosn_site.limits import within_limit
from cosn_site.verbs import StepRefused
from members import domains, invitations
from members.holdings import load_holdings
from members.invitations import accept_as_new_person, accept_invitation, has_account, invitations_of, why_closed
from members.models import Contact, Invitation, Membership, Seat, SeatRequest, User
from members.requests import drop_request, offers_for, take_or_request_seat
from members.seats import addresses_of, membership_standing, room_of, seats_in_force
from members.signed_in import person_of

HOUR = 60 * 60
TRIES_AN_HOUR = 20  # asking, dropping, asking again: each ask is a mail to the contact


class TooManyTries(StepRefused):
    sentence = "That was often enough for now. Try again in an hour."


@signed_in
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def my_seat(request: HttpRequest) -> HttpResponse:
    """The seats that I can have: invited to, free to take, to be asked for."""
    person, now, problem = person_of(request), timezone.now(), ""
    if request.method == "POST":
        try:
            return _take(request, person)
        except StepRefused as refused:
            problem = refused.sentence
    context = {
        "offers": offers_for(person=person, holdings=load_holdings(person.pk), now=now),
        "invited": invitations_of(person, now),
        "problem": problem,
    }
    return render(request, "members/my_seat.html", context, status=422 if problem else 200)


def _take(request: HttpRequest, person: User) -> HttpResponse:
    """The step that the button named. What it names and does not concern this person is not there."""
    now, step, key = timezone.now(), request.POST.get("step", ""), _number(request.POST.get("key", ""))
    if not within_limit("own-seat", str(person.pk), times=TRIES_AN_HOUR, seconds=HOUR, now=now):
        raise TooManyTries
    if step == "accept":
        invitation = invitations_of(person, now).filter(pk=key).first()
        if invitation is not None:
            accept_invitation(invitation=invitation, person=person, by=person, now=now)
            return redirect("members:welcome")
    elif step == "drop":
        asked_for = SeatRequest.objects.filter(pk=key, person=person).select_related("membership").first()
        if asked_for is not None:
            drop_request(request=asked_for, by=person, now=now)
            messages.success(request, "Your request is taken back.")
    elif step == "take":
        membership = Membership.objects.filter(pk=key, organization__isnull=False).first()
        if membership is not None:
            got = take_or_request_seat(membership=membership, person=person, by=person, now=now)
            if isinstance(got, Seat):
                messages.success(request, f"Seat {got.number} is yours.")
                return redirect("members:welcome")
            messages.success(request, "Your request is with the primary contact. We write to you when they decide.")
    return redirect(f"{reverse('members:account')}#seat")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


@link_holder
@never_cache
@sensitive_variables("token")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind an invitation's link: the button accepts, opening it does nothing."""
    found, now, problem = invitations.find_invitation(token), timezone.now(), ""
    if found is None:
        return render(request, "members/link_unknown.html", {"about": "invitation"}, status=404)
    closed = why_closed(found, now)
    name = request.POST.get("name", "").replace("\x00", "")[:120] if request.method == "POST" else found.name
    if request.method == "POST" and not closed:
        try:
            return _accept(request, found, name)
        except StepRefused as refused:
            problem = refused.sentence
    context = {"invitation": found, "closed": closed, "problem": problem, "name": name, **_who_opens(request, found)}
    return render(request, "members/invitation.html", context, status=410 if closed else 422 if problem else 200)


def _who_opens(request: HttpRequest, found: Invitation) -> dict[str, Any]:
    """Which of the ways in the page offers: the button, the sign-in, or a name and the button."""
    if request.user.is_authenticated:
        return {"is_theirs": found.email.lower() in addresses_of(request.user)}
    door = f"{reverse('account_login')}?{urlencode({'next': reverse('members:seat')})}"
    return {"has_account": has_account(found.email), "sign_in": door}


def _accept(request: HttpRequest, found: Invitation, name: str) -> HttpResponse:
    now = timezone.now()
    if request.user.is_authenticated:
        accept_invitation(invitation=found, person=request.user, by=request.user, now=now)
        return redirect("members:welcome")
    person, _ = accept_as_new_person(invitation=found, name=name, by=None, now=now)
    # the link proved the address; allauth signs in as after a code
    return perform_login(request, person, email_verification="none", redirect_url=reverse("members:welcome"))


@link_holder
@never_cache
@sensitive_variables("token")
@require_http_methods(["GET", "HEAD", "POST"])
def domain_link(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind the link in a postmaster's mail: the button confirms, opening it does nothing."""
    found, problem, is_done = domains.find_domain(token), "", False
    if found is None:
        return render(request, "members/link_unknown.html", {"about": "domain"}, status=404)
    if request.method == "POST":
        try:
            domains.verify_by_mail(domain=found, by=None, now=timezone.now())
            is_done = True
        except StepRefused as refused:
            problem = refused.sentence
    context = {"domain": found, "problem": problem, "is_done": is_done}
    return render(request, "members/domain_link.html", context, status=410 if problem else 200)


@signed_in
@never_cache
@require_safe
def welcome(request: HttpRequest) -> HttpResponse:
    """What whoever got a seat finds: what their organization has, the next forum, what peers read."""
    person, now = person_of(request), timezone.now()
    rows = seats_in_force().filter(person=person).select_related("membership__organization", "membership__plan")
    seat = rows.order_by("-taken_at", "-pk").first()
    context: dict[str, Any] = {"seat": seat}
    if seat is not None:
        room = room_of(seat.membership, now)
        context |= {
            "organization": seat.membership.organization,
            "standing": membership_standing(seat.membership, now),
            "room": room,
            "used": len(room.taken) + room.kept,
            "contacts": Contact.objects.filter(organization=seat.membership.organization_id)
            .exclude(is_primary=False, is_billing=False)
            .select_related("person"),
        }
    return render(request, "members/welcome.html", context)

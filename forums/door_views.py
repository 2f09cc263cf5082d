"""The pages of the door: find somebody, check them in, let a walk-in in. For staff who may, on a phone first.

Everything works by plain forms. Where the browser can, static/js/door.js keeps the list on the device and goes on
without a network; `device` is what it talks to.
"""

import json
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from cosn_site.audience import public, staff_only
from cosn_site.verbs import StepRefused
from forums.check_in import LONGEST_DOOR, Way, check_in, in_words, reconcile, undo_check_in, walk_in
from forums.door_list import KEPT_FOR, counts, entries_from, last_in, people_for, people_like, person_with, set_aside
from forums.models import CheckIn, Forum, Registration
from forums.registrations import Details
from members.addresses import person_at
from members.models import User
from members.states import NAMES

PERMISSION = "forums.check_in"
USUAL_DOOR = "Main door"
WORKER = Path(settings.BASE_DIR) / "static/js/door_worker.js"


def for_the_door(view: Callable[..., HttpResponseBase]) -> Any:
    """A view about one forum that was announced, for staff who may check people in."""

    @staff_only
    @never_cache
    @wraps(view)
    def checked(request: HttpRequest, slug: str) -> HttpResponseBase:
        if not cast("User", request.user).has_perm(PERMISSION):
            raise PermissionDenied
        return view(request, get_object_or_404(Forum.objects.published(), slug=slug))

    return checked


def door_of(request: HttpRequest, forum: Forum) -> str:
    """The door at which this device stands."""
    return str(request.session.get(f"door-{forum.pk}", USUAL_DOOR))


@for_the_door
@require_http_methods(["GET", "HEAD", "POST"])
def door(request: HttpRequest, forum: Forum) -> HttpResponse:
    """Who is in, and the way to check somebody in. `?shell=1` is the page without anybody's name, for the device."""
    if request.method == "POST":
        _take_step(request, forum)
        return redirect(request.get_full_path())
    text = request.GET.get("q", "").strip()
    context: dict[str, Any] = {
        "forum": forum,
        "door": door_of(request, forum),
        "counts": counts(forum),
        "text": text,
        "found": people_like(forum, text) if text else None,
        "longest_door": LONGEST_DOOR,
    }
    if "last" in request.GET:
        context |= {"last_in": last_in(forum), "set_aside": set_aside(forum)}
    if "shell" in request.GET:
        context["messages"] = ()  # one may name somebody, and this page is kept on the device
    return render(request, "forums/door/door.html", context)


def _take_step(request: HttpRequest, forum: Forum) -> None:
    """One of the page's three small forms was sent."""
    by, now = cast("User", request.user), timezone.now()
    here = Registration.objects.filter(forum=forum).select_related("forum", "person")
    match request.POST.get("step"):
        case "door":
            named = " ".join(request.POST.get("door", "").split())[:LONGEST_DOOR]
            request.session[f"door-{forum.pk}"] = named or USUAL_DOOR
        case "check_in":
            row = get_object_or_404(here, ticket=request.POST.get("ticket", ""))
            _check_in(request, row, Way.BY_NAME)
        case "undo":
            made = get_object_or_404(
                CheckIn, pk=_number(request.POST.get("check_in", "")), registration__forum_id=forum.pk
            )
            try:
                undo_check_in(check_in=made, by=by, now=now)
            except StepRefused as refused:
                messages.error(request, refused.sentence)
            else:
                messages.success(request, f"{made.registration.person} is no longer checked in.")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _check_in(request: HttpRequest, row: Registration, way: CheckIn.Way) -> None:
    now = timezone.now()
    try:
        made = check_in(
            registration=row,
            entry=uuid4(),
            at=now,
            door=door_of(request, row.forum),
            way=way,
            by=cast("User", request.user),
            now=now,
        )
    except StepRefused as refused:
        messages.error(request, refused.sentence)
        return
    tell = messages.warning if made.conflict else messages.success
    tell(request, in_words(made, row))


# --- a ticket's code --------------------------------------------------------------------------------------------------
@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ticket(request: HttpRequest, ticket: str) -> HttpResponse:
    """What the QR code opens. Staff at the door see whose it is; everybody else sees that it belongs at the door."""
    may_check_in = request.user.is_staff and request.user.has_perm(PERMISSION)
    row = person_with(ticket) if may_check_in else None
    if request.method == "POST":
        if not may_check_in:
            raise PermissionDenied
        if row is not None:
            _check_in(request, row, Way.SCANNED)
        return redirect(request.path)
    context = {"row": row, "door": door_of(request, row.forum) if row else "", "may_check_in": may_check_in}
    response = render(request, "forums/door/ticket.html", context)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


# --- what a device keeps ----------------------------------------------------------------------------------------------
@for_the_door
@require_http_methods(["GET", "HEAD", "POST"])
def device(request: HttpRequest, forum: Forum) -> HttpResponse:
    """The list that a device keeps; by POST, what it kept while it had no network, answered entry by entry."""
    now = timezone.now()
    answer: dict[str, Any] = {}
    if request.method == "POST":
        try:
            entries = entries_from(json.loads(request.body))
        except (ValueError, UnicodeDecodeError):
            return JsonResponse({"sentence": "This device sent something that is no list of check-ins."}, status=400)
        try:
            outcomes = reconcile(forum=forum, entries=entries, by=cast("User", request.user), now=now)
        except StepRefused as refused:
            return JsonResponse({"sentence": refused.sentence}, status=409)
        answer["outcomes"] = [
            {"entry": str(one.entry), "conflict": one.conflict, "sentence": one.sentence} for one in outcomes
        ]
    answer |= {
        "until": (forum.ends_at + KEPT_FOR).isoformat(),
        "csrf": get_token(request),
        "counts": counts(forum),
        "people": people_for(forum),
    }
    return JsonResponse(answer)


@for_the_door
@require_safe
def worker(request: HttpRequest, forum: Forum) -> HttpResponse:
    """The service worker, served from the door's own address so that it has no say anywhere else."""
    return HttpResponse(WORKER.read_bytes(), content_type="text/javascript; charset=utf-8")


# --- walk-ins ---------------------------------------------------------------------------------------------------------
class WalkInForm(forms.Form):
    """Who stands at the door without a seat."""

    name = forms.CharField(label="Name", max_length=120)
    email = forms.EmailField(
        label="E-mail", max_length=254, help_text="So that they get their link, and later the certificate."
    )
    organization = forms.CharField(label="District or organization", max_length=160, required=False)
    title = forms.CharField(label="Position", max_length=120, required=False)
    us_state = forms.ChoiceField(label="State", required=False, choices=[("", "Choose one"), *NAMES.items()])
    reason = forms.CharField(
        label="Why one chair more is brought in",
        max_length=300,
        required=False,
        help_text="Only where no chair is free. It is kept with your name.",
    )


@for_the_door
@require_http_methods(["GET", "HEAD", "POST"])
def walk_in_page(request: HttpRequest, forum: Forum) -> HttpResponse:
    """Let somebody in who has no seat."""
    form = WalkInForm(request.POST or None)
    if form.is_valid():
        try:
            made = _let_in(request, forum, form.cleaned_data)
        except StepRefused as refused:
            form.add_error(None, refused.sentence)
        else:
            row = made.registration
            tell = messages.warning if made.conflict else messages.success
            tell(request, f"{in_words(made, row)} Seat {row.seat_number}.")
            return redirect("forums:door", slug=forum.slug)
    status = 422 if form.errors else 200
    return render(request, "forums/door/walk_in.html", {"forum": forum, "form": form}, status=status)


def _let_in(request: HttpRequest, forum: Forum, typed: Mapping[str, Any]) -> CheckIn:
    """Nobody gets an account whom the forum has no chair for."""
    by, now = cast("User", request.user), timezone.now()
    with transaction.atomic():
        return walk_in(
            forum=forum,
            person=person_at(email=typed["email"], name=typed["name"], by=by),
            details=Details(organization_name=typed["organization"], title=typed["title"], us_state=typed["us_state"]),
            door=door_of(request, forum),
            reason=typed["reason"],
            by=by,
            now=now,
        )

"""The page behind the link of a registration's letters: where one stands, and what hangs on it.

Opening it changes nothing, for mail programs open links too; each change is a button (`forums.my_steps_views`).
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_safe

from cosn_site.audience import link_holder, signed_in
from forums.links import registration_of, token_of
from forums.materials import deliver, material_of, may_have_materials
from forums.models import Forum, Registration
from forums.my_registration import read_my_registration
from members.models import User


def for_holder(view: Callable[..., HttpResponseBase]) -> Any:
    """A view for whoever has the link: it gets the registration in place of the token, 404 when there is none."""

    @link_holder
    @never_cache
    @sensitive_variables("token")
    @wraps(view)
    def opened(request: HttpRequest, token: str, **others: Any) -> HttpResponseBase:
        row = registration_of(token)
        if row is None:
            response: HttpResponseBase = render(request, "forums/link_unknown.html", status=404)
        else:
            response = view(request, row, **others)
        response.headers["X-Robots-Tag"] = "noindex"
        return response

    return opened


def acting(request: HttpRequest, row: Registration) -> User:
    """Who acts: whoever is signed in, otherwise the person to whom the link was mailed."""
    return request.user if request.user.is_authenticated else row.person


@for_holder
@require_safe
def registration(request: HttpRequest, row: Registration) -> HttpResponse:
    """My registration: the ticket, the place in line or the offer, and what can be done."""
    now = timezone.now()
    context = {"mine": read_my_registration(row, now), "forum": row.forum, "token": token_of(row), "now": now}
    return render(request, "forums/my_registration.html", context)


# --- materials ----------------------------------------------------------------------------------------------------
@for_holder
@require_safe
def my_material(request: HttpRequest, row: Registration, pk: int) -> HttpResponseBase:
    """A file or a link for those with a confirmed seat, from the page of their registration."""
    found = material_of(row.forum, pk)
    return deliver(found) if may_have_materials(row) else _not_for_you(request, row.forum)


@signed_in
@never_cache
@require_safe
def material(request: HttpRequest, slug: str, pk: int) -> HttpResponseBase:
    """The same for whoever is signed in."""
    forum = get_object_or_404(Forum.objects.published(), slug=slug)
    found = material_of(forum, pk)
    own = Registration.objects.filter(forum=forum, person=cast("User", request.user)).first()
    return deliver(found) if may_have_materials(own) else _not_for_you(request, forum)


def _not_for_you(request: HttpRequest, forum: Forum) -> HttpResponse:
    return render(request, "forums/material_closed.html", {"forum": forum}, status=403)

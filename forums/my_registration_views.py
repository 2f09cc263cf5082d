"""The page behind the link of a registration's letters: where one stands, and what one can do about it.

Opening it changes nothing, for mail programs open links too; each change is a button.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_safe

from cosn_site.audience import link_holder
from forums.links import registration_of
from forums.models import Registration


def for_holder(view: Callable[..., HttpResponse]) -> Any:
    """A view for whoever has the link: it gets the registration in place of the token, 404 when there is none."""

    @link_holder
    @never_cache
    @sensitive_variables("token")
    @wraps(view)
    def opened(request: HttpRequest, token: str) -> HttpResponse:
        row = registration_of(token)
        if row is None:
            response = render(request, "forums/link_unknown.html", status=404)
        else:
            response = view(request, row)
        response.headers["X-Robots-Tag"] = "noindex"
        return response

    return opened


@for_holder
@require_safe
def registration(request: HttpRequest, row: Registration) -> HttpResponse:
    """My registration: the ticket, the place in line or the offer, and what can be done."""
    context = {"row": row, "forum": row.forum, "now": timezone.now()}
    return render(request, "forums/my_registration.html", context)

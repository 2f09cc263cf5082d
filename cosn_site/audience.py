"""Who a route is for. Every view of ours declares it with one of these decorators; a test walks all routes.

The site is closed by default: LoginRequiredMiddleware asks for a sign-in unless a view says `@public`.
"""

from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase


class Audience(StrEnum):
    """The groups a route can be for."""

    PUBLIC = "public"  # everyone, signed out too
    SIGNED_IN = "signed in"  # anyone with an account
    CONTACT = "contact"  # an organization's primary contact
    LINK = "link"  # whoever holds a secret link
    STAFF = "staff"  # the association's staff
    MACHINE = "machine"  # probes and webhooks


def _declare(view: Any, audience: Audience) -> Any:
    view.audience = audience
    return view


def public[View: Callable[..., HttpResponseBase]](view: View) -> View:
    """Everyone may open it."""
    return _declare(login_not_required(view), Audience.PUBLIC)


def machine[View: Callable[..., HttpResponseBase]](view: View) -> View:
    """For probes and webhooks: no session is asked for; the view checks what it needs itself."""
    return _declare(login_not_required(view), Audience.MACHINE)


def link_holder[View: Callable[..., HttpResponseBase]](view: View) -> View:
    """Whoever holds the secret in the address; the view looks the secret up itself.

    What is opened from there is told the site and not the address: it would stand in logs as where somebody came from.
    """

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        # not "no-referrer", with which browsers send no Origin either, and the CSRF check needs one of the two
        response.headers["Referrer-Policy"] = "strict-origin"
        return response

    return _declare(login_not_required(checked), Audience.LINK)


def signed_in[View: Callable[..., HttpResponseBase]](view: View) -> View:
    """Anyone with an account; others are led to the sign-in and back."""
    return _declare(view, Audience.SIGNED_IN)


def contact_only[View: Callable[..., HttpResponseBase]](view: View) -> View:
    """An organization's primary contact; the view finds out whether this is one, and answers everyone else 403."""
    return _declare(view, Audience.CONTACT)


def staff_only[View: Callable[..., HttpResponseBase]](view: View) -> View:
    """The association's staff; other signed-in people get a 403."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_staff:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return _declare(checked, Audience.STAFF)

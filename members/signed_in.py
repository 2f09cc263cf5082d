"""Who is signed in, for views that nobody else reaches."""

from typing import cast

from django.http import HttpRequest

from members.models import User


def person_of(request: HttpRequest) -> User:
    """The person of the session. For a view whose audience (`cosn_site.audience`) lets nobody else in."""
    return cast("User", request.user)

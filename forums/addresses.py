"""Which address a forum can have: one under which every page of it is found.

Addresses that belong to nobody's forum (certificates, links, tickets) begin with the same words. Which words these are
is asked of the addresses themselves.
"""

from django.core.exceptions import ValidationError
from django.urls import resolve, reverse

from forums.urls import app_name, urlpatterns


def check_slug(slug: str) -> None:
    """Raises ValidationError where a forum of this slug would hide one of our pages, or be hidden by one."""
    for pattern in urlpatterns:
        asks_for = pattern.pattern.converters
        if "slug" in asks_for and pattern.name:
            named = {name: slug if name == "slug" else 1 for name in asks_for}
            route = f"{app_name}:{pattern.name}"
            if resolve(reverse(route, kwargs=named)).view_name != route:
                raise ValidationError("This word stands for other pages of ours. Choose another one.", code="taken")

"""The links with which a forum goes into somebody's own calendar."""

from typing import Any

from django import template
from django.urls import reverse

from forums.calendar_links import google_link, outlook_link
from forums.links import token_of
from forums.models import Forum, Registration

register = template.Library()


@register.inclusion_tag("forums/add_to_calendar.html")
def add_to_calendar(registration: Registration) -> dict[str, Any]:
    """The calendar file of this registration, Google and Outlook; nothing where only the month is known, or the
    registration is over."""
    forum = registration.forum
    if forum.precision != Forum.Precision.TIME or not registration.is_alive or forum.status != Forum.Status.PUBLISHED:
        return {}
    return {
        "file": reverse("forums:registration_calendar", args=[token_of(registration)]),
        "google": google_link(forum),
        "outlook": outlook_link(forum),
    }


@register.inclusion_tag("forums/add_to_calendar.html")
def add_forum_to_calendar(forum: Forum) -> dict[str, Any]:
    """The same for whoever is not registered."""
    if forum.precision != Forum.Precision.TIME or forum.status != Forum.Status.PUBLISHED:
        return {}
    return {
        "file": reverse("forums:forum_calendar", args=[forum.slug]),
        "google": google_link(forum),
        "outlook": outlook_link(forum),
    }

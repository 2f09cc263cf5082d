"""The forums' window for the account page: somebody's registrations."""

from typing import Any

from django import template
from django.utils import timezone

from forums.dossier import place_in_line
from forums.links import token_of
from forums.models import Forum, Registration
from forums.panel import Mine, mine_of

register = template.Library()

SHOWN = 20


@register.inclusion_tag("forums/my_registrations.html", takes_context=True)
def my_registrations(context: dict[str, Any]) -> dict[str, Any]:
    """What comes first, the nearest at the head; then what was, the latest first. One statement."""
    now = timezone.now()
    rows = Registration.objects.filter(person=context["request"].user).select_related("forum")
    numbered = rows.annotate(number=place_in_line()).order_by("-forum__starts_at")[:SHOWN]
    found: list[dict[str, Any]] = [
        {"row": row, "forum": row.forum, "mine": mine_of(row, row.forum, now), "token": token_of(row)}
        for row in numbered
    ]
    coming = [one for one in found if one["forum"].ends_at > now]
    held = [one for one in found if one["forum"].ends_at <= now and one["forum"].status == Forum.Status.PUBLISHED]
    past = [one for one in held if one["mine"] is Mine.REGISTERED]
    return {"coming": coming[::-1], "past": past}

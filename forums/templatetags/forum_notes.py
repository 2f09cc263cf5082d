"""What the tables of a forum wrote down, on the forum's page."""

from typing import Any

from django import template

from forums.models import Forum, TableNote
from forums.notes import published_notes

register = template.Library()

HEADS = {
    TableNote.Kind.CHALLENGE: "Challenges",
    TableNote.Kind.OPPORTUNITY: "Opportunities",
    TableNote.Kind.RECIPE: "Recipes",
    TableNote.Kind.QUOTE: "In their words",
}


@register.inclusion_tag("forums/notes_published.html")
def forum_notes(forum: Forum) -> dict[str, Any]:
    """The published notes by kind. Draws nothing when there are none. One statement."""
    rows = list(published_notes(forum))
    by_kind = [(head, kind, [row for row in rows if row.kind == kind]) for kind, head in HEADS.items()]
    return {"by_kind": [group for group in by_kind if group[2]]}

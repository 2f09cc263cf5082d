"""The audit trail of one object, for its history page."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models
from pghistory.core import event_models
from pghistory.models import Events

from cosn_site.templatetags.site import moment

SHOWN_AT_MOST = 200
LONG = 80


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One recorded change: when, by whom, by which verb, and what it changed."""

    at: datetime
    actor: str
    verb: str
    changes: tuple[tuple[str, str, str], ...]


def audit_rows(obj: models.Model) -> list[AuditRow]:
    """The newest changes of a tracked object, newest first; none for a model that is not tracked."""
    if not event_models(tracks_model=type(obj)):
        return []
    events = list(Events.objects.tracks(obj).order_by("-pgh_created_at", "-pgh_id")[:SHOWN_AT_MOST])
    people = {event.pgh_context["user"] for event in events if (event.pgh_context or {}).get("user")}
    names = {person.pk: str(person) for person in get_user_model().objects.filter(pk__in=people)}
    return [_row(obj, event, names) for event in events]


def _row(obj: models.Model, event: Any, names: dict[int, str]) -> AuditRow:
    context = event.pgh_context or {}
    actor = context.get("user")
    return AuditRow(
        at=event.pgh_created_at,
        actor=names.get(actor, f"Person {actor}") if actor else "The system",
        verb=str(context.get("verb") or {"insert": "added", "update": "changed"}.get(event.pgh_label, event.pgh_label))
        .replace("_", " ")
        .capitalize(),
        changes=tuple(_changes(obj, event.pgh_diff or {})),
    )


def _changes(obj: models.Model, diff: dict[str, list[Any]]) -> Iterator[tuple[str, str, str]]:
    fields = {field.attname: field for field in obj._meta.concrete_fields}
    for column, (before, after) in diff.items():
        field = fields.get(column)
        name = str(field.verbose_name) if field else column
        is_time = isinstance(field, models.DateTimeField)
        yield name.capitalize(), _short(before, is_time=is_time), _short(after, is_time=is_time)


def _short(value: Any, *, is_time: bool) -> str:
    text = "" if value is None else str(value)
    if is_time and text:
        return moment(datetime.fromisoformat(text))
    return text if len(text) <= LONG else f"{text[:LONG]}…"

"""Who is at a forum, as the door reads it: nobody's answers, nobody's address."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from forums.check_in import Entry, Way
from forums.models import CheckIn, Forum, Registration
from forums.templatetags.forum_words import clock_face

KEPT_FOR = timedelta(hours=24)  # after the forum a device forgets its list
MOST_ENTRIES = 2_000  # in one sending
MOST_FOUND = 12
LAST = 25


def attending(forum: Forum) -> QuerySet[Registration]:
    """Who holds a seat, by name, each with `in_since`, `in_by` (the check-in) and `in_at_door` if they came."""
    first = CheckIn.objects.counting().filter(registration=OuterRef("pk"))
    rows = Registration.objects.filter(forum=forum).holding().select_related("person", "organization")
    return rows.annotate(
        in_since=Subquery(first.values("at")[:1]),
        in_by=Subquery(first.values("pk")[:1]),
        in_at_door=Subquery(first.values("door")[:1]),
    ).order_by("person__name", "pk")


def people_like(forum: Forum, text: str) -> list[Registration]:
    """Who holds a seat and has each of these words in their name, their district or their ticket's code."""
    rows = attending(forum)
    for word in text.split()[:6]:
        rows = rows.filter(
            Q(person__name__icontains=word)
            | Q(organization__name__icontains=word)
            | Q(organization_name__icontains=word)
            | Q(ticket__istartswith=word.replace("-", ""))
        )
    return [_local(row, forum) for row in rows[:MOST_FOUND]]


def _local(row: Registration, forum: Forum) -> Registration:
    since: Any = row.in_since  # type: ignore[attr-defined]
    row.in_since = since.astimezone(forum.zone) if since else None  # type: ignore[attr-defined]
    return row


def people_for(forum: Forum) -> list[dict[str, Any]]:
    """What a device keeps of each who holds a seat."""
    return [
        {
            "id": row.pk,
            "name": str(row.person.name or "Name not given"),
            "district": row.district,
            "seat": row.seat_number,
            "ticket": row.ticket,
            "in": clock_face(row.in_since.astimezone(forum.zone)) if row.in_since else "",  # type: ignore[attr-defined]
        }
        for row in attending(forum)
    ]


def counts(forum: Forum) -> dict[str, Any]:
    """How many are in, of how many seats that are held, and through which doors."""
    came = CheckIn.objects.counting().filter(registration__forum=forum)
    doors = came.values("door").annotate(people=Count("pk")).order_by("door")
    through = [{"door": row["door"] or "No door named", "people": row["people"]} for row in doors]
    held = Registration.objects.filter(forum=forum).holding().count()
    return {"in": sum(row["people"] for row in through), "of": held, "doors": through}


def last_in(forum: Forum) -> list[CheckIn]:
    """Who came in last, and can be undone."""
    rows = CheckIn.objects.counting().filter(registration__forum=forum).select_related("registration__person")
    return [_at_home(row, forum) for row in rows.order_by("-received_at", "-pk")[:LAST]]


def set_aside(forum: Forum) -> list[CheckIn]:
    """The check-ins that are kept and do not count."""
    rows = CheckIn.objects.filter(registration__forum=forum).exclude(conflict=CheckIn.Conflict.NONE)
    return [_at_home(row, forum) for row in rows.select_related("registration__person", "by")[:100]]


def _at_home(row: CheckIn, forum: Forum) -> CheckIn:
    row.at = row.at.astimezone(forum.zone)  # not saved: for the page, in the forum's own zone
    return row


def person_with(ticket: str) -> Registration | None:
    """Whose ticket has this code, with `in_since`; None where nobody's has."""
    code = ticket.strip().replace("-", "").upper()
    rows = Registration.objects.filter(ticket=code).select_related("forum", "person", "organization")
    found = rows.annotate(
        in_since=Subquery(CheckIn.objects.counting().filter(registration=OuterRef("pk")).values("at")[:1])
    ).first()
    return _local(found, found.forum) if found else None


def entries_from(sent: Any) -> list[Entry]:
    """What a device sent, understood. Raises ValueError for anything else."""
    rows = sent.get("entries") if isinstance(sent, Mapping) else None
    if not isinstance(rows, list) or len(rows) > MOST_ENTRIES:
        raise ValueError
    return [_entry(row) for row in rows]


def _entry(row: Any) -> Entry:
    if not isinstance(row, Mapping) or not isinstance(row.get("registration"), int):
        raise ValueError
    at = parse_datetime(str(row.get("at")))
    if at is None or timezone.is_naive(at):
        raise ValueError
    way = Way.SCANNED if row.get("way") == Way.SCANNED else Way.BY_NAME
    return Entry(UUID(str(row.get("entry"))), row["registration"], at, str(row.get("door", "")), way)

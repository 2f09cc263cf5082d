"""A forum's page: all that it shows, in one statement; and the reader's own registration, in another."""

from dataclasses import dataclass
from datetime import time
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, JSONObject

from cosn_site.prepared import Prepared, columns, instance
from forums.models import Forum, ForumSeries, Part, Registration, Seating, Session, Sponsor
from forums.models.forums import Material

_FORUM = columns(Forum)
_SERIES = columns(ForumSeries)
_SEATING = columns(Seating)
_REGISTRATION = columns(Registration)


def _lists() -> dict[str, ArraySubquery]:
    """Everything a forum has several of, as arrays of JSON objects."""
    own = OuterRef("pk")
    parts = Part.objects.filter(session__forum=own).order_by("session__starts_at", "session", "position", "pk")
    return {
        "sessions": ArraySubquery(
            Session.objects.filter(forum=own)
            .order_by("starts_at", "pk")
            .values(row=JSONObject(id="pk", starts_at="starts_at", ends_at="ends_at", title="title", detail="detail"))
        ),
        "parts": ArraySubquery(
            parts.values(
                row=JSONObject(
                    session="session_id",
                    speaker="speaker_id",
                    role="role",
                    name="speaker__name",
                    title="speaker__title",
                    organization="speaker__organization",
                    bio="speaker__bio",
                )
            )
        ),
        "sponsors": ArraySubquery(
            Sponsor.objects.filter(forums=own).order_by("name").values(row=JSONObject(name="name"))
        ),
        "materials": ArraySubquery(
            Material.objects.filter(forum=own).order_by("position", "pk").values(row=JSONObject(id="pk", title="title"))
        ),
    }


_LISTS = tuple(_lists())
_page = Prepared(
    "forum_page",
    ["text"],
    lambda slug: Forum.objects.filter(slug=slug).values_list(
        *_FORUM,
        *(f"series__{name}" for name in _SERIES),
        *(f"seating__{name}" for name in _SEATING),
        *_lists().values(),
    ),
)


@dataclass(frozen=True, slots=True)
class Appearance:
    """Somebody who speaks at a forum or leads a discussion there: who they are, and what they do."""

    name: str
    title: str
    organization: str
    bio: str
    is_moderator: bool


@dataclass(frozen=True, slots=True)
class Slot:
    """A line of the agenda, with who appears in it."""

    starts_at: time
    ends_at: time | None
    title: str
    detail: str
    people: tuple[Appearance, ...] = ()


@dataclass(frozen=True, slots=True)
class Dossier:
    """A forum with everything that belongs to it."""

    forum: Forum
    seating: Seating | None
    agenda: tuple[Slot, ...]
    speakers: tuple[Appearance, ...]
    sponsors: tuple[str, ...]
    materials: list[dict[str, Any]]

    @property
    def content(self) -> tuple[Any, ...]:
        """All that the page says of the forum itself: two pages with the same content read the same."""
        own = tuple(getattr(self.forum, name) for name in _FORUM)
        return (*own, self.forum.series.name, self.agenda, self.speakers, self.sponsors)


def read_dossier(slug: str) -> Dossier | None:
    """The forum with this address and all that belongs to it, in one statement; None without one."""
    for row in _page(slug):
        values = iter(row)
        forum = instance(Forum, _FORUM, [next(values) for _ in _FORUM])
        forum.series = instance(ForumSeries, _SERIES, [next(values) for _ in _SERIES])
        numbers = [next(values) for _ in _SEATING]
        seating = instance(Seating, _SEATING, numbers) if numbers[0] is not None else None
        lists = dict(zip(_LISTS, values, strict=True))
        return Dossier(
            forum=forum,
            seating=seating,
            agenda=_agenda(lists["sessions"], lists["parts"]),
            speakers=_speakers(lists["parts"]),
            sponsors=tuple(sponsor["name"] for sponsor in lists["sponsors"]),
            materials=lists["materials"],
        )
    return None


def _appearance(part: dict[str, Any]) -> Appearance:
    words = {name: part[name] for name in ("name", "title", "organization", "bio")}
    return Appearance(**words, is_moderator=part["role"] == Part.Role.MODERATOR)


def _agenda(sessions: list[dict[str, Any]], parts: list[dict[str, Any]]) -> tuple[Slot, ...]:
    return tuple(
        Slot(
            starts_at=time.fromisoformat(row["starts_at"]),
            ends_at=time.fromisoformat(row["ends_at"]) if row["ends_at"] else None,
            title=row["title"],
            detail=row["detail"],
            people=tuple(_appearance(part) for part in parts if part["session"] == row["id"]),
        )
        for row in sessions
    )


def _speakers(parts: list[dict[str, Any]]) -> tuple[Appearance, ...]:
    """Each once, in the order in which they appear; a moderator is who speaks nowhere."""
    found: dict[int, Appearance] = {}
    for part in parts:
        before = found.get(part["speaker"])
        if before is None or before.is_moderator:
            found[part["speaker"]] = _appearance(part)
    return tuple(found.values())


# --- one's own ----------------------------------------------------------------------------------------------------
def _own(forum: int, person: int) -> QuerySet[Registration, tuple[Any, ...]]:
    rows = Registration.objects.filter(forum=forum, person=person)
    return rows.annotate(number=place_in_line()).values_list(*_REGISTRATION, F("number"))


def place_in_line() -> Coalesce:
    """For a query of registrations: how many of the line stand before it, and itself. 0 where there is no place."""
    line = Registration.objects.filter(
        state=Registration.State.WAITING, forum=OuterRef("forum"), place__lte=OuterRef("place")
    )
    return Coalesce(Subquery(line.order_by().values("forum").annotate(number=Count("pk")).values("number")), 0)


_own_registration = Prepared("own_registration", ["bigint", "bigint"], _own)


def own_registration(forum: Forum, person_id: int) -> tuple[Registration | None, int]:
    """The person's registration for this forum with its number in line; None and 0 without one. One statement."""
    for row in _own_registration(forum.pk, person_id):
        *values, number = row
        own = instance(Registration, _REGISTRATION, values)
        own.forum = forum
        return own, number
    return None, 0

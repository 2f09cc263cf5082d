"""What the letters of a forum are made of: their parts, the facts that they rest on, and the links in them."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.urls import reverse

from forums.calendar import place_of
from forums.links import link_to, token_of
from forums.models import Forum, Mailing, Registration, Team
from forums.templatetags.forum_words import forum_day, forum_hours

State = Registration.State
NBSP = "\u00a0"
# What can be announced as changed, in this order, and what letters call it.
CHANGES = {"day": "time", "place": "place", "title": "title"}


@dataclass(frozen=True, slots=True)
class Link:
    """A button, or a link in a sentence."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Words:
    """One letter: its subject, its heading, paragraphs, the one button, and a last line that may end in a link."""

    subject: str
    heading: str
    paragraphs: tuple[str, ...]
    button: Link | None = None
    closing: str = ""
    closing_link: Link | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What a letter is made from. What only one kind needs is given for that kind alone."""

    row: Registration
    key: str
    now: datetime
    position: int = 0  # in line, from 1
    colleague: str = ""  # who took what was handed on
    changed: tuple[str, ...] = ()  # of CHANGES
    came: bool | None = None  # None: nobody was checked in at this forum
    has_survey: bool = False
    unanswered: int = 0  # questions that want an answer of them
    mailing: Mailing | None = None

    @property
    def forum(self) -> Forum:
        return self.row.forum


def plain(text: str) -> str:
    """With ordinary spaces: for subjects, and mail as text."""
    return text.replace(NBSP, " ")


def when(forum: Forum) -> str:
    """Tuesday, 6 April 2027, 1 to 5 pm Eastern."""
    return plain(", ".join(filter(None, (forum_day(forum), forum_hours(forum)))))


def facts_about(row: Registration) -> list[tuple[str, str]]:
    """What each letter lists: the forum, when, where, and the seat."""
    forum = row.forum
    found = [("Forum", forum.title), ("When", when(forum))]
    place = place_of(forum)
    found += [("Where", place)] if place else []
    found += [("Seat", str(row.seat_number))] if row.state == State.CONFIRMED else []
    return found


def values_for(row: Registration) -> dict[str, str]:
    """What the placeholders of staff's paragraphs stand for."""
    forum = row.forum
    return {
        "name": row.person.name or row.person.email,
        "forum": forum.title,
        "day": plain(forum_day(forum)),
        "hours": plain(forum_hours(forum)),
        "place": place_of(forum),
        "seat": str(row.seat_number) if row.state == State.CONFIRMED else "",
        "link": link_to(row),
    }


def in_days(forum: Forum, now: datetime) -> str:
    """today, tomorrow, in 7 days: by the calendar of the forum's own zone."""
    days = (forum.local_start.date() - now.astimezone(forum.zone).date()).days
    return {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")


def page(name: str, row: Registration) -> str:
    """The whole address of a page behind a registration's link."""
    return f"{settings.SITE_URL}{reverse(name, args=[token_of(row)])}"


def forum_page(forum: Forum) -> str:
    return f"{settings.SITE_URL}{forum.get_absolute_url()}"


def all_forums() -> Link:
    return Link("See what comes next", f"{settings.SITE_URL}{reverse('forums:index')}")


def stays_together(row: Registration) -> bool:
    return row.team is not None and row.team.mode == Team.Mode.TOGETHER

"""When a forum is, in words; and the window that shows the next one on pages of the floor below."""

from datetime import datetime, time
from typing import Any

from django import template
from django.utils import formats, timezone

from forums.models import Forum

register = template.Library()

NBSP = "\u00a0"
ZONE_WORDS = {
    "America/New_York": "Eastern",
    "America/Chicago": "Central",
    "America/Denver": "Mountain",
    "America/Phoenix": "Mountain",
    "America/Los_Angeles": "Pacific",
}


@register.filter
def forum_day(forum: Forum) -> str:
    """Tuesday, 6 April 2027; or March 2013 where only the month is known. In the forum's own zone."""
    if forum.precision == Forum.Precision.MONTH:
        return formats.date_format(forum.local_start, "F Y").replace(" ", NBSP)
    weekday = formats.date_format(forum.local_start, "l")
    return f"{weekday}, {formats.date_format(forum.local_start, 'j F Y').replace(' ', NBSP)}"


@register.filter
def forum_month(forum: Forum) -> str:
    """April 2027, in the forum's own zone (Django's own date filter would use ours)."""
    return formats.date_format(forum.local_start, "F Y").replace(" ", NBSP)


@register.filter
def forum_weekday(forum: Forum) -> str:
    """Tuesday, in the forum's own zone."""
    return formats.date_format(forum.local_start, "l")


@register.filter
def forum_hours(forum: Forum) -> str:
    """1 to 5 pm Eastern, in the forum's own zone; 9 am to Wednesday, 8 April 2027, 12 pm Eastern, where it ends on
    another day; empty where only the month is known."""
    if forum.precision == Forum.Precision.MONTH:
        return ""
    start, end = forum.local_start, forum.local_end
    if start.date() != end.date():
        first = _clock(start.hour, start.minute, half=True).replace(" ", NBSP)
        return f"{first}{NBSP}to {moment_at(forum.ends_at, forum)}"
    first = _clock(start.hour, start.minute, half=(start.hour < 12) != (end.hour < 12))
    return f"{first} to {_clock(end.hour, end.minute, half=True)} {zone_words(forum)}".replace(" ", NBSP)


@register.filter
def zone_words(forum: Forum) -> str:
    """Eastern; or the city, for a zone that has no name of its own here."""
    return ZONE_WORDS.get(forum.time_zone, forum.time_zone.rpartition("/")[2].replace("_", " "))


@register.filter
def moment_at(instant: datetime | None, forum: Forum) -> str:
    """Thursday, 1 April 2027, 2 pm Eastern: an instant in the forum's own zone. Empty for None."""
    if instant is None:
        return ""
    local = instant.astimezone(forum.zone)
    weekday, face = formats.date_format(local, "l"), _clock(local.hour, local.minute, half=True)
    clock = f"{face} {zone_words(forum)}".replace(" ", NBSP)
    return f"{weekday}, {day_at(instant, forum)}, {clock}"


@register.filter
def day_at(instant: datetime | None, forum: Forum) -> str:
    """30 March 2027: the day of an instant in the forum's own zone. Empty for None."""
    if instant is None:
        return ""
    return formats.date_format(instant.astimezone(forum.zone), "j F Y").replace(" ", NBSP)


@register.filter
def clock_face(value: time | datetime) -> str:
    """1:20 pm, of a time in the agenda, or of an instant that is in the forum's own zone already."""
    return _clock(value.hour, value.minute, half=True).replace(" ", NBSP)


@register.filter
def ordinal(number: int) -> str:
    """3rd, of a place in line."""
    ending = "th" if 10 <= number % 100 <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"


def _clock(hour: int, minute: int, *, half: bool) -> str:
    face = f"{hour % 12 or 12}" + (f":{minute:02}" if minute else "")
    return f"{face} {'am' if hour < 12 else 'pm'}" if half else face


@register.inclusion_tag("forums/next_forum.html")
def next_forum() -> dict[str, Any]:
    """The forum that comes next, if one is announced."""
    coming = Forum.objects.published().upcoming(timezone.now()).exclude(status=Forum.Status.CANCELLED)
    return {"forum": coming.select_related("series").first()}

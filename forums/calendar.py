"""Forums as calendar entries (RFC 5545), in the forum's own time zone."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from icalendar import Calendar, Event

from forums.models import Forum


def calendar_of(forums: Iterable[Forum], now: datetime) -> bytes:
    """One entry a forum, with a UID that never changes and the time zones it needs."""
    calendar = Calendar()
    calendar.add("prodid", "-//CoSN//CTO Leadership Forums//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", "CTO Leadership Forums")
    for forum in forums:
        calendar.add_component(_event(forum, now))
    calendar.add_missing_timezones()
    return calendar.to_ical()


def _event(forum: Forum, now: datetime) -> Event:
    zone = ZoneInfo(forum.time_zone)
    event = Event()
    event.add("uid", f"forum-{forum.pk}@{settings.SITE_URL.split('//')[-1].split(':')[0]}")
    event.add("dtstamp", now)
    event.add("dtstart", forum.starts_at.astimezone(zone))
    event.add("dtend", forum.ends_at.astimezone(zone))
    event.add("summary", f"CTO Leadership Forum: {forum.title}")
    event.add("description", forum.summary)
    event.add("url", settings.SITE_URL + forum.get_absolute_url())
    if forum.venue or forum.host_conference:
        event.add("location", ", ".join(filter(None, (forum.venue, forum.host_conference))))
    event.add("status", "CANCELLED" if forum.status == Forum.Status.CANCELLED else "CONFIRMED")
    return event

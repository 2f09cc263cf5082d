"""Forums and registrations as calendar entries (RFC 5545, RFC 5546), in the forum's own time zone.

A registration's entry has one UID for ever and a SEQUENCE that rises with each change of it and of its forum, so that
a later file takes the place of an earlier one wherever it is opened. Whoever holds a seat, is offered one or waits is
sent a REQUEST; when that is over, a CANCEL, which takes the entry away.

The entries hold no secret: calendars are shared with assistants and colleagues, and the link to a registration is not.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from icalendar import Calendar, Event, vCalAddress, vDuration, vText

from forums.models import Forum, Registration
from forums.vtimezone import timezone_for

ORGANIZER = "forums@example.org"
REFRESH = timedelta(hours=12)
REQUEST, CANCEL, PUBLISH = "REQUEST", "CANCEL", "PUBLISH"

State = Registration.State
# What a calendar makes of each state: (STATUS, PARTSTAT)
_IN_A_CALENDAR = {
    State.CONFIRMED: ("CONFIRMED", "ACCEPTED"),
    State.OFFERED: ("TENTATIVE", "NEEDS-ACTION"),
    State.WAITING: ("TENTATIVE", "TENTATIVE"),
}
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u0085\u2028\u2029]")


# --- words of an entry ------------------------------------------------------------------------------------------------
def summary_of(forum: Forum) -> str:
    """What the entry is called."""
    return f"CTO Leadership Forum: {forum.title}"


def place_of(forum: Forum) -> str:
    """Where it is, in a line; empty where nobody said."""
    return ", ".join(filter(None, (forum.venue, forum.host_conference)))


def description_of(forum: Forum) -> str:
    """What it is about, and where the map is."""
    return "\n\n".join(filter(None, (forum.summary, f"Map: {forum.map_url}" if forum.map_url else "")))


# --- calendars --------------------------------------------------------------------------------------------------------
def calendar_of(forums: Iterable[Forum], now: datetime, *, name: str = "CTO Leadership Forums") -> bytes:
    """Forums to look at or to subscribe to: an entry each, a cancelled one marked as such. For those whose day is
    known; others are left out."""
    dated = [forum for forum in forums if forum.precision == Forum.Precision.TIME]
    calendar = _calendar(PUBLISH, dated)
    calendar.add("x-wr-calname", vText(_clean(name)))
    calendar.add("refresh-interval", vDuration(REFRESH), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vDuration(REFRESH))
    for forum in dated:
        event = _event(forum, f"forum-{forum.pk}", now)
        event.add("sequence", forum.revision)
        event.add("status", "CANCELLED" if forum.status == Forum.Status.CANCELLED else "CONFIRMED")
        calendar.add_component(event)
    return calendar.to_ical()


def method_of(registration: Registration) -> str:
    """REQUEST while it holds or waits for a seat of a forum that takes place, CANCEL otherwise."""
    return REQUEST if registration.is_alive and registration.forum.status == Forum.Status.PUBLISHED else CANCEL


def registration_calendar(registration: Registration, now: datetime) -> bytes:
    """The entry of one registration as it is now; wants its forum and its person."""
    forum, method = registration.forum, method_of(registration)
    status, answer = _IN_A_CALENDAR.get(State(registration.state), ("CANCELLED", "DECLINED"))
    if method == CANCEL:
        status = "CANCELLED"
    calendar = _calendar(method, [forum])
    event = _event(forum, f"registration-{registration.pk}", now)
    event.add("sequence", registration.calendar_sequence)
    event.add("status", status)
    event.add("transp", "OPAQUE" if status == "CONFIRMED" else "TRANSPARENT")
    organizer = vCalAddress(f"mailto:{ORGANIZER}")
    organizer.params["CN"] = "CTO Leadership Forums"
    event.add("organizer", organizer)
    attendee = vCalAddress(f"mailto:{registration.person.email}")
    name = _clean(registration.person.name).replace('"', "’").replace("\n", " ")
    attendee.params.update({"CN": name or registration.person.email, "ROLE": "REQ-PARTICIPANT"})
    attendee.params.update({"CUTYPE": "INDIVIDUAL", "PARTSTAT": answer, "RSVP": "FALSE"})
    event.add("attendee", attendee)
    calendar.add_component(event)
    return calendar.to_ical()


def host() -> str:
    """The name of this site, for identifiers."""
    return urlsplit(settings.SITE_URL).hostname or "localhost"


def _calendar(method: str, forums: Iterable[Forum]) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", "-//CoSN//CTO Leadership Forums//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    years: dict[str, set[int]] = {}
    zones = {}
    for forum in forums:
        zones[forum.time_zone] = forum.zone
        years.setdefault(forum.time_zone, set()).update((forum.local_start.year, forum.local_end.year))
    for key in sorted(zones):
        calendar.add_component(timezone_for(zones[key], years[key]))
    return calendar


def _event(forum: Forum, uid: str, now: datetime) -> Event:
    event = Event()
    event.add("uid", f"{uid}@{host()}")
    event.add("dtstamp", now)
    event.add("dtstart", forum.local_start)
    event.add("dtend", forum.local_end)
    event.add("summary", _clean(summary_of(forum)))
    event.add("url", f"{settings.SITE_URL}{forum.get_absolute_url()}")
    if place := place_of(forum):
        event.add("location", _clean(place))
    if description := description_of(forum):
        event.add("description", _clean(description))
    return event


def _clean(text: str) -> str:
    """Without what no calendar can show; a line break is one character."""
    return _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))

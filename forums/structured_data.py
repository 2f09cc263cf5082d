"""A forum as an event in schema.org's words."""

from django.conf import settings

from cosn_site.structured_data import script_json
from forums.calendar import place_of
from forums.models import Forum
from forums.panel import Phase

_SEATS = {Phase.OPEN: "InStock", Phase.FULL: "SoldOut"}


def event(forum: Forum, phase: Phase) -> str:
    """What search engines show of it; empty for a draft, and where only the month is known."""
    if forum.status == Forum.Status.DRAFT or forum.precision != Forum.Precision.TIME:
        return ""
    status = "EventCancelled" if phase is Phase.CANCELLED else "EventScheduled"
    page = f"{settings.SITE_URL}{forum.get_absolute_url()}"
    facts = {
        "@context": "https://schema.org",
        "@type": "Event",
        "name": forum.title,
        "description": forum.summary,
        "url": page,
        "startDate": forum.local_start.isoformat(),
        "endDate": forum.local_end.isoformat(),
        "eventStatus": f"https://schema.org/{status}",
        "eventAttendanceMode": "https://schema.org/OfflineEventAttendanceMode",
        "location": {"@type": "Place", "name": place_of(forum)},
        "organizer": {"@type": "Organization", "name": "Consortium for School Networking"},
        "isAccessibleForFree": True,
    }
    if phase in _SEATS:
        availability = f"https://schema.org/{_SEATS[phase]}"
        facts["offers"] = {
            "@type": "Offer",
            "price": 0,
            "priceCurrency": "USD",
            "availability": availability,
            "url": page,
        }
    return script_json(facts)

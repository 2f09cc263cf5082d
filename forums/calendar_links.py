"""“Add to Google” and “Add to Outlook”: addresses that open a filled-in entry in somebody's own calendar.

They go to somebody else's site, so they hold nothing but what everyone may know: never the link to a registration.
"""

from urllib.parse import urlencode

from django.conf import settings

from forums.calendar import description_of, place_of, summary_of
from forums.models import Forum


def google_link(forum: Forum) -> str:
    """Google Calendar, in the forum's own zone."""
    start, end = (f"{moment:%Y%m%dT%H%M%S}" for moment in (forum.local_start, forum.local_end))
    details = f"{description_of(forum)}\n\n{_page(forum)}".strip()
    return "https://calendar.google.com/calendar/render?" + urlencode(
        {
            "action": "TEMPLATE",
            "text": summary_of(forum),
            "dates": f"{start}/{end}",
            "ctz": forum.time_zone,
            "details": details,
            "location": place_of(forum),
        }
    )


def outlook_link(forum: Forum) -> str:
    """Outlook on the web, for work and school accounts. The times carry their offset."""
    return "https://outlook.office.com/calendar/0/deeplink/compose?" + urlencode(
        {
            "path": "/calendar/action/compose",
            "rru": "addevent",
            "subject": summary_of(forum),
            "startdt": forum.local_start.isoformat(timespec="seconds"),
            "enddt": forum.local_end.isoformat(timespec="seconds"),
            "body": f"{description_of(forum)}\n\n{_page(forum)}".strip(),
            "location": place_of(forum),
        }
    )


def _page(forum: Forum) -> str:
    return f"{settings.SITE_URL}{forum.get_absolute_url()}"

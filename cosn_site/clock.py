"""The association's clock: which day it is for access and dues.

Access and dues dates are days in Washington, DC. The database and every `now` are instants; this is the only place
where an instant becomes the association's day, and the other way round.
"""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ASSOCIATION_ZONE = ZoneInfo("America/New_York")


def association_day(now: datetime) -> date:
    """The association's calendar day at the instant `now` (which must be aware)."""
    if now.tzinfo is None:
        raise ValueError("association_day() needs an aware datetime")
    return now.astimezone(ASSOCIATION_ZONE).date()


def start_of(day: date) -> datetime:
    """The first instant of the association's day."""
    return datetime.combine(day, time(), tzinfo=ASSOCIATION_ZONE)


def end_of(day: date) -> datetime:
    """The instant at which the association's day is over (the first of the next one)."""
    return start_of(day + timedelta(days=1))


def in_full(day: date) -> str:
    """1 July 2026, in plain text: for what is stored, and for refusals. Pages write days with the `day` filter."""
    return f"{day.day} {day:%B %Y}"

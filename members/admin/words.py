"""Standing and money in words, for staff."""

from django.utils import timezone

from cosn_site.templatetags.site import day
from members import seats
from members.models import Membership
from members.standing import Status

STANDING_NAMES = {
    Status.ACTIVE: "Active",
    Status.PROVISIONAL: "Provisional",
    Status.GRACE: "In grace",
    Status.UPCOMING: "Not started",
    Status.LAPSED: "Lapsed",
    Status.NONE: "No term yet",
}


def dollars(cents: int) -> str:
    """1,250.00 as staff write it, with its currency."""
    return f"${cents / 100:,.2f}"


def standing_in_brief(membership: Membership) -> str:
    """The standing by THE rule today, with the day that it hangs on."""
    found = seats.membership_standing(membership, timezone.now())
    name = STANDING_NAMES[found.status]
    if found.until is None:
        return name
    preposition = {Status.UPCOMING: "until", Status.LAPSED: "since"}.get(found.status, "to")
    return f"{name} {preposition} {day(found.until)}"

"""Standing and steps of the renewal series in words, for staff."""

from datetime import datetime

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


def step_in_words(step: int) -> str:
    """30 days before the last day, and so on: when a letter of the renewal series goes out."""
    if not step:
        return "on the last day"
    return f"{abs(step)} days {'before' if step < 0 else 'after'} the last day"


def standing_in_brief(membership: Membership) -> str:
    """The standing by THE rule today, with the day that it hangs on."""
    found = seats.membership_standing(membership, timezone.now())
    name = STANDING_NAMES[found.status]
    if found.until is None:
        return name
    preposition = {Status.UPCOMING: "until", Status.LAPSED: "since"}.get(found.status, "to")
    return f"{name} {preposition} {day(found.until)}"


def why_it_stands(membership: Membership, now: datetime) -> str:
    """The term that decides, and what of it does, in a sentence."""
    found = seats.membership_standing(membership, now)
    if found.term is None:
        return "No term counts: none was recorded, or all were voided."
    term = f"Its term runs from {day(found.term.starts_on)} to {day(found.term.ends_on)}"
    match found.status:
        case Status.PROVISIONAL:
            return f"{term}. The purchase order is not paid; access lasts up to and including {day(found.until)}."
        case Status.GRACE:
            return f"Its term ended on {day(found.term.ends_on)}. Days of grace: {found.term.grace_days}."
        case Status.LAPSED if found.term.provisional_until:
            return f"{term}, but the purchase order was not paid by {day(found.until)}. That earns no grace."
        case Status.LAPSED:
            return f"Its last term ended on {day(found.term.ends_on)}, and grace is over since {day(found.until)}."
        case Status.UPCOMING:
            return f"{term}, and nothing runs before it."
    return f"{term}."

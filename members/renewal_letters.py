"""What the renewal letters and the page behind their link say; and sending one.

The words follow the true number of days to the end of the term, so that a letter that is late is still right.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils import timezone

from cosn_site.clock import association_day
from cosn_site.jobs import job
from cosn_site.mail import send_templated
from cosn_site.templatetags.site import day, dollars
from members.models import Membership, RenewalNotice, Term
from members.models.renewals import STEPS
from members.price_lists import PriceListError
from members.prices import PriceError, Quote
from members.quotes import DuesError, price_of_renewal
from members.seat_mail import STAFF_ADDRESS

_SALT = "members.renewal"


# --- the link ---------------------------------------------------------------------------------------------------------
def token_of(term: Term) -> str:
    """The signed part of the link to a term's renewal page. It names the term and nobody."""
    return signing.Signer(salt=_SALT).sign(str(term.pk))


def term_of(token: str) -> Term | None:
    """The term of a link; None for one that is not ours, or was changed."""
    try:
        key = signing.Signer(salt=_SALT).unsign(token)
    except signing.BadSignature:
        return None
    rows = Term.objects.select_related("membership__plan", "membership__organization")
    return rows.filter(pk=key).first()


def link_to(term: Term) -> str:
    """The whole address of a term's renewal page, for a letter."""
    return f"{settings.SITE_URL}{reverse('members:renewal', args=[token_of(term)])}"


# --- where the renewal stands -----------------------------------------------------------------------------------------
class State(StrEnum):
    """What has become of the renewal of a term."""

    OPEN = "open"
    RENEWED = "renewed"
    CANCELLED = "cancelled"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Renewal:
    """Where the renewal of a term stands, and the membership's last term that counts (for a void one, maybe none)."""

    state: State
    term: Term


def renewal_of(term: Term) -> Renewal:
    """Where it stands now: what an earlier letter says may have been overtaken."""
    counting = term.membership.terms.counting()
    last = counting.order_by("-starts_on").first()
    if last is None:
        return Renewal(State.VOID, term)
    if last.pk != term.pk:
        last.membership = term.membership
    if last.last_day > term.last_day:
        return Renewal(State.RENEWED, last)
    if term.membership.cancelled_at is not None:
        return Renewal(State.CANCELLED, last)
    return Renewal(State.OPEN, last)


def offer(membership: Membership, now: datetime) -> Quote | None:
    """What the next term costs with as many seats as the last one; None where that cannot be told without asking."""
    try:
        return price_of_renewal(membership=membership, now=now).quote
    except (DuesError, PriceError, PriceListError):
        return None


# --- the words --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Words:
    """A heading and sentences about the end of a term, on a day."""

    heading: str
    sentences: tuple[str, ...]
    is_over: bool


def words(term: Term, today: date, *, whose: str, for_organization: bool) -> Words:
    """What is to be said on this day. `whose` begins the heading: “Maple Valley School District’s membership”."""
    left = (term.last_day - today).days
    sentences = (_about_term(term, left), _about_access(term, today), _advice(left, for_organization))
    return Words(f"{whose} {_when(left)}", sentences, is_over=left < 0)


def _when(left: int) -> str:
    near = {1: "ends tomorrow", 0: "ends today", -1: "ended yesterday"}
    return near.get(left) or (f"ends in {left} days" if left > 0 else f"ended {-left} days ago")


def _about_term(term: Term, left: int) -> str:
    verb = "is" if left >= 0 else "was"
    return f"The last day of the term {verb} {day(term.last_day)}."


def _about_access(term: Term, today: date) -> str:
    """Until when reports open: by the rule in `members.standing`, in words."""
    if term.provisional_until is not None:
        until = min(term.provisional_until, term.last_day)
        work = "work" if today <= until else "worked"
        return f"Its purchase order is not paid yet; downloads {work} until {day(until)}."
    grace_end = term.last_day + timedelta(days=term.grace)
    if not term.grace:
        return "Downloads work until then." if today <= term.last_day else "Downloads have stopped since."
    if today > grace_end:
        return f"The days of grace after it ended on {day(grace_end)}, and downloads with them."
    if today > term.last_day:
        return f"Downloads go on working in the days of grace after it, until {day(grace_end)}."
    return f"After it come {_in_days(term.grace)} of grace: downloads go on working until {day(grace_end)}."


def _advice(left: int, for_organization: bool) -> str:
    if left > 45:
        early = "Renewing early costs no days: the next term begins on the day after this one."
        return f"There is time to put it into next year’s budget. {early}" if for_organization else early
    if left > 7 and for_organization:
        return "Purchase orders take their time, so this is a good moment to begin."
    if left >= 0:
        return "Renew by then and nothing changes."
    kept = "seats, downloads and history" if for_organization else "downloads and history"
    return f"Renew and it goes on: {kept} are where they were."


def _in_days(count: int) -> str:
    return f"{count} day{'' if count == 1 else 's'}"


def whose_membership(membership: Membership, *, to_person: bool) -> str:
    """How the membership is named. Of an individual one neither a letter nor the page says whose it is."""
    if membership.organization is not None:
        return f"{membership.organization.name}’s membership"
    return "Your membership" if to_person else "This individual membership"


def facts_about(term: Term, offered: Quote | None) -> list[tuple[str, str]]:
    """What letter and page list: the plan, its last day, and what the next term costs and brings."""
    plan = term.membership.plan
    facts = [("Plan", plan.name), ("Last day", day(term.last_day))]
    if offered is not None:
        days = offered.days
        facts.append(("Next term", f"{day(days.first)} to {day(days.last)}"))
        if term.membership.organization_id is not None:
            facts.append(("Seats", str(offered.seats)))
        facts.append(("Dues", dollars(offered.total_cents)))
    return facts


# --- sending ----------------------------------------------------------------------------------------------------------
@job(queue="mail", attempts=8)
def send_renewal_letter(notice_id: int, place: int) -> str:
    """Mail a letter of the series to one of those whom its record names.

    A letter that waited in line while the membership was renewed, cancelled or void stays unsent. Running it twice
    mails it twice.
    """
    notice = RenewalNotice.objects.select_related("term__membership__plan", "term__membership__organization").get(
        pk=notice_id
    )
    term, now = notice.term, timezone.now()
    renewal = renewal_of(term)
    if renewal.state is not State.OPEN or renewal.term.pk != term.pk:
        return "Not sent: the renewal was settled meanwhile."
    membership = term.membership
    for_organization = membership.organization_id is not None
    whose = whose_membership(membership, to_person=True)
    context = {
        "words": words(term, association_day(now), whose=whose, for_organization=for_organization),
        "facts": facts_about(term, offer(membership, now)),
        "organization": membership.organization,
        "is_last": notice.step == STEPS[-1],
        "link": link_to(term),
    }
    send_templated(notice.recipients[place], "members/renewal", context, reply_to=[STAFF_ADDRESS])
    return "Sent."

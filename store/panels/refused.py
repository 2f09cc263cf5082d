"""The panels of those who may not have the report: why, and what to do next."""

from datetime import date

from django.urls import reverse
from django.utils.http import urlencode

from cosn_site.templatetags.site import day, moment
from members.standing import Via
from reports.models import Report
from store.access import Decision
from store.panels.parts import FOR_MEMBERS, Panel, Step, facts_of, in_days, renew, seat_why, see_plans


def not_signed_in(decision: Decision, today: date) -> Panel:
    members = decision.report.access == Report.Access.MEMBERS
    back = urlencode({"next": decision.report.get_absolute_url()})
    return Panel(
        status="For members" if members else "For anyone signed in",
        title="Members can download this" if members else "Sign in to download this",
        sentence=(
            "If your district belongs, you may already have a seat. Sign in and we will check."
            if members
            else "It costs nothing: an account with a verified e-mail address is all it takes."
        ),
        icon="lock",
        next=Step("Sign in", f"{reverse('account_login')}?{back}"),
        second=see_plans() if members else Step("create an account", f"{reverse('account_signup')}?{back}"),
        fine="You come straight back to this report.",
    )


def not_verified(decision: Decision, today: date) -> Panel:
    return Panel(
        status="Address not verified",
        title="Verify your e-mail address first",
        sentence="We send you a code; typing it in shows that the address is yours.",
        icon="lock",
        tone="warn",
        why=((True, "You are signed in"), (False, "Your e-mail address is not verified")),
        next=Step("Verify my address", reverse("account_email")),
    )


def not_a_member(decision: Decision, today: date) -> Panel:
    found = decision.standing.standing if decision.standing else None
    starts = found.term.starts_on if found and found.term else None
    if starts and starts > today:
        return Panel(
            status="Starts soon",
            title=f"Your membership starts on {day(starts)}",
            sentence="Members’ reports open to you on that day.",
            icon="clock",
            tone="note",
            why=((True, "You are signed in"), (False, f"Your first term starts on {day(starts)}")),
            second=Step("See your account", reverse("members:account")),
            waiting=True,
        )
    return Panel(
        status="For members",
        title="This report is for members",
        sentence="Most members are whole districts. If yours is one, ask its contact for a seat; if not, join.",
        icon="key",
        why=((True, "You are signed in"), (False, "You have no membership and no seat"), FOR_MEMBERS),
        next=Step("See membership plans", reverse("members:plans")),
        fine="Questions? Write to membership@example.org.",
    )


def lapsed(decision: Decision, today: date) -> Panel:
    standing, holding = facts_of(decision)
    term = standing.term
    assert term is not None, "what lapsed was a term"  # noqa: S101
    unpaid = term.provisional_until is not None
    whose = f"{holding.holder}’s membership" if holding.via is Via.SEAT else "Your membership"
    ended = standing.until if unpaid else term.ends_on
    why = [*seat_why(standing, holding)]
    if unpaid:
        why.append((False, f"Its purchase order was not paid by {day(standing.until)}"))
    else:
        why.append((False, f"The term ended on {day(term.ends_on)}"))
        if term.grace_days:
            why.append((False, f"The {in_days(term.grace_days)} of grace ended on {day(standing.until)}"))
    return Panel(
        status="Term ended",
        title=f"{whose} ended on {day(ended)}",
        sentence="Reports you downloaded before then stay yours. Renew to download this one.",
        icon="cross",
        tone="stop",
        why=tuple(why),
        next=renew(),
        fine="Questions? Write to membership@example.org.",
    )


def no_seat(decision: Decision, today: date) -> Panel:
    unseated = decision.standing.unseated if decision.standing else None
    assert unseated is not None, "no seat means a membership without one"  # noqa: S101
    return Panel(
        status="No seat",
        title=f"{unseated.holder} is a member; you don’t hold one of its seats",
        sentence="Its primary contact decides who holds a seat and can give you one, or swap one when all are taken.",
        icon="seat",
        tone="warn",
        why=(
            (True, f"You work at {unseated.holder}, which is a member"),
            (False, "You hold none of its seats"),
            FOR_MEMBERS,
        ),
        next=Step("See who gives you a seat", reverse("members:account") + "#seat", "seat"),
        second=Step("become an individual member", reverse("members:plans")),
    )


def embargoed(decision: Decision, today: date) -> Panel:
    until = decision.report.embargo_until
    who = {
        Report.Access.MEMBERS: "Members can download it from then on.",
        Report.Access.REGISTERED: "Anyone signed in can download it from then on.",
        Report.Access.PUBLIC: "Everyone can download it from then on.",
    }[Report.Access(decision.report.access)]
    return Panel(
        status="Not out yet",
        title=f"Out on {moment(until)}",
        sentence=who,
        icon="clock",
        tone="note",
        why=((True, "This report is announced"), (False, f"It is under embargo until {moment(until)}")),
        second=Step("Get the newsletter to hear of it", reverse("reports:newsletter")),
        waiting=True,
    )


def not_published(decision: Decision, today: date) -> Panel:
    return Panel(
        status="Not published", title="This report is not published", sentence="Only staff can see it.", icon="lock"
    )


def withdrawn(decision: Decision, today: date) -> Panel:
    return Panel(
        status="Withdrawn",
        title="We have withdrawn this report",
        sentence=decision.report.withdrawn_reason
        or "It is no longer offered. Copies downloaded earlier are out of date.",
        icon="cross",
        tone="stop",
        why=((False, f"Withdrawn on {day(decision.report.withdrawn_at)}"),),
        next=Step("See the other reports", reverse("reports:catalog")),
    )

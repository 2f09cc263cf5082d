"""The words for the gate's answers: one panel a reason, the same on every page.

Decides nothing. Each panel says what holds, why (in the order the gate asked), and the next step.
"""

from dataclasses import dataclass
from datetime import date, datetime

from django.urls import reverse
from django.utils.http import urlencode

from cosn_site.clock import association_day
from cosn_site.templatetags.site import NBSP, day, day_month, moment
from members.standing import Holding, Standing, Via
from reports.models import Edition, Report
from reports.models.reports import State
from store.access import Decision
from store.reasons import Reason

Why = tuple[tuple[bool, str], ...]


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do next."""

    label: str
    url: str
    icon: str = "arrow"


@dataclass(frozen=True, slots=True)
class Panel:
    """What components/access_panel.html shows."""

    status: str
    title: str
    sentence: str
    icon: str = ""
    tone: str = ""
    why: Why = ()
    next: Step | None = None
    second: Step | None = None
    fine: str = ""
    waiting: bool = False


def panel_for(decision: Decision, now: datetime) -> Panel:
    """The panel that explains this decision."""
    if decision.reason is Reason.STAFF and decision.grant is None:
        return _staff(decision, now)
    return _PANELS[decision.reason](decision, association_day(now))


# --- parts ------------------------------------------------------------------------------------------------------
def _download(report: Report) -> Step:
    return Step("Download the PDF", reverse("store:download", args=[report.slug]), "download")


def _see_plans() -> Step:
    return Step("See what membership costs", reverse("members:plans"), "arrow")


def _renew() -> Step:
    return Step("Renew membership", reverse("members:plans") + "#renew", "arrow")


def _fine(edition: Edition | None) -> str:
    if edition is None:
        return ""
    pages = f"{edition.pages}{NBSP}page{'' if edition.pages == 1 else 's'}"
    return f"PDF, {pages}, {size(edition.bytes)}, edition {edition.number}."


def size(count: int) -> str:
    """1.8 MB: what a reader wants to know before a download. Decimal units."""
    if count < 1_000_000:
        return f"{max(count // 1000, 1)}{NBSP}KB"
    return f"{count / 1_000_000:.1f}{NBSP}MB"


def _days(count: int) -> str:
    return f"{count} day{'' if count == 1 else 's'}"


def _last_day(decision: Decision) -> date:
    until = decision.standing.standing.until if decision.standing else None
    assert until is not None, "a standing that gives access has a last day"  # noqa: S101 - says what the rule promises
    return until


def _holding(decision: Decision) -> tuple[Standing, Holding]:
    found = decision.standing
    assert found is not None, "this reason comes from a standing"  # noqa: S101
    assert found.holding is not None, "this standing comes from a holding"  # noqa: S101
    return found.standing, found.holding


def _through(holding: Holding) -> str:
    return holding.holder if holding.via is Via.SEAT else "your own membership"


def _seat_why(standing: Standing, holding: Holding) -> Why:
    if holding.via is not Via.SEAT or standing.term is None:
        return ((True, "You are an individual member"),)
    return ((True, f"You hold seat {holding.seat_number} of {standing.term.seats}"),)


_FOR_MEMBERS = (True, "This report is for members")


# --- allowed ----------------------------------------------------------------------------------------------------
def _public(decision: Decision, today: date) -> Panel:
    return Panel(
        status="Open to all",
        title="This is free for everyone",
        sentence="No account, no form. Pass it on.",
        icon="check",
        tone="ok",
        why=((True, "This report is open to all"),),
        next=_download(decision.report),
        fine=_fine(decision.report.current_edition),
    )


def _registered(decision: Decision, today: date) -> Panel:
    return Panel(
        status="You can download this",
        title="It’s yours, because you are signed in",
        sentence="This report is for anyone with an account.",
        icon="check",
        tone="ok",
        why=((True, "You are signed in with a verified address"), (True, "This report asks for no more")),
        next=_download(decision.report),
        fine=_fine(decision.report.current_edition),
    )


def _member(decision: Decision, today: date) -> Panel:
    standing, holding = _holding(decision)
    seats = standing.term.seats if standing.term else 1
    through_seat = holding.via is Via.SEAT
    return Panel(
        status="You can download this",
        title=f"It’s yours, through {_through(holding)}",
        sentence=(
            f"Your organization is a member and you hold one of its {seats} seats."
            if through_seat
            else "You are a member, so every report is yours to download."
        ),
        icon="check",
        tone="ok",
        why=(
            (
                True,
                f"{holding.holder or 'Your membership'}’s term runs to {day(standing.until)}"
                if through_seat
                else f"Your term runs to {day(standing.until)}",
            ),
            *_seat_why(standing, holding),
            _FOR_MEMBERS,
        ),
        next=_download(decision.report),
        fine=_fine(decision.report.current_edition),
    )


def _grace(decision: Decision, today: date) -> Panel:
    standing, holding = _holding(decision)
    last_day, term = _last_day(decision), standing.term
    ended = day_month(term.ends_on) if term else ""
    whose = f"{holding.holder}’s term" if holding.via is Via.SEAT else "Your term"
    return Panel(
        status=f"{_days((last_day - today).days + 1)} of grace left",
        title="You can still download this",
        sentence=f"{whose} ended on {ended}. Downloads work until {day_month(last_day)}.",
        icon="clock",
        tone="warn",
        why=(
            (False, f"{whose} ended on {day(term.ends_on) if term else ''}"),
            (True, f"Downloads go on for {_days(term.grace_days if term else 0)} of grace, to {day(last_day)}"),
            *_seat_why(standing, holding),
        ),
        next=_download(decision.report),
        second=_renew(),
        fine=_fine(decision.report.current_edition),
    )


def _provisional(decision: Decision, today: date) -> Panel:
    standing, holding = _holding(decision)
    last_day = _last_day(decision)
    whose = f"{holding.holder}’s" if holding.via is Via.SEAT else "Your"
    return Panel(
        status=f"{_days((last_day - today).days + 1)} left",
        title="You can download this while your organization pays",
        sentence=f"{whose} purchase order is in. Downloads work until {day_month(last_day)}.",
        icon="clock",
        tone="warn",
        why=(
            (True, f"{whose} purchase order was accepted"),
            (True, f"It is not paid yet; downloads work until {day(last_day)}"),
            *_seat_why(standing, holding),
        ),
        next=_download(decision.report),
        fine=_fine(decision.report.current_edition),
    )


def _granted(decision: Decision, *, title: str, sentence: str, why: str) -> Panel:
    until = decision.grant.expires_at if decision.grant else None
    return Panel(
        status="You can download this",
        title=title,
        sentence=sentence if until is None else f"{sentence} Collect it until {moment(until)}.",
        icon="check",
        tone="ok",
        why=((True, why),),
        next=_download(decision.report),
        fine=_fine(decision.report.current_edition),
    )


def _purchased(decision: Decision, today: date) -> Panel:
    return _granted(
        decision,
        title="It’s yours, you bought it",
        sentence="Later editions of this report are included.",
        why="You bought this report",
    )


def _complimentary(decision: Decision, today: date) -> Panel:
    return _granted(
        decision,
        title="A complimentary copy for you",
        sentence="Please don’t pass the file on.",
        why="We gave you a complimentary copy",
    )


def _given_by_staff(decision: Decision, today: date) -> Panel:
    return _granted(
        decision,
        title="It’s yours, our staff gave it to you",
        sentence="Later editions of this report are included.",
        why="Our staff opened this report to you",
    )


_SEEN_BY_STAFF = {
    State.DRAFT: "It is a draft: nobody else can see it.",
    State.SCHEDULED: "It is scheduled: nobody else can see it yet.",
    State.EMBARGOED: "It is under embargo: others see that it is coming and no more.",
    State.WITHDRAWN: "It is withdrawn: others see that it is gone and why.",
    State.OUT: "You work for the association.",
}


def _staff(decision: Decision, now: datetime) -> Panel:
    return Panel(
        status="Staff",
        title="You can download this as staff",
        sentence=_SEEN_BY_STAFF[decision.report.state(now)],
        icon="check",
        tone="note",
        why=((True, "You work for the association"),),
        next=_download(decision.report) if decision.report.current_edition else None,
        fine=_fine(decision.report.current_edition),
    )


# --- refused ----------------------------------------------------------------------------------------------------
def _not_signed_in(decision: Decision, today: date) -> Panel:
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
        second=_see_plans() if members else Step("create an account", f"{reverse('account_signup')}?{back}"),
        fine="You come straight back to this report.",
    )


def _not_verified(decision: Decision, today: date) -> Panel:
    return Panel(
        status="Address not verified",
        title="Verify your e-mail address first",
        sentence="We send you a code; typing it in shows that the address is yours.",
        icon="lock",
        tone="warn",
        why=((True, "You are signed in"), (False, "Your e-mail address is not verified")),
        next=Step("Verify my address", reverse("account_email")),
    )


def _not_a_member(decision: Decision, today: date) -> Panel:
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
        why=((True, "You are signed in"), (False, "You have no membership and no seat"), _FOR_MEMBERS),
        next=Step("See membership plans", reverse("members:plans")),
        fine="Questions? Write to membership@example.org.",
    )


def _lapsed(decision: Decision, today: date) -> Panel:
    standing, holding = _holding(decision)
    term = standing.term
    assert term is not None, "what lapsed was a term"  # noqa: S101
    unpaid = term.provisional_until is not None
    whose = f"{holding.holder}’s membership" if holding.via is Via.SEAT else "Your membership"
    ended = standing.until if unpaid else term.ends_on
    over = (
        f"Its purchase order was not paid by {day(standing.until)}"
        if unpaid
        else f"The {_days(term.grace_days)} of grace ended on {day(standing.until)}"
    )
    return Panel(
        status="Term ended",
        title=f"{whose} ended on {day(ended)}",
        sentence="Reports you downloaded before then stay yours. Renew to download this one.",
        icon="cross",
        tone="stop",
        why=(*_seat_why(standing, holding), (False, f"The term ended on {day(term.ends_on)}"), (False, over))
        if not unpaid
        else (*_seat_why(standing, holding), (False, over)),
        next=_renew(),
        fine="Questions? Write to membership@example.org.",
    )


def _no_seat(decision: Decision, today: date) -> Panel:
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
            _FOR_MEMBERS,
        ),
        next=Step("See who gives you a seat", reverse("members:account") + "#seat", "seat"),
        second=Step("become an individual member", reverse("members:plans")),
    )


def _embargoed(decision: Decision, today: date) -> Panel:
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


def _not_published(decision: Decision, today: date) -> Panel:
    return Panel(
        status="Not published", title="This report is not published", sentence="Only staff can see it.", icon="lock"
    )


def _withdrawn(decision: Decision, today: date) -> Panel:
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


_PANELS = {
    Reason.PUBLIC: _public,
    Reason.REGISTERED: _registered,
    Reason.MEMBER: _member,
    Reason.GRACE: _grace,
    Reason.PROVISIONAL: _provisional,
    Reason.PURCHASED: _purchased,
    Reason.COMPLIMENTARY: _complimentary,
    Reason.STAFF: _given_by_staff,
    Reason.NOT_SIGNED_IN: _not_signed_in,
    Reason.NOT_VERIFIED: _not_verified,
    Reason.NOT_A_MEMBER: _not_a_member,
    Reason.LAPSED: _lapsed,
    Reason.NO_SEAT: _no_seat,
    Reason.EMBARGOED: _embargoed,
    Reason.NOT_PUBLISHED: _not_published,
    Reason.WITHDRAWN: _withdrawn,
}

"""The panels of those who may have the report: by which right, and until when."""

from datetime import date, datetime

from cosn_site.templatetags.site import day, day_month, moment
from members.standing import Via
from reports.models.reports import State
from store.access import Decision
from store.panels.parts import (
    FOR_MEMBERS,
    Panel,
    Step,
    about_file,
    download,
    facts_of,
    in_days,
    last_day_of,
    renew,
    seat_why,
    through,
)


def public(decision: Decision, today: date) -> Panel:
    return Panel(
        status="Open to all",
        title="This is free for everyone",
        sentence="No account, no form. Pass it on.",
        icon="check",
        tone="ok",
        why=((True, "This report is open to all"),),
        next=download(decision.report),
        fine=about_file(decision.report.current_edition),
    )


def registered(decision: Decision, today: date) -> Panel:
    return Panel(
        status="You can download this",
        title="It’s yours, because you are signed in",
        sentence="This report is for anyone with an account.",
        icon="check",
        tone="ok",
        why=((True, "You are signed in with a verified address"), (True, "This report asks for no more")),
        next=download(decision.report),
        fine=about_file(decision.report.current_edition),
    )


def member(decision: Decision, today: date) -> Panel:
    standing, holding = facts_of(decision)
    seats = standing.term.seats if standing.term else 1
    through_seat = holding.via is Via.SEAT
    return Panel(
        status="You can download this",
        title=f"It’s yours, through {through(holding)}",
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
            *seat_why(standing, holding),
            FOR_MEMBERS,
        ),
        next=download(decision.report),
        fine=about_file(decision.report.current_edition),
    )


def grace(decision: Decision, today: date) -> Panel:
    standing, holding = facts_of(decision)
    last_day, term = last_day_of(decision), standing.term
    ended = day_month(term.ends_on) if term else ""
    whose = f"{holding.holder}’s term" if holding.via is Via.SEAT else "Your term"
    return Panel(
        status=f"{in_days((last_day - today).days + 1)} of grace left",
        title="You can still download this",
        sentence=f"{whose} ended on {ended}. Downloads work until {day_month(last_day)}.",
        icon="clock",
        tone="warn",
        why=(
            (False, f"{whose} ended on {day(term.ends_on) if term else ''}"),
            (True, f"Downloads go on for {in_days(term.grace_days if term else 0)} of grace, to {day(last_day)}"),
            *seat_why(standing, holding),
        ),
        next=download(decision.report),
        second=Step("renew membership", renew().url),
        fine=about_file(decision.report.current_edition),
    )


def provisional(decision: Decision, today: date) -> Panel:
    standing, holding = facts_of(decision)
    last_day = last_day_of(decision)
    through_seat = holding.via is Via.SEAT
    whose, payer = (f"{holding.holder}’s", "your organization pays") if through_seat else ("Your", "you pay")
    return Panel(
        status=f"{in_days((last_day - today).days + 1)} left",
        title=f"You can download this while {payer}",
        sentence=f"{whose} purchase order is in. Downloads work until {day_month(last_day)}.",
        icon="clock",
        tone="warn",
        why=(
            (True, f"{whose} purchase order was accepted"),
            (True, f"It is not paid yet; downloads work until {day(last_day)}"),
            *seat_why(standing, holding),
        ),
        next=download(decision.report),
        fine=about_file(decision.report.current_edition),
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
        next=download(decision.report),
        fine=about_file(decision.report.current_edition),
    )


def purchased(decision: Decision, today: date) -> Panel:
    return _granted(
        decision,
        title="It’s yours, you bought it",
        sentence="Later editions of this report are included.",
        why="You bought this report",
    )


def complimentary(decision: Decision, today: date) -> Panel:
    return _granted(
        decision,
        title="A complimentary copy for you",
        sentence="Please don’t pass the file on.",
        why="We gave you a complimentary copy",
    )


def given_by_staff(decision: Decision, today: date) -> Panel:
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


def staff(decision: Decision, now: datetime) -> Panel:
    return Panel(
        status="Staff",
        title="You can download this as staff",
        sentence=_SEEN_BY_STAFF[decision.report.state(now)],
        icon="check",
        tone="note",
        why=((True, "You work for the association"),),
        next=download(decision.report) if decision.report.current_edition else None,
        fine=about_file(decision.report.current_edition),
    )

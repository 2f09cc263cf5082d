"""A membership told as a timeline: what happened, where it stands today and why, what comes next."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from cosn_site.templatetags.site import day
from members.standing import Holding, Standing, Status, TermFacts, Via


@dataclass(frozen=True, slots=True)
class Step:
    """One step of components/timeline.html; `state` is done, now or next."""

    state: str
    when: str
    title: str
    text: str = ""


_TODAY = {
    Status.ACTIVE: ("Active: members’ reports are yours to download", ""),
    Status.PROVISIONAL: ("Provisional: downloads work while the purchase order is unpaid", ""),
    Status.GRACE: ("In grace: downloads still work", "Renew before the grace ends and nothing changes."),
    Status.UPCOMING: ("Not started yet", "Downloads begin on the first day of the term."),
    Status.LAPSED: ("Lapsed: members’ reports are closed", "Renew and they open again at once."),
    Status.NONE: ("No term yet", ""),
}


def story_of(holding: Holding, standing: Standing) -> list[Step]:
    """The timeline of one membership on the day the standing was computed for, oldest first."""
    today = standing.day
    events = sorted(_events(holding, today), key=lambda event: event[0])
    done = [Step("done", day(on), title, text) for on, title, text in events if on < today]
    ahead = [Step("next", day(on), title, text) for on, title, text in events if on >= today]
    title, text = _TODAY[standing.status]
    if not text and holding.via is Via.SEAT and standing.status.gives_access:
        text = f"Because {holding.holder} is a member and you hold seat {holding.seat_number}."
    return [*done, Step("now", "Today", title, text), *ahead]


def _events(holding: Holding, today: date) -> Iterator[tuple[date, str, str]]:
    whose = f"{holding.holder}’s" if holding.via is not Via.OWN else "Your"
    for number, term in enumerate(holding.terms):
        yield (
            term.starts_on,
            f"{whose} {'term began' if number == 0 else 'term was renewed'}",
            f"It runs to {day(term.ends_on)}.",
        )
        yield from _ending(term, holding.terms[number + 1 :], today)


def _ending(term: TermFacts, later: tuple[TermFacts, ...], today: date) -> Iterator[tuple[date, str, str]]:
    if term.provisional_until is not None and term.provisional_until <= term.ends_on:
        yield term.provisional_until, "Last day of provisional access", "A recorded payment takes the clock away."
        return
    if any(follower.starts_on <= term.ends_on + timedelta(days=1) for follower in later):
        return
    ended = "Term ended" if term.ends_on < today else "Term ends"
    yield term.ends_on, ended, ""
    if term.grace_days:
        last = term.ends_on + timedelta(days=term.grace_days)
        yield last, f"Grace {'ended' if last < today else 'ends'}", f"{term.grace_days} days after the term."

"""Why can, or can't, somebody download a report: the gate's answer for any day, with every step that led to it.

Nothing is decided here. The answer is `store.access.decide`'s, asked with the facts of that day; the steps tell the
same facts in the order of the gate, and mark the one that settled it.

A day that is not today is looked at as it ends. Seats and grants are those that were held then; terms, contacts,
domains and roles are as they are recorded now.
"""

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from cosn_site.clock import association_day, end_of, start_of
from cosn_site.templatetags.site import day as written
from cosn_site.templatetags.site import moment
from members.holdings import seats_in_force
from members.models import Seat, User
from members.standing import Holding, Standing, Status, Via, standing
from reports.models import Report
from reports.models.reports import State
from store.access import Decision, Viewer, decide, read_viewer
from store.models import Download, Grant
from store.reasons import Reason


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was looked at: whether it speaks for access, in words, and whether it settled the answer."""

    holds: bool
    text: str
    settles: bool = False


def _yes(text: str, settles: bool = False) -> Step:
    return Step(holds=True, text=text, settles=settles)


def _no(text: str, settles: bool = False) -> Step:
    return Step(holds=False, text=text, settles=settles)


@dataclass(frozen=True, slots=True)
class Part:
    """What was looked at of one thing: the report, the person, a membership, the grants."""

    title: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer for a day, and how it came about. `taken` is what the ledger shows the person took on that day."""

    report: Report
    day: date
    today: date
    decision: Decision
    parts: tuple[Part, ...]
    taken: tuple[Download, ...]

    @property
    def is_past(self) -> bool:
        return self.day < self.today

    @property
    def is_to_come(self) -> bool:
        return self.day > self.today

    @property
    def answer(self) -> str:
        """The answer in a sentence, without its reason."""
        able = "can be downloaded today"
        if self.is_past:
            able = f"could be downloaded on {written(self.day)}"
        elif self.is_to_come:
            able = f"can be downloaded on {written(self.day)}, as things stand now"
        return f"{'Yes' if self.decision.allowed else 'No'}: it {able if self.decision.allowed else _not(able)}."

    @property
    def because(self) -> str:
        """The reason in a sentence."""
        return _BECAUSE[self.decision.reason]


def _not(able: str) -> str:
    return able.replace("can ", "cannot ", 1).replace("could ", "could not ", 1)


_BECAUSE = {
    Reason.PUBLIC: "The report is open to all.",
    Reason.REGISTERED: "The report is for anyone with a verified address.",
    Reason.MEMBER: "A membership opens it.",
    Reason.GRACE: "A membership opens it, in the days of grace after its term.",
    Reason.PROVISIONAL: "A membership opens it, while its purchase order is unpaid.",
    Reason.PURCHASED: "It was bought.",
    Reason.COMPLIMENTARY: "A complimentary copy was given.",
    Reason.STAFF: "The association’s staff may have it, or gave it.",
    Reason.NOT_SIGNED_IN: "It takes a sign-in.",
    Reason.NOT_VERIFIED: "The e-mail address is not verified.",
    Reason.NOT_A_MEMBER: "It is for members, and no membership is open.",
    Reason.LAPSED: "The membership has ended.",
    Reason.NO_SEAT: "The organization is a member, and none of its seats is held.",
    Reason.EMBARGOED: "The report is under embargo.",
    Reason.NOT_PUBLISHED: "The report is not published.",
    Reason.WITHDRAWN: "The report is withdrawn.",
}


def explain(*, person: User | None, report: Report, day: date, now: datetime) -> Explanation:
    """Why the person (None: nobody signed in) may or may not have the report on that day of the association.

    Today is asked at this instant and with the facts that the gate reads; any other day at its last instant.
    """
    today = association_day(now)
    at = now if day == today else end_of(day) - timedelta(microseconds=1)
    viewer = Viewer() if person is None else read_viewer(person, None if day == today else at)
    report = _as_of(report, at)
    decision = decide(viewer, report, at)
    parts = (
        Part("The report", tuple(_report_steps(decision, at))),
        Part("Who is asking", tuple(_person_steps(person, viewer, decision))),
        *_membership_parts(person, viewer, decision, at),
        *_grant_parts(person, viewer, decision, at),
    )
    return Explanation(report, day, today, decision, parts, _taken(person, report, day))


def _as_of(report: Report, at: datetime) -> Report:
    """The report before it was withdrawn, for a day before that."""
    if report.withdrawn_at is None or report.withdrawn_at <= at:
        return report
    earlier = copy.copy(report)
    earlier.withdrawn_at = None
    return earlier


# --- the report -------------------------------------------------------------------------------------------------------
_ACCESS = {
    Report.Access.PUBLIC: (Reason.PUBLIC, "It is open to all"),
    Report.Access.REGISTERED: (Reason.REGISTERED, "It is for anyone who is signed in"),
    Report.Access.MEMBERS: (None, "It is for members"),
}


def _report_steps(decision: Decision, at: datetime) -> Iterator[Step]:
    report, state = decision.report, decision.report.state(at)
    settles = not decision.allowed and state is not State.OUT
    told = {
        State.DRAFT: "It is not published",
        State.SCHEDULED: f"It is published on {moment(report.published_at)}, and not before",
        State.EMBARGOED: f"It is under embargo until {moment(report.embargo_until)}",
        State.WITHDRAWN: f"It was withdrawn on {written(report.withdrawn_at)}",
        State.OUT: f"It is published, since {written(_out_since(report))}",
    }
    yield Step(state is State.OUT, told[state], settles)
    opens, words = _ACCESS[Report.Access(report.access)]
    yield _yes(words, decision.reason is opens and opens is not None)


def _out_since(report: Report) -> datetime | None:
    times = [time for time in (report.published_at, report.embargo_until) if time is not None]
    return max(times, default=None)


# --- the person -------------------------------------------------------------------------------------------------------
def _person_steps(person: User | None, viewer: Viewer, decision: Decision) -> Iterator[Step]:
    if person is None:
        yield _no("Nobody is signed in", decision.reason is Reason.NOT_SIGNED_IN)
        return
    yield _yes(f"Signed in as {person.email}")
    verified = "The e-mail address is verified" if viewer.is_verified else "The e-mail address is not verified"
    yield Step(viewer.is_verified, verified, decision.reason is Reason.NOT_VERIFIED)
    if viewer.is_staff:
        settles = decision.reason is Reason.STAFF and decision.grant is None
        yield _yes("Works for the association", settles)


# --- memberships ------------------------------------------------------------------------------------------------------
_BY_STANDING = (Reason.MEMBER, Reason.GRACE, Reason.PROVISIONAL, Reason.LAPSED)


def _membership_parts(person: User | None, viewer: Viewer, decision: Decision, at: datetime) -> Iterator[Part]:
    if person is None:
        return
    today = association_day(at)
    rows = Seat.objects.filter(person=person, taken_at__lte=at).select_related("membership__organization", "through")
    seats = list(rows.order_by("membership", "taken_at", "pk"))
    in_force = {seat.pk for seat in seats_in_force(at).filter(person=person)}
    for holding in viewer.holdings:
        of_it = [seat for seat in seats if seat.membership_id == holding.membership_id]
        steps = [
            *_way_in(holding, of_it, in_force, decision, at),
            *_term_steps(holding, standing(holding.terms, today)),
        ]
        if decision.reason in _BY_STANDING and decision.standing and decision.standing.holding is holding:
            steps[-1] = replace(steps[-1], settles=True)
        yield Part(f"Membership of {holding.holder}" if holding.holder else "Individual membership", tuple(steps))
    known = {holding.membership_id for holding in viewer.holdings}
    left = [_left(seat, at) for seat in seats if seat.membership_id not in known]
    if left:
        yield Part("Seats held before", tuple(left))
    if decision.reason is Reason.NOT_A_MEMBER:
        yield Part("Membership", (_no("There is no membership or seat that opens it", settles=True),))


def _way_in(
    holding: Holding, seats: Iterable[Seat], in_force: set[int], decision: Decision, at: datetime
) -> Iterator[Step]:
    if holding.via is Via.OWN:
        yield _yes("Holds it in their own right")
        return
    for seat in seats:
        if seat.pk in in_force:
            through = f", through {seat.through}" if seat.through else ""
            yield _yes(f"Holds seat {seat.number}{through}, since {written(seat.taken_at)}")
        else:
            yield _left(seat, at)
    if holding.via is Via.WORKS_THERE:
        settles = decision.reason is Reason.NO_SEAT and decision.standing is not None
        settles = settles and decision.standing.unseated is holding  # type: ignore[union-attr]
        yield _yes("Works there, or at an organization that it shares its benefit with")
        yield _no("Holds none of its seats", settles)


def _left(seat: Seat, at: datetime) -> Step:
    """A seat that opens nothing at that instant: it was left, or its holder shares its benefit no longer."""
    whose = f"seat {seat.number} of {seat.membership}"
    if seat.left_at is not None and seat.left_at <= at:
        return _no(f"Held {whose} until {written(seat.left_at)}")
    return _no(f"Holds {whose} through {seat.through}, with which it shares its benefit no longer")


def _term_steps(holding: Holding, found: Standing) -> Iterator[Step]:
    term = found.term
    if term is None:
        yield _no("It has no term on record")
        return
    until, ends_on = written(found.until), written(term.ends_on)
    if found.status is Status.ACTIVE:
        yield _yes(f"Its term runs from {written(term.starts_on)} to {ends_on}")
    elif found.status is Status.PROVISIONAL:
        yield _yes(f"Its purchase order is accepted and unpaid; downloads work until {until}")
    elif found.status is Status.UPCOMING:
        yield _no(f"Its term begins on {until}")
    elif term.provisional_until is not None:
        yield _no(f"Its purchase order was not paid by {until}")
    else:
        yield _no(f"Its term ended on {ends_on}")
        if term.grace_days:
            in_grace = found.status is Status.GRACE
            days = f"{term.grace_days} day{'' if term.grace_days == 1 else 's'} of grace"
            yield Step(in_grace, f"{days} {'go on' if in_grace else 'went on'} to {until}")


# --- grants -----------------------------------------------------------------------------------------------------------
def _grant_parts(person: User | None, viewer: Viewer, decision: Decision, at: datetime) -> Iterator[Part]:
    if person is None:
        return
    open_now = {grant.id for grant in viewer.grants if grant.opens(decision.report.pk, at)}
    rows = Grant.objects.filter(person=person, report=decision.report, opened_at__lte=at).order_by("opened_at", "pk")
    steps = [
        Step(
            grant.pk in open_now, _grant_words(grant, at), decision.grant is not None and decision.grant.id == grant.pk
        )
        for grant in rows
    ]
    if steps:
        yield Part("Given to this person", tuple(steps))


def _grant_words(grant: Grant, at: datetime) -> str:
    words = f"{grant.get_kind_display()} on {written(grant.opened_at)}"
    if grant.closed_at is not None and grant.closed_at <= at:
        return f"{words}, and closed on {written(grant.closed_at)}"
    if grant.expires_at is None:
        return f"{words}, for good"
    return f"{words}, {'expired on' if grant.expires_at <= at else 'until'} {moment(grant.expires_at)}"


# --- the ledger -------------------------------------------------------------------------------------------------------
def _taken(person: User | None, report: Report, day: date) -> tuple[Download, ...]:
    if person is None:
        return ()
    rows = Download.objects.filter(person=person, edition__report=report, at__gte=start_of(day), at__lt=end_of(day))
    return tuple(rows.select_related("edition").order_by("at", "pk"))

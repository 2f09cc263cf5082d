"""A membership's page told as its story: what was sold, given and taken back, when, and by whom.

From the rows themselves, which are never deleted, and from the audit trail, which says who and what was before.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model

from cosn_site.clock import association_day, start_of
from cosn_site.templatetags.site import day
from members.admin.words import step_in_words
from members.models import Membership, RenewalNotice, Seat, SeatAddition, Term
from members.prices import in_dollars

SHOWN_AT_MOST = 400


@dataclass(frozen=True, slots=True)
class Chapter:
    """One thing that happened, or that is to come."""

    at: datetime
    title: str
    text: str = ""
    who: str = ""
    is_ahead: bool = False


@dataclass(frozen=True, slots=True)
class _Trace:
    """One row of the audit trail."""

    row: Any
    at: datetime
    is_first: bool
    verb: str
    actor: int | None


def story_of_membership(membership: Membership, now: datetime) -> list[Chapter]:
    """What is to come and what happened, the latest first. A fixed number of queries."""
    terms = list(membership.terms.select_related("price_list__plan", "membership__plan", "replaced_by"))
    seats = list(membership.seat_rows.select_related("person", "through"))
    additions = list(SeatAddition.objects.filter(term__membership=membership).select_related("term"))
    names = _Names()
    chapters = [
        *_about_the_membership(membership, names),
        *_about_terms(terms, names),
        *_about_additions(additions, names),
        *_about_seats(seats, names),
        *_about_letters(RenewalNotice.objects.filter(term__membership=membership).select_related("term")),
        *_ahead(terms, now),
    ]
    people = names.looked_up()
    told = [
        Chapter(one.at, one.title, one.text, people.get(one.who, "the system"), one.is_ahead) if one.who else one
        for one in chapters
    ]
    told.reverse()  # of two at the same time, the one that was told later is above
    return sorted(told, key=lambda one: one.at, reverse=True)[:SHOWN_AT_MOST]


class _Names:
    """Who did what, looked up in one query at the end."""

    def __init__(self) -> None:
        self._wanted: set[int] = set()

    def of(self, actor: int | None) -> str:
        """A mark that stands for the name until it is looked up."""
        if actor:
            self._wanted.add(actor)
        return str(actor or "nobody")

    def looked_up(self) -> dict[str, str]:
        found = get_user_model().objects.filter(pk__in=self._wanted)
        return {str(person.pk): str(person) for person in found}


def _traces(model: str, rows: Iterable[Any]) -> dict[int, list[_Trace]]:
    """The audit rows of each of these rows, oldest first."""
    events = apps.get_model("members", f"{model}Event").objects.filter(pgh_obj_id__in=[row.pk for row in rows])
    found: dict[int, list[_Trace]] = defaultdict(list)
    for event in events.select_related("pgh_context").order_by("pgh_id"):
        context = event.pgh_context.metadata if event.pgh_context else {}
        traces = found[event.pgh_obj_id]
        traces.append(_Trace(event, event.pgh_created_at, not traces, context.get("verb", ""), context.get("user")))
    return found


def _about_the_membership(membership: Membership, names: _Names) -> Iterator[Chapter]:
    traces = _traces("Membership", [membership])[membership.pk]
    before: Any = None
    for trace in traces:
        row, who = trace.row, names.of(trace.actor)
        if before is None:
            yield Chapter(trace.at, "The membership was entered", who=who)
        elif row.cancelled_at and not before.cancelled_at:
            yield Chapter(trace.at, "Cancelled: it ends with its last term", row.cancel_reason, who)
        elif before.cancelled_at and not row.cancelled_at:
            yield Chapter(trace.at, "The cancellation was taken back", who=who)
        elif row.plan_id != before.plan_id and trace.verb not in SOLD_AS:
            yield Chapter(trace.at, "It renews on another plan from now on", who=who)
        before = row


SOLD_AS = {
    "join": "Joined",
    "renew": "Renewed",
    "upgrade": "Upgraded",
    "extend": "Extended",
    "give_complimentary_term": "Complimentary term given",
}


def _about_terms(terms: Iterable[Term], names: _Names) -> Iterator[Chapter]:
    traces = _traces("Term", terms)
    for term in terms:
        before: Any = None
        for trace in traces[term.pk]:
            row, who = trace.row, names.of(trace.actor)
            if before is None:
                yield Chapter(trace.at, SOLD_AS.get(trace.verb, "Term recorded"), _sold(term, row), who)
            else:
                yield from _change_of(before, row, trace.at, who)
            before = row
        if before is None:  # from before the audit trail
            yield Chapter(term.created_at, "Term recorded", _sold(term, term))


def _sold(term: Term, as_sold: Any) -> str:
    plan = term.price_list.plan if term.price_list else term.membership.plan
    parts = [f"{plan}, {day(as_sold.starts_on)} to {day(as_sold.ends_on)}, {_seats(as_sold.seats)}"]
    if term.kind == Term.Kind.PAID:
        parts.append(f"dues {in_dollars(as_sold.dues_cents)}")
        if as_sold.credit_cents:
            parts.append(f"less {in_dollars(as_sold.credit_cents)} credit for unused days")
        if as_sold.provisional_until:
            parts.append(f"on an unpaid purchase order, access to {day(as_sold.provisional_until)}")
    return "; ".join([*parts, as_sold.reference]) if as_sold.reference else "; ".join(parts)


def _change_of(before: Any, row: Any, at: datetime, who: str) -> Iterator[Chapter]:
    which = f"The term from {day(row.starts_on)} to {day(row.ends_on)}"
    if before.provisional_until and not row.provisional_until and not row.voided_at:
        yield Chapter(at, "Payment recorded", f"{which}. {row.reference}".strip(), who)
    if row.voided_at and not before.voided_at:
        yield Chapter(at, "A term was voided", f"{which}. {row.void_reason}", who)
    elif row.cut_on and not before.cut_on:
        yield Chapter(at, "A term was cut short", f"{which} counts to {day(row.cut_on)}; the rest is credited.", who)
    elif (before.voided_at and not row.voided_at) or (before.cut_on and not row.cut_on):
        yield Chapter(at, "A term counts again", f"{which}, because the upgrade was voided.", who)


def _about_additions(additions: Iterable[SeatAddition], names: _Names) -> Iterator[Chapter]:
    traces = _traces("SeatAddition", additions)
    for added in additions:
        actor = next((trace.actor for trace in traces[added.pk]), None)
        text = f"From {day(added.from_on)} to {day(added.term.ends_on)}, {in_dollars(added.price_cents)}"
        text = f"{text}; {added.reference}" if added.reference else text
        yield Chapter(added.created_at, f"{_seats(added.seats)} added", text, names.of(actor))


def _about_seats(seats: Iterable[Seat], names: _Names) -> Iterator[Chapter]:
    traces = _traces("Seat", seats)
    for seat in seats:
        gave = next((trace.actor for trace in traces[seat.pk] if trace.is_first), None)
        through = f"Through {seat.through}" if seat.through else ""
        yield Chapter(seat.taken_at, f"{seat.person} took seat {seat.number}", through, names.of(gave))
        if seat.left_at:
            took = next((trace.actor for trace in traces[seat.pk] if trace.row.left_at), None)
            yield Chapter(seat.left_at, f"{seat.person} left seat {seat.number}", who=names.of(took))


def _about_letters(letters: Iterable[RenewalNotice]) -> Iterator[Chapter]:
    for letter in letters:
        count = len(letter.recipients)
        to = f"To {count} address{'' if count == 1 else 'es'}" if count else "There was nobody to write to"
        yield Chapter(
            letter.sent_at,
            f"Renewal letter: {step_in_words(letter.step)}",
            f"{to}; the term to {day(letter.term.ends_on)}",
        )


def _ahead(terms: Iterable[Term], now: datetime) -> Iterator[Chapter]:
    today = association_day(now)
    for term in terms:
        if term.voided_at:
            continue
        if term.starts_on > today:
            yield Chapter(start_of(term.starts_on), "A term begins", _seats(term.seats), is_ahead=True)
        if term.last_day >= today:
            grace = f"Then {term.grace} days of grace" if term.grace and not term.provisional_until else ""
            yield Chapter(start_of(term.last_day), "A term ends", grace, is_ahead=True)
        if term.provisional_until and term.provisional_until >= today:
            yield Chapter(start_of(term.provisional_until), "Access on the unpaid purchase order ends", is_ahead=True)


def _seats(count: int) -> str:
    return f"{count:,} seat{'' if count == 1 else 's'}"

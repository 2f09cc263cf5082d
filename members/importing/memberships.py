"""Memberships from a file: each line is one term, known by its holder and its first day.

Terms are written as `members.terms.record_term` writes them, by the same rules, but a thousand at a time; a test holds
the two side by side. A term that is there is never changed: a line that says something else of it is refused.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Prefetch

from cosn_site.clock import in_full
from cosn_site.verbs import StepRefused
from members.importing.fields import MEMBERSHIPS
from members.importing.people import people_by_address
from members.importing.planning import Action, Draft, LineRefused, Organizations, Planned, Planner, about, shown
from members.models import Membership, Organization, Plan, PriceList, Term, User
from members.price_lists import NoPrices, figures, size_of
from members.prices import Days, Prices, in_dollars
from members.terms import TermEndsBeforeItStarts, days_of, sold_at, takes_back_the_end

_LABELS = {field.name: field.label for field in MEMBERSHIPS.fields}


@dataclass(slots=True)
class Priced:
    """A plan as terms are sold on it: its price lists, latest first, each with its figures."""

    plan: Plan
    lists: list[tuple[PriceList, Prices]]

    def on(self, day: date) -> tuple[PriceList, Prices]:
        """What counts on a day, as `members.price_lists.price_list_on` finds it. Raises NoPrices."""
        for price_list, prices in self.lists:
            if price_list.valid_from <= day:
                return price_list, prices
        raise NoPrices(self.plan, day)


class MembershipPlanner(Planner):
    """Creates memberships and their terms."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._organizations = Organizations()
        self._people: dict[str, User] = {}
        self._memberships: dict[tuple[str, int], Membership] = {}
        self._plans = _plans()
        self._new: dict[tuple[str, int], list[tuple[Days, int]]] = defaultdict(list)  # terms of earlier lines
        self._joins: dict[tuple[str, int], tuple[int, int]] = {}  # holders new in this file → plan, line

    def look_up(self, drafts: Sequence[Draft]) -> None:
        self._people = people_by_address((draft.values["email"] for draft in drafts if "email" in draft.values), self)
        self._organizations.look_up(draft.values["organization"] for draft in drafts if "organization" in draft.values)
        places = {row.pk for rows in self._organizations.rows() for row in rows}
        people = {person.pk for person in self._people.values()}
        terms = Prefetch("terms", Term.objects.counting().order_by("starts_on"), to_attr="counting")
        rows = self.locked(Membership.objects.all()).select_related("plan").prefetch_related(terms)
        held = [*rows.filter(organization__in=places), *rows.filter(person__in=people)]
        self._memberships = {_key(row.organization_id, row.person_id): row for row in held}

    def label_of(self, values: dict[str, Any]) -> str:
        return str(values.get("organization") or values.get("email") or "")

    def plan_line(self, draft: Draft) -> Planned:
        holder = self._holder(draft.values)
        priced = self._plan(draft.values, holder)
        membership = self._membership(draft, holder, priced)
        term = self._term(draft.values, holder, priced)
        label = f"{holder}, from {in_full(term.starts_on)}"
        self.once(f"{_of(holder)} {term.starts_on}", draft.number)
        for other in getattr(membership, "counting", ()):
            if other.starts_on == term.starts_on:
                return self._there(draft, label, other, term)
            if other.starts_on <= term.ends_on and other.last_day >= term.starts_on:
                raise LineRefused(
                    _LABELS["starts_on"],
                    f"It has a term from {in_full(other.starts_on)} to {in_full(other.last_day)} already. "
                    "Choose days outside it, or void it first.",
                )
        self._no_overlap_in_file(draft.number, holder, term)
        words = [["", f"{priced.plan}, {_in_words(term)}"]]
        return Planned(draft.number, Action.CREATE, label[:254], words, (holder, priced.plan, membership, term))

    # --- who and what ---------------------------------------------------------------------------------------------
    def _holder(self, values: dict[str, Any]) -> Organization | User:
        if ("organization" in values) == ("email" in values):
            raise LineRefused(_LABELS["organization"], "Give an organization or a person’s address, and not both.")
        holder: Organization | User | None
        if "email" in values:
            holder = self._people.get(values["email"].lower())
            if holder is None or not holder.is_active:
                raise LineRefused(_LABELS["email"], "Nobody with this address has an account. Import the people first.")
        else:
            with about(_LABELS["organization"]):
                holder = self._organizations.one(values["organization"], values.get("state", ""))
        return holder

    def _plan(self, values: dict[str, Any], holder: Organization | User) -> Priced:
        for name in ("plan", "starts_on"):
            if name not in values:
                raise LineRefused(_LABELS[name], "A term needs one.")
        found = self._plans.get(values["plan"].casefold(), [])
        if len(found) != 1:
            known = ", ".join(sorted({str(priced.plan) for rows in self._plans.values() for priced in rows}))
            problem = (
                f"We have {len(found)} plans of that name. Give the short name" if found else "We have no such plan"
            )
            raise LineRefused(_LABELS["plan"], f"{problem}. There are: {known}.")
        kind = Plan.Holder.ORGANIZATION if isinstance(holder, Organization) else Plan.Holder.PERSON
        if found[0].plan.holder != kind:
            raise LineRefused(
                _LABELS["plan"], f"{found[0].plan} is held by {found[0].plan.get_holder_display().lower()}."
            )
        return found[0]

    def _membership(self, draft: Draft, holder: Organization | User, priced: Priced) -> Membership | None:
        there = self._memberships.get(_of(holder))
        if there is not None and there.plan_id != priced.plan.pk:
            raise LineRefused(_LABELS["plan"], f"Its membership is on {there.plan}. Change the plan on its own page.")
        plan, line = self._joins.setdefault(_of(holder), (priced.plan.pk, draft.number))
        if plan != priced.plan.pk:
            self.clash(_LABELS["plan"], f"It is on another plan in line {line}. A membership has one.")
        return there

    # --- the term -------------------------------------------------------------------------------------------------
    def _term(self, values: dict[str, Any], holder: Organization | User, priced: Priced) -> Term:
        starts_on = date.fromisoformat(values["starts_on"])
        ends_on = date.fromisoformat(values["ends_on"]) if "ends_on" in values else None
        kind = Term.Kind(values.get("kind", Term.Kind.PAID))
        dues = values.get("dues", None if kind == Term.Kind.PAID else 0)
        size = size_of(holder if isinstance(holder, Organization) else None, priced.plan)
        try:
            price_list, prices = priced.on(starts_on)
            days = days_of(prices, starts_on, ends_on)
            term = sold_at(price_list, prices, days, size=size, seats=values.get("seats"), dues_cents=dues)
        except TermEndsBeforeItStarts as refused:
            raise LineRefused(_LABELS["ends_on"], refused.sentence) from refused
        except StepRefused as refused:
            raise LineRefused(_LABELS["dues"], refused.sentence) from refused
        if isinstance(holder, User) and term.seats != 1:
            raise LineRefused(_LABELS["seats"], "An individual membership has one seat.")
        term.kind, term.reference = kind, values.get("reference", "")
        return term

    def _there(self, draft: Draft, label: str, other: Term, term: Term) -> Planned:
        """A term of the same first day: the same one, or the line is refused."""
        said = {"ends_on": "ends_on", "seats": "seats", "dues": "dues_cents", "reference": "reference", "kind": "kind"}
        for name, attribute in said.items():
            held = getattr(other, attribute)
            if name in draft.values and held != getattr(term, attribute):
                held = in_dollars(held) if name == "dues" else shown(held)
                raise LineRefused(
                    _LABELS[name],
                    f"A term begins that day already, and has {held} here. "
                    "Terms are not changed: void it, then import the line again.",
                )
        return Planned(draft.number, Action.SKIP, label[:254], [])

    def _no_overlap_in_file(self, number: int, holder: Organization | User, term: Term) -> None:
        earlier = self._new[_of(holder)]
        for days, line in earlier:
            if days.first <= term.ends_on and days.last >= term.starts_on:
                between = f"{in_full(days.first)} to {in_full(days.last)}"
                self.clash(_LABELS["starts_on"], f"It overlaps the term of line {line}, {between}.")
        earlier.append((Days(term.starts_on, term.ends_on), number))

    # --- writing --------------------------------------------------------------------------------------------------
    def write(self, planned: Iterable[Planned]) -> None:
        lines = [line.row for line in planned if line.action == Action.CREATE]
        new: dict[tuple[str, int], Membership] = {}
        for holder, plan, membership, _ in lines:
            if membership is None and _of(holder) not in new:
                name = "organization" if isinstance(holder, Organization) else "person"
                new[_of(holder)] = Membership(plan=plan, **{name: holder})
        Membership.objects.bulk_create(new.values(), batch_size=500)
        going_on = []
        for holder, _, membership, term in lines:
            term.membership = membership or new[_of(holder)]
            if takes_back_the_end(term.membership, Term.Kind(term.kind)):
                going_on.append(term.membership.pk)
        Membership.objects.filter(pk__in=going_on).update(cancelled_at=None, cancel_reason="")
        Term.objects.bulk_create([term for _, _, _, term in lines], batch_size=500)


def _of(holder: Organization | User) -> tuple[str, int]:
    return ("organization" if isinstance(holder, Organization) else "person", holder.pk)


def _key(organization: int | None, person: int | None) -> tuple[str, int]:
    return ("organization", organization) if organization is not None else ("person", person or 0)


def _plans() -> dict[str, list[Priced]]:
    """The plans by short name and by name, in small letters."""
    found: dict[str, list[Priced]] = defaultdict(list)
    for plan in Plan.objects.prefetch_related(Prefetch("price_lists", PriceList.objects.prefetch_related("bands"))):
        lists = sorted(plan.price_lists.all(), key=lambda one: (one.valid_from, one.number), reverse=True)
        for one in lists:
            one.plan = plan
        priced = Priced(plan, [(one, figures(one)) for one in lists])
        for name in {plan.slug.casefold(), plan.name.casefold()}:
            found[name].append(priced)
    return dict(found)


def _in_words(term: Term) -> str:
    kind = "" if term.kind == Term.Kind.PAID else f"{term.get_kind_display().lower()}, "
    seats = "1 seat" if term.seats == 1 else f"{term.seats:,} seats"
    days = f"{in_full(term.starts_on)} to {in_full(term.ends_on)}"
    return f"{kind}{days}, {seats}, {in_dollars(term.dues_cents)}."

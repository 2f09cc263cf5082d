"""What connects a person to memberships, read from the database for the standing rule."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject

from members.models import Contact, Membership, Seat, Term
from members.standing import Holding, TermFacts, Via


def holdings_of(person_id: int) -> ArraySubquery:
    """A subquery with one JSON object for each membership that concerns the person.

    Only what the rule needs; `read_holdings` turns it into `Holding`s. One subquery, so that whoever needs more facts
    about the person can have them all in one statement.
    """
    return ArraySubquery(_facts_about(person_id))


def load_holdings(person_id: int) -> tuple[Holding, ...]:
    """The person's holdings as they stand in the database now. One statement."""
    return read_holdings(row["holding"] for row in _facts_about(person_id))


def _facts_about(person_id: int) -> QuerySet[Membership, Any]:
    seats = Seat.objects.filter(person=person_id, left_at__isnull=True)
    works_at = Contact.objects.filter(person=person_id).values("organization")
    # a union, not an OR across three tables: each part has its own index
    memberships = Membership.objects.filter(person=person_id).values("pk")
    memberships = memberships.union(
        seats.values("membership"), Membership.objects.filter(organization__in=works_at).values("pk")
    )
    seat = seats.filter(membership=OuterRef("pk")).order_by("number").values("number")[:1]
    terms = Term.objects.filter(membership=OuterRef("pk"), voided_at__isnull=True).order_by("starts_on")
    term = JSONObject(
        starts_on="starts_on",
        ends_on="ends_on",
        grace_days="grace_days",
        provisional_until="provisional_until",
        seats="seats",
    )
    return (
        Membership.objects.filter(pk__in=memberships)
        .order_by("pk")
        .values(
            holding=JSONObject(
                id="pk",
                organization_id="organization_id",
                organization="organization__name",
                seat=Subquery(seat),
                terms=ArraySubquery(terms.values(fact=term)),
            )
        )
    )


def read_holdings(rows: Iterable[dict[str, Any]]) -> tuple[Holding, ...]:
    """What `holdings_of` selected, as the rule wants it."""
    return tuple(_holding(row) for row in rows)


def _holding(row: dict[str, Any]) -> Holding:
    via = Via.OWN if row["organization_id"] is None else Via.SEAT if row["seat"] is not None else Via.WORKS_THERE
    return Holding(
        via=via,
        holder=row["organization"] or "",
        terms=tuple(_term(term) for term in row["terms"]),
        seat_number=row["seat"],
        membership_id=row["id"],
        organization_id=row["organization_id"],
    )


def _term(row: dict[str, Any]) -> TermFacts:
    until = row["provisional_until"]
    return TermFacts(
        starts_on=date.fromisoformat(row["starts_on"]),
        ends_on=date.fromisoformat(row["ends_on"]),
        grace_days=row["grace_days"],
        provisional_until=date.fromisoformat(until) if until else None,
        seats=row["seats"],
    )

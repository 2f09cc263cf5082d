"""What connects a person to memberships, read from the database for the standing rule."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    Exists,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import JSONObject, Lower

from members.models import Contact, Domain, Membership, Organization, Seat, Term
from members.models.memberships import GRACE, LAST_DAY
from members.standing import Holding, TermFacts, Via


def holdings_of(person_id: int, at: datetime | None = None) -> ArraySubquery:
    """A subquery with one JSON object for each membership that concerns the person.

    Only what the rule needs; `read_holdings` turns it into `Holding`s. One subquery, so that whoever needs more facts
    about the person can have them all in one statement. With `at`, the seats are those that were held at that instant;
    terms and contacts are as recorded now.
    """
    return ArraySubquery(_facts_about(person_id, at))


def load_holdings(person_id: int, at: datetime | None = None) -> tuple[Holding, ...]:
    """The person's holdings as they stand in the database now (see `holdings_of` for `at`). One statement."""
    return read_holdings(row["holding"] for row in _facts_about(person_id, at))


def works_at(person_id: int) -> QuerySet[Any, Any]:
    """The keys of the organizations the person works at: as a contact, or by a verified address on a verified domain.

    It opens nothing by itself. It says where the person may take or ask for a seat.
    """
    return is_contact_of(person_id).union(has_address_at(person_id))


def is_contact_of(person_id: int) -> QuerySet[Any, Any]:
    """The keys of the organizations the person is a contact of."""
    return Contact.objects.filter(person=person_id).values("organization")


def has_address_at(person_id: int) -> QuerySet[Any, Any]:
    """The keys of the organizations on whose verified domains the person has a verified address."""
    domain = Func(Lower("email"), Value("@"), Value(-1), function="split_part", output_field=CharField())
    addresses = EmailAddress.objects.filter(user=person_id, verified=True).values(domain=domain)
    return Domain.objects.filter(name__in=addresses, verified_at__isnull=False).values("organization")


def seats_in_force(at: datetime | None = None) -> QuerySet[Seat]:
    """Seats that somebody holds now, or held at an instant.

    A seat of somebody who works at another organization counts while that one belongs to the holder of the membership
    and the holder shares its benefit.
    """
    held = (
        Q(left_at__isnull=True) if at is None else Q(taken_at__lte=at) & (Q(left_at__isnull=True) | Q(left_at__gt=at))
    )
    shared = Organization.objects.filter(
        pk=OuterRef("through"), parent=OuterRef("membership__organization"), parent__shares_benefit=True
    )
    return Seat.objects.filter(held, Q(through__isnull=True) | Exists(shared))


def _with_sharing_parents(organizations: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    """The keys of these organizations, and of those above them that share their benefit."""
    parent = Case(When(parent__shares_benefit=True, then=F("parent")))
    both = Func(F("pk"), parent, template="unnest(ARRAY[%(expressions)s])", output_field=BigIntegerField())
    return Organization.objects.filter(pk__in=organizations).values(both=both)


def _facts_about(person_id: int, at: datetime | None) -> QuerySet[Membership, Any]:
    seats = seats_in_force(at).filter(person=person_id)
    # a union, not an OR across the tables: each part has its own index
    memberships = Membership.objects.filter(person=person_id).values("pk")
    memberships = memberships.union(
        seats.values("membership"),
        Membership.objects.filter(organization__in=_with_sharing_parents(works_at(person_id))).values("pk"),
    )
    seat = seats.filter(membership=OuterRef("pk")).order_by("number").values("number")[:1]
    terms = Term.objects.counting().filter(membership=OuterRef("pk")).order_by("starts_on")
    term = JSONObject(
        starts_on="starts_on",
        ends_on=LAST_DAY,
        grace_days=GRACE,
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

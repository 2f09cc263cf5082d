"""What we know already of somebody who registers, so that they need not type it; and what we learn from them."""

from typing import Any

from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.db.models.functions import Coalesce

from cosn_site.prepared import Prepared, columns, instance
from cosn_site.verbs import audited
from forums.models import Registration
from forums.registrations import Details
from members.holdings import seats_in_force, works_at
from members.models import Contact, Organization, User

_COLUMNS = columns(Organization)


def _organizations(person: int) -> QuerySet[Organization, tuple[Any, ...]]:
    """By their seat, then as a contact, then by a verified address on a verified domain."""
    held = seats_in_force().filter(person=person, membership__organization__isnull=False)
    seats = held.order_by().values(of=Coalesce("through", "membership__organization"))
    contacts = Contact.objects.filter(person=person).order_by().values("organization")
    nearest = Case(
        When(pk__in=seats, then=Value(1)), When(pk__in=contacts, then=Value(2)), default=3, output_field=IntegerField()
    )
    found = Organization.objects.filter(pk__in=seats.union(works_at(person)))
    return found.order_by(nearest, "pk").values_list(*_COLUMNS)[:1]


_organization = Prepared("organization_of_a_registrant", ["bigint"], _organizations)


def organization_of(person: User) -> Organization | None:
    """Where the person works, as far as we know. One statement."""
    for row in _organization(person.pk):
        return instance(Organization, _COLUMNS, row)
    return None


def details_for(person: User) -> Details:
    """Organization, its state, and the person's title, for a registration that begins with them."""
    organization = organization_of(person)
    return Details(
        organization=organization,
        title=person.title,
        us_state=organization.state if organization else "",
    )


def details_of(registration: Registration) -> Details:
    """What a registration says of its person."""
    return Details(
        organization=registration.organization,
        organization_name=registration.organization_name,
        title=registration.title,
        us_state=registration.us_state,
        takes_seat_at_once=registration.takes_seat_at_once,
    )


def learn(person: User, *, name: str, title: str, by: User | None) -> None:
    """Keep the name that somebody goes by, and the position of somebody of whom we knew none."""
    changed = []
    if name != person.name:
        person.name = name
        changed.append("name")
    if title and not person.title:
        person.title = title
        changed.append("title")
    if changed:
        with audited("learn", by=by):
            person.save(update_fields=changed)

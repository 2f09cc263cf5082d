"""What we know already of somebody who registers, so that they need not type it; and what we learn from them."""

from django.db.models import QuerySet, Subquery
from django.db.models.functions import Coalesce

from cosn_site.prepared import Prepared, columns, instance
from cosn_site.verbs import audited
from forums.models import Registration
from forums.registrations import Details
from members.holdings import has_address_at, is_contact_of, seats_in_force
from members.models import Organization, User

_COLUMNS = columns(Organization)


def workplace(person: int) -> QuerySet[Organization]:
    """Where a person works: by their seat, else as a contact, else by a verified address on a verified domain."""
    held = seats_in_force().filter(person=person, membership__organization__isnull=False)
    seats = held.values(organization=Coalesce("through", "membership__organization"))
    # the database looks at the next only where there is nothing before it
    ways = (seats, is_contact_of(person), has_address_at(person))
    return Organization.objects.filter(
        pk=Coalesce(*(Subquery(way.order_by("organization")[:1]) for way in ways))
    ).order_by()


_organization = Prepared(
    "organization_of_a_registrant", ["bigint"], lambda person: workplace(person).values_list(*_COLUMNS)
)


def organization_of(person: User) -> Organization | None:
    """Where the person works, as far as we know. One statement."""
    for row in _organization(person.pk):
        return instance(Organization, _COLUMNS, row)
    return None


def details_for(person: User) -> Details:
    """Organization, its state, and the person's title, for a registration that begins with them. One statement."""
    return details_at(organization_of(person), person)


def details_at(organization: Organization | None, person: User) -> Details:
    """The same, of somebody of whom one knows where they work."""
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

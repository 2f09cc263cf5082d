"""What we know already of somebody who registers, so that they need not type it."""

from forums.registrations import Details
from members.holdings import seats_in_force, works_at
from members.models import Contact, Organization, User


def organization_of(person: User) -> Organization | None:
    """Where the person works: by their seat, as a contact, or by a verified address on a verified domain."""
    seat = (
        seats_in_force()
        .filter(person=person, membership__organization__isnull=False)
        .select_related("membership__organization", "through")
        .order_by("-taken_at")
        .first()
    )
    if seat is not None:
        return seat.through or seat.membership.organization
    contact = Contact.objects.filter(person=person).select_related("organization").order_by("-is_primary", "pk").first()
    if contact is not None:
        return contact.organization
    at_work = list(works_at(person.pk).order_by().values_list("organization", flat=True))
    return Organization.objects.filter(pk__in=at_work).order_by("name").first()


def details_for(person: User) -> Details:
    """Organization, its state, and the person's title, for a registration that begins with them."""
    organization = organization_of(person)
    return Details(
        organization=organization,
        title=person.title,
        us_state=organization.state if organization else "",
    )

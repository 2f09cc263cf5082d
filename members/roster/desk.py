"""Who may look after an organization: its primary contact, and nobody else."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from cosn_site.audience import contact_only
from members.holdings import works_at
from members.models import Contact, Membership, Organization, User
from members.signed_in import person_of


@dataclass(frozen=True, slots=True)
class Desk:
    """An organization with the person who looks after it, and its membership if it has one."""

    organization: Organization
    person: User
    membership: Membership | None

    @property
    def url(self) -> str:
        return reverse("members:organization_of", args=[self.organization.slug])


def looked_after_by(person: User) -> QuerySet[Organization]:
    """The organizations whose primary contact this person is."""
    mine = Contact.objects.filter(person=person, is_primary=True).values("organization")
    return Organization.objects.filter(pk__in=mine, merged_into=None).select_related("membership__plan", "parent")


def desk_of(organization: Organization, person: User) -> Desk:
    """The desk at which this person looks after the organization."""
    return Desk(organization, person, getattr(organization, "membership", None))


def for_contact[**P](
    view: Callable[Concatenate[HttpRequest, Desk, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """A view about one organization, named by `slug` in its address; everyone but its primary contact gets a 403.

    Whether there is such an organization at all is told to nobody else.
    """

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        person = person_of(request)
        organization = looked_after_by(person).filter(slug=kwargs.pop("slug")).first()
        if organization is None:
            return not_the_contact(request)
        return view(request, desk_of(organization, person), *args, **kwargs)

    return contact_only(never_cache(require_http_methods(["GET", "HEAD", "POST"])(checked)))


def not_the_contact(request: HttpRequest) -> HttpResponse:
    """403, with who the contact is where this person works."""
    person = person_of(request)
    work = works_at(person.pk).order_by().values_list("organization", flat=True)
    contacts = Contact.objects.filter(organization__in=list(work), is_primary=True, person__is_active=True)
    context = {"contacts": contacts.exclude(person=person).select_related("organization", "person")}
    return render(request, "members/organization/not_the_contact.html", context, status=403)

"""Verbs on who speaks for an organization: its primary contact, its billing contacts, and handing a role on."""

from datetime import datetime

from allauth.account.models import EmailAddress
from django.db import transaction

from cosn_site.verbs import StepRefused, audited
from members.models import Contact, Organization, User


class ContactError(StepRefused):
    """A step that makes no sense with this contact."""


class AlreadyPrimary(ContactError):
    sentence = "They are the primary contact already."


class NotAContact(ContactError):
    sentence = "They are not a contact of this organization any more."


class CannotSignIn(ContactError):
    """Who can't sign in can't look after anything: the organization would be locked out of its own page."""


def primary_contact_of(organization_id: int | None) -> User | None:
    """Who looks after the organization's seats and answers requests for one; None where nobody can."""
    contacts = Contact.objects.filter(organization=organization_id, is_primary=True, person__is_active=True)
    found = contacts.select_related("person").first()
    return found.person if found else None


def make_primary(*, contact: Contact, by: User | None, now: datetime) -> None:
    """They look after the organization's seats from now on; who did so before stays a contact.

    Raises `AlreadyPrimary`, `NotAContact`, `CannotSignIn`.
    """
    with transaction.atomic(), audited("make_primary", by=by):
        row = _locked(contact)
        if row.is_primary:
            raise AlreadyPrimary
        check_can_sign_in(row.person)
        Contact.objects.filter(organization=row.organization_id, is_primary=True).update(is_primary=False)
        Contact.objects.filter(pk=row.pk).update(is_primary=True)
    contact.refresh_from_db()


def set_billing(*, contact: Contact, to: bool, by: User | None, now: datetime) -> None:
    """Whether they get the organization's invoices and renewal letters. Raises `NotAContact`."""
    with transaction.atomic(), audited("set_billing", by=by):
        row = _locked(contact)
        Contact.objects.filter(pk=row.pk).update(is_billing=to)
    contact.refresh_from_db()


def pass_roles_on(*, organization: Organization, leaver: User, to: User, by: User | None, now: datetime) -> None:
    """Whatever the leaver is at the organization, the other is from now on; the leaver is nothing there any more.

    For one who is no contact there is nothing to pass on, and the other becomes a plain contact.
    Raises `CannotSignIn`, where there is a role to pass on.
    """
    with transaction.atomic(), audited("pass_roles_on", by=by):
        rows = Contact.objects.select_for_update()
        Organization.objects.select_for_update().get(pk=organization.pk)
        left = rows.filter(organization=organization, person=leaver).first()
        successor, _ = Contact.objects.get_or_create(organization=organization, person=to)
        if left is None or left.pk == successor.pk:
            return
        if left.is_primary or left.is_billing:
            check_can_sign_in(to)
        left.delete()
        Contact.objects.filter(pk=successor.pk).update(
            is_primary=successor.is_primary or left.is_primary, is_billing=successor.is_billing or left.is_billing
        )


def _locked(contact: Contact) -> Contact:
    """Under the organization's lock, so that two can't become primary contact at once."""
    Organization.objects.select_for_update().get(pk=contact.organization_id)
    row = Contact.objects.filter(pk=contact.pk).first()
    if row is None:
        raise NotAContact
    return row


def check_can_sign_in(person: User) -> None:
    """By the account as it is now, whatever the row at hand says. Raises `CannotSignIn`."""
    if not User.objects.filter(pk=person.pk, is_active=True).exists():
        raise CannotSignIn(f"The account of {person} is switched off. Choose somebody else.")
    if not EmailAddress.objects.filter(user=person, verified=True).exists():
        raise CannotSignIn(f"{person} has not confirmed an e-mail address yet. Choose somebody else, or ask them to.")

"""People from a file. One is known by an e-mail address, whatever its letter case, any of theirs.

A person who is new gets an account with no password and an address that is not verified: they verify it when they first
sign in, by the code that is sent there.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db.models.functions import Lower

from members.importing.fields import PEOPLE
from members.importing.planning import (
    Action,
    Draft,
    LineRefused,
    Organizations,
    Planned,
    Planner,
    Words,
    about,
    changes,
    check,
    shown,
)
from members.models import Contact, Organization, User

_LABELS = {field.name: field.label for field in PEOPLE.fields}
_PLAIN = ("name", "title", "time_zone")
_FLAGS = ("is_primary", "is_billing")
_UNREAD = ("password", "merged_into", "last_login")


class PersonPlanner(Planner):
    """Creates people and changes what a line says of those that are there; empty cells change nothing."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._organizations = Organizations()
        self._people: dict[str, User] = {}
        self._contacts: dict[tuple[int, int], Contact] = {}
        self._primary: dict[int, Contact] = {}

    def look_up(self, drafts: Sequence[Draft]) -> None:
        self._people = people_by_address((draft.values["email"] for draft in drafts if "email" in draft.values), self)
        self._organizations.look_up(draft.values["organization"] for draft in drafts if "organization" in draft.values)
        places = {row.pk for rows in self._organizations.rows() for row in rows}
        contacts = Contact.objects.filter(organization__in=places)
        people = {person.pk for person in self._people.values()}
        self._contacts = {
            (contact.organization_id, contact.person_id): contact
            for contact in self.locked(contacts.filter(person__in=people))
        }
        self._primary = {
            contact.organization_id: contact
            for contact in self.locked(contacts.filter(is_primary=True).select_related("person"))
        }

    def label_of(self, values: dict[str, Any]) -> str:
        return str(values.get("email", ""))

    def plan_line(self, draft: Draft) -> Planned:
        values = draft.values
        if "email" not in values:
            raise LineRefused(_LABELS["email"], "A person is known by an address. Give one.")
        found = self._people.get(values["email"].lower())
        self.once(f"pk {found.pk}" if found else values["email"].lower(), draft.number)
        if found is not None and not found.is_active:
            raise LineRefused(_LABELS["email"], "This account is switched off. Switch it on first, or leave it out.")
        person = found or User(email=values["email"], password=make_password(None))
        name = values.get("name") or " ".join(values[part] for part in ("first_name", "last_name") if part in values)
        wanted = {**{field: values[field] for field in _PLAIN if field in values}, **({"name": name} if name else {})}
        words = changes(person, [(field, _LABELS[field], value) for field, value in wanted.items()])
        check(person, _LABELS, unread=_UNREAD)
        contact, more = self._contact(draft, found)
        if found is None:
            return Planned(draft.number, Action.CREATE, person.email, more, (person, bool(words), contact))
        said = [*words, *more]
        row = (person, bool(words), contact) if said else None
        return Planned(draft.number, Action.CHANGE if said else Action.SKIP, person.email, said, row)

    def _contact(self, draft: Draft, person: User | None) -> tuple[Contact | None, Words]:
        """The person's place at the organization as the line wants it, if that is new or changes, and in words."""
        values = draft.values
        flags = {name: values[name] for name in _FLAGS if name in values}
        if "organization" not in values:
            if any(flags.values()):
                raise LineRefused(_LABELS["organization"], "Say where this person is a contact.")
            return None, []
        with about(_LABELS["organization"]):
            place = self._organizations.one(values["organization"], values.get("state", ""))
        self._check_primary(draft, place, person, wants=bool(flags.get("is_primary")))
        held = self._contacts.get((place.pk, person.pk)) if person is not None else None
        if held is None:
            marks = [_LABELS[name].lower() for name in _FLAGS if flags.get(name)]
            words = [[_LABELS["organization"], f"Works at {place}{''.join(f', {mark}' for mark in marks)}."]]
            return Contact(organization=place, **flags), words
        words = changes(held, [(name, _LABELS[name], value) for name, value in flags.items()])
        return (held if words else None), [[label, f"At {place}: {sentence}"] for label, sentence in words]

    def _check_primary(self, draft: Draft, place: Organization, person: User | None, *, wants: bool) -> None:
        if not wants:
            return
        there = self._primary.get(place.pk)
        if there is not None and (person is None or there.person_id != person.pk):
            raise LineRefused(
                _LABELS["is_primary"],
                f"{place} has a primary contact, {shown(str(there.person))}. Hand the role on there instead.",
            )
        self.once(f"primary {place.pk}", draft.number, _LABELS["is_primary"])

    # --- writing --------------------------------------------------------------------------------------------------
    def write(self, planned: Iterable[Planned]) -> None:
        new, changed, places, moved = [], [], [], []
        for line in planned:
            if line.action not in (Action.CREATE, Action.CHANGE):
                continue
            person, is_changed, contact = line.row
            if line.action == Action.CREATE:
                new.append(person)
            elif is_changed:
                changed.append(person)
            if contact is not None and contact.pk is None:
                places.append((contact, person))
            elif contact is not None:
                moved.append(contact)
        User.objects.bulk_create(new, batch_size=500)
        EmailAddress.objects.bulk_create(
            [EmailAddress(user=person, email=person.email.lower(), primary=True, verified=False) for person in new],
            batch_size=500,
        )
        User.objects.bulk_update(changed, _PLAIN, batch_size=500)
        for contact, person in places:
            contact.person = person
        Contact.objects.bulk_create([contact for contact, _ in places], batch_size=500)
        Contact.objects.bulk_update(moved, _FLAGS, batch_size=500)


def people_by_address(addresses: Iterable[str], planner: Planner) -> dict[str, User]:
    """Who has these addresses, by the address in small letters: their own, or another that they have verified."""
    wanted = {address.lower() for address in addresses}
    if not wanted:
        return {}
    others = EmailAddress.objects.filter(verified=True).annotate(lower=Lower("email")).filter(lower__in=wanted)
    owners: dict[str, int] = dict(others.values_list("lower", "user"))
    rows = User.objects.annotate(lower=Lower("email"))
    people = {person.pk: person for person in planner.locked(User.objects.filter(pk__in=owners.values()))}
    found = {address: people[pk] for address, pk in owners.items()}
    for person in planner.locked(rows.filter(lower__in=wanted)):
        found[person.email.lower()] = people.setdefault(person.pk, person)
    return found

"""The directory of members: who wants to be found by other members, and what of them.

A person is listed while they want to be, have a name, and their standing gives access today. Each field but the name
is shown only where its owner chose so; what is hidden is left out by the database, so that neither a page nor a search
ever has it. An e-mail address is shown on one person's page and never in a list.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, cast

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import BooleanField, Case, CharField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from cosn_site.verbs import StepRefused, audited
from members.holdings import load_holdings, seats_in_force
from members.models import Contact, DirectoryEntry, Membership, Organization, User
from members.standing import Status, person_standing

OPENING = [status for status in Status if status.gives_access]
WORDS_AT_MOST = 8


class NameMissing(StepRefused):
    sentence = "Give your name first, under your details: it is what others find you by."


class NotAMember(StepRefused):
    sentence = "The directory is for members. You can be listed once your membership is open."


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person chose to show."""

    shows_title: bool = True
    shows_organization: bool = True
    shows_state: bool = True
    shows_email: bool = False
    about: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """What other members see of a person. What was not chosen is empty. `email` is filled on a page of their own."""

    person_id: int
    name: str
    title: str
    organization: str
    state: str
    about: str
    shows_email: bool
    email: str = ""


# --- who --------------------------------------------------------------------------------------------------------------
def may_read(person: User, today: date) -> bool:
    """Whether the directory is open to the person: by the gate's own conditions, standing and a verified address."""
    verified = EmailAddress.objects.filter(user=person, verified=True, primary=True)
    return is_member(person, today) and verified.exists()


def is_member(person: User, today: date) -> bool:
    """Whether the person's standing gives access today."""
    return person_standing(load_holdings(person.pk), today).standing.status.gives_access


def listed(today: date) -> QuerySet[User]:
    """Those who are in the directory today. The queryset twin of `is_member`, for those who want to be found."""
    opening = Membership.objects.in_status(OPENING, today)
    seated = seats_in_force().filter(Exists(opening.filter(pk=OuterRef("membership"))), person=OuterRef("pk"))
    return User.objects.filter(
        Exists(opening.filter(person=OuterRef("pk"))) | Exists(seated),
        directory_entry__isnull=False,
        is_active=True,
    ).exclude(name="")


# --- what -------------------------------------------------------------------------------------------------------------
def with_shown(people: QuerySet[User], choices: Choices | None = None) -> QuerySet[User]:
    """People with what they show, each hidden field empty; with `choices`, by these instead of those on record."""
    seat = seats_in_force().filter(person=OuterRef("pk")).order_by("membership", "number")
    contact = Contact.objects.filter(person=OuterRef("pk")).order_by("-is_primary", "pk")
    works_at = Coalesce(
        Subquery(seat.values(at=Coalesce("through", "membership__organization"))[:1]),
        Subquery(contact.values("organization")[:1]),
    )
    organization = Organization.objects.filter(pk=OuterRef("work"))
    about: Any = F("directory_entry__about") if choices is None else Value(choices.about)
    return people.alias(work=works_at).annotate(
        shown_title=_if_chosen("shows_title", F("title"), choices),
        shown_organization=_if_chosen("shows_organization", Subquery(organization.values("name")[:1]), choices),
        shown_state=_if_chosen("shows_state", Subquery(organization.values("state")[:1]), choices),
        shown_about=about,
        writable=_flag("shows_email", choices),
    )


def _if_chosen(name: str, value: Any, choices: Choices | None) -> Any:
    if choices is not None:
        return Coalesce(value, Value("")) if getattr(choices, name) else Value("")
    chosen = When(**{f"directory_entry__{name}": True, "then": Coalesce(value, Value(""))})
    return Case(chosen, default=Value(""), output_field=CharField())


def _flag(name: str, choices: Choices | None) -> Any:
    if choices is not None:
        return Value(getattr(choices, name), output_field=BooleanField())
    return F(f"directory_entry__{name}")


def search(today: date, *, words: str = "", state: str = "") -> QuerySet[User]:
    """Those listed of whom each word is found in what they show, in a state if one is given; by name."""
    found: Any = with_shown(listed(today))
    for word in words.split()[:WORDS_AT_MOST]:
        found = found.filter(
            Q(name__icontains=word)
            | Q(shown_title__icontains=word)
            | Q(shown_organization__icontains=word)
            | Q(shown_about__icontains=word)
        )
    if state:
        found = found.filter(shown_state=state)
    return cast("QuerySet[User]", found.order_by("name", "pk"))


_IN_LISTS = ("pk", "name", "shown_title", "shown_organization", "shown_state", "shown_about", "writable")


def cards(people: QuerySet[User]) -> QuerySet[User, Any]:
    """The rows of `search`, for `card`: nothing but what is shown is read. Without e-mail addresses."""
    return people.values_list(*_IN_LISTS)


def card(row: tuple[Any, ...]) -> Card:
    """A row of `cards`."""
    return Card(*row)


def card_of(person_id: int, today: date) -> Card | None:
    """One listed person, with the e-mail address if they show it."""
    found = with_shown(listed(today).filter(pk=person_id)).annotate(
        shown_email=Case(When(directory_entry__shows_email=True, then=F("email")), default=Value(""))
    )
    row = found.values_list(*_IN_LISTS, "shown_email").first()
    return Card(*row) if row else None


def preview(person: User, choices: Choices) -> Card:
    """What others would see of the person on their page."""
    row = with_shown(User.objects.filter(pk=person.pk), choices).values_list(*_IN_LISTS).get()
    return replace(Card(*row), email=person.email if choices.shows_email else "")


# --- verbs ------------------------------------------------------------------------------------------------------------
def list_person(*, person: User, choices: Choices, by: User | None, now: datetime, today: date) -> DirectoryEntry:
    """The person is in the directory with these fields, from now on. Raises `NotAMember`, `NameMissing`."""
    if not is_member(person, today):
        raise NotAMember
    if not person.name.strip():
        raise NameMissing
    fields = {name: getattr(choices, name) for name in Choices.__slots__}
    with transaction.atomic(), audited("list_in_directory", by=by):
        entry, _ = DirectoryEntry.objects.update_or_create(
            person=person, defaults=fields, create_defaults={**fields, "listed_at": now}
        )
    return entry


def leave_directory(*, person: User, by: User | None, now: datetime) -> None:
    """The person is in the directory no more. Does nothing for who is not."""
    with transaction.atomic(), audited("leave_directory", by=by):
        DirectoryEntry.objects.filter(person=person).delete()

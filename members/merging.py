"""Two rows that are one person, or one organization, become one.

Everything that points to the merged row moves to the one that is kept: seats, terms, downloads, grants, registrations.
Where the two cannot stand side by side, a rule settles it, and says so beforehand (`foresee_people`,
`foresee_organizations`). Nothing is deleted but what the kept row has anyway. What moved is on record (`Merge`).

The merged person cannot sign in any more, but with both addresses the person who is kept can.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.db import models, transaction
from django.db.models import Q

from cosn_site.verbs import StepRefused, audited, reason_given
from members import merge_rules
from members.merge_rules import Settlement
from members.models import Contact, Membership, Merge, Organization, Seat, SeatRequest, User
from members.references import InTheWay, keys_to_move, move

_WHY = "Say how you know that these two are one."
_FILLED_OF_PEOPLE = ("name", "title")
_FILLED_OF_ORGANIZATIONS = ("state", "nces_id", "enrollment", "staff_count", "parent")


class MergeError(StepRefused):
    """Two rows that cannot be merged now."""


class SameOne(MergeError):
    sentence = "These two are one already. Choose another one."


class AlreadyMerged(MergeError):
    """One of the two was merged into another row before."""


class RightsHeld(MergeError):
    """One of the two works for the association, or is switched off."""


class TermsClash(MergeError):
    """Both have a term for the same days."""


class CannotMove(MergeError):
    """Something that only one can have, and both do."""


def merge_people(*, kept: User, merged: User, reason: str, by: User | None, now: datetime) -> Merge:
    """Two accounts of one person become one.

    Raises `SameOne`, `AlreadyMerged`, `RightsHeld`, `ReasonMissing`, `TermsClash`, `CannotMove`.
    """
    reason = reason_given(reason, otherwise=_WHY)
    with transaction.atomic(), audited("merge_people", by=by):
        kept, merged = _both(User, _where_people_are([kept.pk, merged.pk]), kept, merged)
        _check_people(kept, merged, by)
        memberships = _memberships("person", kept, merged)
        _settle(merge_rules.of_people(kept, merged, now), memberships, now)
        merge_rules.take_addresses(kept, merged)
        moved = keys_to_move(kept, merged) | _keys_of(memberships)
        record = Merge.objects.create(kept_person=kept, merged_person=merged, reason=reason, at=now, by=by, moved=moved)
        _move(kept, merged, memberships)
        _retire_person(kept, merged)
    return record


def merge_organizations(
    *, kept: Organization, merged: Organization, reason: str, by: User | None, now: datetime
) -> Merge:
    """Two rows of one organization become one.

    Raises `SameOne`, `AlreadyMerged`, `ReasonMissing`, `TermsClash`, `CannotMove`.
    """
    reason = reason_given(reason, otherwise=_WHY)
    with transaction.atomic(), audited("merge_organizations", by=by):
        kept, merged = _both(Organization, Q(organization__in=[kept.pk, merged.pk]), kept, merged)
        memberships = _memberships("organization", kept, merged)
        _settle(merge_rules.of_organizations(kept, merged), memberships, now)
        moved = keys_to_move(kept, merged) | _keys_of(memberships)
        record = Merge.objects.create(
            kept_organization=kept, merged_organization=merged, reason=reason, at=now, by=by, moved=moved
        )
        kept.refresh_from_db()
        _move(kept, merged, memberships)
        merge_rules.forget_ways_through_itself(kept)
        _retire_organization(kept, merged)
    return record


# --- beforehand ---------------------------------------------------------------------------------------------------
def foresee_people(kept: User, merged: User, *, by: User | None, now: datetime) -> list[str]:
    """What the rules would settle, in sentences. Raises what `merge_people` would."""
    _check_two(kept, merged)
    _check_people(kept, merged, by)
    memberships = _memberships("person", kept, merged)
    found = [one.sentence for one in merge_rules.of_people(kept, merged, now)]
    return found + _foreseen(memberships, now)


def foresee_organizations(kept: Organization, merged: Organization, *, by: User | None, now: datetime) -> list[str]:
    """The same for two organizations. Raises what `merge_organizations` would."""
    _check_two(kept, merged)
    memberships = _memberships("organization", kept, merged)
    found = [one.sentence for one in merge_rules.of_organizations(kept, merged)]
    return found + _foreseen(memberships, now)


def _foreseen(memberships: tuple[Membership, Membership] | None, now: datetime) -> list[str]:
    if memberships is None:
        return []
    return [one.sentence for one in merge_rules.of_memberships(*memberships, now)]


# --- who may ------------------------------------------------------------------------------------------------------
def _both(model: Any, theirs: Q, kept: Any, merged: Any) -> tuple[Any, Any]:
    """The two rows, locked, which also keeps new rows from pointing to them; before them, what verbs lock before them.

    One order for all, so that nobody waits in a circle: what an upper floor locks, memberships by their keys, then
    people or organizations.
    """
    _check_two(kept, merged)
    for rule in merge_rules.UPSTAIRS if model is User else ():
        rule.lock(kept, merged)
    list(Membership.objects.select_for_update().filter(theirs).order_by("pk"))
    rows = {row.pk: row for row in model.objects.select_for_update().filter(pk__in=[kept.pk, merged.pk]).order_by("pk")}
    _check_two(rows[kept.pk], rows[merged.pk])
    return rows[kept.pk], rows[merged.pk]


def _where_people_are(people: Sequence[int]) -> Q:
    """The memberships that are theirs, and those where verbs may be giving them what only one of the two can have: a
    seat, a request for one, a place as a contact."""
    seats = Seat.objects.filter(person__in=people, left_at=None)
    requests = SeatRequest.objects.filter(person__in=people, answer="")
    contacts = Contact.objects.filter(person__in=people)
    return (
        Q(person__in=people)
        | Q(pk__in=seats.values("membership"))
        | Q(pk__in=requests.values("membership"))
        | Q(organization__in=contacts.values("organization"))
    )


def _check_two(kept: Any, merged: Any) -> None:
    if kept.pk == merged.pk:
        raise SameOne
    for row in (kept, merged):
        if row.merged_into_id is not None:
            raise AlreadyMerged(f"{row} was merged into {row.merged_into} before. Choose that one.")


def _check_people(kept: User, merged: User, by: User | None) -> None:
    if not kept.is_active:
        raise RightsHeld(f"The account of {kept} is switched off. Keep the other one, or switch it on first.")
    if merged.is_staff or merged.is_superuser:
        raise RightsHeld(f"{merged} works for the association. Keep that account, or take its rights away first.")
    may = by is None or by.is_superuser
    if (kept.is_staff or kept.is_superuser) and not may:
        raise RightsHeld(f"{kept} works for the association. Only who may do everything can add an account to it.")


def _memberships(holder: str, kept: Any, merged: Any) -> tuple[Membership, Membership] | None:
    """The memberships of both, where both have one. Raises TermsClash."""
    rows = Membership.objects.filter(**{f"{holder}__in": [kept.pk, merged.pk]}).order_by("pk").select_related("plan")
    by_holder = {getattr(row, f"{holder}_id"): row for row in rows}
    if len(by_holder) < 2:
        return None
    one, other = by_holder[kept.pk], by_holder[merged.pk]
    clash = merge_rules.clash_of_terms(one, other)
    if clash is not None:
        raise TermsClash(
            f"Both have a term for the same days: {kept} from {merge_rules.in_words(clash[0])}, "
            f"{merged} from {merge_rules.in_words(clash[1])}. Void one of them first."
        )
    return one, other


# --- doing it -----------------------------------------------------------------------------------------------------
def _settle(
    settlements: Iterable[Settlement], memberships: tuple[Membership, Membership] | None, now: datetime
) -> None:
    for one in settlements:
        one.settle()
    if memberships is not None:
        for one in merge_rules.of_memberships(*memberships, now):
            one.settle()


def _keys_of(memberships: tuple[Membership, Membership] | None) -> dict[str, list[Any]]:
    if memberships is None:
        return {}
    kept, merged = memberships
    return keys_to_move(kept, merged) | {"members.Membership": [merged.pk]}


def _move(kept: models.Model, merged: models.Model, memberships: tuple[Membership, Membership] | None) -> None:
    try:
        if memberships is not None:
            further = merge_rules.reaches_further(*memberships)
            move(*memberships)
            merge_rules.join_memberships(*memberships, further=further)
        move(kept, merged)
    except InTheWay as found:
        raise CannotMove(
            f"Both have {found.reference.model._meta.verbose_name_plural} that cannot stand side by side. "
            "Settle those first."
        ) from found


def _retire_person(kept: User, merged: User) -> None:
    _fill(kept, merged, _FILLED_OF_PEOPLE)
    for session in UserSession.objects.filter(user=merged):
        session.end()
    merged.refresh_from_db()
    merged.email = f"merged-{merged.pk}@merged.invalid"
    merged.is_active = False
    merged.merged_into = kept
    merged.set_unusable_password()
    merged.save(update_fields=["email", "is_active", "merged_into", "password"])
    EmailAddress.objects.filter(user=merged).delete()


def _retire_organization(kept: Organization, merged: Organization) -> None:
    merged.refresh_from_db()
    # its number is free for the kept one, which then answers to it
    number = merged.nces_id if kept.nces_id else ""
    Organization.objects.filter(pk=merged.pk).update(
        merged_into=kept, parent=None, shares_benefit=False, nces_id=number
    )
    if merged.parent is not None and (merged.parent == kept or merge_rules.is_above(kept, merged.parent)):
        merged.parent = None
    _fill(kept, merged, _FILLED_OF_ORGANIZATIONS)


def _fill(kept: Any, merged: Any, names: Iterable[str]) -> None:
    """What nobody recorded of the kept row, and somebody did of the merged one."""
    empty = [name for name in names if getattr(kept, name) in (None, "") and getattr(merged, name) not in (None, "")]
    for name in empty:
        setattr(kept, name, getattr(merged, name))
    if empty:
        kept.save(update_fields=empty)

"""How a merge settles what two rows cannot both have: each rule as a sentence and the step that follows from it.

- Two seats of one membership: the merged person's closes.
- Two contacts of one organization: one stays, with the roles of both. An organization has one primary contact: its own.
- Two open requests or invitations for the same thing: the merged one's is dropped or withdrawn.
- Two directory entries: the one of the person who is kept stays.
- Two memberships: one stays, with the terms, seats and invitations of both, as long as no two terms are for the same
  days. It goes on as the one whose terms reach further did.
- Two listings of one domain: the verified one stays.
- Addresses: all of both stay; the primary one is that of the person who is kept.

What an upper floor has that two people cannot both have, it settles by a rule of its own (`UpstairsRule`).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from allauth.account.models import EmailAddress
from django.db.models import F, Max
from django.db.models.functions import Lower

from cosn_site.templatetags.site import day
from members.models import (
    Contact,
    DirectoryEntry,
    Invitation,
    Membership,
    Organization,
    Seat,
    SeatRequest,
    Term,
    User,
)
from members.models.memberships import LAST_DAY

_OPEN_SEAT: dict[str, Any] = {"left_at": None}
_OPEN_REQUEST: dict[str, Any] = {"answer": ""}


@dataclass(frozen=True, slots=True)
class Settlement:
    """One thing that a merge settles: said before, done in the merge."""

    sentence: str
    settle: Callable[[], object]


@dataclass(frozen=True, slots=True)
class UpstairsRule:
    """How an upper floor settles what two people cannot both have there.

    `lock` comes before the two people's rows are locked, in the order in which that floor's verbs lock.
    """

    lock: Callable[[User, User], object]
    settle: Callable[[User, User, datetime], Iterable[Settlement]]


UPSTAIRS: list[UpstairsRule] = []  # each floor adds its own when the site starts


def of_people(kept: User, merged: User, now: datetime) -> Iterator[Settlement]:
    """What two people cannot both have."""
    held = set(Seat.objects.filter(person=kept, **_OPEN_SEAT).values_list("membership", flat=True))
    for seat in Seat.objects.filter(person=merged, membership__in=held, **_OPEN_SEAT).select_related("membership"):
        yield Settlement(
            f"Both sit in {seat.membership}: seat {seat.number}, of {merged}, becomes free.",
            partial(_close, seat, now),
        )
    yield from _doubled_requests(kept, merged, now)
    for contact in Contact.objects.filter(person=merged).select_related("organization"):
        twin = Contact.objects.filter(person=kept, organization=contact.organization).first()
        if twin is not None:
            yield Settlement(
                f"Both work at {contact.organization}: one contact stays, with the roles of both.",
                partial(_join_contacts, twin, contact),
            )
    entries = DirectoryEntry.objects.filter(person__in=[kept, merged])
    if len(entries) == 2:
        yield Settlement(
            f"Both are in the directory: what {kept} chose to show stays.",
            lambda: DirectoryEntry.objects.filter(person=merged).delete(),
        )
    rights = merged.groups.count() + merged.user_permissions.count()
    if rights:
        yield Settlement(
            f"The roles of {merged} here are taken away. Give them anew if they are needed.",
            partial(_take_roles, merged),
        )
    for rule in UPSTAIRS:
        yield from rule.settle(kept, merged, now)


def of_organizations(kept: Organization, merged: Organization) -> Iterator[Settlement]:
    """What two organizations cannot both have."""
    own_primary = kept.contacts.filter(is_primary=True).exists()
    for contact in merged.contacts.select_related("person"):
        twin = kept.contacts.filter(person=contact.person).first()
        loses = contact.is_primary and own_primary and not (twin and twin.is_primary)
        if loses:
            yield Settlement(
                f"{contact.person} is no longer the primary contact: {kept} has its own.",
                partial(_no_longer_primary, contact),
            )
        if twin is not None:
            yield Settlement(
                f"{contact.person} works at both: one contact stays, with the roles of both.",
                partial(_join_contacts, twin, contact),
            )
    for domain in merged.domains.all():
        double = kept.domains.filter(name=domain.name).first()
        if double is not None:
            goes = double if domain.verified_at and not double.verified_at else domain
            yield Settlement(f"Both list the domain {domain.name}: one listing stays.", goes.delete)
    if merged.parent_id and kept.parent_id not in (None, merged.parent_id, merged.pk):
        yield Settlement(f"{kept} stays with {kept.parent}; {merged} belonged to {merged.parent}.", lambda: None)
    if is_above(merged, kept):
        yield Settlement(
            f"{kept} belongs to {merged}: it belongs to {merged.parent or 'nobody'} instead.",
            lambda: Organization.objects.filter(pk=kept.pk).update(
                parent=merged.parent_id if merged.parent_id != kept.pk else None
            ),
        )


def of_memberships(kept: Membership, merged: Membership, now: datetime) -> Iterator[Settlement]:
    """What two memberships cannot both have, once they are to be one."""
    yield Settlement("Both have a membership: one stays, with the terms of both.", lambda: None)
    theirs = Seat.objects.filter(membership=kept, **_OPEN_SEAT)
    people = set(theirs.values_list("person", flat=True))
    mine = list(Seat.objects.filter(membership=merged, **_OPEN_SEAT).select_related("person").order_by("number"))
    for seat in mine:
        if seat.person_id in people:
            yield Settlement(
                f"{seat.person} sits in both memberships: the second seat closes.",
                partial(_close, seat, now),
            )
    staying = [seat for seat in mine if seat.person_id not in people]
    if staying:
        count = theirs.count() + len(staying)
        yield Settlement(
            f"{count} {'person sits' if count == 1 else 'people sit'} in its seats then; "
            "take some back if there are fewer seats than that.",
            lambda: _renumber(kept, merged, staying),
        )
    yield from _doubled_open(kept, merged, now)


def _doubled_open(kept: Membership, merged: Membership, now: datetime) -> Iterator[Settlement]:
    """Open requests and invitations that both memberships have."""
    asking = SeatRequest.objects.filter(membership=kept, **_OPEN_REQUEST).values("person")
    doubled = SeatRequest.objects.filter(membership=merged, person__in=asking, **_OPEN_REQUEST)
    if doubled.exists():
        yield Settlement("A request for a seat that stands in both is dropped in one.", lambda: _drop(doubled, now))
    invited = Invitation.objects.unanswered().filter(membership=kept).values(address=Lower("email"))
    again = Invitation.objects.unanswered().annotate(address=Lower("email"))
    again = again.filter(membership=merged, address__in=invited)
    if again.exists():
        yield Settlement(
            "An invitation that stands in both is withdrawn in one.", lambda: again.update(withdrawn_at=now)
        )


def _doubled_requests(kept: User, merged: User, now: datetime) -> Iterator[Settlement]:
    """Requests for seats that one of the two has, and the other asked for too or holds already."""
    for one, other in ((kept, merged), (merged, kept)):
        held = Seat.objects.filter(person=one, **_OPEN_SEAT).values("membership")
        idle = SeatRequest.objects.filter(person=other, membership__in=held, **_OPEN_REQUEST)
        if idle.exists():
            yield Settlement(
                f"{other} asked for a seat where {one} has one: the request is dropped.",
                partial(_drop, idle, now),
            )
    asked = SeatRequest.objects.filter(person=kept, **_OPEN_REQUEST).values("membership")
    twice = SeatRequest.objects.filter(person=merged, membership__in=asked, **_OPEN_REQUEST)
    if twice.exists():
        yield Settlement("Both asked for the same seat: one request is dropped.", lambda: _drop(twice, now))


# --- steps --------------------------------------------------------------------------------------------------------
def _take_roles(person: User) -> None:
    person.groups.clear()
    person.user_permissions.clear()


def _close(seat: Seat, now: datetime) -> None:
    seat.left_at = max(now, seat.taken_at)
    seat.save(update_fields=["left_at"])


def _drop(requests: Any, now: datetime) -> None:
    requests.update(
        answer=SeatRequest.Answer.DROPPED, answered_at=now, reason="Two accounts or organizations were one."
    )


def _no_longer_primary(contact: Contact) -> None:
    contact.is_primary = False
    contact.save(update_fields=["is_primary"])


def _join_contacts(twin: Contact, contact: Contact) -> None:
    primary, billing = twin.is_primary or contact.is_primary, twin.is_billing or contact.is_billing
    contact.delete()
    twin.is_primary, twin.is_billing = primary, billing
    twin.save(update_fields=["is_primary", "is_billing"])


def _renumber(kept: Membership, merged: Membership, staying: list[Seat]) -> None:
    """Seats that come to the other membership get its next numbers, in their old order."""
    both = Seat.objects.filter(membership__in=[kept, merged], **_OPEN_SEAT)
    taken = set(Seat.objects.filter(membership=kept, **_OPEN_SEAT).values_list("number", flat=True))
    top = both.aggregate(top=Max("number"))["top"] or 0
    # two steps, because no two open seats may have one number on the way
    for away, seat in enumerate(staying, top + 1):
        Seat.objects.filter(pk=seat.pk).update(number=away)
    number = 0
    for seat in staying:
        number += 1
        while number in taken:
            number += 1
        Seat.objects.filter(pk=seat.pk).update(number=number)


def reaches_further(kept: Membership, merged: Membership) -> bool:
    """Whether the terms of the merged membership reach further than those of the kept one."""
    ends = [row.terms.counting().annotate(to=LAST_DAY).aggregate(last=Max("to"))["last"] for row in (merged, kept)]
    return ends[0] is not None and (ends[1] is None or ends[0] > ends[1])


def join_memberships(kept: Membership, merged: Membership, *, further: bool) -> None:
    """After its rows have moved: the kept membership goes on as the one that reached further; the other is gone."""
    if further:
        Membership.objects.filter(pk=kept.pk).update(
            plan=merged.plan, cancelled_at=merged.cancelled_at, cancel_reason=merged.cancel_reason
        )
    Membership.objects.filter(pk=merged.pk).delete()


def clash_of_terms(kept: Membership, merged: Membership) -> tuple[Term, Term] | None:
    """Two terms, one of each, that count for the same day."""
    for term in merged.terms.counting():
        other = kept.terms.counting().touching(term.starts_on, term.last_day).first()
        if other is not None:
            return other, term
    return None


def take_addresses(kept: User, merged: User) -> None:
    """Make the merged person's addresses ready to move: none of them primary, none that the kept person has too."""
    own = {address.email.lower(): address for address in EmailAddress.objects.filter(user=kept)}
    if not any(address.primary for address in own.values()):
        _as_primary(kept, own)
    for address in EmailAddress.objects.filter(user=merged):
        double = own.get(address.email.lower())
        if double is not None:
            verified = double.verified or address.verified
            address.delete()
            EmailAddress.objects.filter(pk=double.pk).update(verified=verified)
    EmailAddress.objects.filter(user=merged).update(primary=False)
    anywhere = EmailAddress.objects.filter(email__iexact=merged.email, user__in=[kept, merged])
    if not anywhere.exists():
        EmailAddress.objects.create(user=merged, email=merged.email.lower(), primary=False, verified=False)


def _as_primary(kept: User, own: dict[str, EmailAddress]) -> None:
    """An account that staff made has no row for its address before it first signs in."""
    mine = own.get(kept.email.lower())
    if mine is None:
        EmailAddress.objects.create(user=kept, email=kept.email.lower(), primary=True, verified=False)
    else:
        EmailAddress.objects.filter(pk=mine.pk).update(primary=True)


def forget_ways_through_itself(kept: Organization) -> None:
    """Who works at the holder itself sits there through nobody."""
    Seat.objects.filter(through=kept, membership__organization=F("through")).update(through=None)
    SeatRequest.objects.filter(through=kept, membership__organization=F("through")).update(through=None)


def in_words(term: Term) -> str:
    """Its days."""
    return f"{day(term.starts_on)} to {day(term.last_day)}"


def is_above(organization: Organization, other: Organization) -> bool:
    """Whether one is the parent of the other, or its parent's parent, and so on."""
    seen, parent = set(), other.parent
    while parent is not None and parent.pk not in seen:
        if parent.pk == organization.pk:
            return True
        seen.add(parent.pk)
        parent = parent.parent
    return False

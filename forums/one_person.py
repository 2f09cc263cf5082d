"""Two accounts that turn out to be one person, at the same forum: which of their two registrations counts.

- Who was there was there: the one that was checked in, or has a certificate, counts.
- Otherwise a seat counts before an offer, an offer before a place in line, and any of them before none. Of two alike
  the earlier one counts.
- The other one is given back, and the next in line gets its seat. It stays with the account that was merged, with its
  letters and its history; a certificate of its own is revoked.
- An answer that only the other one has is kept. Nobody is mailed but who gets the seat.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import Case, Exists, OuterRef, Q, Value, When

from forums.allocation import fill, locked, put
from forums.announcing import checked_in
from forums.models import Answer, Certificate, CheckIn, Forum, Registration, Seating
from members.merge_rules import UPSTAIRS, Settlement, UpstairsRule
from members.models import User
from members.references import let_stay

State = Registration.State
WHY = "Two accounts were one person."
_ORDER = {State.CONFIRMED: 0, State.OFFERED: 1, State.WAITING: 2}
_IN_WORDS = {State.CONFIRMED: "the seat", State.OFFERED: "the offered seat", State.WAITING: "the place in line"}


def take_part_in_merges() -> None:
    """Called once, when the site starts."""
    UPSTAIRS.append(UpstairsRule(lock=lock_seatings, settle=of_registrations))
    let_stay(f"{Registration._meta.label}.person", lambda kept: Q(forum__in=_forums_of(kept)))


def lock_seatings(kept: User, merged: User) -> None:
    """Lock the seatings at which both are registered: like every verb on seats, before any person."""
    both = _forums_of(kept).filter(forum__in=_forums_of(merged))
    list(Seating.objects.select_for_update().filter(pk__in=both).order_by("pk"))


def of_registrations(kept: User, merged: User, now: datetime) -> Iterator[Settlement]:
    """What is settled at each forum where both are registered, or were."""
    both = Forum.objects.filter(pk__in=_forums_of(kept)).filter(pk__in=_forums_of(merged))
    for forum in both.order_by("pk"):
        better, other = _better_first(forum, kept, merged)
        sentence = f"Both were registered for “{forum}”: what {better.person} had there counts."
        if other.is_alive:
            stays, goes = _IN_WORDS.get(State(better.state), "what"), _IN_WORDS[State(other.state)]
            sentence = f"Both are registered for “{forum}”: {stays} of {better.person} stays, {goes} of {other.person} "
            sentence += "is given back."
        yield Settlement(sentence, partial(_settle, forum, kept, merged, now))


def _settle(forum: Forum, kept: User, merged: User, now: datetime) -> None:
    seating = locked(forum.pk, now)
    better, other = _better_first(forum, kept, merged)
    if other.is_alive:
        Registration.objects.filter(pk=other.pk).update(reason=WHY)
        put([other.pk], State.CANCELLED, now)
    if better.was_there:
        CheckIn.objects.counting().filter(registration=other).update(undone_at=now)
    Certificate.objects.filter(registration=other, revoked_at=None).update(revoked_at=now, revoked_reason=WHY)
    answered = Answer.objects.filter(registration=better).values("question")
    Answer.objects.filter(registration=other).exclude(question__in=answered).update(registration=better)
    if better.person_id != kept.pk:  # in one statement, because each may have one registration only
        ours = Case(When(pk=better.pk, then=Value(kept.pk)), default=Value(merged.pk))
        Registration.objects.filter(pk__in=[better.pk, other.pk]).update(person=ours)
    fill(seating, now)


def _forums_of(person: Any) -> Any:
    return Registration.objects.filter(person=person).values("forum")


def _better_first(forum: Forum, kept: User, merged: User) -> list[Any]:
    was_there = Q(checked_in()) | Q(Exists(Certificate.objects.filter(registration=OuterRef("pk"), revoked_at=None)))
    rows = Registration.objects.filter(forum=forum, person__in=[kept, merged]).select_related("person")
    return sorted(rows.annotate(was_there=was_there), key=partial(_rank, kept=kept))


def _rank(row: Any, *, kept: User) -> tuple[Any, ...]:
    since = row.place if row.state in (State.OFFERED, State.WAITING) else row.registered_at.timestamp()
    return not row.was_there, _ORDER.get(row.state, len(_ORDER)), since, row.person_id != kept.pk

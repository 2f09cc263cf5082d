"""Verbs on a forum's seats as a whole: how many there are, and what time brings about. The law is in
`forums.allocation`."""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from cosn_site.verbs import audited
from forums.allocation import SeatRefused, fill, locked, settle
from forums.models import Forum, Registration, Seating
from members.models import User

MOST_SEATS = 5_000


class CapacityWrong(SeatRefused):
    sentence = f"A forum has 1 to {MOST_SEATS:,} seats."


def resize(*, forum: Forum, capacity: int, by: User | None, now: datetime) -> Seating:
    """So many seats from now on. More bring in the next in line; fewer evict nobody: `over` says how many are over.

    A forum that took no registrations takes them from now on. Raises `CapacityWrong`.
    """
    if not 1 <= capacity <= MOST_SEATS:
        raise CapacityWrong
    with transaction.atomic(), audited("resize", by=by):
        Seating.objects.get_or_create(forum=forum, defaults={"capacity": capacity})
        seating = locked(forum.pk, now)
        if seating.capacity != capacity:
            Seating.objects.filter(pk=seating.pk).update(capacity=capacity)
        fill(seating, now)
    return seating


def settle_all(now: datetime) -> int:
    """Settle each forum where an offer has expired, or a seat is free while somebody waits. Answers how many.

    Safe to run twice, and by two at once: each forum is settled under its lock, in a transaction of its own.
    """
    expired = Registration.objects.filter(
        forum=OuterRef("pk"), state=Registration.State.OFFERED, offer_expires_at__lte=now
    )
    due = Seating.objects.filter(forum__starts_at__gt=now).filter(
        Q(Exists(expired)) | Q(waiting__gt=0, held__lt=F("capacity"))
    )
    count = 0
    for pk in due.values_list("pk", flat=True):
        with transaction.atomic(), audited("settle", by=None):
            settle(locked(pk, now), now)
        count += 1
    return count

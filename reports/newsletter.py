"""Verbs of the newsletter: ask for it, confirm, leave.

Nobody gets anything before they pressed a button on a page whose address was sent to them, and what they agreed to is
kept with its version. The links are those of `reports.newsletter_links`.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Lower

from cosn_site.verbs import StepRefused, audited
from members.links import hash_of, new_secret
from reports.models import ConsentText, FocusArea, Subscriber
from reports.models.newsletter import Standing
from reports.tasks import send_newsletter_link

CONFIRM_WITHIN = timedelta(days=7)


class LinkTooOld(StepRefused):
    sentence = "This link is more than seven days old. Ask for the newsletter again and we send a new one."


def current_consent() -> ConsentText | None:
    """The words a new subscriber agrees to; without any there is no newsletter to ask for."""
    return ConsentText.objects.order_by("-version").first()


def ask(*, email: str, focus_areas: Iterable[FocusArea], consent: ConsentText, by: None, now: datetime) -> Subscriber:
    """Note that this address asks for the newsletter, and send it the link with the button.

    What a subscriber gets, and what they agreed to, is not changed by somebody who merely knows the address: they are
    sent a mail that says so.
    """
    with transaction.atomic(), audited("ask_for_newsletter", by=by):
        subscriber = _row_of(email, consent, now)
        if subscriber.standing is not Standing.SUBSCRIBED:
            subscriber.consent = consent
            subscriber.asked_at = now
            subscriber.save(update_fields=["consent", "asked_at"])
            subscriber.focus_areas.set(focus_areas)
        send_newsletter_link.enqueue(subscriber.pk)
    return subscriber


def _row_of(email: str, consent: ConsentText, now: datetime) -> Subscriber:
    """The address's row, locked; made if there is none, which two clicks at once do once."""
    # a secret that nobody has, until the mail is sent
    new = Subscriber(email=email, token_hash=hash_of(new_secret()), consent=consent, asked_at=now)
    # compared as the constraint compares: `iexact` takes a long s for an s, which is another mailbox
    same = Subscriber.objects.alias(lower=Lower("email")).filter(lower=Lower(Value(email)))
    if not same.exists():
        Subscriber.objects.bulk_create([new], ignore_conflicts=True)
    return same.select_for_update().get()


def confirm(*, subscriber: Subscriber, by: None, now: datetime) -> None:
    """They get the newsletter from now on. Raises `LinkTooOld`; does nothing for who gets it already."""
    with transaction.atomic(), audited("confirm_newsletter", by=by):
        row = Subscriber.objects.select_for_update().get(pk=subscriber.pk)
        if row.standing is Standing.SUBSCRIBED:
            return
        if now > row.asked_at + CONFIRM_WITHIN:
            raise LinkTooOld
        row.confirmed_at, row.left_at = now, None
        row.save(update_fields=["confirmed_at", "left_at"])


def leave(*, subscriber: Subscriber, by: None, now: datetime) -> None:
    """They get nothing more. Does nothing for who left already."""
    with transaction.atomic(), audited("leave_newsletter", by=by):
        row = Subscriber.objects.select_for_update().get(pk=subscriber.pk)
        if row.standing is Standing.LEFT:
            return
        row.left_at = now
        row.save(update_fields=["left_at"])

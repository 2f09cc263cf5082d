"""Verbs on grants: a grant opens one report to one person, or to whoever holds one link.

A refund or a revocation closes it. Rows are never deleted.
"""

import hashlib
import secrets
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from cosn_site.verbs import StepRefused, audited, reason_given
from members.models import User
from reports.models import Report
from store.models import Grant


class GrantError(StepRefused):
    """A step that makes no sense for this grant."""


class AlreadyGranted(GrantError):
    sentence = "This person has an open grant for this report already."


class AlreadyClosed(GrantError):
    sentence = "This grant is closed already."


class EndsBeforeItOpens(GrantError):
    sentence = "That time has passed. Choose a time that is yet to come, or leave it empty."


def give(
    *,
    report: Report,
    person: User,
    kind: Grant.Kind,
    note: str = "",
    expires_at: datetime | None = None,
    by: User | None,
    now: datetime,
) -> Grant:
    """Open the report to the person, from this instant until `expires_at` (without one, for good).

    Raises `AlreadyGranted` while a grant of the same kind is open, and `EndsBeforeItOpens`.
    """
    _check_end(expires_at, now)
    with transaction.atomic(), audited("give_grant", by=by):
        User.objects.select_for_update().get(pk=person.pk)  # two clicks at once make one grant
        if open_grants(report=report, person=person, kind=kind, now=now).exists():
            raise AlreadyGranted
        return Grant.objects.create(
            report=report, person=person, kind=kind, note=note, opened_at=now, expires_at=expires_at, given_by=by
        )


def open_grants(*, report: Report, person: User, kind: Grant.Kind | str, now: datetime) -> QuerySet[Grant]:
    """The person's grants of this kind that open the report at this instant."""
    still_opens = Q(expires_at=None) | Q(expires_at__gt=now)
    return Grant.objects.filter(still_opens, report=report, person=person, kind=kind, closed_at=None)


def give_link(
    *, report: Report, note: str = "", expires_at: datetime | None, by: User | None, now: datetime
) -> tuple[Grant, str]:
    """A complimentary copy for whoever holds a link: the grant, and the link's secret.

    The secret is told once, here; only its hash is kept. Raises `EndsBeforeItOpens`.
    """
    _check_end(expires_at, now)
    secret = secrets.token_urlsafe(32)
    with transaction.atomic(), audited("give_link", by=by):
        grant = Grant.objects.create(
            report=report,
            kind=Grant.Kind.COMPLIMENTARY,
            link_hash=hash_of_link(secret),
            note=note,
            opened_at=now,
            expires_at=expires_at,
            given_by=by,
        )
    return grant, secret


def hash_of_link(secret: str) -> str:
    """What is stored of a link's secret: enough to recognise it, not to make it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def revoke(*, grant: Grant, reason: str, by: User | None, now: datetime) -> None:
    """Close the grant: it opens nothing from this instant. Raises `AlreadyClosed`, `ReasonMissing`."""
    reason = reason_given(reason, otherwise="Say why the grant is revoked.")
    with transaction.atomic(), audited("revoke_grant", by=by):
        row = Grant.objects.select_for_update().get(pk=grant.pk)
        if row.closed_at is not None:
            raise AlreadyClosed
        row.closed_at = now
        row.closed_reason = reason
        row.save(update_fields=["closed_at", "closed_reason"])
    grant.refresh_from_db()


def _check_end(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is not None and expires_at <= now:
        raise EndsBeforeItOpens

"""Verbs on e-mail domains: an organization names one as its own, shows that it is, and then who has an address there
may take a seat.

It is shown by a TXT record in the DNS, by whoever reads the mail to its postmaster, or by our staff, who know. From
outside nobody learns which domains are known: naming one that is another organization's gets the same answer and the
same page; when its owner shows that it is theirs all the same, our staff are told and decide.
"""

import secrets
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from cosn_site.verbs import StepRefused, audited
from members.domain_mail import send_to_postmaster, tell_staff_of_conflict
from members.domain_names import clean_domain
from members.links import hash_of, new_secret
from members.models import Domain, Organization, User

RECORD_PREFIX = "cosn-domain="
LINK_LASTS = timedelta(days=7)
MAIL_EVERY = timedelta(hours=1)
AT_MOST = 30  # of one organization


class DomainError(StepRefused):
    """A step that makes no sense with this domain."""


class AlreadyListed(DomainError):
    """The organization named it before."""


class TooMany(DomainError):
    sentence = f"{AT_MOST} domains are listed already. Remove one first, or write to membership@example.org."


class AlreadyVerified(DomainError):
    sentence = "This domain is verified already."


class NotVerified(DomainError):
    sentence = "This domain is not verified."


class TooSoon(DomainError):
    sentence = "We did that just now. Give it a little time."


class LinkTooOld(DomainError):
    sentence = "This link is more than seven days old. Ask for a new one on your organization’s page."


class VerifiedElsewhere(DomainError):
    """Only staff are told: another organization has this domain."""


def add_domain(*, organization: Organization, name: str, by: User | None, now: datetime) -> Domain:
    """List a domain as the organization's own, yet to be verified. The answer is the same for one that is another's.

    Raises `AlreadyListed`, `TooMany`, and what `clean_domain` raises.
    """
    name = clean_domain(name)
    with transaction.atomic(), audited("add_domain", by=by):
        Organization.objects.select_for_update().get(pk=organization.pk)
        listed = set(organization.domains.values_list("name", flat=True))
        if name in listed:
            raise AlreadyListed(f"{name} is on your list already.")
        if len(listed) >= AT_MOST:
            raise TooMany
        return Domain.objects.create(
            organization=organization,
            name=name,
            dns_value=f"{RECORD_PREFIX}{secrets.token_urlsafe(24)}",
            added_at=now,
            added_by=by,
        )


def remove_domain(*, domain: Domain, by: User | None, now: datetime) -> None:
    """Take a domain off the list. Seats that people have stay theirs; nobody new comes in by it."""
    with transaction.atomic(), audited("remove_domain", by=by):
        Domain.objects.filter(pk=domain.pk).delete()


# --- showing that it is theirs ------------------------------------------------------------------------------------
def record_dns_answer(*, domain: Domain, found: bool, by: User | None, now: datetime) -> bool:
    """What the DNS said. With the record there the domain is verified; answers whether it is."""
    with transaction.atomic(), audited("record_dns_answer", by=by):
        row = Domain.objects.select_for_update().filter(pk=domain.pk).first()
        if row is None or row.verified_at is not None:
            return row is not None
        Domain.objects.filter(pk=row.pk).update(checked_at=now)
        return found and _count_it(row, method=Domain.Method.DNS, by=by, now=now)


def mail_postmaster(*, domain: Domain, by: User | None, now: datetime) -> None:
    """Send postmaster@ of the domain a link, at most once an hour. Raises `AlreadyVerified`, `TooSoon`."""
    with transaction.atomic(), audited("mail_postmaster", by=by):
        row = locked_unverified(domain)
        if row.token_sent_at is not None and now - row.token_sent_at < MAIL_EVERY:
            raise TooSoon("A mail to the postmaster is on its way. Another can be sent an hour after it.")
        row.token_sent_at, row.token_hash = now, hash_of(new_secret())
        row.save(update_fields=["token_sent_at", "token_hash"])
        send_to_postmaster.enqueue(row.pk)
    domain.refresh_from_db()


def find_domain(secret: str) -> Domain | None:
    """Whose link this is; None for a secret that is nobody's (any more)."""
    return Domain.objects.filter(token_hash=hash_of(secret)).select_related("organization").first()


def verify_by_mail(*, domain: Domain, by: User | None, now: datetime) -> None:
    """Whoever reads the postmaster's mail pressed the button. Raises `LinkTooOld`; twice changes nothing more."""
    with transaction.atomic(), audited("verify_by_mail", by=by):
        row = Domain.objects.select_for_update().get(pk=domain.pk)
        if row.verified_at is not None:
            return
        if row.token_sent_at is None or now - row.token_sent_at > LINK_LASTS:
            raise LinkTooOld
        _count_it(row, method=Domain.Method.MAIL, by=by, now=now)
    domain.refresh_from_db()


def _count_it(row: Domain, *, method: Domain.Method, by: User | None, now: datetime) -> bool:
    """Verified, unless it is another organization's: then staff decide, and are told."""
    try:
        with transaction.atomic():
            _verify(row, method=method, by=by, now=now)
    except IntegrityError:
        tell_staff_of_conflict.enqueue(row.pk, method)
        return False
    return True


def _verify(row: Domain, *, method: Domain.Method, by: User | None, now: datetime) -> None:
    row.method, row.verified_at, row.verified_by = method, now, by
    row.save(update_fields=["method", "verified_at", "verified_by"])


def locked_unverified(domain: Domain) -> Domain:
    """The domain's row, locked. Raises `AlreadyVerified`."""
    row = Domain.objects.select_for_update().get(pk=domain.pk)
    if row.verified_at is not None:
        raise AlreadyVerified
    return row


# --- by staff -----------------------------------------------------------------------------------------------------
def verify_by_staff(*, domain: Domain, by: User | None, now: datetime) -> None:
    """Our staff know that it is theirs. Raises `AlreadyVerified`, `VerifiedElsewhere`."""
    with transaction.atomic(), audited("verify_by_staff", by=by):
        row = locked_unverified(domain)
        other = Domain.objects.filter(name=row.name, verified_at__isnull=False).select_related("organization").first()
        if other is not None:
            raise VerifiedElsewhere(
                f"{row.name} is verified for {other.organization}. Take that back first if it is wrong."
            )
        _verify(row, method=Domain.Method.STAFF, by=by, now=now)
    domain.refresh_from_db()


def take_back_verification(*, domain: Domain, by: User | None, now: datetime) -> None:
    """Our staff know that it is not theirs: it opens nothing any more. Raises `NotVerified`."""
    with transaction.atomic(), audited("take_back_verification", by=by):
        row = Domain.objects.select_for_update().get(pk=domain.pk)
        if row.verified_at is None:
            raise NotVerified
        row.method, row.verified_at, row.verified_by, row.token_hash = "", None, None, ""
        row.save(update_fields=["method", "verified_at", "verified_by", "token_hash"])
    domain.refresh_from_db()

"""Asking the DNS whether an organization put the record there that shows a domain to be its own."""

from datetime import datetime, timedelta

import dns.exception
import dns.nameserver
import dns.resolver
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from cosn_site.jobs import job
from cosn_site.verbs import audited
from members.domains import TooSoon, locked_unverified, record_dns_answer
from members.models import Domain, User

SECONDS = 5.0  # for one look, however many servers are asked
LOOK_EVERY = timedelta(seconds=30)


def ask_for_dns_check(*, domain: Domain, by: User | None, now: datetime) -> None:
    """Have the DNS asked for the record, in the background. Raises `AlreadyVerified`, `TooSoon`."""
    with transaction.atomic(), audited("ask_for_dns_check", by=by):
        row = locked_unverified(domain)
        if row.checked_at is not None and now - row.checked_at < LOOK_EVERY:
            raise TooSoon("We looked just now. Give the DNS a minute before we look again.")
        look_for_record.enqueue(row.pk)


@job(attempts=3)
def look_for_record(domain_id: int) -> str:
    """Ask the DNS for a domain's record and write down the answer. Safe to run twice."""
    domain = Domain.objects.filter(pk=domain_id).first()
    if domain is None:
        return "The domain was removed."
    found = domain.dns_value in (text.strip() for text in txt_records(domain.name))
    verified = record_dns_answer(domain=domain, found=found, by=None, now=timezone.now())
    return "Verified." if verified else "Not verified."


def txt_records(name: str) -> list[str]:
    """The TXT records of a name; none when it has none, or no server answers in time."""
    try:
        answer = _resolver().resolve(f"{name}.", "TXT", lifetime=SECONDS, search=False)
    except dns.exception.DNSException:
        return []
    return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]


def _resolver() -> dns.resolver.Resolver:
    """The machine's own, or the servers that the settings name."""
    if not settings.DNS_SERVERS:
        return dns.resolver.Resolver()
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [
        dns.nameserver.Do53Nameserver(host, int(port or 53))
        for host, _, port in (server.partition(":") for server in settings.DNS_SERVERS)
    ]
    return resolver

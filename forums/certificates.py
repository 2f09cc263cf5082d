"""Certificates of attendance: who gets one, its number, and the document.

Whoever was checked in gets one when the forum is over: by a job, or as soon as they ask. Its number can be typed from
paper: nothing in it is misread, its last letter tells a slip, and nobody guesses one that exists.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from cosn_site import pdf
from cosn_site.verbs import audited
from forums.allocation import SeatRefused
from forums.models import Certificate, CheckIn, Forum, Registration
from forums.registrations import TICKET_ALPHABET, ReasonMissing
from forums.tickets import in_groups
from members.models import User

LETTERS = 11  # by chance: 54 bits; one more makes the check
QUARTER_HOUR = Decimal("0.25")
LATEST = timedelta(days=60)  # after the forum, for check-ins that reached us late


class NotEarned(SeatRefused):
    """There is no certificate for this registration, or not yet."""


class RevokedAlready(SeatRefused):
    sentence = "This certificate is revoked already."


# --- the number: pure -------------------------------------------------------------------------------------------------
def new_number() -> str:
    """Such as K7QM-3XRA-9VTB."""
    letters = "".join(secrets.choice(TICKET_ALPHABET) for _ in range(LETTERS))
    return in_groups(letters + check_letter(letters))


def check_letter(letters: str) -> str:
    """Luhn's sum over our alphabet: tells any one wrong letter, and nearly any two that changed places."""
    base, total = len(TICKET_ALPHABET), 0
    for place, letter in enumerate(reversed(letters)):
        value = TICKET_ALPHABET.index(letter) * (2 if place % 2 == 0 else 1)
        total += value // base + value % base
    return TICKET_ALPHABET[-total % base]


def read_number(typed: str) -> str | None:
    """What was typed as a number of ours, whatever the letter case and the dashes; None where it can be none."""
    letters = re.sub(r"[\s-]", "", typed).upper()
    if len(letters) != LETTERS + 1 or set(letters) - set(TICKET_ALPHABET):
        return None
    return in_groups(letters) if check_letter(letters[:-1]) == letters[-1] else None


def hours_of(forum: Forum) -> Decimal:
    """What staff set; otherwise the length of the forum to the quarter hour, at least one."""
    if forum.certificate_hours:
        return forum.certificate_hours
    quarters = Decimal((forum.ends_at - forum.starts_at).total_seconds()) / 900
    return max(quarters.quantize(Decimal(1), rounding=ROUND_HALF_UP), Decimal(1)) * QUARTER_HOUR


# --- verbs ------------------------------------------------------------------------------------------------------------
def issue(*, registration: Registration, by: User | None, now: datetime) -> Certificate:
    """The certificate of somebody who was there; the one they have, when they have one. Raises `NotEarned`."""
    check_earned(registration, now)
    with transaction.atomic(), audited("issue_certificate", by=by):
        # asked twice at once: the second waits here
        row = Registration.objects.select_for_update(of=("self",)).select_related("person").get(pk=registration.pk)
        made, _ = Certificate.objects.get_or_create(
            registration=row,
            defaults={
                "number": new_number(),
                "name": row.person.name or row.person.email,
                "hours": hours_of(registration.forum),
                "issued_at": now,
            },
        )
    return made


def check_earned(registration: Registration, now: datetime) -> None:
    """Whether this registration has earned its certificate by now. Raises `NotEarned`, with the reason."""
    if registration.forum.status != Forum.Status.PUBLISHED:
        raise NotEarned("This forum did not take place.")
    if now < registration.forum.ends_at:
        raise NotEarned("Your certificate is here when the forum is over.")
    if not CheckIn.objects.counting().filter(registration=registration).exists():
        raise NotEarned("Certificates are for those who were checked in at the door.")


def issue_due(*, by: User | None, now: datetime) -> int:
    """Certificates for all who were at a forum that is over; answers how many. Safe to run twice."""
    over = Registration.objects.filter(
        forum__status=Forum.Status.PUBLISHED,
        forum__ends_at__lte=now,
        forum__ends_at__gt=now - LATEST,
        certificate__isnull=True,
        pk__in=CheckIn.objects.counting().values("registration"),
    )
    rows = list(over.select_related("forum"))
    for row in rows:
        issue(registration=row, by=by, now=now)
    return len(rows)


def revoke(*, certificate: Certificate, reason: str, by: User, now: datetime) -> Certificate:
    """It counts no longer; its number says so, and why. Raises `ReasonMissing`, `RevokedAlready`."""
    if not reason.strip():
        raise ReasonMissing("Say why the certificate is revoked. Whoever looks its number up reads this.")
    with transaction.atomic(), audited("revoke_certificate", by=by):
        row = Certificate.objects.select_for_update().get(pk=certificate.pk)
        if row.revoked_at is not None:
            raise RevokedAlready
        row.revoked_at, row.revoked_reason = now, reason.strip()[:200]
        row.save(update_fields=["revoked_at", "revoked_reason"])
    return row


# --- the document -----------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Sheet:
    """All that a certificate shows."""

    certificate: Certificate
    forum: Forum
    address: str

    @property
    def hours(self) -> str:
        """3.5 hours, as one writes it."""
        number = self.certificate.hours.normalize()
        return f"{number:f} hour" if number == 1 else f"{number:f} hours"


def sheet_of(certificate: Certificate) -> Sheet:
    """What a certificate says, with the address at which anybody can look it up."""
    address = f"{settings.SITE_URL}{reverse('forums:certificate', args=[certificate.number])}"
    return Sheet(certificate, certificate.registration.forum, address)


def typeset(certificate: Certificate) -> bytes:
    """The certificate as a tagged PDF/UA-1, one Letter page. Raises `cosn_site.pdf.PdfFailed`."""
    html = render_to_string("forums/certificate_sheet.html", {"sheet": sheet_of(certificate)})
    return pdf.write_pdf(html, base_url=settings.SITE_URL, stylesheets=("type.css", "certificate.css"))

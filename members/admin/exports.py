"""Memberships as a table for a spreadsheet: what a cell begins with can never be a formula."""

import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from defusedcsv import csv
from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse

from cosn_site.clock import association_day
from members import seats
from members.admin.words import STANDING_NAMES
from members.models import Contact, Membership, Term

HEADER = (
    *("Held by", "Kind", "State", "NCES ID", "Plan", "Standing", "Until", "Member since", "Last day of the last term"),
    *(
        "Seats",
        "Seats taken",
        "Dues of the last term in dollars",
        "Reference",
        "Primary contact",
        "Cancelled",
    ),
)


def as_csv(memberships: QuerySet[Membership], now: datetime) -> HttpResponse:
    """The memberships as a file to download, in UTF-8 with the mark that Excel looks for."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADER)
    writer.writerows(_rows(memberships, now))
    response = HttpResponse(f"\ufeff{text.getvalue()}", content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="memberships-{association_day(now)}.csv"'
    return response


def _rows(memberships: QuerySet[Membership], now: datetime) -> Iterator[list[Any]]:
    primary = Contact.objects.filter(is_primary=True).select_related("person")
    rows = memberships.prefetch_related(Prefetch("organization__contacts", primary, to_attr="primary"))
    for membership in rows:
        organization, terms = membership.organization, membership.terms_that_count()
        found = seats.membership_standing(membership, now)
        last: Term | None = terms[-1] if terms else None
        contacts = organization.primary if organization else []  # type: ignore[attr-defined]
        yield [
            str(membership),
            organization.get_kind_display() if organization else "Person",
            organization.state if organization else "",
            organization.nces_id if organization else "",
            str(membership.plan),
            STANDING_NAMES[found.status],
            found.until or "",
            terms[0].starts_on if terms else "",
            last.last_day if last else "",
            seats.seat_count(membership, now) if organization else "",
            getattr(membership, "seats_taken", "") if organization else "",
            f"{last.dues_cents / 100:.2f}" if last else "",
            last.reference if last else "",
            contacts[0].person.email if contacts else "",
            "yes" if membership.cancelled_at else "",
        ]

"""The download ledger: every copy that leaves is one row."""

from datetime import datetime, timedelta

from django.db.models import Count, QuerySet

from cosn_site.statements import ask
from members.models import Organization
from reports.models import Edition, Report
from reports.models.reports import State
from store.access import Decision, Viewer
from store.models import Download

# A reader that fetches a file in pieces asks many times for what a person took once.
PIECES_WITHIN = timedelta(hours=1)


# Written on every download, so planned once a connection. The ledger's guards are in the database, and hold here too.
_WRITE = """
INSERT INTO store_download (edition_id, person_id, grant_id, organization_id, "right", at)
VALUES ($1, $2, $3, $4, $5, $6) RETURNING id
"""
_TYPES = "bigint, bigint, bigint, bigint, text, timestamptz"


def record_download(*, by: Viewer, decision: Decision, edition: Edition, at: datetime) -> None:
    """Write down that this viewer took this edition by this right."""
    grant_id = decision.grant.id if decision.grant else None
    right = decision.reason.value
    ask("write_a_download", _TYPES, _WRITE, [edition.pk, by.person_id, grant_id, decision.organization_id, right, at])


def record_piece(*, by: Viewer, decision: Decision, edition: Edition, at: datetime) -> None:
    """Write down a later piece of a file, unless the same person took the same edition within the hour."""
    earlier = Download.objects.filter(edition=edition, person_id=by.person_id, at__gt=at - PIECES_WITHIN)
    if by.person_id is None or not earlier.exists():
        record_download(by=by, decision=decision, edition=edition, at=at)


def downloads_of(person_id: int) -> QuerySet[Download]:
    """A person's downloads, newest first, with what a list of them shows."""
    return (
        Download.objects.filter(person_id=person_id)
        .select_related("edition__report__current_edition", "edition__report__series")
        .order_by("-at", "-pk")
    )


PEERS_LOOK_BACK = timedelta(days=365)


def read_by_peers(organization: Organization, now: datetime, *, most: int) -> list[Report]:
    """The reports that most organizations of the same kind downloaded in the past year, the most read first.

    Each has `readers`: how many organizations. Nobody is named, and the organization itself does not count.
    """
    peers = Download.objects.filter(at__gt=now - PEERS_LOOK_BACK, organization__kind=organization.kind)
    counted = (
        peers.exclude(organization=organization)
        .values("edition__report")
        .annotate(readers=Count("organization", distinct=True))
        .order_by("-readers", "edition__report")
    )
    readers = {row["edition__report"]: row["readers"] for row in counted[: most * 3]}
    found = [report for report in Report.objects.in_bulk(readers).values() if report.state(now) is State.OUT]
    for report in found:
        report.readers = readers[report.pk]  # type: ignore[attr-defined]
    return sorted(found, key=lambda report: (-readers[report.pk], report.pk))[:most]

"""The demo association's grants and downloads."""

from datetime import datetime, timedelta

from members.models import User
from reports.models import Report
from store.models import Download, Grant
from store.reasons import Reason

READ_BY_THE_MEMBER = ((2015, 60), (2013, 32), (2014, 8))


def load(now: datetime) -> None:
    """One bought report, and what the member has read."""
    _bought(now)
    _read(now)


def _bought(now: datetime) -> None:
    buyer = User.objects.get(email="purchase@example.org")
    if Grant.objects.filter(person=buyer).exists():
        return
    Grant.objects.create(
        report=_forum_report_of(2014),
        kind=Grant.Kind.PURCHASED,
        person=buyer,
        note="Bought by check",
        opened_at=now - timedelta(days=45),
    )


def _read(now: datetime) -> None:
    member = User.objects.get(email="member@example.org")
    if Download.objects.filter(person=member).exists():
        return
    organization = member.seat_rows.get(left_at__isnull=True).membership.organization
    for year, days_ago in READ_BY_THE_MEMBER:
        Download.objects.create(
            edition=_forum_report_of(year).editions.get(number=1),
            person=member,
            organization=organization,
            right=Reason.MEMBER.value,
            at=now - timedelta(days=days_ago),
        )


def _forum_report_of(year: int) -> Report:
    return Report.objects.filter(series__slug="cto-forum-reports", year=year).order_by("-slug")[0]

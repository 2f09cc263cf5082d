"""The demo association's grants and downloads."""

from datetime import datetime, timedelta

from members.models import User
from reports.models import Report
from store.models import Download, Grant
from store.reasons import Reason

READ_BY_THE_MEMBER = ((2015, 60), (2013, 32), (2014, 8))
READ_BY_A_PEER = ((2016, 18), (2014, 12))


def load(now: datetime) -> None:
    """One bought report, and what the member and somebody of another district have read."""
    _bought(now)
    _read("member@example.org", READ_BY_THE_MEMBER, Reason.MEMBER, now)
    _read("ruth.ansel@birchcounty.example", READ_BY_A_PEER, Reason.PROVISIONAL, now)


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


def _read(email: str, reports: tuple[tuple[int, int], ...], right: Reason, now: datetime) -> None:
    member = User.objects.get(email=email)
    if Download.objects.filter(person=member).exists():
        return
    organization = member.seat_rows.get(left_at__isnull=True).membership.organization
    for year, days_ago in reports:
        Download.objects.create(
            edition=_forum_report_of(year).editions.get(number=1),
            person=member,
            organization=organization,
            right=right.value,
            at=now - timedelta(days=days_ago),
        )


def _forum_report_of(year: int) -> Report:
    return Report.objects.filter(series__slug="cto-forum-reports", year=year).order_by("-slug")[0]

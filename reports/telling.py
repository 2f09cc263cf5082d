"""Telling those who were at a forum that the report which grew from it is out.

A report comes out when its times say so, and nobody has to do anything at that moment: published, scheduled or freed
from its embargo, it is noticed here when it is out. What came out more than a week ago is no news, so a scheduler that
was down catches up, and reports of long ago that are put on the shelf today tell nobody.
"""

from datetime import datetime, timedelta

from django.db.models import CharField, Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, Concat

from forums.announcing import tell_report_is_out
from forums.models import Mailing
from reports.models import Report

NEWS_FOR = timedelta(days=7)
_REFERENCE = "report "  # and its key


def tell_attendees(now: datetime) -> int:
    """Tell the attendees of each report that is out and that they were not told of. Answers how many people.

    Safe to run twice, and by two at once: of one report its forum is told once.
    """
    told = 0
    for report in untold(now):
        if report.forum is None:  # which the query rules out
            continue
        told += tell_report_is_out(
            forum=report.forum,
            reference=reference_of(report),
            title=report.title,
            link=report.get_absolute_url(),
            now=now,
        )
    return told


def reference_of(report: Report) -> str:
    """What the forums know a report by."""
    return f"{_REFERENCE}{report.pk}"


def untold(now: datetime) -> QuerySet[Report]:
    """Reports from a forum that are out, since a week at most, and that its attendees were not told of."""
    reference = Concat(Value(_REFERENCE), Cast(OuterRef("pk"), CharField()))
    mailed = Mailing.objects.filter(forum=OuterRef("forum"), reference=reference)
    fresh = Report.objects.out(now).filter(out_at__gt=now - NEWS_FOR, forum__isnull=False)
    return fresh.filter(~Exists(mailed)).select_related("forum")

"""The home page."""

from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Min
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from cosn_site.audience import public
from cosn_site.templatetags.site import day
from forums.models import Forum
from reports.markup import OnTheShelf, shelf
from reports.models import Category, NewsItem, Report, Takeaway
from reports.rows import newest, read_rows

ON_THE_SHELF, IN_THE_NEWS, TO_START_WITH = 4, 3, 3
_COUNTED = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@public
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What is next, what is new, where to go."""
    now = timezone.now()
    out = Report.objects.out(now)
    context = {
        "forum": _next_forum(now),
        "shelf": shelf(
            OnTheShelf(row.url, row.report.title, row.cover, (row.series, str(row.report.year)))
            for row in read_rows(newest(out)[:ON_THE_SHELF])
        ),
        "reports_count": out.count(),
        "topics": Category.objects.filter(aligned_to=None).order_by("framework__position", "position")[:TO_START_WITH],
        "lineage": _lineage(now),
        "news": [_headline(item) for item in NewsItem.objects.out(now).defer("body")[:IN_THE_NEWS]],
    }
    return render(request, "home.html", context)


def _next_forum(now: datetime) -> Forum | None:
    coming = Forum.objects.filter(status=Forum.Status.PUBLISHED).upcoming(now)
    return coming.select_related("series").first()


def _headline(item: NewsItem) -> dict[str, str]:
    text = item.summary
    if item.kind == NewsItem.Kind.PRESS_RELEASE:
        text = f"Press release, {day(item.published_at)}. {text}"
    return {"title": item.title, "url": item.get_absolute_url(), "text": text}


def _lineage(now: datetime) -> dict[str, Any] | None:
    """One real thread from a room to a skill: the first forum whose report is out and has takeaways with skills.

    Nothing when there is no such thread yet.
    """
    threads = Takeaway.objects.filter(
        report__out_at__lte=now, report__forum__status=Forum.Status.PUBLISHED, skill__isnull=False
    )
    first = threads.select_related("report__forum", "skill__category__framework")
    takeaway = first.order_by("report__forum__starts_at", "report_id", "position").first()
    if takeaway is None:
        return None
    known = Takeaway.objects.filter(report__out_at__lte=now).aggregate(
        first=Min("report__year"), last=Max("report__year"), count=Count("pk")
    )
    span = known["last"] - known["first"] + 1
    years = f"{_COUNTED[span] if span < len(_COUNTED) else span} year{'' if span == 1 else 's'}"
    return {
        "report": takeaway.report,
        "forum": takeaway.report.forum,
        "skill": takeaway.skill,
        "takeaway": takeaway,
        "count": known["count"],
        "years": years,
    }

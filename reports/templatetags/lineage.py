"""The reports' windows for the pages of forums: what came of a forum, and of many."""

from collections.abc import Iterable
from typing import Any

from django import template
from django.db.models import Count, Q
from django.utils import timezone

from forums.models import Forum
from reports.models import Report, Takeaway
from reports.models.reports import State

register = template.Library()


@register.inclusion_tag("reports/forum_report.html")
def forum_report(forum: Forum) -> dict[str, Any]:
    """The reports that grew from this forum, with the number of their takeaways; those announced for a day to come too.

    Draws nothing when there are none. One statement.
    """
    now = timezone.now()
    kinds = {f"{kind.value}_count": Count("takeaways", filter=Q(takeaways__kind=kind)) for kind in Takeaway.Kind}
    found = Report.objects.announced(now).filter(forum=forum, withdrawn_at__isnull=True).annotate(**kinds)
    reports = list(found.select_related("series").order_by("title"))
    return {"reports": [{"report": report, "is_out": report.state(now) is State.OUT} for report in reports]}


@register.simple_tag
def reports_of_forums(forums: Iterable[Forum]) -> list[dict[str, Any]]:
    """Each forum with the reports that are out, and the number of their takeaways. One statement."""
    of_forum: dict[int | None, list[Report]] = {forum.pk: [] for forum in forums}
    found = Report.objects.out(timezone.now()).filter(forum__in=of_forum)
    for report in found.annotate(takeaway_count=Count("takeaways")).order_by("title"):
        of_forum[report.forum_id].append(report)
    return [{"forum": forum, "reports": of_forum[forum.pk]} for forum in forums]

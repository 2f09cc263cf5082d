"""A window for the admin's first page: what waits to be published."""

from typing import Any

from django import template
from django.utils import timezone

from reports.models import Report
from reports.models.reports import State

register = template.Library()
SHOWN = 8


@register.inclusion_tag("admin/reports/desk.html", takes_context=True)
def publishing_desk(context: dict[str, Any]) -> dict[str, Any]:
    """Drafts, and what is scheduled or under embargo, soonest first; nothing for those who don't publish."""
    user = context["request"].user
    if not user.has_perm("reports.publish_report"):
        return {}
    now = timezone.now()
    reports = Report.objects.only("title", "published_at", "embargo_until", "withdrawn_at")
    return {
        "may_add": user.has_perm("reports.add_report"),
        "may_add_news": user.has_perm("reports.add_newsitem"),
        "is_publisher": True,
        "scheduled": reports.in_state(State.SCHEDULED, now).order_by("published_at")[:SHOWN],
        "embargoed": reports.in_state(State.EMBARGOED, now).order_by("embargo_until")[:SHOWN],
        "drafts": reports.in_state(State.DRAFT, now).order_by("-pk")[:SHOWN],
    }

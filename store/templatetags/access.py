"""The store's windows: what pages of lower floors show of the gate.

The windows are listed in tests/test_architecture.py. Each shows the answer of `store.access.decide` and nothing else.
"""

from functools import cache
from typing import Any

from django import template
from django.urls import get_script_prefix, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from cosn_site.templatetags.site import icon
from members.models import Organization
from reports.models import Report
from store.access import decide, viewer_for
from store.downloads import downloads_of
from store.downloads import read_by_peers as most_read_by_peers
from store.panels import panel_for
from store.reasons import Reason

register = template.Library()

DOWNLOADS_SHOWN = 20
PEER_READS_SHOWN = 5


@register.inclusion_tag("components/access_panel.html", takes_context=True)
def access_panel(context: dict[str, Any], report: Report) -> dict[str, Any]:
    """How this reader can get this report, and why."""
    now = timezone.now()
    decision = decide(viewer_for(context["request"]), report, now)
    return {"panel": panel_for(decision, now), "csrf_token": context.get("csrf_token")}


_BADGES = {
    Reason.PUBLIC: ("ok", "check", "Open to all"),
    Reason.EMBARGOED: ("note", "clock", "Not out yet"),
    Reason.WITHDRAWN: ("stop", "cross", "Withdrawn"),
}
_YOURS = ("ok", "check", "Yours")
_BADGES_BY_ACCESS = {
    Report.Access.REGISTERED.value: ("", "lock", "Sign in"),
    Report.Access.MEMBERS.value: ("", "key", "Members"),
}


@cache
def _ways(script_prefix: str) -> str:
    """What stands before a report's slug; found once, because a list asks for forty addresses."""
    return reverse("store:how_to_get", args=["-"]).removesuffix("-/")


@register.simple_tag(takes_context=True)
def access_badge(context: dict[str, Any], report: Report) -> SafeString:
    """For a row of the catalog: whether this reader has it, and the link to it or to how to get it."""
    decision = decide(viewer_for(context["request"]), report, timezone.now())
    if decision.reason in _BADGES:
        badge = _BADGES[decision.reason]
    elif decision.allowed:
        badge = _YOURS
    else:
        badge = _BADGES_BY_ACCESS[report.access]
    url, label = f"{_ways(get_script_prefix())}{report.slug}/", "See how to get it"
    if decision.allowed:
        url, label = f"{url}download/", "Download the PDF"
    return format_html(
        '{}<a href="{}">{}<span class="visually-hidden">: {}</span></a>', _drawn(*badge), url, label, report.title
    )


@cache
def _drawn(tone: str, name: str, words: str) -> SafeString:
    return format_html('<span class="badge{}">{}{}</span>', f" badge-{tone}" if tone else "", icon(name), words)


@register.simple_tag(takes_context=True)
def may_read(context: dict[str, Any], report: Report) -> bool:
    """Whether a piece from inside the file may be shown to this reader: `{% may_read report as readable %}`."""
    return decide(viewer_for(context["request"]), report, timezone.now()).allowed


@register.inclusion_tag("store/my_downloads.html", takes_context=True)
def my_downloads(context: dict[str, Any]) -> dict[str, Any]:
    """The person's downloads, newest first, with whether each may be downloaded again."""
    request, now = context["request"], timezone.now()
    viewer = viewer_for(request)
    downloads = list(downloads_of(request.user.pk)[: DOWNLOADS_SHOWN + 1])
    rows = [(download, decide(viewer, download.edition.report, now)) for download in downloads[:DOWNLOADS_SHOWN]]
    return {"rows": rows, "more": len(downloads) > DOWNLOADS_SHOWN}


@register.inclusion_tag("store/read_by_peers.html")
def read_by_peers(organization: Organization) -> dict[str, Any]:
    """The reports that organizations of the same kind read most, by how many of them did."""
    return {"reports": most_read_by_peers(organization, timezone.now(), most=PEER_READS_SHOWN)}

"""The store's pages: how to get a report, and the gate."""

import logging

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cosn_site.audience import public
from reports.models import Edition, Report
from reports.shelf import find_report
from store.access import Decision, Refused, decide, open_edition, viewer_for
from store.delivery import FileMissing, deliver, is_later_piece
from store.downloads import record_download, record_piece
from store.reasons import Reason

logger = logging.getLogger(__name__)


@public
@require_safe
@never_cache
def how_to_get(request: HttpRequest, slug: str) -> HttpResponse:
    """How this person can get this report: the gate's answer, with the next step."""
    report = _report(slug)
    decision = decide(viewer_for(request), report, timezone.now())
    if decision.reason is Reason.NOT_PUBLISHED:
        raise Http404
    return render(request, "store/how_to_get.html", {"decision": decision, "report": report})


@public
@require_safe
def download(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The gate. `?edition=1` asks for an earlier edition; without it, or with nonsense in it, it is the current one."""
    report, viewer, now = _report(slug), viewer_for(request), timezone.now()
    try:
        decision, edition = open_edition(viewer, report, now, number=_edition_number(request))
    except Refused as refused:
        return _refusal(request, refused.decision)
    except Edition.DoesNotExist as missing:
        raise Http404 from missing
    try:
        response = deliver(request, edition)
    except FileMissing:
        logger.error("The file of edition %s is missing from the storage", edition.pk)
        return render(request, "store/file_missing.html", {"report": report}, status=503)
    if request.method == "GET" and response.status_code != 416:
        record = record_piece if is_later_piece(request, edition) else record_download
        record(by=viewer, decision=decision, edition=edition, at=now)
    return response


def _report(slug: str) -> Report:
    report = find_report(slug)
    if report is None:
        raise Http404
    return report


def _edition_number(request: HttpRequest) -> int | None:
    asked = request.GET.get("edition", "")
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 5 else None


def _refusal(request: HttpRequest, decision: Decision) -> HttpResponse:
    """404 for what does not exist yet, the sign-in for those signed out, else a page with the reason and the way in."""
    if decision.reason is Reason.NOT_PUBLISHED:
        raise Http404
    if decision.reason is Reason.NOT_SIGNED_IN:
        response: HttpResponse = redirect_to_login(request.get_full_path())
    else:
        context = {"decision": decision, "report": decision.report}
        response = render(request, "store/refused.html", context, status=403)
    response.headers["Cache-Control"] = "private, no-store"
    return response


@public
@require_safe
def storefront(request: HttpRequest) -> HttpResponse:
    """What the association offers, and how each thing is had."""
    return render(request, "store/storefront.html")

"""The pages that say why: for the person themselves, and for staff about anybody."""

from collections.abc import Iterable
from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cosn_site.audience import signed_in
from members.models import Membership, User
from reports.models import Report
from store.access import Viewer, viewer_for
from store.why import explain
from store.why_forms import StaffWhyForm, WhyForm

TITLES_OFFERED = 300
PEOPLE_SHOWN = 100


@signed_in
@never_cache
@require_safe
def why(request: HttpRequest) -> HttpResponse:
    """Why I can, or can't, download a report on a day: `?report=<slug>&day=<YYYY-MM-DD>`."""
    now, viewer = timezone.now(), viewer_for(request)
    asked = request.GET if "report" in request.GET or "day" in request.GET else None
    form = WhyForm(asked, viewer=viewer, now=now)
    context: dict[str, Any] = {"form": form, "titles": _titles(Report.objects.announced(now))}
    if form.is_valid():
        context["explanation"] = explain(person=cast("User", request.user), now=now, **form.cleaned_data)
    return render(request, "store/why.html", context, status=422 if form.errors else 200)


def staff_why(request: HttpRequest, site: admin.AdminSite) -> HttpResponse:
    """The same for any person, report and day; with `?membership=<id>` its people to choose from. For the admin."""
    user: Any = request.user
    if not user.has_perms(["members.view_user", "members.view_membership", "store.view_grant"]):
        raise PermissionDenied
    now, staff = timezone.now(), Viewer(is_staff=True)
    asked = request.GET if "report" in request.GET or "day" in request.GET else None
    form = StaffWhyForm(asked, viewer=staff, now=now, initial={"person": request.GET.get("person", "")})
    context: dict[str, Any] = {
        **site.each_context(request),
        "title": "Why can, or can’t, somebody download a report?",
        "form": form,
        "titles": _titles(Report.objects.all()),
        "people": _people_of(request.GET.get("membership", "")),
    }
    if form.is_valid():
        context["person"] = form.cleaned_data["person"]
        context["explanation"] = explain(now=now, **form.cleaned_data)
    return TemplateResponse(request, "admin/why.html", context, status=422 if form.errors else 200)


def _titles(reports: Any) -> Iterable[str]:
    """The titles that the box for the report offers."""
    return cast("Iterable[str]", reports.order_by("-year", "title").values_list("title", flat=True)[:TITLES_OFFERED])


def _people_of(membership: str) -> Iterable[User]:
    """Who sits in the membership's seats or works at its holder, or whose it is."""
    if not (membership.isascii() and membership.isdigit() and len(membership) < 10):
        return User.objects.none()
    found = Membership.objects.filter(pk=int(membership))
    theirs = (
        Q(membership__in=found) | Q(seat_rows__membership__in=found) | Q(contacts__organization__membership__in=found)
    )
    return User.objects.filter(theirs).distinct().order_by("email")[:PEOPLE_SHOWN]

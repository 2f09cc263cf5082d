"""Feeds, the sitemap, and what robots may read."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import conditional_page, require_safe

from cosn_site.audience import public
from reports.feeds import atom, places
from reports.models import FocusArea


@public
@require_safe
@conditional_page
def feed(request: HttpRequest, slug: str = "") -> HttpResponse:
    """The newest reports as an Atom feed; a reader that has this version already gets a 304."""
    focus_area = get_object_or_404(FocusArea, slug=slug) if slug else None
    return HttpResponse(atom(timezone.now(), focus_area), content_type="application/atom+xml; charset=utf-8")


@public
@require_safe
@conditional_page
def sitemap(request: HttpRequest) -> HttpResponse:
    """The addresses for search engines."""
    context = {"places": places(timezone.now())}
    return render(request, "reports/sitemap.xml", context, content_type="application/xml; charset=utf-8")


@public
@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """What robots may read: all that is public, but not every combination of the catalog's filters."""
    catalog, account = reverse("reports:catalog"), reverse("members:account")
    lines = [
        "User-agent: *",
        f"Disallow: {catalog}?",
        f"Allow: {catalog}?page=",
        f"Disallow: {account}",
        "Disallow: /accounts/",
        "Disallow: /store/",
        f"Sitemap: {settings.SITE_URL}{reverse('reports:sitemap')}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")

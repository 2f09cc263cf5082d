"""The forums' pages."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from cosn_site.audience import public
from forums.models import Forum


@public
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The series: what it is, what is next, what is past."""
    return render(request, "forums/index.html")


@public
@require_safe
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One forum."""
    forum = get_object_or_404(Forum.objects.published().select_related("series"), slug=slug)
    return render(request, "forums/detail.html", {"forum": forum})

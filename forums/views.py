"""The forums' pages."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from cosn_site.audience import public
from forums.models import Forum, ForumSeries


@public
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The series: what it is, what is next, what is past."""
    now = timezone.now()
    forums = Forum.objects.published()
    context = {
        "series": ForumSeries.objects.first(),
        "upcoming": forums.upcoming(now),
        "past": forums.past(now),
        "now": now,
    }
    return render(request, "forums/index.html", context)


@public
@require_safe
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One forum: what it is about, when and where, the agenda, who supports it, and what came of it."""
    published = Forum.objects.published().select_related("series").prefetch_related("sponsors", "agenda")
    forum = get_object_or_404(published, slug=slug)
    return render(request, "forums/detail.html", {"forum": forum, "now": timezone.now()})

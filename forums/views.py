"""The forums' pages."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from cosn_site.audience import public
from forums.calendar import calendar_of
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


@public
@require_safe
def calendar(request: HttpRequest) -> HttpResponse:
    """All forums with a day, to subscribe to."""
    dated = Forum.objects.published().filter(precision=Forum.Precision.TIME).order_by("starts_at")
    return _ics(calendar_of(dated, timezone.now()), "cto-forums.ics")


@public
@require_safe
def forum_calendar(request: HttpRequest, slug: str) -> HttpResponse:
    """One forum, for one's own calendar."""
    dated = Forum.objects.published().filter(precision=Forum.Precision.TIME)
    forum = get_object_or_404(dated, slug=slug)
    return _ics(calendar_of([forum], timezone.now()), f"{forum.slug}.ics")


def _ics(content: bytes, filename: str) -> HttpResponse:
    disposition = f'attachment; filename="{filename}"'
    return HttpResponse(
        content, content_type="text/calendar; charset=utf-8", headers={"Content-Disposition": disposition}
    )

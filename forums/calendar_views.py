"""Calendar files: one registration's, one forum's, and all forums to subscribe to."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from cosn_site.audience import public
from forums.calendar import calendar_of, method_of, registration_calendar
from forums.models import Forum, Registration
from forums.my_registration_views import for_holder


@public
@require_safe
def calendar(request: HttpRequest) -> HttpResponse:
    """All forums with a day, to subscribe to."""
    dated = Forum.objects.published().filter(precision=Forum.Precision.TIME).order_by("starts_at")
    return _ics(calendar_of(dated, timezone.now()), "cto-forums.ics", method="PUBLISH")


@public
@require_safe
def forum_calendar(request: HttpRequest, slug: str) -> HttpResponse:
    """One forum, for one's own calendar."""
    dated = Forum.objects.published().filter(precision=Forum.Precision.TIME)
    forum = get_object_or_404(dated, slug=slug)
    return _ics(calendar_of([forum], timezone.now(), name=forum.title), f"{forum.slug}.ics", method="PUBLISH")


@for_holder
@require_safe
def of_registration(request: HttpRequest, row: Registration) -> HttpResponse:
    """The entry of one registration, as it is now; a cancelled one takes the entry away."""
    if row.forum.precision != Forum.Precision.TIME:
        raise Http404
    return _ics(registration_calendar(row, timezone.now()), f"{row.forum.slug}.ics", method=method_of(row))


def _ics(content: bytes, filename: str, *, method: str) -> HttpResponse:
    return HttpResponse(
        content,
        content_type=f"text/calendar; charset=utf-8; method={method}",
        headers={"Content-Disposition": f'attachment; filename="{filename}"'},
    )

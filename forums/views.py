"""The forums' public pages: the series, and one forum."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from cosn_site.audience import public
from forums.dossier import own_registration, read_dossier
from forums.links import token_of
from forums.materials import may_have_materials
from forums.models import Forum, ForumSeries
from forums.panel import panel_for
from forums.written import written


@public
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The series: what it is, what is next with its seats, what is past, and who supported it."""
    now = timezone.now()
    published = Forum.objects.published().select_related("series", "seating").prefetch_related("sponsors")
    forums = list(published.order_by("starts_at"))
    coming = [forum for forum in forums if forum.ends_at > now]
    context = {
        "series": ForumSeries.objects.first(),
        "upcoming": [(forum, panel_for(forum, getattr(forum, "seating", None), now)) for forum in coming],
        "past": [forum for forum in reversed(forums) if forum.ends_at <= now],
        "supporters": _supporters(forums),
    }
    return render(request, "forums/index.html", context)


def _supporters(forums: list[Forum]) -> list[tuple[int, list[str]]]:
    """Who supported the forums of each year, the latest year first."""
    years: dict[int, set[str]] = {}
    for forum in forums:
        if forum.status != Forum.Status.CANCELLED:
            years.setdefault(forum.local_start.year, set()).update(sponsor.name for sponsor in forum.sponsors.all())
    return [(year, sorted(names, key=str.casefold)) for year, names in sorted(years.items(), reverse=True) if names]


@public
@require_safe
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One forum: what it is about, when and where, the agenda, seats, who supports it, and what came of it.

    Staff see a draft as it will be.
    """
    now, dossier = timezone.now(), read_dossier(slug)
    if dossier is None:
        raise Http404
    forum = dossier.forum
    is_draft = forum.status == Forum.Status.DRAFT
    if is_draft and not request.user.is_staff:
        raise Http404
    own, place = own_registration(forum, request.user.pk) if request.user.is_authenticated else (None, 0)
    panel = panel_for(forum, dossier.seating, now, own=own, place=place)
    has_begun = forum.starts_at <= now
    context: dict[str, Any] = {
        "forum": forum,
        "panel": panel,
        "own": own,
        "token": token_of(own) if own is not None else "",
        "materials": dossier.materials if may_have_materials(own) else [],
        "written": written(dossier, panel.phase, has_begun=has_begun),
        "has_begun": has_begun,
        "is_draft": is_draft,
    }
    return render(request, "forums/detail.html", context)

"""Press releases and posts."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from cosn_site.audience import public
from reports.models import NewsItem, Report
from reports.paging import page_of
from reports.rows import newest, read_rows

ON_A_PAGE = 10
KINDS = ((NewsItem.Kind.PRESS_RELEASE, "Press releases"), (NewsItem.Kind.POST, "Posts"))


@public
@require_safe
def news(request: HttpRequest) -> HttpResponse:
    """All news that is out, newest first; `?kind=press_release` or `?kind=post` for one kind of it."""
    kind = request.GET.get("kind", "")
    items = NewsItem.objects.out(timezone.now()).defer("body")
    if kind in NewsItem.Kind.values:
        items = items.filter(kind=kind)
    else:
        kind = ""
    page, page_range = page_of(items, request.GET.get("page"), size=ON_A_PAGE)
    query = "&".join(
        part for part in (f"kind={kind}" if kind else "", f"page={page.number}" if page.number > 1 else "") if part
    )
    context = {
        "page": page,
        "page_range": page_range,
        "kind": kind,
        "kinds": KINDS,
        "canonical": f"{settings.SITE_URL}{request.path}{f'?{query}' if query else ''}",
    }
    return render(request, "reports/news.html", context)


@public
@require_safe
def news_item(request: HttpRequest, slug: str) -> HttpResponse:
    """A press release or a post. What is not out does not exist, but for staff, who see a preview."""
    now = timezone.now()
    item = NewsItem.objects.select_related("boilerplate", "press_contact").filter(slug=slug).first()
    is_out = item is not None and item.published_at is not None and item.published_at <= now
    if item is None or not (is_out or request.user.is_staff):
        raise Http404
    series = NewsItem.objects.none()
    if item.post_series:
        series = NewsItem.objects.out(now).filter(post_series=item.post_series).exclude(pk=item.pk).order_by("part")
    context = {
        "item": item,
        "is_out": is_out,
        "is_release": item.kind == NewsItem.Kind.PRESS_RELEASE,
        "rows": read_rows(newest(Report.objects.out(now).filter(news=item))),
        "focus_areas": item.focus_areas.all(),
        "series": series,
        "canonical": f"{settings.SITE_URL}{request.path}",
    }
    return render(request, "reports/news_item.html", context)

"""Focus areas and frameworks."""

from django.conf import settings
from django.db.models import Count, Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from cosn_site.audience import public
from reports.models import Category, FocusArea, Framework, NewsItem, Report, Skill
from reports.paging import page_of
from reports.rows import newest, read_rows

REPORTS_SHOWN, POSTS_ON_A_PAGE = 6, 5


@public
@require_safe
def focus_areas(request: HttpRequest) -> HttpResponse:
    """All focus areas, with how much there is to read in each."""
    now = timezone.now()
    areas = FocusArea.objects.annotate(
        reports_count=Count("reports", filter=Q(reports__out_at__lte=now), distinct=True),
        news_count=Count("news", filter=Q(news__published_at__lte=now), distinct=True),
    )
    return render(request, "reports/focus_areas.html", {"areas": areas})


@public
@require_safe
def focus_area(request: HttpRequest, slug: str) -> HttpResponse:
    """One focus area: what it is about, its frameworks, its newest reports, its posts."""
    now = timezone.now()
    area = get_object_or_404(FocusArea, slug=slug)
    reports = Report.objects.out(now).filter(focus_areas=area)
    frameworks = Framework.objects.filter(report__in=reports).select_related("aligned_to", "report")
    items = NewsItem.objects.out(now).filter(focus_areas=area).defer("body")
    page, page_range = page_of(items, request.GET.get("page"), size=POSTS_ON_A_PAGE)
    context = {
        "area": area,
        "frameworks": frameworks.prefetch_related(
            Prefetch("categories", Category.objects.select_related("aligned_to"))
        ),
        "rows": read_rows(newest(reports)[:REPORTS_SHOWN]),
        "reports_count": reports.count(),
        "page": page,
        "page_range": page_range,
        "canonical": f"{settings.SITE_URL}{request.path}{f'?page={page.number}' if page.number > 1 else ''}",
    }
    return render(request, "reports/focus_area.html", context)


@public
@require_safe
def frameworks(request: HttpRequest) -> HttpResponse:
    """All frameworks: what they are for and how they hang together."""
    found = Framework.objects.select_related("aligned_to", "parallel_to").prefetch_related("editions")
    counts = {"categories_count": Count("categories", distinct=True), "skills_count": Count("categories__skills")}
    return render(request, "reports/frameworks.html", {"frameworks": found.annotate(**counts)})


@public
@require_safe
def framework(request: HttpRequest, slug: str) -> HttpResponse:
    """One framework: its categories and skills with what the reports say on each, its editions, its sisters."""
    now = timezone.now()
    found = get_object_or_404(Framework.objects.select_related("aligned_to", "parallel_to", "report"), slug=slug)
    skills = Skill.objects.annotate(
        takeaways_count=Count("takeaways", filter=Q(takeaways__report__out_at__lte=now)),
    )
    categories = (
        found.categories.annotate(reports_count=Count("reports", filter=Q(reports__out_at__lte=now)))
        .select_related("aligned_to__framework")
        .prefetch_related(Prefetch("skills", skills))
    )
    resource = found.report if found.report and found.report.out_at and found.report.out_at <= now else None
    context = {
        "framework": found,
        "categories": categories,
        "resource": resource,
        "sisters": Framework.objects.filter(Q(parallel_to=found) | Q(parallels=found)).distinct(),
        "aligned": found.aligned.all(),
        "coverage": found.coverage.all(),
        "editions": found.editions.all(),
    }
    return render(request, "reports/framework.html", context)

"""A report's page, and its citation as a file."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from cosn_site.audience import public
from cosn_site.structured_data import script_json
from cosn_site.templatetags.site import NBSP, day, moment
from forums.templatetags.forum_words import forum_month
from reports.citations import PUBLISHER, STYLES, Cited, in_words
from reports.covers import cover_svg
from reports.dossier import Dossier, Related, read_dossier, related_to
from reports.markup import OnTheShelf, items, shelf, takeaways
from reports.models import Edition, NewsItem, Report, Takeaway
from reports.models.reports import State

_ORDINALS = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth", "Tenth")
_KINDS = (
    (Takeaway.Kind.CHALLENGE, "Challenges"),
    (Takeaway.Kind.OPPORTUNITY, "Opportunities"),
    (Takeaway.Kind.RECIPE, "Recipes"),
)


@public
@require_safe
def report(request: HttpRequest, slug: str) -> HttpResponse:
    """What a report says, who it is for, how to get it.

    Before it is out, and after it was withdrawn, the public sees title, summary and the panel; staff see all of it.
    """
    now = timezone.now()
    dossier = read_dossier(slug, now)
    if dossier is None:
        raise Http404
    state, is_staff = dossier.report.state(now), request.user.is_staff
    if state in (State.DRAFT, State.SCHEDULED) and not is_staff:
        raise Http404
    context = {
        "report": dossier.report,
        "dossier": dossier,
        "canonical": _address(dossier.report),
        "is_out": state is State.OUT,
        "crumbs": _crumbs(dossier.report),
        "preview": _preview(dossier.report, state) if is_staff and state is not State.OUT else "",
    }
    if state is State.OUT or is_staff:
        context |= _full(dossier, state) | {"related": _shelf(related_to(dossier, now))}
    return render(request, "reports/report.html", context)


@public
@require_safe
def cite(request: HttpRequest, slug: str, style: str) -> HttpResponse:
    """The citation of an edition (`?edition=`, by default the current one) as a file for a reference manager."""
    if style not in STYLES:
        raise Http404
    found = get_object_or_404(Report.objects.out(timezone.now()).select_related("series", "current_edition"), slug=slug)
    wanted = request.GET.get("edition", "")
    edition = found.current_edition
    if wanted:
        number = int(wanted) if wanted.isdecimal() and len(wanted) < 5 else 0
        edition = get_object_or_404(found.editions.once_out(), number=number)
    assert edition is not None  # noqa: S101 - a constraint of the database: what is out has an edition
    disposition = f'attachment; filename="{found.slug}.{style}"'
    return HttpResponse(
        STYLES[style].write(_cited(found, edition)),
        content_type=STYLES[style].content_type,
        headers={"Content-Disposition": disposition},
    )


def _address(report: Report) -> str:
    return f"{settings.SITE_URL}{report.get_absolute_url()}"


def _cited(report: Report, edition: Edition) -> Cited:
    return Cited(
        key=f"{report.slug}-{edition.number}",
        title=report.title,
        authors=tuple(report.authors),
        year=report.year,
        kind=report.series.singular,
        edition=edition.number,
        released_on=edition.released_on,
        pages=edition.pages,
        url=f"{_address(report)}?edition={edition.number}",
    )


def _crumbs(report: Report) -> list[tuple[str, str]]:
    catalog = reverse("reports:catalog")
    return [("Knowledge center", catalog), (report.series.name, f"{catalog}?series={report.series.slug}")]


def _preview(report: Report, state: State) -> str:
    """What staff are told about a page that the public doesn't see like this."""
    return {
        State.DRAFT: "This is a draft. Only staff see this page.",
        State.SCHEDULED: f"It comes out on {moment(report.published_at)}. Until then only staff see this page.",
        State.EMBARGOED: "It is under embargo. The public sees title, summary and the panel.",
        State.WITHDRAWN: "It was withdrawn. The public sees title, summary and the panel.",
    }[state]


def _full(dossier: Dossier, state: State) -> dict[str, Any]:
    report, edition = dossier.report, dossier.report.current_edition
    context = {
        "facts": _facts(dossier),
        "takeaways": _takeaways(dossier),
        "contents": items(dossier.contents),
        "editions": _editions(dossier),
        "sponsors": items(row["name"] for row in dossier.sponsors),
        "releases": [item for item in dossier.news if item["kind"] == NewsItem.Kind.PRESS_RELEASE],
        "posts": [item for item in dossier.news if item["kind"] == NewsItem.Kind.POST],
    }
    if dossier.news:
        context["news_base"] = reverse("reports:news")
    if edition is not None and state is State.OUT:  # nobody can follow a citation to what is not out
        base, cited = report.get_absolute_url(), _cited(report, edition)
        context["citation"] = in_words(cited)
        context["cite_links"] = [
            (style.label, f"{base}cite.{name}?edition={edition.number}") for name, style in STYLES.items()
        ]
        context["structured_data"] = _structured_data(dossier, edition)
    return context


def _shelf(related: list[Related]) -> SafeString:
    catalog = reverse("reports:catalog")
    return shelf(
        OnTheShelf(
            url=f"{catalog}{found.report.slug}/",
            title=found.report.title,
            cover=cover_svg(found.report.year, found.report.slug, motif=found.report.motif),
            facts=(str(found.report.year), found.reason),
        )
        for found in related
    )


def _facts(dossier: Dossier) -> list[tuple[str, str]]:
    """The strip under the head: five facts at most, those that are known."""
    report, edition, forum = dossier.report, dossier.report.current_edition, dossier.forum
    facts: list[tuple[str, str]] = []
    if forum:
        facts.append(("From", format_html('<a href="{}">Forum, {}</a>', forum.get_absolute_url(), forum_month(forum))))
    if report.shelf_day:
        facts.append(("Released", day(report.shelf_day)))
    if edition:
        facts.append(("Length", f"{edition.pages}{NBSP}page{'' if edition.pages == 1 else 's'}"))
    if report.audience:
        facts.append(("For", report.audience))
    if dossier.categories:
        catalog = reverse("reports:catalog")
        links = ((catalog, row["slug"], row["name"]) for row in dossier.categories)
        facts.append(("Skills", format_html_join(", ", '<a href="{}?skill={}">{}</a>', links)))
    return facts


def _takeaways(dossier: Dossier) -> SafeString:
    groups = [(words, [row for row in dossier.takeaways if row["kind"] == kind]) for kind, words in _KINDS]
    return takeaways([(words, rows) for words, rows in groups if rows], reverse("reports:catalog"))


def _editions(dossier: Dossier) -> list[dict[str, Any]]:
    current = dossier.report.current_edition
    return [
        {
            "name": _ORDINALS[row["number"] - 1] if row["number"] <= len(_ORDINALS) else f"Edition {row['number']}",
            "is_current": current is not None and row["number"] == current.number,
            "released_on": row["released_on"],
            "note": row["note"] or ("As released" if row["number"] == 1 else ""),
        }
        for row in dossier.editions
    ]


def _structured_data(dossier: Dossier, edition: Edition) -> SafeString:
    """The report in schema.org's words, for search engines."""
    report = dossier.report
    data = {
        "@context": "https://schema.org",
        "@type": "Report",
        "name": report.title,
        "description": report.summary,
        "url": _address(report),
        "author": [{"@type": "Organization", "name": author} for author in report.authors],
        "publisher": {"@type": "Organization", "name": PUBLISHER},
        "datePublished": report.shelf_day.isoformat() if report.shelf_day else None,
        "dateModified": edition.released_on.isoformat(),
        "bookEdition": str(edition.number),
        "numberOfPages": edition.pages,
        "inLanguage": "en-US",
        "isAccessibleForFree": report.access == Report.Access.PUBLIC,
        "about": [row["name"] for row in dossier.focus_areas],
    }
    return script_json(data)

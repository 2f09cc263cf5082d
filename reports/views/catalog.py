"""The catalog."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from cosn_site.audience import public
from forums.notes import find_notes
from reports.catalog import Catalog, read_catalog
from reports.facets import FACETS


@public
@require_safe
def catalog(request: HttpRequest) -> HttpResponse:
    """All reports that are out: searched, filtered, sorted, twenty a page."""
    found = read_catalog(request.GET, timezone.now())
    wish = found.wish
    context = {
        "catalog": found,
        "canonical": f"{settings.SITE_URL}{request.path}{found.canonical}",
        "keep_in_search": wish.pairs(leave=("q", "sort")),
        "keep_in_sort": wish.pairs(leave=("sort",)),
        "keep_sort": wish.order.value if wish.order is not wish.usual_order else "",
        "without_filters": wish.query(leave=FACETS),
        "nothing": None if found.total else _nothing(request.path, found),
        "notes": find_notes(wish.text) if wish.text and found.page.number == 1 else (),
    }
    return render(request, "reports/catalog.html", context)


def _nothing(path: str, found: Catalog) -> dict[str, Any]:
    """What to say when nothing was found, and the way on."""
    wish, links = found.wish, []
    if wish.chosen:
        links.append(("Search without filters" if wish.text else "Take the filters off", wish.query(leave=FACETS)))
    if wish.text:
        links.append(("See all reports", path))
    if wish.text:
        title = f"Nothing matches “{wish.text}”"
        text = "Check the spelling, or search for fewer words. Nothing else is wrong."
    elif wish.chosen:
        title, text = "No report has all of these", "Each filter alone may give some. Take one off."
    else:
        title, text = "There is no report here yet", "The first one appears here on the day it comes out."
    return {"title": title, "text": text, "links": links}

"""The knowledge center's pages."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cosn_site.audience import public


@public
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What is next, what is new, where to go."""
    return render(request, "home.html")


catalog = feed = report = cite = focus_areas = focus_area = frameworks = framework = news = news_item = newsletter = home

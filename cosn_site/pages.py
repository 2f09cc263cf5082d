"""Pages that belong to no app."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cosn_site.audience import public


@public
@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """What is kept of a person, why, and for how long."""
    return render(request, "privacy.html")

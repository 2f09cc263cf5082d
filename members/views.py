"""Pages about membership and the person."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cosn_site.audience import public, signed_in


@public
@require_safe
def plans(request: HttpRequest) -> HttpResponse:
    """The plans one can join, with what they cost and bring."""
    return render(request, "members/plans.html")


@signed_in
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """My standing and why, my downloads."""
    return render(request, "members/account.html")

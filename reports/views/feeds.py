from django.http import HttpResponse
from django.views.decorators.http import require_safe

from cosn_site.audience import public


@public
@require_safe
def feed(request, **kwargs):
    return HttpResponse("")


@public
@require_safe
def robots(request, **kwargs):
    return HttpResponse("")


@public
@require_safe
def sitemap(request, **kwargs):
    return HttpResponse("")

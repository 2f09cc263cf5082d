from django.http import HttpResponse
from django.views.decorators.http import require_safe

from cosn_site.audience import public


@public
@require_safe
def focus_area(request, **kwargs):
    return HttpResponse("")


@public
@require_safe
def focus_areas(request, **kwargs):
    return HttpResponse("")


@public
@require_safe
def framework(request, **kwargs):
    return HttpResponse("")


@public
@require_safe
def frameworks(request, **kwargs):
    return HttpResponse("")

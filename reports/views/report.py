from django.http import HttpResponse
from django.views.decorators.http import require_safe

from cosn_site.audience import public


@public
@require_safe
def report(request, **kwargs):
    return HttpResponse("")


@public
@require_safe
def cite(request, **kwargs):
    return HttpResponse("")

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from cosn_site.audience import public


@public
@require_safe
def news(request, **kwargs):
    return HttpResponse("")


@public
@require_safe
def news_item(request, **kwargs):
    return HttpResponse("")

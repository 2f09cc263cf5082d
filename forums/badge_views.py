"""The sheet of badges, for staff."""

from typing import cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cosn_site.audience import staff_only
from forums.badges import Order, badges_of, typeset
from forums.models import Forum
from members.models import User

PRINTS = "forums.view_registration"


@staff_only
@never_cache
@require_safe
def badges(request: HttpRequest, slug: str) -> HttpResponse:
    """Badges of all who have a seat, as a PDF: by last name, or `?order=seat`; `?code=1` with the ticket's code."""
    if not cast("User", request.user).has_perm(PRINTS):
        raise PermissionDenied
    forum = get_object_or_404(Forum, slug=slug)
    order = Order.SEAT if request.GET.get("order") == Order.SEAT else Order.NAME
    content = typeset(forum, badges_of(forum, order), with_code="code" in request.GET)
    disposition = f'inline; filename="badges-{forum.slug}.pdf"'
    return HttpResponse(content, content_type="application/pdf", headers={"Content-Disposition": disposition})

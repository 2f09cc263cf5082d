"""The page behind the link of a renewal letter."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_safe

from cosn_site.audience import link_holder
from cosn_site.clock import association_day
from members.renewal_letters import State, facts_about, offer, renewal_of, term_of, whose_membership, words


@link_holder
@never_cache
@sensitive_variables("token")
@require_safe
def renewal(request: HttpRequest, token: str) -> HttpResponse:
    """What renewing takes, for whoever has the link: no sign-in, and no personal data."""
    term = term_of(token)
    if term is None:
        return _kept_from_engines(render(request, "members/renewal_unknown.html", status=404))
    now, found = timezone.now(), renewal_of(term)
    membership = term.membership
    whose, is_organization = whose_membership(membership, to_person=False), membership.organization_id is not None
    offered = offer(membership, now) if found.state is State.OPEN else None
    context = {
        "state": found.state,
        "term": found.term,
        "whose": whose,
        "is_organization": is_organization,
        "offered": offered,
        "facts": facts_about(found.term, offered),
        "words": words(found.term, association_day(now), whose=whose, for_organization=is_organization),
    }
    return _kept_from_engines(render(request, "members/renewal.html", context))


def _kept_from_engines(response: HttpResponse) -> HttpResponse:
    response.headers["X-Robots-Tag"] = "noindex"
    return response

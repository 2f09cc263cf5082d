"""Pages about membership and the person."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from cosn_site.audience import public, signed_in
from cosn_site.clock import association_day
from members.forms import ProfileForm
from members.holdings import load_holdings
from members.invitations import invitations_of
from members.offers import offers_on
from members.requests import offers_for
from members.roster.desk import looked_after_by
from members.signed_in import person_of
from members.standing import Via, person_standing, standing
from members.story import story_of


@public
@require_safe
def plans(request: HttpRequest) -> HttpResponse:
    """The plans one can join, with what they cost and bring."""
    return render(request, "members/plans.html", {"offers": offers_on(association_day(timezone.now()))})


@signed_in
@never_cache
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """My standing and why, my downloads."""
    person, now = person_of(request), timezone.now()
    today, holdings = association_day(now), load_holdings(person.pk)
    found = person_standing(holdings, today)
    told = [
        (holding, at, story_of(holding, at))
        for holding in holdings
        if holding.via is not Via.WORKS_THERE
        for at in [standing(holding.terms, today)]
    ]
    context = {
        "found": found,
        "told": told,
        "offers": offers_for(person=person, holdings=holdings, now=now),
        "invited": invitations_of(person, now),
        "looks_after": looked_after_by(person),
    }
    return render(request, "members/account.html", context)


@signed_in
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """My name, title and time zone."""
    form = ProfileForm(request.POST or None, instance=person_of(request))
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Your details are saved.")
        return redirect("members:account")
    return render(request, "members/profile.html", {"form": form})

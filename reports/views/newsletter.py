"""The newsletter: ask for it, confirm, leave."""

from allauth.account.adapter import get_adapter
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from cosn_site.audience import link_holder, public
from cosn_site.limits import within_limit
from reports import newsletter as verbs
from reports.forms import NewsletterForm
from reports.newsletter_links import find

HOUR = 60 * 60
MAILS_AN_ADDRESS, TRIES_A_NETWORK = 3, 30  # in an hour; a district's people may all come from one network


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def newsletter(request: HttpRequest) -> HttpResponse:
    """Ask for the newsletter. The answer is the same whether the address is known or not."""
    consent, now = verbs.current_consent(), timezone.now()
    if consent is None:
        raise Http404
    initial = {"email": getattr(request.user, "email", "")}
    form = NewsletterForm(request.POST or None, consent=consent, initial=initial)
    if request.method != "POST" or not form.is_valid():
        return render(request, "reports/newsletter.html", {"form": form, "asked": "asked" in request.GET})
    network = get_adapter().get_client_ip(request)
    if not within_limit("newsletter-network", network, times=TRIES_A_NETWORK, seconds=HOUR, now=now):
        form.add_error(None, "Many addresses were given from your network just now. Try again in an hour.")
        return render(request, "reports/newsletter.html", {"form": form}, status=429)
    email = form.cleaned_data["email"]
    if within_limit("newsletter-address", email, times=MAILS_AN_ADDRESS, seconds=HOUR, now=now):
        verbs.ask(email=email, focus_areas=form.cleaned_data["focus_areas"], consent=consent, by=None, now=now)
    return redirect(f"{reverse('reports:newsletter')}?asked")


@link_holder
@never_cache
@sensitive_variables("token")
@require_http_methods(["GET", "HEAD", "POST"])
def newsletter_link(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind the link in the mail: a button to confirm, or to leave. Opening it changes nothing."""
    subscriber, now = find(token), timezone.now()
    if subscriber is None:
        return render(request, "reports/newsletter_link_unknown.html", status=404)
    problem = ""
    if request.method == "POST":
        try:
            if request.POST.get("step") == "leave":
                verbs.leave(subscriber=subscriber, by=None, now=now)
            elif request.POST.get("step") == "confirm":
                verbs.confirm(subscriber=subscriber, by=None, now=now)
            return redirect("reports:newsletter_link", token)
        except verbs.LinkTooOld as too_old:
            problem = too_old.sentence
    context = {"subscriber": subscriber, "standing": subscriber.standing, "problem": problem}
    return render(request, "reports/newsletter_link.html", context, status=410 if problem else 200)

"""The pages of certificates: one's own, and the public one that says whether a number is real."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from cosn_site.audience import public
from forums.certificates import NotEarned, check_earned, issue, read_number, sheet_of, typeset
from forums.links import token_of
from forums.models import Certificate, Registration
from forums.my_registration_views import acting, for_holder

LONGEST_TYPED = 40


@for_holder
@require_http_methods(["GET", "HEAD", "POST"])
def my_certificate(request: HttpRequest, row: Registration) -> HttpResponse:
    """My certificate as a PDF. Before a job has made it, a page with the button that does; 404 where there is none."""
    now, refused = timezone.now(), ""
    certificate = Certificate.objects.filter(registration=row).select_related("registration__forum").first()
    if certificate is not None and certificate.revoked_at is None and request.method != "POST":
        return _pdf(certificate, row)
    try:
        if request.method == "POST":
            issue(registration=row, by=acting(request, row), now=now)
            return redirect(request.path)
        check_earned(row, now)
    except NotEarned as reason:
        refused = reason.sentence
    context = {"row": row, "forum": row.forum, "token": token_of(row), "certificate": certificate, "refused": refused}
    return render(request, "forums/my_certificate.html", context, status=404 if refused or certificate else 200)


def _pdf(certificate: Certificate, row: Registration) -> HttpResponse:
    disposition = f'inline; filename="certificate-{row.forum.slug}.pdf"'
    return HttpResponse(
        typeset(certificate), content_type="application/pdf", headers={"Content-Disposition": disposition}
    )


@public
@require_safe
def look_up(request: HttpRequest) -> HttpResponse:
    """Where one types the number of a certificate."""
    typed = request.GET.get("number", "").strip()[:LONGEST_TYPED]
    number = read_number(typed)
    if number is not None:
        return redirect("forums:certificate", number=number)
    return _noindex(render(request, "forums/certificate_look_up.html", {"typed": typed}))


@public
@never_cache
@require_safe
def certificate(request: HttpRequest, number: str) -> HttpResponse:
    """Whether a certificate is real: whose, for which forum, and how many hours."""
    read = read_number(number)
    rows = Certificate.objects.select_related("registration__forum")
    found = rows.filter(number=read).first() if read else None
    if found is None:
        context = {"typed": number[:LONGEST_TYPED], "has_slip": read is None}
        return _noindex(render(request, "forums/certificate_unknown.html", context, status=404))
    if number != found.number:
        return redirect("forums:certificate", number=found.number)
    context = {"certificate": found, "sheet": sheet_of(found), "site": settings.SITE_URL}
    return _noindex(render(request, "forums/certificate.html", context))


def _noindex(response: HttpResponse) -> HttpResponse:
    response.headers["X-Robots-Tag"] = "noindex"
    return response

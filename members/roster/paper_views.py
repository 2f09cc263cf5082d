"""Steps on an organization's contacts, domains and certificates, by the primary contact."""

from collections.abc import Mapping
from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from cosn_site.limits import within_limit
from cosn_site.uploads import oversized_fields
from cosn_site.verbs import StepRefused
from members import contacts, domains
from members.certificates import add_certificate as add_certificate_verb
from members.certificates import certificate_answer
from members.dns_check import ask_for_dns_check
from members.domain_names import NotADomain, PublicProvider, PublicSuffix
from members.models import Contact, Domain, ExemptionCertificate
from members.roster.desk import Desk, for_contact
from members.roster.forms import BillingForm, CertificateForm, DomainForm
from members.roster.steps import StepPage, posted, take_step

DAY = 24 * 60 * 60
DOMAINS_A_DAY = 30  # added by one organization, removed ones included


class TooManyDomains(StepRefused):
    sentence = "Many domains were added today. Try again tomorrow."


# --- contacts -----------------------------------------------------------------------------------------------------
def _contact(desk: Desk, pk: int) -> Contact:
    rows = Contact.objects.select_related("person")
    return get_object_or_404(rows, pk=pk, organization=desk.organization)


@for_contact
def make_primary(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    """Hand the role of primary contact on."""
    contact = _contact(desk, pk)
    page = StepPage(
        f"Make {contact.person} the primary contact",
        "Make them the primary contact",
        (f"From then on they look after the seats of {desk.organization}, and this page is closed to you.",),
    )
    return take_step(
        request,
        desk,
        page,
        run=lambda _: contacts.make_primary(contact=contact, by=desk.person, now=timezone.now()),
        done=f"{contact.person} is the primary contact of {desk.organization} now.",
        back_to=reverse("members:account") if request.method == "POST" else "",
    )


@for_contact
def set_billing(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    """Who gets invoices and renewal letters."""
    contact = _contact(desk, pk)
    form = BillingForm(posted(request), initial={"to": not contact.is_billing})
    to = bool(form.cleaned_data["to"]) if form.is_valid() else not contact.is_billing
    words = f"{contact.person} {'gets' if to else 'no longer gets'} what we send about dues and renewal."
    title = f"Make {contact.person} a billing contact" if to else f"Stop billing mail to {contact.person}"
    return take_step(
        request,
        desk,
        StepPage(title, "Make them a billing contact" if to else "Stop billing mail", (words,), is_next=to),
        form=form,
        run=lambda _: contacts.set_billing(contact=contact, to=to, by=desk.person, now=timezone.now()),
        done=words,
    )


# --- domains ------------------------------------------------------------------------------------------------------
def _domain(desk: Desk, pk: int) -> Domain:
    return get_object_or_404(Domain, pk=pk, organization=desk.organization)


@for_contact
def add_domain(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Name a domain as the organization's own."""

    def run(asked: Mapping[str, Any]) -> Domain:
        now, subject = timezone.now(), str(desk.organization.pk)
        if not within_limit("domains", subject, times=DOMAINS_A_DAY, seconds=DAY, now=now):
            raise TooManyDomains
        return domains.add_domain(organization=desk.organization, name=asked["name"], by=desk.person, now=now)

    page = StepPage(
        "Add an e-mail domain",
        "Add the domain",
        ("Once you have shown that it is yours, anyone with a verified address there can take a free seat.",),
        is_next=True,
    )
    return take_step(
        request,
        desk,
        page,
        form=DomainForm(posted(request)),
        run=run,
        done="The domain is on your list. Show that it is yours, and it counts.",
        leads_to=lambda made: reverse("members:organization_domain", args=[desk.organization.slug, made.pk]),
        field_of=dict.fromkeys((NotADomain, PublicProvider, PublicSuffix, domains.AlreadyListed), "name"),
    )


@for_contact
def domain(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    """How to show that a domain is yours, and where that stands."""
    if request.method == "POST":
        raise Http404
    return render(request, "members/organization/domain.html", {"desk": desk, "domain": _domain(desk, pk)})


@for_contact
def check_domain(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    """Have us look for the DNS record."""
    row = _domain(desk, pk)
    page = StepPage(f"Look for the record of {row.name}", "Look for the record now", is_next=True)
    return take_step(
        request,
        desk,
        page,
        run=lambda _: ask_for_dns_check(domain=row, by=desk.person, now=timezone.now()),
        done="We are looking. Open this page again in a minute.",
        back_to=reverse("members:organization_domain", args=[desk.organization.slug, pk]),
    )


@for_contact
def mail_postmaster(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    """Have us write to the domain's postmaster."""
    row = _domain(desk, pk)
    page = StepPage(f"Write to postmaster@{row.name}", "Send the mail", is_next=True)
    return take_step(
        request,
        desk,
        page,
        run=lambda _: domains.mail_postmaster(domain=row, by=desk.person, now=timezone.now()),
        done=f"A mail is on its way to postmaster@{row.name}. Its link works for seven days.",
        back_to=reverse("members:organization_domain", args=[desk.organization.slug, pk]),
    )


@for_contact
def remove_domain(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    """Take a domain off the list."""
    row = _domain(desk, pk)
    page = StepPage(
        f"Remove {row.name}",
        "Remove the domain",
        ("Seats that people have stay theirs; nobody new comes in by this domain.", "You can add it again."),
    )
    return take_step(
        request,
        desk,
        page,
        run=lambda _: domains.remove_domain(domain=row, by=desk.person, now=timezone.now()),
        done=f"{row.name} is off your list.",
    )


# --- certificates -------------------------------------------------------------------------------------------------
@for_contact
def add_certificate(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Keep a tax-exempt certificate."""
    posted = request.method == "POST"
    form = CertificateForm(
        request.POST if posted else None, request.FILES if posted else None, oversized=oversized_fields(request)
    )
    return take_step(
        request,
        desk,
        StepPage("Add a tax-exempt certificate", "Add the certificate", is_next=True, is_upload=True),
        form=form,
        run=lambda asked: add_certificate_verb(
            organization=desk.organization, **asked, by=desk.person, now=timezone.now()
        ),
        done="The certificate is kept. Only you and our staff can open it.",
    )


@for_contact
def certificate(request: HttpRequest, desk: Desk, pk: int) -> FileResponse:
    """The bytes of a certificate, for the contact."""
    row = get_object_or_404(ExemptionCertificate, pk=pk, organization=desk.organization)
    try:
        return certificate_answer(row)
    except FileNotFoundError as missing:
        raise Http404 from missing

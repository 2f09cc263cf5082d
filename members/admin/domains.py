"""E-mail domains, contacts and certificates of organizations: what staff see of them and do about them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import FileResponse, Http404, HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from cosn_site.model_admin import LedgerAdmin, RoomAdmin, RowsInline, StoryInline, Verb, step
from cosn_site.templatetags.site import day
from members import contacts, domains
from members.certificates import certificate_answer
from members.models import Contact, Domain, ExemptionCertificate, Organization

CHANGE = "members.change_organization"


# --- on an organization's page ------------------------------------------------------------------------------------
class ContactForm(forms.ModelForm[Contact]):
    """A contact in the table. Who becomes the primary one there can sign in, as by the verbs; one who is stays it."""

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        person = self.cleaned_data.get("person")
        becomes_primary = self.cleaned_data.get("is_primary") and {"person", "is_primary"}.intersection(
            self.changed_data
        )
        if person is not None and becomes_primary:
            try:
                contacts.check_can_sign_in(person)
            except contacts.CannotSignIn as refused:
                self.add_error("is_primary", refused.sentence)
        return cleaned


class ContactInline(RowsInline):
    model = Contact
    form = ContactForm
    extra = 1
    autocomplete_fields = ("person",)
    may_add_related = ("person",)


class DomainStory(StoryInline):
    model = Domain
    verbose_name_plural = "Its e-mail domains"
    fields = ("name", "state", "added_at", "checked_at")
    readonly_fields = fields

    @admin.display(description="state")
    def state(self, domain: Domain) -> str:
        return state_in_words(domain)


class CertificateStory(StoryInline):
    model = ExemptionCertificate
    verbose_name_plural = "Its tax-exempt certificates"
    fields = ("filename", "state", "number", "expires_on", "added_at")
    readonly_fields = fields


class DomainNameForm(forms.Form):
    """What `members.domain_names` looks at."""

    name = forms.CharField(label="Domain", max_length=254, help_text="What stands after the @.")


class PrimaryForm(forms.Form):
    """One of the organization's contacts."""

    email = forms.EmailField(label="Their e-mail address", help_text="Of one of its contacts.")


def _make_primary(organization: Organization, cleaned: Mapping[str, Any], by: Any, now: datetime) -> None:
    contact = organization.contacts.filter(person__email__iexact=cleaned["email"]).first()
    if contact is None:
        raise contacts.NotAContact("Nobody with this address is a contact of the organization. Add them first.")
    contacts.make_primary(contact=contact, by=by, now=now)


ORGANIZATION_VERBS = (
    Verb(
        name="add-domain",
        label="Add an e-mail domain",
        run=step(domains.add_domain, organization="object", name="name"),
        done="The domain is on the list. Open it to verify it.",
        permission=CHANGE,
        form=DomainNameForm,
    ),
    Verb(
        name="make-primary",
        label="Hand the role of primary contact on",
        run=_make_primary,
        done="Another contact looks after the seats of {object} now.",
        permission=CHANGE,
        form=PrimaryForm,
    ),
)


# --- on pages of their own ----------------------------------------------------------------------------------------
def state_in_words(domain: Domain) -> str:
    """Verified how and when, or not."""
    if domain.verified_at is None:
        return "Not verified"
    return f"Verified {domain.get_method_display().lower()}, {day(domain.verified_at)}"


@admin.register(Domain)
class DomainAdmin(RoomAdmin):
    """Domains are added on their organization's page; here they are verified, and what two claim is decided."""

    list_display = ("name", "organization", "state", "is_elsewhere", "checked_at")
    list_filter = (("verified_at", admin.EmptyFieldListFilter), "method")
    list_select_related = ("organization",)
    search_fields = ("name", "organization__name")
    fields = ("organization", "name", "dns_value", "state", "added_at", "added_by", "checked_at", "token_sent_at")
    readonly_fields = fields
    verbs = (
        Verb(
            name="verify",
            label="Verify the domain",
            run=step(domains.verify_by_staff, domain="object"),
            done="{object} is verified.",
            permission=CHANGE,
            offered=lambda domain, _now: domain.verified_at is None,
            is_next=True,
        ),
        Verb(
            name="take-back",
            label="Take the verification back",
            run=step(domains.take_back_verification, domain="object"),
            done="{object} is not verified any more.",
            permission=CHANGE,
            offered=lambda domain, _now: domain.verified_at is not None,
            caution="Nobody new comes in by this domain. Seats that people have stay theirs.",
            is_grave=True,
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Domain]:
        others = Domain.objects.filter(name=OuterRef("name"), verified_at__isnull=False).exclude(pk=OuterRef("pk"))
        return super().get_queryset(request).annotate(elsewhere=Exists(others))

    @admin.display(description="state")
    def state(self, domain: Domain) -> str:
        return state_in_words(domain)

    @admin.display(description="verified for another", boolean=True)
    def is_elsewhere(self, domain: Domain) -> bool:
        return bool(domain.elsewhere)  # type: ignore[attr-defined]

    def status_of(self, obj: Domain, now: datetime) -> str:
        other = Domain.objects.filter(name=obj.name, verified_at__isnull=False).exclude(pk=obj.pk).first()
        if other is not None:
            return f"{state_in_words(obj)}. It is verified for {other.organization}, and can be for one only."
        return f"{state_in_words(obj)}."

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def may_be_deleted(self, obj: Domain) -> bool:
        return obj.verified_at is None


@admin.register(ExemptionCertificate)
class CertificateAdmin(LedgerAdmin):
    """To look at. The organization's contact adds them."""

    list_display = ("organization", "state", "number", "expires_on", "added_at")
    list_select_related = ("organization",)
    search_fields = ("organization__name", "number")
    fields = ("organization", "state", "number", "expires_on", "download", "bytes", "sha256", "added_at", "added_by")
    readonly_fields = fields

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.file_view)
        return [path("<int:pk>/file/", view, name="members_exemptioncertificate_file"), *super().get_urls()]

    @admin.display(description="file")
    def download(self, certificate: ExemptionCertificate) -> str:
        url = reverse("admin:members_exemptioncertificate_file", args=[certificate.pk])
        return format_html('<a href="{}">{}</a>', url, certificate.filename)

    def file_view(self, request: HttpRequest, pk: int) -> FileResponse:
        """The bytes, for staff who may look at certificates."""
        certificate = self.get_object(request, str(pk))
        if certificate is None or not self.has_view_permission(request, certificate):
            raise Http404
        try:
            return certificate_answer(certificate)
        except FileNotFoundError as missing:
            raise Http404 from missing

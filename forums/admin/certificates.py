"""Certificates: to look at, and to revoke."""

from datetime import datetime

from django import forms
from django.contrib import admin

from cosn_site.model_admin import LedgerAdmin, Verb, step
from forums.admin.registrations import MAY_SEAT
from forums.certificates import revoke
from forums.models import Certificate


class RevokeForm(forms.Form):
    reason = forms.CharField(
        label="Why",
        max_length=200,
        widget=forms.TextInput(attrs={"size": 70}),
        help_text="Whoever looks the number up reads this.",
    )


@admin.register(Certificate)
class CertificateAdmin(LedgerAdmin):
    list_display = ("number", "name", "forum", "hours", "issued_at", "revoked_at")
    list_select_related = ("registration__forum",)
    search_fields = ("number", "name", "registration__forum__title")
    raw_id_fields = ("registration",)
    verbs_title = "Now"
    verbs = (
        Verb(
            name="revoke",
            label="Revoke",
            run=step(revoke, certificate="object", reason="reason"),
            done="The certificate {object} is revoked. Its number says so.",
            permission=MAY_SEAT,
            offered=lambda certificate, _now: certificate.revoked_at is None,
            form=RevokeForm,
            caution="Its number then says that it counts no longer, and why. It cannot be given back.",
            is_grave=True,
        ),
    )

    @admin.display(description="forum")
    def forum(self, certificate: Certificate) -> str:
        return str(certificate.registration.forum)

    def status_of(self, obj: Certificate, now: datetime) -> str:
        return "It is revoked." if obj.revoked_at else "It is good."

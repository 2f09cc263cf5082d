"""Who may have which report beyond their membership, and who took what."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone

from cosn_site.model_admin import LedgerAdmin, RoomAdmin, Verb, step
from cosn_site.templatetags.site import moment
from store import grants
from store.models import Download, Grant
from store.why_views import staff_why


class GrantForm(forms.ModelForm):
    """A grant that staff give to a person."""

    class Meta:
        model = Grant
        fields = ("report", "person", "kind", "expires_at", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].required = True
        self.fields["expires_at"].help_text = f"Empty: for good. {self.fields['expires_at'].help_text}"

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        data, now = self.cleaned_data, timezone.now()
        if data.get("expires_at") and data["expires_at"] <= now:
            self.add_error("expires_at", grants.EndsBeforeItOpens.sentence)
        if data.get("report") and data.get("person") and data.get("kind"):
            found = grants.open_grants(report=data["report"], person=data["person"], kind=data["kind"], now=now)
            if found.exists():
                self.add_error("person", grants.AlreadyGranted.sentence)
        return cleaned

    def _get_validation_exclusions(self) -> set[str]:
        # `opened_at` is the instant of saving; the check that compares with it is `clean`'s here
        return super()._get_validation_exclusions() | {"opened_at"}  # type: ignore[misc]


class RevokeForm(forms.Form):
    """Why a grant is revoked."""

    reason = forms.CharField(max_length=200, widget=forms.TextInput(attrs={"size": 80}))


class OpenFilter(admin.SimpleListFilter):
    title = "state now"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("open", "Open"), ("expired", "Expired"), ("closed", "Revoked")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        now = timezone.now()
        match self.value():
            case "open":
                return queryset.filter(Q(expires_at=None) | Q(expires_at__gt=now), closed_at=None)
            case "expired":
                return queryset.filter(expires_at__lte=now, closed_at=None)
            case "closed":
                return queryset.filter(closed_at__isnull=False)
        return queryset


def _state(grant: Grant, now: datetime) -> str:
    if grant.closed_at:
        return f"Revoked on {moment(grant.closed_at)}: {grant.closed_reason}"
    if grant.expires_at and grant.expires_at <= now:
        return f"Expired on {moment(grant.expires_at)}"
    return f"Open until {moment(grant.expires_at)}" if grant.expires_at else "Open for good"


@admin.register(Grant)
class GrantAdmin(RoomAdmin):
    verbs = (
        Verb(
            name="revoke",
            label="Revoke",
            run=step(grants.revoke, grant="object", reason="reason"),
            done="The grant is revoked.",
            permission="store.change_grant",
            offered=lambda grant, _now: grant.closed_at is None,
            form=RevokeForm,
            caution="It opens nothing from that moment. Copies already downloaded stay with their reader.",
            is_grave=True,
        ),
    )
    verbs_title = "This grant"
    list_display = ("report", "kind", "holder", "state_now", "note", "given_by")
    list_filter = (OpenFilter, "kind")
    list_select_related = ("report", "person", "given_by")
    search_fields = ("report__title", "person__email", "person__name", "note")
    date_hierarchy = "opened_at"
    autocomplete_fields = ("report", "person")

    @admin.display(description="for", ordering="person__email")
    def holder(self, grant: Grant) -> str:
        return grant.person.email if grant.person else "Whoever holds its link"

    @admin.display(description="state now")
    def state_now(self, grant: Grant) -> str:
        return _state(grant, timezone.now())

    def status_of(self, obj: Grant, now: datetime) -> str:
        return f"{_state(obj, now)}."

    def get_urls(self) -> list[URLPattern]:
        why = self.admin_site.admin_view(self.why)
        return [path("why/", why, name="store_grant_why"), *super().get_urls()]

    def why(self, request: HttpRequest) -> HttpResponse:
        """Why somebody can, or can't, download a report."""
        return staff_why(request, self.admin_site)

    def get_fields(self, request: HttpRequest, obj: Grant | None = None) -> Any:
        if obj is None:
            return GrantForm.Meta.fields
        return ("report", "kind", "holder", "note", "opened_at", "expires_at", "given_by")

    def get_readonly_fields(self, request: HttpRequest, obj: Grant | None = None) -> Any:
        return self.get_fields(request, obj) if obj else ()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            kwargs["form"] = GrantForm
        return super().get_form(request, obj, change, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A grant is not edited: it is revoked, and another one given."""
        return obj is None and super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Grant, form: Any, change: bool) -> None:
        made = grants.give(
            report=obj.report,
            person=obj.person,  # type: ignore[arg-type]
            kind=Grant.Kind(obj.kind),
            note=obj.note,
            expires_at=obj.expires_at,
            by=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
        )
        obj.pk, obj.opened_at = made.pk, made.opened_at


@admin.register(Download)
class DownloadAdmin(LedgerAdmin):
    """The ledger, to look at."""

    list_display = ("at", "who", "report", "edition_number", "right", "organization")
    list_filter = ("right", "at")
    list_select_related = ("edition__report", "person", "organization")
    search_fields = ("person__email", "person__name", "edition__report__title", "organization__name")
    date_hierarchy = "at"
    fields = ("at", "who", "report", "edition_number", "right", "organization", "grant")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Download]:
        return (
            super().get_queryset(request).defer("edition__source", "edition__report__body", "edition__report__search")
        )

    @admin.display(description="who", ordering="person__email")
    def who(self, download: Download) -> str:
        return download.person.email if download.person else "Not signed in"

    @admin.display(description="report", ordering="edition__report__title")
    def report(self, download: Download) -> str:
        return download.edition.report.title

    @admin.display(description="edition", ordering="edition__number")
    def edition_number(self, download: Download) -> int:
        return download.edition.number

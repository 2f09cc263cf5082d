"""Forums, their agenda and sponsors. Times are typed as the clock on the wall of the venue shows them."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError

from cosn_site.admin_fields import WallClockField, in_zone
from cosn_site.model_admin import RoomAdmin, RowsInline
from cosn_site.templatetags.site import day
from forums.models import Forum, ForumSeries, Session, Sponsor

TIMES = ("starts_at", "ends_at", "registration_opens_at", "registration_closes_at")
IN_ITS_ZONE = "In the forum’s own time zone, below."


class ForumForm(forms.ModelForm):
    """A forum whose times are typed in its own zone, whichever that is."""

    starts_at = WallClockField(label="Starts", help_text=IN_ITS_ZONE)
    ends_at = WallClockField(label="Ends", help_text=IN_ITS_ZONE)
    registration_opens_at = WallClockField(label="Registration opens", required=False, help_text=IN_ITS_ZONE)
    registration_closes_at = WallClockField(label="Registration closes", required=False, help_text=IN_ITS_ZONE)
    time_zone = forms.ChoiceField(
        choices=lambda: [(name, name) for name in sorted(available_timezones()) if "/" in name]
    )

    class Meta:
        model = Forum
        fields = [
            *("status", "title", "slug", "series", "summary", "audience", "body"),
            *("precision", "starts_at", "ends_at", "time_zone", "venue", "host_conference"),
            *("registration_opens_at", "registration_closes_at", "sponsors"),
        ]
        widgets = {
            "title": forms.TextInput(attrs={"size": 90}),
            "summary": forms.Textarea(attrs={"rows": 3, "cols": 100}),
            "body": forms.Textarea(attrs={"rows": 12, "cols": 100}),
            "audience": forms.TextInput(attrs={"size": 90}),
            "venue": forms.TextInput(attrs={"size": 90}),
            "host_conference": forms.TextInput(attrs={"size": 60}),
            "sponsors": forms.CheckboxSelectMultiple,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            zone = ZoneInfo(self.instance.time_zone)
            for name in TIMES:
                instant = getattr(self.instance, name)
                self.initial[name] = instant.astimezone(zone).replace(tzinfo=None) if instant else None

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        name = self.cleaned_data.get("time_zone")
        for field in TIMES if name else ():
            typed = self.cleaned_data.get(field)
            if isinstance(typed, datetime) and typed.tzinfo is None:
                try:
                    self.cleaned_data[field] = in_zone(typed, ZoneInfo(str(name)))
                except ValidationError as error:
                    self.add_error(field, error)
        return cleaned


class AgendaInline(RowsInline):
    model = Session
    fields = ("starts_at", "title", "detail")
    extra = 1

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name == "starts_at":
            return forms.TimeField(
                label="Starts",
                widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
                help_text=db_field.help_text,
            )
        if db_field.name == "detail":
            kwargs["widget"] = forms.Textarea(attrs={"rows": 2, "cols": 50})
        return super().formfield_for_dbfield(db_field, request, **kwargs)


@admin.register(Forum)
class ForumAdmin(RoomAdmin):
    form = ForumForm
    view_on_site = False
    change_form_template = "admin/reports/public_change_form.html"
    list_display = ("title", "when", "status", "series", "venue")
    list_filter = ("status", "series")
    list_select_related = ("series",)
    search_fields = ("title", "slug", "venue", "host_conference")
    prepopulated_fields = {"slug": ("title",)}
    inlines = (AgendaInline,)
    fieldsets = [
        ("What it is", {"fields": ["status", "title", "slug", "series", "summary", "audience", "body"]}),
        ("When and where", {"fields": ["precision", "starts_at", "ends_at", "time_zone", "venue", "host_conference"]}),
        ("Seats", {"fields": ["registration_opens_at", "registration_closes_at"]}),
        ("Who supports it", {"fields": ["sponsors"]}),
    ]

    @admin.display(description="when", ordering="starts_at")
    def when(self, forum: Forum) -> str:
        return (
            day(forum.local_start.replace(tzinfo=None)) if forum.precision == "time" else f"{forum.local_start:%B %Y}"
        )

    def may_be_deleted(self, obj: Forum) -> bool:
        """A draft; what was announced is cancelled instead, so that nobody travels in vain."""
        return obj.status == Forum.Status.DRAFT

    def get_readonly_fields(self, request: Any, obj: Forum | None = None) -> list[str]:
        return ["slug"] if obj and obj.status != Forum.Status.DRAFT else []

    def get_prepopulated_fields(self, request: Any, obj: Forum | None = None) -> dict[str, Any]:
        return {} if obj else {"slug": ("title",)}

    def status_of(self, obj: Forum, now: datetime) -> str:
        if obj.status == Forum.Status.DRAFT:
            return "This is a draft. The public sees nothing of it."
        if obj.status == Forum.Status.CANCELLED:
            return "It is cancelled. Its page stays and says so."
        return "Its page is public." if obj.ends_at > now else "It is over. Its page stays."


@admin.register(ForumSeries)
class ForumSeriesAdmin(RoomAdmin):
    list_display = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}


@admin.register(Sponsor)
class SponsorAdmin(RoomAdmin):
    list_display = ("name",)
    search_fields = ("name",)

    def may_be_deleted(self, obj: Sponsor) -> bool:
        return not obj.forums.exists()

"""The sessions of an agenda with those who speak and moderate, and the people themselves."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from cosn_site.model_admin import RoomAdmin, RowsInline
from forums.models import Part, Session, Speaker


def time_box(label: str, *, required: bool) -> forms.TimeField:
    """A box with the browser's own clock."""
    widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    return forms.TimeField(label=label, required=required, widget=widget, help_text="In the forum’s own time zone.")


class SessionForm(forms.ModelForm):
    """One line of the agenda."""

    starts_at = time_box("Starts", required=True)
    ends_at = time_box("Ends", required=False)

    class Meta:
        model = Session
        fields = ("starts_at", "ends_at", "title", "detail")
        widgets = {
            "title": forms.TextInput(attrs={"size": 26}),
            "detail": forms.Textarea(attrs={"rows": 2, "cols": 50}),
        }

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        starts, ends = self.cleaned_data.get("starts_at"), self.cleaned_data.get("ends_at")
        if starts and ends and ends <= starts:
            self.add_error("ends_at", "A session ends after it starts.")
        return cleaned


class PartInline(RowsInline):
    model = Part
    fields = ("speaker", "role", "position")
    autocomplete_fields = ("speaker",)
    may_add_related = ("speaker",)
    extra = 1
    verbose_name_plural = "Who speaks and who moderates"


@admin.register(Session)
class SessionAdmin(RoomAdmin):
    """One session with its people. It is added on its forum's page, and leads back there."""

    form = SessionForm
    inlines = (PartInline,)
    verbs_title = "Where it belongs"
    list_display = ("title", "forum", "starts_at", "ends_at")
    list_select_related = ("forum",)
    list_filter = ("forum",)
    search_fields = ("title", "parts__speaker__name")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def status_of(self, obj: Session, now: datetime) -> str:
        return f"A session of “{obj.forum}”."

    def response_change(self, request: HttpRequest, obj: Session) -> Any:
        """Back to the forum, where one came from."""
        response = super().response_change(request, obj)
        if "_continue" not in request.POST and response.status_code == 302:
            response["Location"] = reverse("admin:forums_forum_change", args=[obj.forum_id])
        return response


@admin.register(Speaker)
class SpeakerAdmin(RoomAdmin):
    list_display = ("name", "title", "organization")
    search_fields = ("name", "organization")

    def may_be_deleted(self, obj: Speaker) -> bool:
        return not obj.parts.exists()

"""Forums. Times are typed as the clock on the wall of the venue shows them."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from cosn_site.admin_fields import WallClockField, in_zone
from cosn_site.model_admin import RoomAdmin
from cosn_site.templatetags.site import day
from forums.addresses import check_slug
from forums.admin import seats
from forums.admin.inlines import AgendaInline, MaterialInline, ParagraphInline, QuestionInline
from forums.admin.pages import ForumPages
from forums.announcing import announce_change, what_changed
from forums.at_a_glance import glance
from forums.models import Forum

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
    tell_everybody = forms.BooleanField(
        label="Tell everybody who is registered",
        required=False,
        initial=True,
        help_text="By mail, when this changes the day, the place or the title. Their calendars follow.",
    )

    class Meta:
        model = Forum
        fields = [
            *("status", "title", "theme", "slug", "series", "summary", "audience", "body"),
            *("precision", "starts_at", "ends_at", "time_zone", "venue", "map_url", "host_conference"),
            *("registration_opens_at", "registration_closes_at", "offer_hours", "largest_team"),
            *("certificate_hours", "sponsors"),
        ]
        widgets = {
            "title": forms.TextInput(attrs={"size": 90}),
            "theme": forms.TextInput(attrs={"size": 90}),
            "summary": forms.Textarea(attrs={"rows": 3, "cols": 100}),
            "body": forms.Textarea(attrs={"rows": 12, "cols": 100}),
            "audience": forms.TextInput(attrs={"size": 90}),
            "venue": forms.TextInput(attrs={"size": 90}),
            "map_url": forms.URLInput(attrs={"size": 90}),
            "host_conference": forms.TextInput(attrs={"size": 60}),
            "sponsors": forms.CheckboxSelectMultiple,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        forum = self.instance
        if forum.pk:
            zone = ZoneInfo(forum.time_zone)
            for name in TIMES:
                instant = getattr(forum, name)
                self.initial[name] = instant.astimezone(zone).replace(tzinfo=None) if instant else None
        self._limit_status()

    def _limit_status(self) -> None:
        """Drafts are published here. What somebody registered for goes back by no way, and is cancelled by a button."""
        if "status" not in self.fields:
            return
        field: Any = self.fields["status"]
        is_fixed = self.instance.status == Forum.Status.CANCELLED or (
            self.instance.pk is not None
            and self.instance.status == Forum.Status.PUBLISHED
            and self.instance.registrations.exists()
        )
        if is_fixed:
            field.disabled = True
            field.help_text = "It changes by the buttons above only."
        else:
            field.choices = [choice for choice in Forum.Status.choices if choice[0] != Forum.Status.CANCELLED]

    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"])
        check_slug(slug)
        return slug

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


@admin.register(Forum)
class ForumAdmin(ForumPages, RoomAdmin):
    form = ForumForm
    verbs = seats.VERBS
    view_on_site = False
    change_form_template = "admin/forums/forum_change_form.html"
    list_display = ("title", "when", "taken", "status", "venue")
    list_filter = ("status", "series")
    list_select_related = ("seating",)
    search_fields = ("title", "slug", "venue", "host_conference")
    prepopulated_fields = {"slug": ("title",)}
    inlines = (AgendaInline, MaterialInline, QuestionInline, ParagraphInline)
    fieldsets = [
        ("What it is", {"fields": ["status", "title", "theme", "slug", "series", "summary", "audience", "body"]}),
        (
            "When and where",
            {
                "fields": [
                    *("tell_everybody", "precision", "starts_at", "ends_at", "time_zone"),
                    *("venue", "map_url", "host_conference"),
                ]
            },
        ),
        (
            "Registration",
            {"fields": ["registration_opens_at", "registration_closes_at", "offer_hours", "largest_team"]},
        ),
        ("Afterwards", {"fields": ["certificate_hours"]}),
        ("Who supports it", {"fields": ["sponsors"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Forum]:
        return super().get_queryset(request).select_related("seating")

    @admin.display(description="when", ordering="starts_at")
    def when(self, forum: Forum) -> str:
        return (
            day(forum.local_start.replace(tzinfo=None)) if forum.precision == "time" else f"{forum.local_start:%B %Y}"
        )

    @admin.display(description="seats")
    def taken(self, forum: Forum) -> str:
        seating = getattr(forum, "seating", None)
        if seating is None:
            return ""
        words = f"{seating.held + seating.extra:,} of {seating.capacity:,}"
        return f"{words}, {seating.waiting:,} waiting" if seating.waiting else words

    def may_be_deleted(self, obj: Forum) -> bool:
        """A draft nobody was ever registered for; what was announced is cancelled, so that nobody travels in vain."""
        return obj.status == Forum.Status.DRAFT and not obj.registrations.exists()

    def get_fieldsets(self, request: HttpRequest, obj: Forum | None = None) -> Any:
        """There is nobody to tell of what nobody was told of."""
        found = super().get_fieldsets(request, obj)
        if _tells(obj) and self.has_change_permission(request, obj):
            return found
        return [
            (title, {**options, "fields": [name for name in options["fields"] if name != "tell_everybody"]})
            for title, options in found
        ]

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

    def warning_of(self, obj: Forum, now: datetime) -> str:
        seating = getattr(obj, "seating", None)
        if seating is not None and seating.over:
            are = "person is" if seating.over == 1 else "people are"
            return f"{seating.over:,} {are} over the number of seats. Nobody loses a seat; none is given until then."
        if obj.status == Forum.Status.PUBLISHED and obj.ends_at > now:
            if seating is None:
                return "Nobody can register: say how many seats there are."
            if obj.registration_opens_at is None:
                return "Nobody can register: say when registration opens."
        return ""

    def save_model(self, request: HttpRequest, obj: Forum, form: Any, change: bool) -> None:
        """A change of the day, the place or the title of what is announced is told, unless staff say not to."""
        if not (change and _tells(obj) and "tell_everybody" in form.cleaned_data):
            super().save_model(request, obj, form, change)
            return
        now = timezone.now()
        with transaction.atomic():
            stored = Forum.objects.select_for_update(no_key=True).get(pk=obj.pk)
            if form.cleaned_data["tell_everybody"] and what_changed(stored, obj):
                # what the form does not ask is as somebody may have left it since it was read
                for name in ("revision", "answers_erased_at", *(() if "status" in form.changed_data else ("status",))):
                    setattr(obj, name, getattr(stored, name))
                count = announce_change(forum=obj, by=request.user, now=now)  # type: ignore[arg-type]
                self.message_user(request, f"{count:,} {'person is' if count == 1 else 'people are'} told of it.")
                return
            obj.revision = stored.revision + bool(what_changed(stored, obj))
            super().save_model(request, obj, form, change)
            Forum.objects.filter(pk=obj.pk).exclude(revision=obj.revision).update(revision=obj.revision)

    def render_change_form(
        self, request: HttpRequest, context: dict, add: bool = False, change: bool = False, form_url: str = "", obj=None
    ) -> HttpResponse:
        if obj is not None:
            now = timezone.now()
            context["glance"] = glance(obj, now)
            context["pages"] = self.pages_of(request, obj, now)
        return super().render_change_form(request, context, add=add, change=change, form_url=form_url, obj=obj)


def _tells(forum: Forum | None) -> bool:
    return forum is not None and forum.status == Forum.Status.PUBLISHED and timezone.now() < forum.ends_at

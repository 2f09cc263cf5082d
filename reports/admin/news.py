"""News, what the press wrote, and whom it asks."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from cosn_site.model_admin import RoomAdmin, Verb, step
from cosn_site.templatetags.site import moment
from reports import newsroom
from reports.admin.forms import AtForm
from reports.models import Boilerplate, Coverage, NewsItem, PressContact

CHANGE = "reports.change_newsitem"


def _is_out(item: NewsItem, now: datetime) -> bool:
    return item.published_at is not None and item.published_at <= now


def _is_not_out(item: NewsItem, now: datetime) -> bool:
    return not _is_out(item, now)


class OutFilter(admin.SimpleListFilter):
    title = "state now"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("draft", "Draft"), ("scheduled", "Scheduled"), ("out", "Out")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        now = timezone.now()
        match self.value():
            case "draft":
                return queryset.filter(published_at=None)
            case "scheduled":
                return queryset.filter(published_at__gt=now)
            case "out":
                return queryset.filter(published_at__lte=now)
        return queryset


@admin.register(NewsItem)
class NewsItemAdmin(RoomAdmin):
    verbs = (
        Verb(
            name="publish",
            label="Publish now",
            run=step(newsroom.publish_news, item="object"),
            done="“{object}” is out.",
            permission=CHANGE,
            offered=_is_not_out,
            is_next=True,
        ),
        Verb(
            name="schedule",
            label="Publish at this time",
            run=step(newsroom.schedule_news, item="object", at="at"),
            done="“{object}” comes out at the time you chose.",
            permission=CHANGE,
            offered=_is_not_out,
            form=AtForm,
        ),
        Verb(
            name="take-down",
            label="Take it down",
            run=step(newsroom.take_down_news, item="object"),
            done="“{object}” is a draft again.",
            permission=CHANGE,
            offered=lambda item, _now: item.published_at is not None,
            caution="It becomes a draft: its address answers as if it did not exist, and links to it lead nowhere.",
            is_grave=True,
        ),
    )
    verbs_title = "Publishing"
    change_form_template = "admin/reports/public_change_form.html"
    view_on_site = False
    list_display = ("title", "kind", "state_now", "byline")
    list_filter = (OutFilter, "kind", "focus_areas")
    search_fields = ("title", "slug", "subhead", "summary")
    prepopulated_fields = {"slug": ("title",)}
    fieldsets = [
        ("What it is", {"fields": ["kind", "title", "subhead", "slug", "byline"]}),
        ("The text", {"fields": ["summary", "dateline", "body"]}),
        ("For a press release", {"fields": ["boilerplate", "press_contact"]}),
        ("For a series of posts", {"fields": ["post_series", "part"]}),
        ("Where it is found", {"fields": ["focus_areas", "reports"]}),
    ]
    filter_horizontal = ("reports",)

    @admin.display(description="state now", ordering="published_at")
    def state_now(self, item: NewsItem) -> str:
        if item.published_at is None:
            return "Draft"
        when = moment(item.published_at)
        return f"Out since {when}" if _is_out(item, timezone.now()) else f"Scheduled for {when}"

    def status_of(self, obj: NewsItem, now: datetime) -> str:
        if obj.published_at is None:
            return "This is a draft. The public sees nothing of it."
        if _is_out(obj, now):
            return f"It is out since {moment(obj.published_at)}."
        return f"It comes out by itself on {moment(obj.published_at)}. Until then the public sees nothing of it."

    def may_be_deleted(self, obj: NewsItem) -> bool:
        return obj.published_at is None

    def get_readonly_fields(self, request: HttpRequest, obj: NewsItem | None = None) -> list[str]:
        """The address never changes once it was public."""
        return ["slug"] if obj and _is_out(obj, timezone.now()) else []

    def get_prepopulated_fields(self, request: HttpRequest, obj: NewsItem | None = None) -> dict[str, Any]:
        return {} if obj else {"slug": ("title",)}

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "body":
            kwargs["widget"] = forms.Textarea(attrs={"rows": 20, "cols": 100})
        if db_field.name == "focus_areas":
            kwargs["widget"] = forms.CheckboxSelectMultiple
        return super().formfield_for_dbfield(db_field, request, **kwargs)


class VersionedTextAdmin(RoomAdmin):
    """A text that others refer to by its version: a change is a new version, and a version in use is not changed."""

    list_display = ("version", "beginning", "in_use")
    uses: str

    @admin.display(description="text")
    def beginning(self, text: Any) -> str:
        return text.text[:100]

    @admin.display(description="in use", boolean=True)
    def in_use(self, text: Any) -> bool:
        return getattr(text, self.uses).exists()

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["version", "text"] if obj and self.in_use(obj) else []

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        newest = self.model.objects.order_by("-version").first()
        return {"version": newest.version + 1 if newest else 1, "text": newest.text if newest else ""}


@admin.register(Boilerplate)
class BoilerplateAdmin(VersionedTextAdmin):
    uses = "items"


@admin.register(PressContact)
class PressContactAdmin(RoomAdmin):
    list_display = ("role", "email")


@admin.register(Coverage)
class CoverageAdmin(RoomAdmin):
    list_display = ("headline", "outlet", "author", "published_on")
    list_filter = ("outlet",)
    search_fields = ("headline", "outlet", "author")
    date_hierarchy = "published_on"
    filter_horizontal = ("reports",)

    def may_be_deleted(self, obj: Coverage) -> bool:
        """It is a pointer to something elsewhere; a dead one may go."""
        return True

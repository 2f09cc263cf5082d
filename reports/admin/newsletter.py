"""The newsletter's subscribers, to look at. They subscribe and leave by themselves."""

from datetime import datetime

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from cosn_site.model_admin import LedgerAdmin
from reports.admin.news import VersionedTextAdmin
from reports.models import ConsentText, Subscriber


@admin.register(ConsentText)
class ConsentTextAdmin(VersionedTextAdmin):
    uses = "subscribers"


class SubscriberFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("confirmed", "Confirmed"), ("asked", "Asked, not confirmed"), ("left", "Left")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        match self.value():
            case "confirmed":
                return queryset.filter(confirmed_at__isnull=False, left_at=None)
            case "asked":
                return queryset.filter(confirmed_at=None, left_at=None)
            case "left":
                return queryset.filter(left_at__isnull=False)
        return queryset


@admin.register(Subscriber)
class SubscriberAdmin(LedgerAdmin):
    list_display = ("email", "state_now", "asked_at", "confirmed_at", "left_at")
    list_filter = (SubscriberFilter, "consent")
    search_fields = ("email",)
    date_hierarchy = "asked_at"
    fields = ("email", "state_now", "asked_at", "confirmed_at", "left_at", "consent", "focus_areas")
    readonly_fields = fields

    @admin.display(description="state")
    def state_now(self, subscriber: Subscriber) -> str:
        if subscriber.left_at:
            return "Left"
        return "Confirmed" if subscriber.confirmed_at else "Asked, not confirmed"

    def status_of(self, obj: Subscriber, now: datetime) -> str:
        if obj.left_at is None and obj.confirmed_at is None:
            return "This address asked, and has not confirmed. It gets nothing."
        return ""

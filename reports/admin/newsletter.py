"""The newsletter's subscribers, to look at. They subscribe and leave by themselves."""

from datetime import datetime

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from cosn_site.model_admin import LedgerAdmin
from reports.admin.news import VersionedTextAdmin
from reports.models import ConsentText, Subscriber
from reports.models.newsletter import Standing, SubscriberQuerySet

STANDING_WORDS = {
    Standing.SUBSCRIBED: "Confirmed",
    Standing.ASKED: "Asked, not confirmed",
    Standing.LEFT: "Left",
}


@admin.register(ConsentText)
class ConsentTextAdmin(VersionedTextAdmin):
    uses = "subscribers"


class SubscriberFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [(standing.value, words) for standing, words in STANDING_WORDS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        standing = self.value()
        if standing not in set(Standing) or not isinstance(queryset, SubscriberQuerySet):
            return queryset
        return queryset.in_standing(Standing(str(standing)))


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
        return STANDING_WORDS[subscriber.standing]

    def status_of(self, obj: Subscriber, now: datetime) -> str:
        if obj.standing is Standing.ASKED:
            return "This address asked, and has not confirmed. It gets nothing."
        return ""

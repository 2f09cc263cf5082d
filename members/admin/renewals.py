"""The record of renewal letters, to look at."""

from datetime import timedelta

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst

from cosn_site.clock import association_day
from cosn_site.model_admin import LedgerAdmin
from members.admin.words import step_in_words
from members.models import RenewalNotice

NOBODY = "Nobody to write to"


class ReachedFilter(admin.SimpleListFilter):
    title = "who got it"
    parameter_name = "reached"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("somebody", "Somebody"), ("nobody", NOBODY)]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        match self.value():
            case "nobody":
                return queryset.filter(recipients=[])
            case "somebody":
                return queryset.exclude(recipients=[])
        return queryset


@admin.register(RenewalNotice)
class RenewalNoticeAdmin(LedgerAdmin):
    list_display = ("sent_at", "membership", "which", "how_late", "went_to")
    list_filter = (ReachedFilter, "step", "sent_at")
    list_select_related = ("term__membership__organization", "term__membership__person")
    search_fields = ("term__membership__organization__name", "term__membership__person__email", "recipients")
    date_hierarchy = "sent_at"
    fields = ("membership", "term", "which", "due_on", "sent_at", "how_late", "went_to")
    readonly_fields = fields

    @admin.display(description="membership", ordering="term__membership__organization__name")
    def membership(self, notice: RenewalNotice) -> str:
        return str(notice.term.membership)

    @admin.display(description="letter", ordering="step")
    def which(self, notice: RenewalNotice) -> str:
        return capfirst(step_in_words(notice.step))

    @admin.display(description="late by")
    def how_late(self, notice: RenewalNotice) -> str:
        late = association_day(notice.sent_at) - notice.due_on
        return "" if late < timedelta(days=1) else f"{late.days} day{'' if late.days == 1 else 's'}"

    @admin.display(description="went to")
    def went_to(self, notice: RenewalNotice) -> str:
        return ", ".join(notice.recipients) or NOBODY

"""Seats: given from the membership's page, taken back here."""

from contextlib import suppress
from datetime import datetime

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from cosn_site.model_admin import LedgerAdmin, Verb, step
from cosn_site.templatetags.site import day
from members import seats
from members.models import Seat


@admin.register(Seat)
class SeatAdmin(LedgerAdmin):
    verbs = (
        Verb(
            name="take",
            label="Take this seat back",
            run=step(seats.take_seat, seat="object"),
            done="The seat is free.",
            permission="members.change_seat",
            offered=lambda seat, _now: seat.left_at is None,
            caution="The person loses what the seat opens to them at once. What they downloaded stays theirs.",
            is_grave=True,
        ),
    )
    verbs_title = "This seat"
    list_display = ("membership", "number", "person", "taken_at", "left_at")
    list_filter = (("left_at", admin.EmptyFieldListFilter),)
    list_select_related = ("membership__organization", "membership__person", "person")
    search_fields = ("membership__organization__name", "person__email", "person__name")
    actions = ("take_back",)

    def status_of(self, obj: Seat, now: datetime) -> str:
        return f"{obj.person} left it on {day(obj.left_at)}." if obj.left_at else f"{obj.person} sits in it."

    @admin.action(description="Take the selected seats back", permissions=["take"])
    def take_back(self, request: HttpRequest, queryset: QuerySet[Seat]) -> None:
        freed = 0
        for seat in queryset.filter(left_at=None):
            with suppress(seats.SeatIsFree):  # somebody else took it back meanwhile
                seats.take_seat(seat=seat, by=request.user, now=timezone.now())  # type: ignore[arg-type]
                self.log_change(request, seat, "Taken back.")
                freed += 1
        self.message_user(request, f"{freed} seat{' is' if freed == 1 else 's are'} free.")

    def has_take_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("members.change_seat")

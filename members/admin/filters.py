"""Filters of lists by where a membership stands today, by THE rule."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from cosn_site.clock import association_day
from members.admin.words import STANDING_NAMES
from members.models import Membership
from members.standing import Status

OPEN = "open"  # those that give access today
NOT_A_MEMBER = "not-a-member"


class StandingFilter(admin.SimpleListFilter):
    """Memberships by their standing."""

    title = "standing today"
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(OPEN, "Gives access"), *((status.value, name) for status, name in STANDING_NAMES.items())]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        asked = self.value()
        wanted = [status for status in Status if asked == status or (asked == OPEN and status.gives_access)]
        return self.those_in(queryset, wanted) if wanted else queryset

    def those_in(self, queryset: QuerySet[Any], statuses: list[Status]) -> QuerySet[Any]:
        return queryset.in_status(statuses, association_day(timezone.now()))  # type: ignore[attr-defined]


class OrganizationStandingFilter(StandingFilter):
    """Organizations by the standing of their membership, and those that have none."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*super().lookups(request, model_admin), (NOT_A_MEMBER, "Not a member")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == NOT_A_MEMBER:
            return queryset.filter(membership=None)
        return super().queryset(request, queryset)

    def those_in(self, queryset: QuerySet[Any], statuses: list[Status]) -> QuerySet[Any]:
        return queryset.filter(membership__in=Membership.objects.in_status(statuses, association_day(timezone.now())))


class CancelledFilter(admin.SimpleListFilter):
    """Memberships that end with their last term, and those that go on."""

    title = "cancellation"
    parameter_name = "cancelled"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Ends with its last term"), ("no", "Goes on")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "yes":
                return queryset.filter(cancelled_at__isnull=False)
            case "no":
                return queryset.filter(cancelled_at=None)
        return queryset

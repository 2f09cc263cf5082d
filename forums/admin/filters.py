"""Filters of the list of registrations."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from forums.announcing import checked_in
from forums.models import Forum, Registration
from members.states import NAMES

State = Registration.State


class ForumFilter(admin.SimpleListFilter):
    """By forum: those that take or took registrations, the latest first."""

    title = "forum"
    parameter_name = "forum"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rows = Forum.objects.filter(seating__isnull=False).order_by("-starts_at").values_list("pk", "title")
        return [(str(pk), title) for pk, title in rows[:100]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value() or ""
        return queryset.filter(forum=int(value)) if value.isdecimal() and len(value) < 19 else queryset


class StandingFilter(admin.SimpleListFilter):
    """By where a registration stands."""

    title = "registration"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("seat", "Has a seat, or an offer of one"), *State.choices, ("extra", "Beyond the capacity")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "seat":
                return queryset.filter(state__in=Registration.HOLDING)
            case "extra":
                return queryset.filter(override__isnull=False)
            case value if value in State.values:
                return queryset.filter(state=value)
        return queryset


class UsStateFilter(admin.SimpleListFilter):
    """By the state of the union that people come from; those that anybody comes from."""

    title = "state"
    parameter_name = "us_state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        there = set(Registration.objects.order_by().values_list("us_state", flat=True).distinct())
        return [(code, name) for code, name in NAMES.items() if code in there]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(us_state=self.value()) if self.value() else queryset


class _EitherFilter(admin.SimpleListFilter):
    """One of a few words, each with its narrowing."""

    words: dict[str, tuple[str, Callable[[QuerySet[Any]], QuerySet[Any]]]] = {}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, label) for value, (label, _) in self.words.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        found = self.words.get(self.value() or "")
        return found[1](queryset) if found else queryset


class TeamFilter(_EitherFilter):
    """Who registered with colleagues, and who alone."""

    title = "team"
    parameter_name = "team"
    words = {
        "yes": ("In a team", lambda rows: rows.filter(team__isnull=False)),
        "no": ("Alone", lambda rows: rows.filter(team=None)),
    }


class CheckedInFilter(_EitherFilter):
    """Who came, and who had a seat at a forum that has begun and did not come."""

    title = "attendance"
    parameter_name = "came"
    words = {
        "yes": ("Checked in", lambda rows: rows.filter(checked_in())),
        "no": (
            "Did not come",
            lambda rows: rows.filter(~checked_in(), state=State.CONFIRMED, forum__starts_at__lte=timezone.now()),
        ),
    }

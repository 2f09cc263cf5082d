"""Registrations: to look at, with the steps on them as buttons. Nothing is added or changed behind the verbs."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from cosn_site.model_admin import LedgerAdmin, Verb, step
from cosn_site.templatetags.site import day, moment
from forums.admin.filters import CheckedInFilter, ForumFilter, StandingFilter, TeamFilter, UsStateFilter
from forums.admin.histories import story_of
from forums.admin.many import ManyAtOnce
from forums.admin.seats import MAY_SEAT
from forums.announcing import checked_in
from forums.handing_on import hold_out, take_back
from forums.models import Registration
from forums.registrants import details_of
from forums.registrations import admit_beyond_capacity, cancel
from forums.roles import SEES_SENSITIVE_ANSWERS

State = Registration.State
HIDDEN = "Hidden"


class CancelForm(forms.Form):
    reason = forms.CharField(
        label="Why", max_length=200, widget=forms.TextInput(attrs={"size": 70}), help_text="They read it in the mail."
    )


class AdmitForm(forms.Form):
    reason = forms.CharField(
        label="Why one chair more is brought in",
        max_length=300,
        widget=forms.TextInput(attrs={"size": 70}),
        help_text="It stays on record with your name, and beside everyone in line who is passed over.",
    )


class HandOnForm(forms.Form):
    email = forms.EmailField(label="The colleague’s e-mail address", max_length=254)
    name = forms.CharField(label="Their name", max_length=120)


def _admit(row: Registration, cleaned: Mapping[str, Any], by: Any, now: datetime) -> object:
    return admit_beyond_capacity(
        forum=row.forum, person=row.person, details=details_of(row), reason=cleaned["reason"], by=by, now=now
    )


def _take_back(row: Registration, cleaned: Mapping[str, Any], by: Any, now: datetime) -> None:
    for hand_on in row.hand_ons.open():
        take_back(hand_on=hand_on, by=by, now=now)


def _may_change(row: Registration, now: datetime) -> bool:
    return row.is_alive and now < row.forum.starts_at


def _may_be_admitted(row: Registration, now: datetime) -> bool:
    return not row.holds_a_seat and row.forum.status == "published" and now < row.forum.ends_at


def _is_held_out(row: Registration, now: datetime) -> bool:
    return _may_change(row, now) and row.hand_ons.open().exists()


VERBS = (
    Verb(
        name="hand-on",
        label="Hold it out to a colleague",
        run=step(hold_out, registration="object", email="email", name="name"),
        done="The colleague is mailed a link. It stays with its holder until they take it.",
        permission=MAY_SEAT,
        offered=lambda row, now: _may_change(row, now) and not row.hand_ons.open().exists(),
        form=HandOnForm,
        caution="The colleague takes it by the button behind the link in their mail.",
    ),
    Verb(
        name="take-back",
        label="Take it back from the colleague",
        run=_take_back,
        done="The colleague’s link works no longer.",
        permission=MAY_SEAT,
        offered=_is_held_out,
        caution="The link in the colleague’s mail will work no longer.",
    ),
    Verb(
        name="admit",
        label="Bring in a chair beyond capacity",
        run=_admit,
        done="They have a chair of their own, and are told.",
        permission=MAY_SEAT,
        offered=_may_be_admitted,
        form=AdmitForm,
        caution="This goes past everybody who stands before them in line. It is refused while a seat is free.",
    ),
    Verb(
        name="cancel",
        label="Cancel this registration",
        run=step(cancel, registration="object", reason="reason"),
        done="It is cancelled, and they are told.",
        permission=MAY_SEAT,
        offered=_may_change,
        form=CancelForm,
        caution="The seat goes to the first in line at once. The person is told, with your reason.",
        is_grave=True,
    ),
)


@admin.register(Registration)
class RegistrationAdmin(ManyAtOnce, LedgerAdmin):
    verbs = VERBS
    verbs_title = "Where it stands"
    change_form_template = "admin/forums/registration_change_form.html"
    list_display = ("person", "standing", "seat", "where", "us_state", "came", "in_a_team", "registered_on", "forum")
    list_filter = (ForumFilter, StandingFilter, UsStateFilter, TeamFilter, CheckedInFilter)
    list_select_related = ("person", "forum", "organization", "team")
    search_fields = ("person__name", "person__email", "organization__name", "organization_name", "ticket")
    ordering = ("-forum__starts_at", "seat_number", "place", "pk")
    fieldsets = [
        (None, {"fields": ["forum", "person", "state", "seat", "deadline", "since", "reason"]}),
        ("What it says", {"fields": ["where", "title", "us_state", "takes_seat_at_once", "team"]}),
        ("On record", {"fields": ["registered", "chair", "ticket"]}),
    ]
    readonly_fields = ("seat", "where", "registered", "since", "deadline", "chair")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Registration]:
        rows = super().get_queryset(request).annotate(was_there=checked_in())
        return rows.select_related("forum", "person", "organization", "team__lead", "override__by")

    @admin.display(description="registration", ordering="state")
    def standing(self, row: Registration) -> str:
        return row.get_state_display()

    @admin.display(description="seat", ordering="seat_number")
    def seat(self, row: Registration) -> str:
        if row.seat_number is None:
            return ""
        return f"{row.seat_number}, beyond the capacity" if row.override_id else str(row.seat_number)

    @admin.display(description="district or organization")
    def where(self, row: Registration) -> str:
        return row.district

    @admin.display(description="team", boolean=True)
    def in_a_team(self, row: Registration) -> bool:
        return row.team_id is not None

    @admin.display(description="registered", ordering="registered_at")
    def registered_on(self, row: Registration) -> str:
        return day(row.registered_at)

    @admin.display(description="registered")
    def registered(self, row: Registration) -> str:
        return moment(row.registered_at)

    @admin.display(description="in this state since")
    def since(self, row: Registration) -> str:
        return moment(row.settled_at)

    @admin.display(description="to be answered by")
    def deadline(self, row: Registration) -> str:
        return moment(row.offer_expires_at) if row.offer_expires_at else ""

    @admin.display(description="brought in")
    def chair(self, row: Registration) -> str:
        return f"{row.override.reason} ({row.override.by})" if row.override else ""

    @admin.display(description="checked in", boolean=True)
    def came(self, row: Any) -> bool | None:
        return True if row.was_there else None if row.forum.starts_at > timezone.now() else False

    def status_of(self, obj: Registration, now: datetime) -> str:
        match obj.state:
            case State.CONFIRMED:
                return f"Registered, with seat {obj.seat_number}."
            case State.OFFERED:
                return f"Seat {obj.seat_number} is kept for them until {moment(obj.offer_expires_at)}."
            case State.WAITING:
                ahead = Registration.objects.in_line().filter(forum=obj.forum_id, place__lt=obj.place).count()
                return f"In line, with {ahead:,} ahead of them." if ahead else "First in line."
        return f"{obj.get_state_display()}. No seat and no place in line."

    def render_change_form(
        self, request: HttpRequest, context: dict, add: bool = False, change: bool = False, form_url: str = "", obj=None
    ) -> HttpResponse:
        if obj is not None:
            sees: bool = request.user.has_perm(SEES_SENSITIVE_ANSWERS)
            context["answers"] = answers_of(obj, sees_sensitive=sees)
            context["chapters"] = story_of(obj)
        return super().render_change_form(request, context, add=add, change=change, form_url=form_url, obj=obj)


def answers_of(registration: Registration, *, sees_sensitive: bool) -> list[tuple[str, str]]:
    """Questions with what was answered. A sensitive answer, and whether there is one, only for who may see it."""
    said = dict(registration.answers.values_list("question", "value"))
    questions = registration.forum.questions.filter(stage="registration")
    hidden = {} if sees_sensitive else {question.pk: HIDDEN for question in questions if question.is_sensitive}
    return [(question.label, hidden.get(question.pk, said.get(question.pk, ""))) for question in questions]

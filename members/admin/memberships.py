"""Memberships: where each stands, its story, and the steps that staff take on it."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from cosn_site.model_admin import RoomAdmin, StoryInline, Verb, step
from cosn_site.templatetags.site import day
from members import seats
from members.admin import sales
from members.admin.bulk import BulkActions
from members.admin.filters import CancelledFilter, StandingFilter
from members.admin.histories import story_of_membership
from members.admin.terms import VOID_A_TERM
from members.admin.words import standing_in_brief, why_it_stands
from members.models import Membership, Plan, Seat, Term, User
from members.prices import in_dollars
from members.renewals import recipients_of


class TermStory(StoryInline):
    model = Term
    verbose_name_plural = "Its terms, one after the other"
    fields = (
        *("starts_on", "last_day", "kind", "seats", "grace_days", "dues", "credit", "reference"),
        *("provisional_until", "void"),
    )
    readonly_fields = fields

    @admin.display(description="last day")
    def last_day(self, term: Term) -> str:
        return f"{day(term.last_day)}, cut short by an upgrade" if term.cut_on else day(term.last_day)

    @admin.display(description="dues")
    def dues(self, term: Term) -> str:
        return in_dollars(term.dues_cents)

    @admin.display(description="credit")
    def credit(self, term: Term) -> str:
        return in_dollars(term.credit_cents) if term.credit_cents else ""

    @admin.display(description="void")
    def void(self, term: Term) -> str:
        return f"Void since {day(term.voided_at)}: {term.void_reason}" if term.voided_at else ""


class SeatStory(StoryInline):
    model = Seat
    verbose_name_plural = "Who sits in its seats today"
    fields = ("number", "person", "taken_at")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Seat]:
        held = super().get_queryset(request).filter(left_at=None)
        return held.select_related("person", "membership__organization", "membership__person")


class MembershipForm(forms.ModelForm):
    """Who holds it, and the plan that it renews on."""

    class Meta:
        model = Membership
        fields = ("organization", "person", "plan")

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        plan: Plan | None = self.cleaned_data.get("plan")
        organization = self.cleaned_data.get("organization") or self.instance.organization
        wanted = Plan.Holder.ORGANIZATION if organization else Plan.Holder.PERSON
        if plan is not None and plan.holder != wanted:
            self.add_error("plan", f"This plan is for {'people' if organization else 'organizations'}.")
        return cleaned


class PersonByEmailForm(forms.Form):
    """Whom, by their address."""

    person = forms.CharField(
        label="E-mail address",
        widget=forms.EmailInput(attrs={"size": 40, "autocomplete": "off"}),
        help_text="Of somebody with an account here.",
    )

    def clean_person(self) -> User:
        person = User.objects.filter(email__iexact=self.cleaned_data["person"].strip(), is_active=True).first()
        if person is None:
            raise forms.ValidationError("Nobody with this address has an account. Add the person first.")
        return person


def _has_a_free_seat(membership: Membership, now: datetime) -> bool:
    return membership.organization_id is not None and seats.room_of(membership, now).free > 0


@admin.register(Membership)
class MembershipAdmin(BulkActions, RoomAdmin):
    verbs = (
        *sales.VERBS,
        VOID_A_TERM,
        Verb(
            name="give-seat",
            label="Give a seat",
            run=step(seats.give_seat, membership="object", person="person"),
            done="The seat is given.",
            permission="members.change_membership",
            offered=_has_a_free_seat,
            form=PersonByEmailForm,
        ),
    )
    verbs_title = "Standing"
    form = MembershipForm
    change_form_template = "admin/members/membership_change_form.html"
    list_display = ("holder", "plan", "standing_now", "seats_now")
    list_filter = (StandingFilter, CancelledFilter, "plan")
    list_select_related = ("organization", "person", "plan")
    search_fields = ("organization__name", "person__email", "person__name")
    autocomplete_fields = ("organization", "person")
    may_add_related = ("organization", "person")
    inlines = (TermStory, SeatStory)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        taken = Count("seat_rows", filter=Q(seat_rows__left_at=None))
        terms_in_order = Prefetch("terms", Term.objects.order_by("starts_on"))
        return super().get_queryset(request).annotate(seats_taken=taken).prefetch_related(terms_in_order)

    @admin.display(description="held by", ordering="organization__name")
    def holder(self, membership: Membership) -> str:
        return str(membership)

    @admin.display(description="standing today")
    def standing_now(self, membership: Membership) -> str:
        found = standing_in_brief(membership)
        return f"{found}; cancelled" if membership.cancelled_at else found

    @admin.display(description="seats taken")
    def seats_now(self, membership: Any) -> str:
        if membership.organization_id is None:
            return ""
        return f"{membership.seats_taken} of {seats.seat_count(membership, timezone.now())}"

    def status_of(self, obj: Membership, now: datetime) -> str:
        sentence = f"{standing_in_brief(obj)}. {why_it_stands(obj, now)}"
        if obj.cancelled_at:
            sentence += f" It was cancelled on {day(obj.cancelled_at)} and ends with its last term."
        if obj.organization_id is None:
            return sentence
        room = seats.room_of(obj, now)
        sentence += f" {len(room.taken)} of {room.count} seats have someone in them."
        if room.kept:
            sentence += f" {room.kept} {'is' if room.kept == 1 else 'are'} kept for somebody who was invited."
        return sentence

    def warning_of(self, obj: Membership, now: datetime) -> str:
        """Letters are due for a membership that has a term and goes on: then somebody has to get them."""
        if obj.cancelled_at or not obj.terms_that_count() or recipients_of([obj.pk]).get(obj.pk):
            return ""
        if obj.organization_id is None:
            return (
                "Renewal letters reach nobody: the account of this person is switched off. Switch it on, or cancel the "
                "membership at the end."
            )
        return (
            "Renewal letters reach nobody. On the organization’s page, mark somebody whose account is switched on as "
            "its primary or billing contact."
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["organization", "person"] if obj else []

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        if obj is None:
            return ()
        return self.inlines if obj.organization_id else (TermStory,)

    def render_change_form(
        self, request: HttpRequest, context: dict, add: bool = False, change: bool = False, form_url: str = "", obj=None
    ) -> HttpResponse:
        if obj is not None:
            context["chapters"] = story_of_membership(obj, timezone.now())
        return super().render_change_form(request, context, add=add, change=change, form_url=form_url, obj=obj)

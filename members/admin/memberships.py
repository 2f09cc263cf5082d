"""Plans, and memberships with their terms and seats."""

from contextlib import suppress
from datetime import date, datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from cosn_site.admin_fields import LinesField
from cosn_site.model_admin import LedgerAdmin, RoomAdmin, StoryInline, Verb, step
from cosn_site.templatetags.site import day
from members import seats, terms
from members.admin.words import dollars, standing_in_brief
from members.models import Membership, Plan, Seat, Term, User


class PlanForm(forms.ModelForm):
    benefits = LinesField(required=False, each_at_most=160)

    class Meta:
        model = Plan
        fields = [
            *("name", "slug", "holder", "terms", "band_by", "summary", "benefits", "is_published", "position"),
        ]


@admin.register(Plan)
class PlanAdmin(RoomAdmin):
    form = PlanForm
    list_display = ("name", "holder", "terms", "band_by", "is_published", "position")
    prepopulated_fields = {"slug": ("name",)}

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["holder", "terms", "band_by"] if obj else []

    def may_be_deleted(self, obj: Plan) -> bool:
        return not obj.memberships.exists()


class TermStory(StoryInline):
    model = Term
    verbose_name_plural = "Its terms, one after the other"
    fields = ("starts_on", "ends_on", "seats", "grace_days", "dues", "reference", "provisional_until", "void")
    readonly_fields = fields

    @admin.display(description="dues")
    def dues(self, term: Term) -> str:
        return dollars(term.dues_cents)

    @admin.display(description="void")
    def void(self, term: Term) -> str:
        return f"Void since {day(term.voided_at)}: {term.void_reason}" if term.voided_at else ""


class SeatStory(StoryInline):
    model = Seat
    verbose_name_plural = "Its seats"
    fields = ("number", "person", "taken_at", "left_at")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Seat]:
        return super().get_queryset(request).select_related("person", "membership__organization", "membership__person")


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
    taken = membership.seat_rows.filter(left_at=None).count()
    return membership.organization_id is not None and taken < seats.seat_count(membership, now)


@admin.register(Membership)
class MembershipAdmin(RoomAdmin):
    verbs = (
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
    change_form_template = "admin/members/membership_change_form.html"
    list_display = ("holder", "plan", "standing_now", "seats_now")
    list_filter = ("plan",)
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
        return standing_in_brief(membership)

    @admin.display(description="seats taken")
    def seats_now(self, membership: Any) -> str:
        if membership.organization_id is None:
            return ""
        return f"{membership.seats_taken} of {seats.seat_count(membership, timezone.now())}"

    def status_of(self, obj: Membership, now: datetime) -> str:
        sentence = f"{standing_in_brief(obj)}."
        if obj.organization_id is None:
            return sentence
        taken = obj.seat_rows.filter(left_at=None).count()
        return f"{sentence} {taken} of {seats.seat_count(obj, now)} seats have someone in them."

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["organization", "person"] if obj else []

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        if obj is None:
            return ()
        return self.inlines if obj.organization_id else (TermStory,)


class TermForm(forms.ModelForm):
    """A new term; what is left empty comes from the plan's price list."""

    class Meta:
        model = Term
        fields = (
            *("membership", "starts_on", "ends_on", "seats", "grace_days", "dues_cents"),
            *("provisional_until", "reference"),
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("ends_on", "seats", "grace_days", "dues_cents"):
            field = self.fields[name]
            field.required = False
            field.initial = self.initial[name] = None
            field.help_text = f"{field.help_text} Empty: as the price list says.".strip()

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        data = self.cleaned_data
        membership, starts_on = data.get("membership"), data.get("starts_on")
        if membership and starts_on:
            self._check_days(membership, starts_on, data.get("ends_on"))
        return cleaned

    def _check_days(self, membership: Membership, starts_on: date, ends_on: date | None) -> None:
        try:
            terms.check_days(membership=membership, starts_on=starts_on, ends_on=ends_on or starts_on)
        except terms.TermError as refused:
            self.add_error("starts_on", refused.sentence)


class PaymentForm(forms.Form):
    """How it was paid."""

    reference = forms.CharField(
        label="Check or payment number", max_length=80, required=False, help_text="Empty keeps the order’s number."
    )


class VoidForm(forms.Form):
    """Why a term is void."""

    reason = forms.CharField(max_length=200, widget=forms.TextInput(attrs={"size": 80}))


@admin.register(Term)
class TermAdmin(RoomAdmin):
    verbs = (
        Verb(
            name="record-payment",
            label="Record its payment",
            run=step(terms.record_payment, term="object", reference="reference"),
            done="The payment is recorded. The term stands to its last day.",
            permission="members.change_term",
            offered=lambda term, _now: term.provisional_until is not None and term.voided_at is None,
            form=PaymentForm,
            is_next=True,
        ),
        Verb(
            name="void",
            label="Void this term",
            run=step(terms.void_term, term="object", reason="reason"),
            done="The term is void.",
            permission="members.change_term",
            offered=lambda term, _now: term.voided_at is None,
            form=VoidForm,
            caution=(
                "It counts no longer, and access that hangs on it ends at once. "
                "It stays in the record, with your reason."
            ),
            is_grave=True,
        ),
    )
    verbs_title = "This term"
    list_display = ("membership", "starts_on", "ends_on", "seats", "dues", "reference", "payment", "is_void")
    list_filter = (("provisional_until", admin.EmptyFieldListFilter), ("voided_at", admin.EmptyFieldListFilter))
    list_select_related = ("membership__organization", "membership__person")
    search_fields = ("membership__organization__name", "membership__person__email", "reference")
    date_hierarchy = "ends_on"
    ordering = ("-starts_on",)
    autocomplete_fields = ("membership",)

    @admin.display(description="dues", ordering="dues_cents")
    def dues(self, term: Term) -> str:
        return dollars(term.dues_cents)

    @admin.display(description="payment")
    def payment(self, term: Term) -> str:
        until = term.provisional_until
        return f"Awaited; access to {day(until)}" if until else "Recorded"

    @admin.display(description="void", boolean=True)
    def is_void(self, term: Term) -> bool:
        return term.voided_at is not None

    def status_of(self, obj: Term, now: datetime) -> str:
        if obj.voided_at:
            return f"It is void since {day(obj.voided_at)}: {obj.void_reason}"
        if obj.provisional_until:
            return f"Its payment is awaited. It gives access up to and including {day(obj.provisional_until)}."
        return f"It is paid, and stands to {day(obj.ends_on)}."

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            kwargs["form"] = TermForm
        return super().get_form(request, obj, change, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A term is not edited: it is paid, or voided and recorded anew."""
        return obj is None and super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Term, form: Any, change: bool) -> None:
        made = terms.record_term(
            membership=obj.membership,
            starts_on=obj.starts_on,
            ends_on=obj.ends_on,
            seats=obj.seats,
            grace_days=obj.grace_days,
            provisional_until=obj.provisional_until,
            dues_cents=obj.dues_cents,
            reference=obj.reference,
            by=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
        )
        obj.pk = made.pk


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

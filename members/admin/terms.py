"""Terms: recorded, paid, voided, never edited."""

from datetime import date, datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from cosn_site.model_admin import ObjectForm, RoomAdmin, StoryInline, Verb, step
from cosn_site.templatetags.site import day
from members import terms
from members.models import Membership, SeatAddition, Term
from members.prices import in_dollars


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


class TermChoiceField(forms.ModelChoiceField):
    """One of some terms, by its days."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{day(obj.starts_on)} to {day(obj.last_day)}, {obj.get_kind_display().lower()}"


class VoidOneForm(ObjectForm):
    """Which term of a membership is void, and why."""

    term = TermChoiceField(Term.objects.none(), empty_label=None)
    reason = forms.CharField(max_length=200, widget=forms.TextInput(attrs={"size": 80}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["term"]
        choice.queryset = Term.objects.counting().filter(membership=self.obj).order_by("-starts_on")


_VOIDING = "It counts no longer, and access that hangs on it ends at once. It stays in the record, with your reason."
VOID_A_TERM = Verb(
    name="void-term",
    label="Void a term",
    run=step(terms.void_term, term="term", reason="reason"),
    done="The term is void.",
    permission="members.change_term",
    offered=lambda membership, _now: Term.objects.counting().filter(membership=membership).exists(),
    form=VoidOneForm,
    caution=_VOIDING,
    is_grave=True,
)


class AdditionStory(StoryInline):
    """Seats that were added while it ran."""

    model = SeatAddition
    verbose_name_plural = "Seats added later"
    fields = ("seats", "from_on", "price", "reference")
    readonly_fields = fields

    @admin.display(description="price")
    def price(self, added: SeatAddition) -> str:
        return in_dollars(added.price_cents)


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
            caution=_VOIDING,
            is_grave=True,
        ),
    )
    verbs_title = "This term"
    list_display = (
        *("membership", "starts_on", "ends_on", "kind", "seats", "dues", "credit", "reference", "payment", "is_void"),
    )
    list_filter = (
        "kind",
        ("provisional_until", admin.EmptyFieldListFilter),
        ("voided_at", admin.EmptyFieldListFilter),
    )
    inlines = (AdditionStory,)
    list_select_related = ("membership__organization", "membership__person")
    search_fields = ("membership__organization__name", "membership__person__email", "reference")
    date_hierarchy = "ends_on"
    ordering = ("-starts_on",)
    autocomplete_fields = ("membership",)

    @admin.display(description="dues", ordering="dues_cents")
    def dues(self, term: Term) -> str:
        return in_dollars(term.dues_cents)

    @admin.display(description="credit", ordering="credit_cents")
    def credit(self, term: Term) -> str:
        return in_dollars(term.credit_cents) if term.credit_cents else ""

    @admin.display(description="payment")
    def payment(self, term: Term) -> str:
        until = term.provisional_until
        if term.kind != Term.Kind.PAID:
            return "Free"
        return f"Awaited; access to {day(until)}" if until else "Recorded"

    @admin.display(description="void", boolean=True)
    def is_void(self, term: Term) -> bool:
        return term.voided_at is not None

    def status_of(self, obj: Term, now: datetime) -> str:
        if obj.voided_at:
            return f"It is void since {day(obj.voided_at)}: {obj.void_reason}"
        if obj.provisional_until:
            return f"Its payment is awaited. It gives access up to and including {day(obj.provisional_until)}."
        if obj.cut_on:
            return f"An upgrade took its place. It counts to {day(obj.cut_on)}; the days after that were credited."
        return f"It is {'paid' if obj.kind == Term.Kind.PAID else 'free'}, and stands to {day(obj.ends_on)}."

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj else ()

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

"""Plans and what they cost: a price list is published, never changed."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from cosn_site.admin_fields import DayInput, LinesField
from cosn_site.clock import association_day
from cosn_site.model_admin import ObjectForm, RoomAdmin, StoryInline, Verb
from cosn_site.templatetags.site import day
from members.admin.bands import Bands, BandsField, DollarsField, written
from members.models import Plan, PriceList
from members.price_lists import publish_prices
from members.prices import in_dollars

FIGURES = ("seats", "extra_seat_cents", "grace_days", "provisional_days", "net_days")


class PlanForm(forms.ModelForm):
    benefits = LinesField(required=False, each_at_most=160)

    class Meta:
        model = Plan
        fields = [
            *("name", "slug", "holder", "terms", "band_by", "summary", "benefits", "is_published", "position"),
        ]


class PriceListStory(StoryInline):
    """Every price list the plan ever had, the newest first."""

    model = PriceList
    verbose_name_plural = "Its price lists"
    fields = (
        "number",
        "valid_from",
        "scale",
        "seats",
        "one_more",
        "grace_days",
        "provisional_days",
        "net_days",
        "sold",
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[PriceList]:
        rows = super().get_queryset(request).prefetch_related("bands").select_related("plan")
        return rows.annotate(terms_sold=Count("terms"))

    @admin.display(description="dues")
    def scale(self, prices: PriceList) -> str:
        return written((band.up_to, band.dues_cents) for band in prices.bands.all())

    @admin.display(description="one more seat")
    def one_more(self, prices: PriceList) -> str:
        return "Not to be had" if prices.extra_seat_cents is None else in_dollars(prices.extra_seat_cents)

    @admin.display(description="terms sold at it")
    def sold(self, prices: Any) -> int:
        return prices.terms_sold


class PublishForm(ObjectForm):
    """A new price list, filled in with the figures of the last one."""

    valid_from = forms.DateField(label="Valid from", widget=DayInput())
    bands = BandsField(label="Dues for a whole year, in dollars")
    seats = forms.IntegerField(label="Seats included", min_value=1, max_value=10_000)
    extra_seat_cents = DollarsField(
        label="One more seat, in dollars", required=False, help_text="For a whole year. Empty: no more can be had."
    )
    grace_days = forms.IntegerField(label="Days of grace", min_value=0, max_value=400)
    provisional_days = forms.IntegerField(
        label="Days on an unpaid purchase order", min_value=0, max_value=400, help_text="From the day it is accepted."
    )
    net_days = forms.IntegerField(label="Days to pay an invoice in", min_value=0, max_value=400)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        plan: Plan = self.obj
        last = plan.price_lists.order_by("-number").first()
        if plan.band_by:
            self.fields["bands"].help_text = (
                f"By {plan.get_band_by_display().lower()}. A band to a line, such as “up to 5,000: 950.00”; "
                "the last one “any size: 4,200.00”."
            )
        else:
            self.fields["bands"].help_text = "One price for all, such as “950.00”."
        self.initial["valid_from"] = association_day(timezone.now())
        figures = last or PriceList()
        for name in FIGURES:
            self.initial[name] = getattr(figures, name)
        if last:
            self.initial["bands"] = written((band.up_to, band.dues_cents) for band in last.bands.all())

    def clean_valid_from(self) -> date:
        valid_from: date = self.cleaned_data["valid_from"]
        if valid_from < association_day(timezone.now()) and self.obj.price_lists.exists():
            raise forms.ValidationError("Prices are published for today or a later day. What was sold keeps its price.")
        return valid_from

    def clean_bands(self) -> Bands:
        found: Bands = self.cleaned_data["bands"]
        if not self.obj.band_by and [up_to for up_to, _ in found] != [None]:
            raise forms.ValidationError("This plan has one price for all: give one, without a size.")
        return found


def _publish(plan: Plan, cleaned: Mapping[str, Any], by: Any, now: datetime) -> PriceList:
    figures = {name: cleaned[name] for name in ("valid_from", "bands", *FIGURES)}
    return publish_prices(plan=plan, by=by, **figures)


def _as_published(plan: Plan, cleaned: Mapping[str, Any], now: datetime) -> Iterator[tuple[str, str]]:
    yield "Valid for terms sold from", day(cleaned["valid_from"])
    for line in written(cleaned["bands"]).splitlines():
        yield "Dues", f"{line}, a year"
    extra = cleaned["extra_seat_cents"]
    yield "Seats included", str(cleaned["seats"])
    yield "One more seat", "Not to be had" if extra is None else f"{in_dollars(extra)} a year"
    yield (
        "Days",
        (
            f"{cleaned['grace_days']} of grace, {cleaned['provisional_days']} on an unpaid purchase order, "
            f"{cleaned['net_days']} to pay"
        ),
    )


@admin.register(Plan)
class PlanAdmin(RoomAdmin):
    verbs = (
        Verb(
            name="publish-prices",
            label="Publish a price list",
            run=_publish,
            done="The price list is published. Terms that were sold keep their figures.",
            permission="members.add_pricelist",
            form=PublishForm,
            preview=_as_published,
            preview_label="Look at it first",
            is_next=True,
        ),
    )
    verbs_title = "Prices"
    form = PlanForm
    list_display = ("name", "holder", "terms", "band_by", "is_published", "position")
    prepopulated_fields = {"slug": ("name",)}
    inlines = (PriceListStory,)

    def status_of(self, obj: Plan, now: datetime) -> str:
        current = obj.price_lists.on(association_day(now)).first()
        if current is None:
            return "It has no prices today, so nobody can join on it. Publish a price list."
        return f"Price list {current.number} counts today, since {day(current.valid_from)}."

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj else ()

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["holder", "terms", "band_by"] if obj else []

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        return {} if obj else {"slug": ("name",)}

    def may_be_deleted(self, obj: Plan) -> bool:
        return not obj.memberships.exists() and not obj.price_lists.exists()

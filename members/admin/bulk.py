"""Steps for many memberships at once: first a page that says what would be recorded for each, then the recording."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone

from cosn_site.model_admin import fingerprint
from cosn_site.templatetags.site import day
from cosn_site.verbs import StepRefused
from members import dues, quotes
from members.admin import sales
from members.admin.exports import as_csv
from members.admin.words import standing_in_brief
from members.models import Membership
from members.prices import in_dollars

AT_ONCE = 200


class RenewAllForm(forms.Form):
    reference = forms.CharField(label="Order or check number", max_length=80, required=False)
    is_unpaid = sales.RenewForm.base_fields["is_unpaid"]


class ExtendAllForm(forms.Form):
    days = forms.IntegerField(label="Days more", min_value=1, max_value=400)
    reason = forms.CharField(label="Why", max_length=80, widget=forms.TextInput(attrs={"size": 60}))


class ComplimentaryAllForm(forms.Form):
    months = forms.IntegerField(label="Months", min_value=1, max_value=36, initial=12)
    reason = forms.CharField(label="Why", max_length=80, widget=forms.TextInput(attrs={"size": 60}))


@dataclass(frozen=True, slots=True)
class Bulk:
    """A step for many. `foretell` says in words what it would do to one, as far as is known of all, or raises
    StepRefused."""

    name: str
    label: str
    form: type[forms.Form]
    foretell: Callable[[Membership, quotes.Known], str]
    run: Callable[[Membership, Mapping[str, Any], Any, datetime], object]


class WasCancelled(quotes.DuesError):
    sentence = "It was cancelled and ends with its last term. Renew it on its own page if it is to go on."


def _sale(membership: Membership, known: quotes.Known) -> quotes.Sale:
    """Nobody who left is renewed by the dozen."""
    if membership.cancelled_at is not None:
        raise WasCancelled
    return quotes.renewal_as_known(known, membership)


def _known(memberships: Sequence[Membership], now: datetime) -> quotes.Known:
    return quotes.known_about(memberships, [membership.plan for membership in memberships], now)


def _renewal(membership: Membership, known: quotes.Known) -> str:
    quote = _sale(membership, known).quote
    seats = f", {quote.seats:,} seats" if membership.organization_id else ""
    return f"{day(quote.days.first)} to {day(quote.days.last)}{seats}, {in_dollars(quote.total_cents)}"


def _renew(membership: Membership, cleaned: Mapping[str, Any], by: Any, now: datetime) -> object:
    sale = _sale(membership, _known([membership], now))
    until = sales.clock_of(sale, now) if cleaned["is_unpaid"] else None
    reference = cleaned["reference"]
    return dues.renew(membership=membership, provisional_until=until, reference=reference, by=by, now=now)


def _extend(membership: Membership, cleaned: Mapping[str, Any], by: Any, now: datetime) -> object:
    return dues.extend(membership=membership, days=cleaned["days"], reason=cleaned["reason"], by=by, now=now)


def _give(membership: Membership, cleaned: Mapping[str, Any], by: Any, now: datetime) -> object:
    return dues.give_complimentary_term(
        membership=membership, months=cleaned["months"], reason=cleaned["reason"], by=by, now=now
    )


def _standing(membership: Membership, known: quotes.Known) -> str:
    """With how far its terms reach: a term that is ahead changes nothing about today."""
    counting = known.terms.get(membership.pk, ())
    reach = f", in all until {day(counting[-1].last_day)}" if counting else ""
    return f"{standing_in_brief(membership)}{reach}"


RENEW = Bulk("renew_all", "Renew the selected memberships", RenewAllForm, _renewal, _renew)
EXTEND = Bulk("extend_all", "Extend the selected memberships", ExtendAllForm, _standing, _extend)
GIVE = Bulk("give_all", "Give the selected memberships a complimentary term", ComplimentaryAllForm, _standing, _give)


class BulkActions(admin.ModelAdmin):
    """The actions of the list of memberships."""

    actions = ("renew_all", "extend_all", "give_all", "export")

    def has_sell_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(sales.MAY_SELL)

    @admin.action(description=RENEW.label, permissions=["sell"])
    def renew_all(self, request: HttpRequest, queryset: QuerySet[Membership]) -> HttpResponseBase | None:
        return self._do(RENEW, request, queryset)

    @admin.action(description=EXTEND.label, permissions=["sell"])
    def extend_all(self, request: HttpRequest, queryset: QuerySet[Membership]) -> HttpResponseBase | None:
        return self._do(EXTEND, request, queryset)

    @admin.action(description=GIVE.label, permissions=["sell"])
    def give_all(self, request: HttpRequest, queryset: QuerySet[Membership]) -> HttpResponseBase | None:
        return self._do(GIVE, request, queryset)

    @admin.action(description="Export the selected memberships (CSV)", permissions=["view"])
    def export(self, request: HttpRequest, queryset: QuerySet[Membership]) -> HttpResponseBase:
        return as_csv(queryset, timezone.now())

    def _do(self, bulk: Bulk, request: HttpRequest, queryset: QuerySet[Membership]) -> HttpResponseBase | None:
        """The page that asks; or, once it was seen and is still true, the recording."""
        chosen = list(queryset[: AT_ONCE + 1])
        if len(chosen) > AT_ONCE:
            self.message_user(request, f"Choose {AT_ONCE} or fewer at a time.", messages.ERROR)
            return None
        now = timezone.now()
        form = bulk.form(request.POST if "seen" in request.POST else None)
        with transaction.atomic():
            if form.is_valid():  # of two presses of the button the second sees what the first recorded
                keys = [membership.pk for membership in chosen]
                list(Membership.objects.select_for_update().filter(pk__in=keys).order_by("pk"))
                chosen = list(queryset.all())
            known = _known(chosen, now)
            lines = [_line(bulk, membership, known) for membership in chosen]
            seen = fingerprint(lines)
            if form.is_valid() and request.POST["seen"] == seen:
                self._record(bulk, request, chosen, form.cleaned_data, now)
                return None
        context = {
            **self.admin_site.each_context(request),
            "title": bulk.label,
            "opts": self.opts,
            "bulk": bulk,
            "form": form,
            "lines": lines,
            "chosen": chosen,
            "seen": seen,
            "has_changed": form.is_bound and form.is_valid(),
            "media": self.media,
        }
        return TemplateResponse(request, "admin/members/bulk.html", context, status=422 if form.errors else 200)

    def _record(
        self, bulk: Bulk, request: HttpRequest, chosen: Sequence[Membership], cleaned: dict[str, Any], now: datetime
    ) -> None:
        refused: list[str] = []
        for membership in chosen:
            try:
                bulk.run(membership, cleaned, request.user, now)
            except StepRefused as no:
                refused.append(f"{membership}: {no.sentence}")
            else:
                self.log_change(request, membership, bulk.label)
        done = len(chosen) - len(refused)
        if done:
            self.message_user(request, f"Recorded for {done} membership{'' if done == 1 else 's'}.", messages.SUCCESS)
        for sentence in refused:
            self.message_user(request, sentence, messages.WARNING)


def _line(bulk: Bulk, membership: Membership, known: quotes.Known) -> tuple[str, str]:
    try:
        return str(membership), bulk.foretell(membership, known)
    except StepRefused as no:
        return str(membership), f"Left out. {no.sentence}"

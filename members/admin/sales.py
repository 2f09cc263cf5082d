"""The steps that staff take on a membership: what each asks, what it would record, and when it makes sense."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django import forms

from cosn_site.clock import association_day
from cosn_site.model_admin import ObjectForm, Verb, step
from cosn_site.templatetags.site import day
from members import dues, quotes
from members.admin.bands import DollarsField
from members.models import Membership, Plan, SeatAddition, Term
from members.prices import Days, in_dollars
from members.quotes import MOST_SEATS

Facts = Iterator[tuple[str, str]]


# --- what they ask ------------------------------------------------------------------------------------------------
class PlanChoiceForm(ObjectForm):
    """On which plan, for how many people."""

    plan = forms.ModelChoiceField(Plan.objects.none(), empty_label=None)
    seats = forms.IntegerField(
        min_value=1, max_value=MOST_SEATS, required=False, help_text="Empty: as many as now, or those included."
    )
    reference = forms.CharField(
        label="Order or check number", max_length=80, required=False, widget=forms.TextInput(attrs={"size": 40})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        membership: Membership = self.obj
        holder = Plan.Holder.ORGANIZATION if membership.organization_id else Plan.Holder.PERSON
        plan: Any = self.fields["plan"]
        plan.queryset = Plan.objects.filter(holder=holder)
        self.initial["plan"] = membership.plan_id
        if not membership.organization_id:
            del self.fields["seats"]


class RenewForm(PlanChoiceForm):
    is_unpaid = forms.BooleanField(
        label="On a purchase order that is not paid yet",
        required=False,
        help_text="Access then lasts as long as the plan’s days on a purchase order, until the payment is recorded.",
    )


class SeatsForm(ObjectForm):
    """How many, and at what price if not the plan’s."""

    count = forms.IntegerField(label="Seats to add", min_value=1, max_value=MOST_SEATS)
    agreed_cents = DollarsField(
        label="Agreed price in dollars", required=False, help_text="Empty: the share of the year that is left."
    )
    reference = forms.CharField(label="Order or check number", max_length=80, required=False)


class ExtendForm(ObjectForm):
    days = forms.IntegerField(label="Days more", min_value=1, max_value=400)
    reason = forms.CharField(label="Why", max_length=80, widget=forms.TextInput(attrs={"size": 60}))


class ComplimentaryForm(ObjectForm):
    months = forms.IntegerField(label="Months", min_value=1, max_value=36, initial=12)
    reason = forms.CharField(label="Why", max_length=80, widget=forms.TextInput(attrs={"size": 60}))


class CancelForm(forms.Form):
    reason = forms.CharField(label="Why", max_length=200, required=False, widget=forms.TextInput(attrs={"size": 60}))


# --- what they would record ---------------------------------------------------------------------------------------
def _days(days: Days) -> str:
    return f"{day(days.first)} to {day(days.last)}, {days.count:,} days"


def _facts_of(sale: quotes.Sale) -> Facts:
    quote = sale.quote
    yield "Plan", f"{sale.plan}, price list {sale.price_list.number}"
    yield "Term", _days(quote.days)
    if sale.size is not None:
        yield sale.plan.get_band_by_display(), f"{sale.size:,}"
    more = f", {quote.extra_seats:,} more than included" if quote.extra_seats else ""
    yield "Seats", f"{quote.seats:,}{more}"
    yield "Dues", in_dollars(quote.base_cents)
    if quote.extra_seats:
        yield "Further seats", in_dollars(quote.extra_cents)
    for term in sale.replaces:
        yield "Takes the place of", f"{_kind(term)} from {day(term.starts_on)} to {day(term.last_day)}"
    if sale.replaces:
        yield "Credit for unused days", in_dollars(quote.credit_cents)
    yield "To pay", in_dollars(quote.total_cents)


def _kind(term: Term) -> str:
    return "the term" if term.kind == Term.Kind.PAID else f"the {term.get_kind_display().lower()} days"


def renewal_of(membership: Membership, cleaned: Mapping[str, Any], now: datetime) -> quotes.Sale:
    """What renewing would record."""
    return quotes.price_of_renewal(membership=membership, plan=cleaned["plan"], seats=cleaned.get("seats"), now=now)


def clock_of(sale: quotes.Sale, now: datetime) -> date:
    """The last day of access on an order that is accepted today, or on the first day of a term that is ahead."""
    accepted = max(association_day(now), sale.quote.days.first)
    return accepted + timedelta(days=sale.price_list.provisional_days)


def _renewal_in_words(membership: Membership, cleaned: Mapping[str, Any], now: datetime) -> Facts:
    sale = renewal_of(membership, cleaned, now)
    yield from _facts_of(sale)
    if cleaned["is_unpaid"]:
        yield "Access until it is paid", f"up to and including {day(clock_of(sale, now))}"


def _upgrade_in_words(membership: Membership, cleaned: Mapping[str, Any], now: datetime) -> Facts:
    yield from _facts_of(
        quotes.price_of_upgrade(membership=membership, plan=cleaned["plan"], seats=cleaned.get("seats"), now=now)
    )


def _seats_in_words(membership: Membership, cleaned: Mapping[str, Any], now: datetime) -> Facts:
    sale = quotes.price_of_seats(
        membership=membership, count=cleaned["count"], agreed_cents=cleaned["agreed_cents"], now=now
    )
    yield "Seats", f"{sale.count:,} more, {sale.term.seats + sale.count:,} in all"
    yield "From", _days(sale.days)
    yield "To pay", in_dollars(sale.price_cents)


def _gift_in_words(membership: Membership, gift: dues.Gift) -> Facts:
    yield "Days", _days(gift.days)
    if membership.organization_id:
        yield "Seats", f"{gift.seats:,}"
    yield "To pay", "nothing"


def _extension_in_words(membership: Membership, cleaned: Mapping[str, Any], now: datetime) -> Facts:
    yield from _gift_in_words(membership, dues.days_more(membership=membership, days=cleaned["days"], now=now))


def _complimentary_in_words(membership: Membership, cleaned: Mapping[str, Any], now: datetime) -> Facts:
    gift = dues.complimentary_days(membership=membership, months=cleaned["months"], now=now)
    yield from _gift_in_words(membership, gift)


# --- what they do -------------------------------------------------------------------------------------------------
def _renew(membership: Membership, cleaned: Mapping[str, Any], by: Any, now: datetime) -> Term:
    sale = renewal_of(membership, cleaned, now)
    return dues.renew(
        membership=membership,
        plan=cleaned["plan"],
        seats=cleaned.get("seats"),
        provisional_until=clock_of(sale, now) if cleaned["is_unpaid"] else None,
        reference=cleaned["reference"],
        by=by,
        now=now,
    )


def _upgrade(membership: Membership, cleaned: Mapping[str, Any], by: Any, now: datetime) -> Term:
    return dues.upgrade(
        membership=membership,
        plan=cleaned["plan"],
        seats=cleaned.get("seats"),
        reference=cleaned["reference"],
        by=by,
        now=now,
    )


def _add_seats(membership: Membership, cleaned: Mapping[str, Any], by: Any, now: datetime) -> SeatAddition:
    return dues.add_seats(
        membership=membership,
        count=cleaned["count"],
        agreed_cents=cleaned["agreed_cents"],
        reference=cleaned["reference"],
        by=by,
        now=now,
    )


# --- when they make sense -----------------------------------------------------------------------------------------
def _has_terms(membership: Membership, now: datetime) -> bool:
    return bool(membership.terms_that_count())


def _lasts(membership: Membership, now: datetime) -> bool:
    return any(term.last_day >= association_day(now) for term in membership.terms_that_count())


def _may_be_upgraded(membership: Membership, now: datetime) -> bool:
    today = association_day(now)
    return any(
        term.starts_on <= today <= term.last_day and term.provisional_until is None
        for term in membership.terms_that_count()
    )


MAY_SELL = "members.add_term"

VERBS = (
    Verb(
        name="sell-first-term",
        label="Record its first term",
        run=_renew,
        done="The term is recorded.",
        permission=MAY_SELL,
        offered=lambda membership, now: not _has_terms(membership, now),
        form=RenewForm,
        preview=_renewal_in_words,
        is_next=True,
    ),
    Verb(
        name="renew",
        label="Renew",
        run=_renew,
        done="The renewal is recorded.",
        permission=MAY_SELL,
        offered=_has_terms,
        form=RenewForm,
        preview=_renewal_in_words,
        is_next=True,
    ),
    Verb(
        name="upgrade",
        label="Upgrade",
        run=_upgrade,
        done="The upgrade is recorded.",
        permission=MAY_SELL,
        offered=_may_be_upgraded,
        form=PlanChoiceForm,
        preview=_upgrade_in_words,
    ),
    Verb(
        name="add-seats",
        label="Add seats",
        run=_add_seats,
        done="The seats are added.",
        permission=MAY_SELL,
        offered=lambda membership, now: membership.organization_id is not None and _lasts(membership, now),
        form=SeatsForm,
        preview=_seats_in_words,
    ),
    Verb(
        name="extend",
        label="Extend",
        run=step(dues.extend, membership="object", days="days", reason="reason"),
        done="The membership is extended.",
        permission=MAY_SELL,
        offered=_has_terms,
        form=ExtendForm,
        preview=_extension_in_words,
        preview_label="Show the days",
    ),
    Verb(
        name="complimentary",
        label="Give a complimentary term",
        run=step(dues.give_complimentary_term, membership="object", months="months", reason="reason"),
        done="The complimentary term is given.",
        permission=MAY_SELL,
        form=ComplimentaryForm,
        preview=_complimentary_in_words,
        preview_label="Show the days",
    ),
    Verb(
        name="cancel",
        label="Cancel at the end",
        run=step(dues.cancel_at_end, membership="object", reason="reason"),
        done="It ends with its last term.",
        permission="members.change_membership",
        offered=lambda membership, now: membership.cancelled_at is None and _lasts(membership, now),
        form=CancelForm,
        caution="Nothing changes before the end of the last term. No renewal letter is sent any more.",
        is_grave=True,
    ),
    Verb(
        name="keep-going",
        label="Take the cancellation back",
        run=step(dues.keep_going, membership="object"),
        done="The membership goes on.",
        permission="members.change_membership",
        offered=lambda membership, _now: membership.cancelled_at is not None,
    ),
)

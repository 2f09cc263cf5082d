"""The admin of memberships: prices before they are recorded, the story, the lists, and many at once."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pghistory.models import Events

from cosn_site.clock import association_day
from members import dues, seats, terms
from members.invitations import invite
from members.models import Membership, Organization, Plan, PriceList, RenewalNotice, Seat, Term
from members.standing import Status
from tests import people
from tests.members import selling
from tests.site.test_admin import address, inline_code

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def staff() -> Client:
    """The browser of somebody who may do everything."""
    return people.browser(people.staff())


@pytest.fixture
def member(db: None) -> Membership:
    """A district that joined a hundred days ago."""
    now = selling.noon(association_day(timezone.now()) - 100 * DAY)  # by the calendar: a clock change may lie between
    return dues.join(plan=selling.plan(), organization=selling.district(), by=people.staff(), now=now).membership


def page_of(staff: Client, membership: Membership) -> str:
    return staff.get(address(Membership, "change", membership.pk)).content.decode()


def ask(staff: Client, obj: Any, verb: str, **typed: Any) -> Any:
    """Press the button of a verb's page for the first time."""
    data = {f"{verb}-{name}": value for name, value in typed.items()}
    return staff.post(address(type(obj), "do", obj.pk, verb), data)


def confirm(staff: Client, obj: Any, verb: str, **typed: Any) -> Any:
    """See what would be recorded, and press again."""
    shown = ask(staff, obj, verb, **typed)
    assert shown.status_code == 200, shown.context["form"].errors
    data = {f"{verb}-{name}": value for name, value in typed.items()}
    return staff.post(address(type(obj), "do", obj.pk, verb), {**data, "seen": shown.context["seen"]})


# --- the price first --------------------------------------------------------------------------------------------
def test_the_price_is_shown_before_a_renewal_is_recorded(staff: Client, member: Membership) -> None:
    asked = staff.get(address(Membership, "do", member.pk, "renew")).content.decode()
    assert "Show the price</button>" in asked
    assert "This will be recorded" not in asked
    shown = ask(staff, member, "renew", plan=member.plan_id, seats=12)
    assert "Renew</button>" in shown.content.decode()
    text = shown.content.decode()
    assert "This will be recorded" in text
    assert ("To pay", "$1,100.00") in shown.context["facts"]
    assert inline_code(text) == []
    assert member.terms.count() == 1
    confirm(staff, member, "renew", plan=member.plan_id, seats=12, reference="PO 7")
    assert member.terms.values_list("dues_cents", "seats", "reference")[1] == (110_000, 12, "PO 7")


def test_a_price_that_changed_since_it_was_shown_is_shown_again(staff: Client, member: Membership) -> None:
    seen = ask(staff, member, "renew", plan=member.plan_id).context["seen"]
    selling.publish(member.plan, people.today(), bands=((None, 500_000),))
    again = staff.post(address(Membership, "do", member.pk, "renew"), {"renew-plan": member.plan_id, "seen": seen})
    assert ("To pay", "$5,000.00") in again.context["facts"]
    assert member.terms.count() == 1


def test_a_renewal_on_an_unpaid_order_says_how_long_access_lasts(staff: Client, member: Membership) -> None:
    shown = ask(staff, member, "renew", plan=member.plan_id, is_unpaid="on")
    assert any(label == "Access until it is paid" for label, _ in shown.context["facts"])
    confirm(staff, member, "renew", plan=member.plan_id, is_unpaid="on")
    term = member.terms.last()
    assert term is not None
    assert term.provisional_until == term.starts_on + 40 * DAY


def test_an_upgrade_shows_the_credit_and_what_it_takes_the_place_of(staff: Client, member: Membership) -> None:
    premium = selling.plan("premium", bands=((None, 300_000),))
    facts = dict(ask(staff, member, "upgrade", plan=premium.pk).context["facts"])
    old = Term.objects.get()
    credit = 95_000 - 95_000 * 100 // ((old.ends_on - old.starts_on).days + 1)
    assert facts["Credit for unused days"] == f"${credit / 100:.2f}"
    assert facts["Takes the place of"].startswith("the term from")
    confirm(staff, member, "upgrade", plan=premium.pk)
    member.refresh_from_db()
    assert member.plan == premium
    assert Term.objects.get(price_list__plan=premium).credit_cents == credit


def test_an_upgrade_that_is_none_is_refused_in_words_and_what_was_typed_stays(
    staff: Client, member: Membership
) -> None:
    refused = ask(staff, member, "upgrade", plan=member.plan_id, reference="PO 99")
    assert refused.status_code == 422
    assert "the band that runs already" in refused.content.decode()
    assert "PO 99" in refused.content.decode()


def test_seats_are_added_at_their_share_or_at_what_was_agreed(staff: Client, member: Membership) -> None:
    assert dict(ask(staff, member, "add-seats", count=2).context["facts"])["Seats"] == "2 more, 12 in all"
    confirm(staff, member, "add-seats", count=2, agreed_cents="12.50")
    term = member.terms.get()
    assert (term.seats, term.seat_additions.get().price_cents) == (12, 1_250)


def test_free_days_are_given_with_a_reason(staff: Client, member: Membership) -> None:
    assert ask(staff, member, "extend", days=5).status_code == 422
    confirm(staff, member, "extend", days=5, reason="The site was down")
    confirm(staff, member, "complimentary", months=2, reason="Speaks at the forum")
    assert list(member.terms.values_list("kind", flat=True)) == ["paid", "extension", "complimentary"]


@pytest.mark.parametrize(("verb", "typed"), [("extend", {"days": 5}), ("complimentary", {"months": 2})])
def test_free_days_are_shown_first_and_given_once_by_two_presses_of_the_same_page(
    staff: Client, member: Membership, verb: str, typed: dict[str, int]
) -> None:
    shown = ask(staff, member, verb, **typed, reason="Thanks")
    facts = dict(shown.context["facts"])
    assert (facts["Seats"], facts["To pay"]) == ("10", "nothing")
    assert member.terms.count() == 1
    data = {f"{verb}-{name}": value for name, value in {**typed, "reason": "Thanks"}.items()}
    data["seen"] = shown.context["seen"]
    first, second = (staff.post(address(Membership, "do", member.pk, verb), data) for _ in range(2))
    paid, given = member.terms.order_by("starts_on")
    assert (first.status_code, second.status_code) == (302, 200)
    assert given.starts_on == paid.last_day + DAY
    assert f"{(given.last_day - paid.last_day).days} days" in facts["Days"]
    assert second.context["seen"] != shown.context["seen"]


def test_days_more_for_what_has_ended_are_refused_before_anything_is_shown(staff: Client) -> None:
    now = timezone.now() - 900 * DAY
    ended = dues.join(plan=selling.plan(), organization=selling.district(), by=None, now=now).membership
    refused = ask(staff, ended, "extend", days=5, reason="Thanks")
    assert refused.status_code == 422
    assert "This membership has ended" in refused.content.decode()


def test_a_membership_is_cancelled_at_its_end_and_kept_going(staff: Client, member: Membership) -> None:
    ask(staff, member, "cancel", reason="Budget")
    assert "It was cancelled on" in page_of(staff, member)
    for asked, count in (("yes", 1), ("no", 0)):
        shown = staff.get(address(Membership, "changelist"), {"cancelled": asked})
        assert shown.context["cl"].queryset.count() == count
        assert ("; cancelled" in shown.content.decode()) is bool(count)
    ask(staff, member, "keep-going")
    member.refresh_from_db()
    assert member.cancelled_at is None


def test_a_new_membership_is_offered_its_first_term_and_no_plan_for_the_wrong_holder(staff: Client) -> None:
    organization, plan = selling.district(), selling.plan()
    people.individual_plan()
    wrong = {"organization": organization.pk, "plan": people.individual_plan().pk}
    assert "This plan is for people." in staff.post(address(Membership, "add"), wrong).content.decode()
    staff.post(address(Membership, "add"), {"organization": organization.pk, "plan": plan.pk})
    membership = Membership.objects.get()
    text = page_of(staff, membership)
    assert "Record its first term" in text
    assert "Upgrade…" not in text
    confirm(staff, membership, "sell-first-term", plan=plan.pk)
    assert membership.terms.get().dues_cents == 95_000


def test_who_may_not_sell_is_offered_no_sale(member: Membership) -> None:
    clerk = people.browser(people.person("clerk", is_staff=True))
    for verb in ("renew", "upgrade", "add-seats", "extend", "complimentary", "cancel"):
        assert ask(clerk, member, verb).status_code == 403


# --- the story --------------------------------------------------------------------------------------------------
def _a_life(membership: Membership) -> None:
    clerk, now = people.staff(), timezone.now()
    seat = seats.give_seat(membership=membership, person=people.visitor(), by=clerk, now=now)
    seats.take_seat(seat=seat, by=clerk, now=now)
    dues.add_seats(membership=membership, count=2, by=clerk, now=now)
    premium = selling.plan("premium", bands=((None, 300_000),))
    dues.upgrade(membership=membership, plan=premium, by=clerk, now=now)
    later = dues.renew(membership=membership, provisional_until=people.today() + 400 * DAY, by=clerk, now=now)
    terms.record_payment(term=later, reference="Check 88", by=clerk, now=now)
    dues.extend(membership=membership, days=3, reason="x", by=clerk, now=now)
    gift = dues.give_complimentary_term(membership=membership, reason="x", by=clerk, now=now)
    terms.void_term(term=gift, reason="Given twice.", by=clerk, now=now)
    dues.cancel_at_end(membership=membership, reason="Budget", by=clerk, now=now)
    dues.keep_going(membership=membership, by=clerk, now=now)
    RenewalNotice.objects.create(term=later, step=-90, due_on=people.today(), sent_at=now, recipients=["a@example.org"])


def test_a_membership_s_page_tells_its_story_and_who_wrote_it(staff: Client, member: Membership) -> None:
    _a_life(member)
    chapters = staff.get(address(Membership, "change", member.pk)).context["chapters"]
    told = {chapter.title for chapter in chapters}
    assert told >= {
        *("The membership was entered", "Joined", "Upgraded", "Renewed", "Extended", "Complimentary term given"),
        *("2 seats added", "A term was cut short", "A term was voided", "Payment recorded"),
        *("Cancelled: it ends with its last term", "The cancellation was taken back"),
        *("Lee Montgomery took seat 1", "Lee Montgomery left seat 1"),
        *("Renewal letter: 90 days before the last day", "A term begins", "A term ends"),
    }
    happened = [chapter for chapter in chapters if not chapter.is_ahead and not chapter.title.startswith("Renewal")]
    assert {chapter.who for chapter in happened} == {"Morgan Reyes"}
    assert [chapter.at for chapter in chapters] == sorted((chapter.at for chapter in chapters), reverse=True)
    assert "Given twice." in page_of(staff, member)


def test_the_story_of_a_long_life_asks_no_more_of_the_database_than_a_short_one(
    staff: Client, member: Membership
) -> None:
    _a_life(member)
    page_of(staff, member)
    with CaptureQueriesContext(connection) as short:
        page_of(staff, member)
    for number in range(6):
        who = people.person(f"colleague-{number}")
        seats.give_seat(membership=member, person=who, by=people.staff(), now=timezone.now())
        dues.renew(membership=member, by=people.staff(), now=timezone.now())
        dues.add_seats(membership=member, count=1, by=who, now=timezone.now())
    with CaptureQueriesContext(connection) as long:
        page_of(staff, member)
    assert len(long) == len(short)


@pytest.mark.parametrize(
    ("who", "why"),
    [
        (people.grace, "Days of grace: 30"),
        (people.lapsed, "grace is over since"),
        (people.provisional, "The purchase order is not paid"),
        (people.upcoming, "nothing runs before it"),
    ],
)
def test_a_membership_s_page_says_why_it_stands_as_it_does(staff: Client, who: Callable[[], object], why: str) -> None:
    who()
    assert why in page_of(staff, Membership.objects.get())


def test_a_seat_is_offered_until_the_last_one_is_kept_for_somebody_who_was_invited(
    staff: Client, member: Membership
) -> None:
    give = address(Membership, "do", member.pk, "give-seat")
    assert give in page_of(staff, member)
    for number in range(seats.room_of(member, timezone.now()).free):
        invite(membership=member, email=f"invited-{number}@example.org", by=None, now=timezone.now())
    assert give not in page_of(staff, member)


# --- lists ------------------------------------------------------------------------------------------------------
def everybody() -> None:
    people.member(), people.grace(), people.lapsed(), people.provisional(), people.upcoming()
    selling.membership()
    Organization.objects.create(name="Salt Marsh", slug="salt-marsh", kind=Organization.Kind.DISTRICT)


@pytest.mark.parametrize("status", list(Status))
def test_the_list_of_memberships_is_filtered_by_standing_as_the_rule_says(staff: Client, status: Status) -> None:
    everybody()
    shown = staff.get(address(Membership, "changelist"), {"standing": status}).context["cl"].queryset
    by_the_rule = [m for m in Membership.objects.all() if seats.membership_standing(m, timezone.now()).status is status]
    assert list(shown.order_by("pk")) == sorted(by_the_rule, key=lambda m: m.pk)
    assert len(by_the_rule) == 1


def test_the_list_of_memberships_shows_those_that_give_access(staff: Client) -> None:
    everybody()
    shown = staff.get(address(Membership, "changelist"), {"standing": "open"}).context["cl"].queryset
    assert {seats.membership_standing(m, timezone.now()).status for m in shown} == {
        status for status in Status if status.gives_access
    }


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("active", {"Maple Valley School District"}),
        ("provisional", {"Lakes Regional Agency"}),
        ("none", {"Cedar Falls"}),
        ("open", {"Maple Valley School District", "Lakes Regional Agency"}),
        ("not-a-member", {"Salt Marsh"}),
        ("lapsed", set()),
    ],
)
def test_the_list_of_organizations_is_filtered_by_the_standing_of_their_membership(
    staff: Client, asked: str, names: set[str]
) -> None:
    everybody()
    shown = staff.get(address(Organization, "changelist"), {"standing": asked}).context["cl"].queryset
    assert {organization.name for organization in shown} == names


@pytest.mark.parametrize("query", [{}, {"standing": "active"}], ids=["all", "active"])
@pytest.mark.parametrize("model", [Membership, Organization], ids=lambda model: model.__name__)
def test_a_longer_list_by_standing_asks_no_more_of_the_database(
    staff: Client, model: Any, query: dict[str, str]
) -> None:
    _asks_no_more(staff, model, query)


@pytest.mark.parametrize("model", [Term, Seat, Plan], ids=lambda model: model.__name__)
def test_a_longer_list_asks_no_more_of_the_database(staff: Client, model: Any) -> None:
    _asks_no_more(staff, model, {})


def _asks_no_more(staff: Client, model: Any, query: dict[str, str]) -> None:
    people.member(), people.grace()
    staff.get(address(model, "changelist"), query)
    with CaptureQueriesContext(connection) as few:
        staff.get(address(model, "changelist"), query)
    for number in range(5):
        plan = selling.plan(f"plan-{number}")
        term = dues.join(plan=plan, organization=selling.district(f"d-{number}"), by=None, now=timezone.now())
        seats.give_seat(membership=term.membership, person=people.person(f"p-{number}"), by=None, now=timezone.now())
        dues.renew(membership=term.membership, by=None, now=timezone.now())
    with CaptureQueriesContext(connection) as many:
        staff.get(address(model, "changelist"), query)
    assert len(many) == len(few)


# --- many at once -----------------------------------------------------------------------------------------------
def choose(staff: Client, action: str, chosen: list[Membership], **typed: Any) -> Any:
    data = {"action": action, "_selected_action": [m.pk for m in chosen], **typed}
    return staff.post(address(Membership, "changelist"), data, follow=True)


@pytest.fixture
def three(member: Membership) -> list[Membership]:
    """One that can be renewed, one whose purchase order is unpaid, one that lapsed."""
    people.provisional(), people.lapsed()
    return list(Membership.objects.order_by("pk"))


def test_many_are_renewed_once_their_prices_were_seen(staff: Client, three: list[Membership]) -> None:
    shown = choose(staff, "renew_all", three)
    lines = dict(shown.context["lines"])
    assert lines[str(three[0])].endswith("$950.00")
    assert lines["Lakes Regional Agency"].startswith("Left out. A purchase order is not paid yet.")
    assert Term.objects.count() == 3
    assert inline_code(shown.content.decode()) == []
    answer = choose(staff, "renew_all", three, seen=shown.context["seen"], reference="Batch 1").content.decode()
    assert "Recorded for 2 memberships." in answer
    assert "Lakes Regional Agency: A purchase order is not paid yet." in answer
    assert Term.objects.filter(reference="Batch 1").count() == 2


@pytest.mark.parametrize("action", ["renew_all", "extend_all", "give_all"])
def test_the_page_for_many_asks_no_more_statements_however_many_were_chosen(
    staff: Client, three: list[Membership], action: str
) -> None:
    with CaptureQueriesContext(connection) as few:
        choose(staff, action, three)
    for number in range(5):
        dues.join(
            plan=selling.plan(f"plan-{number}"),
            organization=selling.district(f"d-{number}"),
            by=None,
            now=timezone.now(),
        )
    everyone = list(Membership.objects.all())
    with CaptureQueriesContext(connection) as many:
        shown = choose(staff, action, everyone)
    assert len(shown.context["lines"]) == len(three) + 5
    assert len(many) == len(few)


def test_a_cancelled_membership_is_not_renewed_by_the_dozen(staff: Client, three: list[Membership]) -> None:
    dues.cancel_at_end(membership=three[0], by=None, now=timezone.now())
    shown = choose(staff, "renew_all", three)
    assert dict(shown.context["lines"])[str(three[0])].startswith("Left out. It was cancelled")
    choose(staff, "renew_all", three, seen=shown.context["seen"])
    assert three[0].terms.count() == 1


def test_many_are_not_renewed_at_prices_that_nobody_saw(staff: Client, three: list[Membership]) -> None:
    seen = choose(staff, "renew_all", three).context["seen"]
    selling.publish(three[0].plan, people.today(), bands=((None, 500_000),))
    again = choose(staff, "renew_all", three, seen=seen)
    assert "Something changed since you looked." in again.content.decode()
    assert Term.objects.count() == 3


def test_many_are_extended_and_given_terms_with_one_reason(staff: Client, three: list[Membership]) -> None:
    seen = choose(staff, "extend_all", three).context["seen"]
    assert choose(staff, "extend_all", three, seen=seen).status_code == 422
    choose(staff, "extend_all", three, seen=seen, days=7, reason="The site was down")
    assert Term.objects.get(kind="extension").membership == three[0]
    seen = choose(staff, "give_all", three).context["seen"]
    choose(staff, "give_all", three, seen=seen, months=1, reason="Thanks")
    assert Term.objects.filter(kind="complimentary", reference="Thanks").count() == 2


def test_every_term_recorded_for_many_names_who_did_it(staff: Client, three: list[Membership]) -> None:
    seen = choose(staff, "renew_all", three).context["seen"]
    choose(staff, "renew_all", three, seen=seen)
    made = Term.objects.filter(pk__gt=max(t.pk for m in three for t in m.terms.all()[:1]))
    contexts = [event.pgh_context for term in made for event in Events.objects.tracks(term)]
    assert len(contexts) == 2
    assert {(context["verb"], context["user"]) for context in contexts} == {("renew", people.staff().pk)}


def test_who_may_only_look_can_export_and_not_sell(three: list[Membership]) -> None:
    clerk = people.person("clerk", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_membership"))
    page = people.browser(clerk).get(address(Membership, "changelist")).content.decode()
    assert "Export the selected memberships" in page
    assert "Renew the selected memberships" not in page


def test_the_export_is_a_table_in_which_nothing_is_a_formula(staff: Client, three: list[Membership]) -> None:
    Organization.objects.filter(membership=three[0]).update(name="=HYPERLINK(1)")
    answer = choose(staff, "export", three)
    assert answer["Content-Disposition"].startswith("attachment")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    by_plan = {row["Plan"]: row for row in rows}
    assert len(rows) == 3
    cells = [cell for row in rows for cell in row.values()]
    assert not [cell for cell in cells if cell and cell[0] in "=+-@"]
    assert "HYPERLINK" in by_plan["District scale"]["Held by"]
    assert by_plan["District scale"]["Standing"] == "Active"
    assert by_plan["Individual membership"]["Standing"] == "Lapsed"


# --- price lists ------------------------------------------------------------------------------------------------
def prices(**changed: Any) -> dict[str, Any]:
    typed = {
        "valid_from": str(people.today()),
        "bands": "up to 1,000: 700.00\nup to 5,000: 1,000\nany size: $2,500.50",
        "seats": 12,
        "extra_seat_cents": "80.00",
        "grace_days": 30,
        "provisional_days": 40,
        "net_days": 30,
    }
    return {**typed, **changed}


def test_the_form_of_new_prices_begins_with_the_last_ones(staff: Client) -> None:
    plan = selling.plan()
    text = staff.get(address(Plan, "do", plan.pk, "publish-prices")).content.decode()
    assert "up to 5,000: 950.00\nup to 10,000: 1,250.00\nany size: 2,000.00" in text
    assert 'value="75.00"' in text


def test_new_prices_are_looked_at_and_then_published(staff: Client) -> None:
    plan = selling.plan()
    confirm(staff, plan, "publish-prices", **prices())
    made = plan.price_lists.get(number=2)
    assert list(made.bands.values_list("up_to", "dues_cents")) == [(1_000, 70_000), (5_000, 100_000), (None, 250_050)]
    assert (made.seats, made.extra_seat_cents) == (12, 8_000)
    (event,) = Events.objects.tracks(made)
    assert event.pgh_context["user"] == people.staff().pk
    page = staff.get(address(Plan, "change", plan.pk)).content.decode()
    assert "Price list 2 counts today" in page
    assert "up to 5,000: 1,000.00" in page


@pytest.mark.parametrize(
    ("bands", "words"),
    [
        ("up to many: 3", "Line 1, “up to many: 3”: write it like “up to 5,000: 950.00”"),
        ("up to 5: 1\n\nup to 6; 2", "Line 2, “up to 6; 2”"),
        ("up to 5: 1.234", "Line 1"),
        ("up to 5: 1\nup to 5: 2", "Two lines end at the same size"),
        ("any size: 2\nany size: 3", "Two lines end at the same size"),
        ("any size: 2\nup to 5: 1", "List the smallest size first"),
        ("up to 5: 99999999999", "too large"),
        ("", "This field is required"),
    ],
)
def test_bands_that_cannot_be_read_are_named_and_what_was_typed_stays(staff: Client, bands: str, words: str) -> None:
    plan = selling.plan()
    answer = ask(staff, plan, "publish-prices", **prices(bands=bands, seats=77))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert bands in answer.content.decode()
    assert 'value="77"' in answer.content.decode()
    assert PriceList.objects.filter(plan=plan).count() == 1


def test_a_plan_with_one_price_is_given_one(staff: Client) -> None:
    plan = selling.plan("one-price", bands=((None, 500),))
    assert "One price for all" in staff.get(address(Plan, "do", plan.pk, "publish-prices")).content.decode()
    refused = ask(staff, plan, "publish-prices", **prices())
    assert "one price for all: give one" in refused.content.decode()
    confirm(staff, plan, "publish-prices", **prices(bands="950"))
    assert plan.price_lists.get(number=2).bands.get().dues_cents == 95_000


def test_prices_are_not_published_for_a_day_that_is_past(staff: Client) -> None:
    plan = selling.plan()
    refused = ask(staff, plan, "publish-prices", **prices(valid_from=str(people.today() - DAY)))
    assert "today or a later day" in refused.content.decode()


def test_who_may_not_publish_prices_is_not_offered_it() -> None:
    clerk = people.browser(people.person("clerk", is_staff=True))
    assert ask(clerk, selling.plan(), "publish-prices", **prices()).status_code == 403


def test_the_admin_of_terms_says_what_was_given_cut_and_added(staff: Client, member: Membership) -> None:
    dues.add_seats(membership=member, count=2, by=None, now=timezone.now())
    old = member.terms.get()
    assert "Seats added later" in staff.get(address(Term, "change", old.pk)).content.decode()
    dues.upgrade(membership=member, plan=selling.plan("premium", bands=((None, 300_000),)), by=None, now=timezone.now())
    assert "An upgrade took its place" in staff.get(address(Term, "change", old.pk)).content.decode()
    refused = staff.post(reverse("admin:members_term_do", args=[old.pk, "void"]), {"void-reason": "x"})
    assert "Void the term of the upgrade first" in refused.content.decode()


def test_a_term_is_voided_from_the_membership_with_a_reason(staff: Client, member: Membership) -> None:
    term = member.terms.get()
    refused = ask(staff, member, "void-term", term=term.pk, reason=" ")
    term.refresh_from_db()
    assert term.voided_at is None
    assert "void-term-reason" in refused.content.decode()
    ask(staff, member, "void-term", term=term.pk, reason="The check came back.")
    term.refresh_from_db()
    assert term.void_reason == "The check came back."
    assert "Void a term" not in page_of(staff, member), "none is left that counts"


def test_a_term_of_another_membership_is_not_voided_from_here(staff: Client, member: Membership) -> None:
    other = people.add_term(
        Membership.objects.get(organization=people.maple_valley().organization), starts=900, ends=950
    )
    ask(staff, member, "void-term", term=other.pk, reason="Mischief")
    other.refresh_from_db()
    assert other.voided_at is None

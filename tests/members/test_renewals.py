"""The renewal series: the rule, the letters, the page behind their link, and what is written down."""

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape

import pytest
import time_machine
from django.core import mail
from django.core.signing import Signer
from django.db import InternalError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from cosn_site.clock import association_day
from cosn_site.jobs.stopping import Stop
from cosn_site.jobs.worker import Worker
from members import dues, renewals
from members.models import Contact, Membership, Organization, RenewalNotice, Term, User
from members.renewal_letters import link_to, token_of
from members.renewals import STEPS, Series, due_on, due_steps, next_step, send_due_notices
from members.terms import record_term, void_term
from tests import people
from tests.site.test_hostile_words import HOSTILE, caught

NOON = datetime(2026, 3, 2, 17, tzinfo=UTC)  # a Monday; noon in Washington
TODAY = association_day(NOON)
DAYS = st.dates(date(2020, 1, 1), date(2040, 1, 1))


def a_district(key: str, *, ends_in: int = 90, contacts: bool = True) -> Membership:
    """A district whose only term was recorded a year before it ends; `ends_in` days from TODAY."""
    district = Organization.objects.create(name=f"District {key}", slug=f"district-{key}", kind="district")
    if contacts:
        Contact.objects.create(organization=district, person=people.person(f"primary.{key}"), is_primary=True)
        Contact.objects.create(organization=district, person=people.person(f"billing.{key}"), is_billing=True)
        Contact.objects.create(organization=district, person=people.person(f"reader.{key}"))
    membership = Membership.objects.create(organization=district, plan=people.district_plan())
    a_term(membership, ends_in=ends_in)
    return membership


def an_individual(key: str, *, ends_in: int = 90) -> Membership:
    membership = Membership.objects.create(person=people.person(key), plan=people.individual_plan())
    a_term(membership, ends_in=ends_in)
    return membership


def a_term(membership: Membership, *, ends_in: int, **more: object) -> Term:
    ends_on = TODAY + timedelta(days=ends_in)
    with time_machine.travel(NOON + timedelta(days=ends_in - 364), tick=False):
        return record_term(
            membership=membership,
            starts_on=ends_on - timedelta(days=363),
            ends_on=ends_on,
            dues_cents=100_000,
            by=None,
            now=NOON,
            **more,  # type: ignore[arg-type]
        )


def send(day: date = TODAY, hour: int = 12) -> renewals.Outcome:
    """The day's run, and all mail that it put in line."""
    now = datetime(day.year, day.month, day.day, hour + 5, tzinfo=UTC)
    with time_machine.travel(now, tick=False):
        outcome = send_due_notices(by=None, now=now)
        Worker(stop=Stop(), until_idle=True).run()
    return outcome


def html_of(letter: object) -> str:
    """The letter as mail programs show it."""
    assert isinstance(letter, mail.EmailMultiAlternatives)
    return str(letter.alternatives[0][0])


def steps_of(membership: Membership) -> list[int]:
    rows = RenewalNotice.objects.filter(term__membership=membership).order_by("sent_at", "pk")
    return list(rows.values_list("step", flat=True))


# --- the rule ---------------------------------------------------------------------------------------------------------
@given(
    last_day=DAYS, recorded=st.integers(-400, 60), today=st.integers(-200, 400), sent=st.sets(st.sampled_from(STEPS))
)
def test_a_step_is_due_from_its_day_on_until_it_was_sent_unless_its_day_was_before_the_term_was_recorded(
    last_day: date, recorded: int, today: int, sent: set[int]
) -> None:
    series = Series(last_day, last_day + timedelta(days=recorded), frozenset(sent))
    due = due_steps(series, last_day + timedelta(days=today))
    assert list(due) == sorted(set(due))
    for step in STEPS:
        assert (step in due) is (recorded <= step <= today <= 365 and step not in sent)


@given(last_day=DAYS, ago=st.integers(-3, 3))
def test_a_membership_gets_one_letter_a_day_the_one_that_was_due_first(last_day: date, ago: int) -> None:
    today = last_day + timedelta(days=10)
    series = Series(last_day, last_day - timedelta(days=300), frozenset({-90}), today - timedelta(days=ago))
    assert next_step(series, today) == (None if ago <= 0 else -60)


@given(last_day=DAYS)
def test_a_scheduler_that_never_slept_sends_each_step_on_its_day(last_day: date) -> None:
    sent: dict[int, date] = {}
    for ahead in range(-120, 60):
        today = last_day + timedelta(days=ahead)
        latest = max(sent.values(), default=None)
        step = next_step(Series(last_day, last_day - timedelta(days=365), frozenset(sent), latest), today)
        if step is not None:
            sent[step] = today
    assert sent == {step: due_on(last_day, step) for step in STEPS}


# --- the letters ------------------------------------------------------------------------------------------------------
pytestmark = pytest.mark.django_db


def test_a_letter_goes_to_the_billing_and_the_primary_contact_each_by_themselves_and_to_nobody_else() -> None:
    membership = a_district("one")
    assert send().letters == 1
    assert sorted(letter.to for letter in mail.outbox) == [["billing.one@example.org"], ["primary.one@example.org"]]
    (notice,) = RenewalNotice.objects.all()
    assert notice.recipients == ["billing.one@example.org", "primary.one@example.org"]
    assert (notice.term.membership, notice.step, notice.due_on, association_day(notice.sent_at)) == (
        membership,
        -90,
        TODAY,
        TODAY,
    )


def test_an_individual_member_gets_the_letter_at_their_own_address() -> None:
    an_individual("somebody")
    send()
    (letter,) = mail.outbox
    assert letter.to == ["somebody@example.org"]
    assert letter.subject == "Your membership ends in 90 days"


def test_a_contact_of_both_roles_gets_one_letter_and_one_who_is_switched_off_none() -> None:
    membership = a_district("one")
    Contact.objects.filter(person__email="primary.one@example.org").update(is_billing=True)
    User.objects.filter(email="billing.one@example.org").update(is_active=False)
    send()
    assert [letter.to for letter in mail.outbox] == [["primary.one@example.org"]]
    assert steps_of(membership) == [-90]


def test_a_membership_with_nobody_to_write_to_is_on_record_and_staff_are_told() -> None:
    a_district("silent", contacts=False)
    outcome = send()
    assert (outcome.letters, outcome.without_recipient) == (1, 1)
    assert "nobody to go to" in str(outcome)
    assert mail.outbox == []
    page = people.browser(people.staff()).get("/admin/members/renewalnotice/?reached=nobody").content.decode()
    assert "District silent" in page
    assert "Nobody to write to" in page


@pytest.mark.parametrize(
    ("ends_in", "heading", "told"),
    [
        (90, "ends in 90 days", "Renewing early costs no days"),
        (60, "ends in 60 days", "budget"),
        (30, "ends in 30 days", "Purchase orders take their time"),
        (7, "ends in 7 days", "Renew by then"),
        (1, "ends tomorrow", "Renew by then"),
        (0, "ends today", "go on working until 1 April 2026"),
        (-1, "ended yesterday", "days of grace after it, until 31 March 2026"),
        (-7, "ended 7 days ago", "until 25 March 2026"),
        (-25, "ended 25 days ago", "until 7 March 2026"),
        (-31, "ended 31 days ago", "grace after it ended on 1 March 2026"),
    ],
)
def test_the_words_fit_the_true_number_of_days(ends_in: int, heading: str, told: str) -> None:
    """Also where the letter is late: the first one that is due may be the one of ninety days before."""
    a_district("one", ends_in=ends_in)
    send()
    letter = mail.outbox[0]
    assert letter.subject == f"District one’s membership {heading}"
    html, text = html_of(letter), str(letter.body)
    for body in (text, unescape(re.sub(r"<[^>]+>", "", html))):
        words = " ".join(body.replace("\u00a0", " ").split())
        assert heading in words
        assert re.search(told, words), words


def test_a_letter_about_an_unpaid_purchase_order_promises_no_grace() -> None:
    membership = an_individual("unpaid", ends_in=7)
    membership.terms.update(provisional_until=TODAY - timedelta(days=100))
    send()
    words = str(mail.outbox[0].body).replace("\u00a0", " ")
    assert "not paid yet; downloads worked until 22 November 2025" in " ".join(words.split())
    assert "grace" not in words


def test_only_the_letter_of_25_days_after_says_that_it_is_the_last() -> None:
    an_individual("somebody", ends_in=0)
    for ahead in (*range(10), 25):
        send(TODAY + timedelta(days=ahead))
    last = [bool(re.search("last letter", str(letter.body))) for letter in mail.outbox]
    assert last == [False] * 6 + [True]


def test_the_letter_names_the_price_that_a_renewal_is_recorded_at() -> None:
    membership = a_district("one", ends_in=30)
    send()
    text = str(mail.outbox[0].body).replace("\u00a0", " ")
    term = dues.renew(membership=membership, by=None, now=NOON)
    assert f"Dues: ${term.dues_cents // 100:,}" in text
    assert f"Next term: {term.starts_on.day} {term.starts_on:%B %Y} to {term.ends_on.day} {term.ends_on:%B %Y}" in text


def test_a_held_up_series_catches_up_a_letter_a_day_and_then_rests() -> None:
    membership = a_district("one", ends_in=10)
    for ahead in range(6):
        send(TODAY + timedelta(days=ahead))
    assert steps_of(membership) == [-90, -60, -30, -7]
    assert [letter.subject.rpartition("ends in ")[2] for letter in mail.outbox[::2]] == [
        "10 days",
        "9 days",
        "8 days",
        "7 days",
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(("ended", "letters"), [(365, 1), (366, 0)])
def test_nobody_is_written_to_about_a_term_that_ended_more_than_a_year_ago(ended: int, letters: int) -> None:
    a_district("long ago", ends_in=-ended)
    assert send().letters == letters


def test_what_was_due_before_the_term_was_recorded_is_never_sent() -> None:
    membership = an_individual("late", ends_in=400)
    Term.objects.all().delete()
    with time_machine.travel(NOON, tick=False):
        last_day = TODAY + timedelta(days=45)
        record_term(membership=membership, starts_on=TODAY, ends_on=last_day, dues_cents=0, by=None, now=NOON)
    for ahead in range(16):
        send(TODAY + timedelta(days=ahead))
    assert steps_of(membership) == [-30]


# --- when it stops ----------------------------------------------------------------------------------------------------
def renewed(membership: Membership) -> None:
    dues.renew(membership=membership, by=None, now=NOON)


def cancelled(membership: Membership) -> None:
    dues.cancel_at_end(membership=membership, by=None, now=NOON)


def voided(membership: Membership) -> None:
    void_term(term=membership.terms.get(), reason="Wrong.", by=None, now=NOON)


@pytest.mark.parametrize("ending", [renewed, cancelled, voided])
def test_it_stops_the_moment_the_matter_is_settled(ending: object) -> None:
    membership = a_district("one", ends_in=30)
    ending(membership)  # type: ignore[operator]
    assert send().letters == 0
    assert mail.outbox == []


@pytest.mark.parametrize("ending", [renewed, cancelled, voided])
def test_a_letter_that_waited_in_line_meanwhile_is_not_mailed(ending: object) -> None:
    membership = a_district("one", ends_in=30)
    with time_machine.travel(NOON, tick=False):
        assert send_due_notices(by=None, now=NOON).letters == 1
        ending(membership)  # type: ignore[operator]
        Worker(stop=Stop(), until_idle=True).run()
    assert mail.outbox == []


def test_a_cancellation_that_is_taken_back_lets_it_go_on() -> None:
    membership = a_district("one", ends_in=30)
    cancelled(membership)
    dues.keep_going(membership=membership, by=None, now=NOON)
    assert send().letters == 1


# --- once -------------------------------------------------------------------------------------------------------------
def test_a_second_run_on_the_same_day_sends_nothing() -> None:
    a_district("one", ends_in=10)
    assert [send().letters, send(hour=15).letters] == [1, 0]
    assert len(mail.outbox) == 2


def test_a_record_of_a_letter_is_neither_changed_nor_removed() -> None:
    a_district("one")
    send()
    for change in (lambda rows: rows.update(step=0), lambda rows: rows.delete()):
        with pytest.raises(InternalError), transaction.atomic():
            change(RenewalNotice.objects.all())


def test_a_run_asks_as_much_for_forty_memberships_as_for_two() -> None:
    def statements(count: int, name: str) -> int:
        for number in range(count):
            a_district(f"{name}-{number}")
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert send_due_notices(by=None, now=NOON).letters == count
        return len(asked)

    assert statements(2, "few") == statements(40, "many")


def test_memberships_beyond_a_batch_get_their_letters_in_the_same_run() -> None:
    for number in range(7):
        an_individual(f"member{number}")
    assert send_due_notices(by=None, now=NOON, batch=3).letters == 7
    assert RenewalNotice.objects.count() == 7


# --- the page ---------------------------------------------------------------------------------------------------------
def page(term: Term, at: datetime = NOON) -> str:
    with time_machine.travel(at, tick=False):
        response = Client().get(f"/membership/renew/{token_of(term)}/")
    assert response.status_code == 200
    assert "no-store" in response.headers["Cache-Control"]
    assert response.headers["X-Robots-Tag"] == "noindex"
    html = response.content.decode()
    assert '<meta name="robots" content="noindex">' in html
    main = html.partition("<main")[2].partition("</main>")[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).replace("\u00a0", " ").split())


def test_the_link_in_the_letter_opens_without_a_sign_in_and_says_what_renewing_takes() -> None:
    membership = a_district("one", ends_in=30)
    send()
    (link,) = set(re.findall(r"http\S+/membership/renew/\S+?/(?=\s|$|\")", str(mail.outbox[0].body)))
    assert link == link_to(membership.terms.get())
    words = page(membership.terms.get())
    for told in (
        "District one’s membership ends in 30 days",
        "District membership",
        "1 April 2026",
        "2 April 2026 to 1 April 2027",
        "$1,250",
        "Seats 10",
        "purchase order to membership@example.org",
    ):
        assert told in words, words


def test_the_page_shows_no_personal_data() -> None:
    district, individual = a_district("one", ends_in=30), an_individual("somebody.special", ends_in=30)
    words = page(district.terms.get())
    for person in User.objects.all():
        assert person.email not in words
        assert person.name not in words
    words = page(individual.terms.get())
    assert "This individual membership ends in 30 days" in words
    assert "Special" not in words
    assert set(re.findall(r"[\w.]+@[\w.]+\w", words)) == {"membership@example.org"}


def test_the_page_says_so_once_it_is_renewed_cancelled_or_void() -> None:
    first, second, third = (an_individual(key, ends_in=30) for key in ("first", "second", "third"))
    terms = [membership.terms.get() for membership in (first, second, third)]
    renewed(first)
    cancelled(second)
    voided(third)
    assert "is renewed It runs to 1 April 2027. There is nothing to do" in page(terms[0])
    assert "was cancelled" in page(terms[1])
    assert "does not hold any more" in page(terms[2])
    for term in terms:
        assert "How to renew" not in page(term)


def test_the_letter_of_a_term_that_was_recorded_anew_leads_to_the_new_one() -> None:
    membership = an_individual("somebody", ends_in=30)
    wrong = membership.terms.get()
    voided(membership)
    a_term(membership, ends_in=20)
    assert "This individual membership ends in 20 days" in page(wrong)


def test_a_token_that_was_changed_or_made_for_something_else_opens_a_helpful_404() -> None:
    term = an_individual("somebody").terms.get()
    other = an_individual("other").terms.get()
    token = token_of(term)
    for wrong in (
        "nothing",
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        token.replace(str(term.pk), str(other.pk), 1),
        Signer(salt="members.invitation").sign(str(term.pk)),
        Signer().sign(str(term.pk)),
        token.partition(":")[0],
    ):
        response = Client().get(f"/membership/renew/{wrong}/")
        assert response.status_code == 404, wrong
        assert "membership@example.org" in response.content.decode()
        assert "no-store" in response.headers["Cache-Control"]
    assert Client().get(f"/membership/renew/{token}/").status_code == 200


def test_the_page_changes_nothing_and_takes_no_post() -> None:
    term = an_individual("somebody").terms.get()
    with CaptureQueriesContext(connection) as asked:
        assert Client().get(f"/membership/renew/{token_of(term)}/").status_code == 200
    assert [query["sql"] for query in asked if not query["sql"].startswith("SELECT")] == []
    assert Client().post(f"/membership/renew/{token_of(term)}/").status_code == 405


def test_a_term_without_a_price_asks_to_write() -> None:
    membership = a_district("one", ends_in=30)
    Membership.objects.filter(pk=membership.pk).update(plan=_plan_without_prices())
    assert "depends on something that we have to ask you first" in page(membership.terms.get())


def _plan_without_prices() -> object:
    from members.models import Plan

    return Plan.objects.create(name="New", slug="new", holder="organization")


def test_a_hostile_name_is_a_word_in_letter_and_page() -> None:
    membership = a_district("one", ends_in=30)
    Organization.objects.update(name=HOSTILE)
    send()
    html = html_of(mail.outbox[0])
    assert HOSTILE in str(mail.outbox[0].body)
    for page_of_it in (html, Client().get(f"/membership/renew/{token_of(membership.terms.get())}/").content.decode()):
        assert "onerror" in page_of_it
        assert caught(page_of_it) == []

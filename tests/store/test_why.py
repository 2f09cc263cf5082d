"""Why: the answer is the gate's, for every person, report and day; the steps tell the facts; the pages show no more
than the person may know."""

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape
from random import Random
from urllib.parse import quote

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cosn_site.clock import association_day, end_of, start_of
from members.models import Contact, Membership, Organization, Seat, User
from members.seats import take_seat
from reports.models import Report
from store import grants
from store.access import Viewer, decide, read_viewer
from store.models import Download, Grant
from store.reasons import Reason
from store.why import Explanation, explain
from store.why_forms import NEAR_OFFERED
from tests import people, shelf
from tests.site.test_hostile_words import HOSTILE, caught
from tests.store.asking import ask

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 2, 17, tzinfo=UTC)


def about(person: User | None, report: Report, day: date | None = None, now: datetime | None = None) -> Explanation:
    now = now or timezone.now()
    return explain(person=person, report=report, day=day or association_day(now), now=now)


def told(explanation: Explanation) -> str:
    """All steps as words."""
    parts = [f"[{part.title}] " + " / ".join(step.text for step in part.steps) for part in explanation.parts]
    return " ".join(parts).replace("\u00a0", " ")


def that_settle(explanation: Explanation) -> list[str]:
    return [step.text.replace("\u00a0", " ") for part in explanation.parts for step in part.steps if step.settles]


# --- the answer is the gate's -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("who", people.CAST)
def test_today_the_answer_is_the_gates_for_every_person_and_every_kind_of_report(who: str) -> None:
    person = people.CAST[who]()
    for kind, make in shelf.KINDS.items():
        report = make()
        if kind == "bought":
            people.buys(people.purchase(), report)
        now = timezone.now()
        answer = about(person, report, now=now)
        gate = decide(read_viewer(person) if person else Viewer(), report, now)
        assert answer.decision.reason is gate.reason, kind
        assert answer.decision.standing == gate.standing
        assert answer.answer.startswith("Yes" if gate.allowed else "No")
        assert len(that_settle(answer)) == 1, (kind, told(answer))
        (settling,) = [step for part in answer.parts for step in part.steps if step.settles]
        assert settling.holds is gate.allowed, (kind, told(answer))


@pytest.mark.parametrize("seed", range(4))
def test_on_any_other_day_the_answer_is_the_gates_with_the_facts_of_that_day(seed: int) -> None:
    """Seats and grants come and go at random; what was true on a day is told apart by hand."""
    dice, now = Random(seed), NOON  # noqa: S311 - a game, played again alike
    with time_machine.travel(now, tick=False):
        cast = {who: person for who, make in people.CAST.items() if (person := make())}
        report = shelf.report("changing")
        held = _random_seats(dice, list(cast.values()), now)
        given = _random_grants(dice, list(cast.values()), report, now)
        Report.objects.filter(pk=report.pk).update(published_at=now - timedelta(days=300))
        report.refresh_from_db()
    for _ in range(60):
        person = cast[dice.choice(sorted(cast))]
        day = association_day(now) + timedelta(days=dice.randrange(-420, 420))
        if day == association_day(now):
            continue
        at = end_of(day) - timedelta(microseconds=1)
        answer = about(person, report, day, now)
        viewer = read_viewer(person, at)
        assert answer.decision == decide(viewer, report, at)
        assert {grant.id for grant in viewer.grants if grant.opens(report.pk, at)} == {
            grant.pk for grant in given if grant.person_id == person.pk and _open_at(grant, at)
        }
        assert {holding.membership_id for holding in viewer.holdings if holding.seat_number} == {
            seat.membership_id
            for seat in held
            if seat.person_id == person.pk and seat.taken_at <= at and (seat.left_at is None or seat.left_at > at)
        }


def _random_seats(dice: Random, persons: list[User], now: datetime) -> list[Seat]:
    membership = people.maple_valley()
    for number in range(10, 22):
        taken = now - timedelta(days=dice.randrange(1, 400), hours=dice.randrange(24))
        left = taken + timedelta(days=dice.randrange(0, 200), hours=dice.randrange(24))
        Seat.objects.create(
            membership=membership, person=dice.choice(persons), number=number, taken_at=taken, left_at=min(left, now)
        )
    return list(Seat.objects.all())


def _random_grants(dice: Random, persons: list[User], report: Report, now: datetime) -> list[Grant]:
    for _ in range(15):
        opened = now - timedelta(days=dice.randrange(1, 400))
        expires = opened + timedelta(days=dice.randrange(1, 500)) if dice.random() < 0.5 else None
        closed = opened + timedelta(days=dice.randrange(0, 200)) if dice.random() < 0.4 else None
        Grant.objects.create(
            report=report,
            person=dice.choice(persons),
            kind=dice.choice(list(Grant.Kind)),
            opened_at=opened,
            expires_at=expires,
            closed_at=min(closed, now) if closed else None,
        )
    return list(Grant.objects.all())


def _open_at(grant: Grant, at: datetime) -> bool:
    over = [time for time in (grant.closed_at, grant.expires_at) if time is not None]
    return grant.opened_at <= at and all(time > at for time in over)


# --- days on the edge -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("offset", "reason", "settling"),
    [
        (-376, Reason.NOT_A_MEMBER, "There is no membership or seat that opens it"),
        (-375, Reason.MEMBER, "Its term runs from"),
        (-10, Reason.MEMBER, "Its term runs from"),
        (-9, Reason.GRACE, "30 days of grace go on to"),
        (20, Reason.GRACE, "30 days of grace go on to"),
        (21, Reason.LAPSED, "30 days of grace went on to"),
    ],
)
def test_the_first_and_last_days_of_term_and_grace_are_told_to_the_day(
    offset: int, reason: Reason, settling: str
) -> None:
    with time_machine.travel(NOON, tick=False):
        grace, report = people.grace(), shelf.report()
        Report.objects.filter(pk=report.pk).update(published_at=NOON - timedelta(days=900))
        report.refresh_from_db()
        answer = about(grace, report, people.today() + timedelta(days=offset), NOON)
    assert answer.decision.reason is reason
    assert that_settle(answer)[0].startswith(settling)


def test_a_seat_counts_up_to_the_day_before_it_was_left_and_the_leaver_is_told() -> None:
    with time_machine.travel(NOON, tick=False):
        member, report = people.member(), shelf.report()
        Contact.objects.filter(person=member).delete()
        take_seat(seat=member.seat_rows.get(), by=None, now=NOON - timedelta(days=2))
        Report.objects.filter(pk=report.pk).update(published_at=NOON - timedelta(days=900))
        report.refresh_from_db()
        answers = {
            ahead: about(member, report, people.today() + timedelta(days=ahead), NOON)
            for ahead in (-101, -100, -3, -2, 0)
        }
    reasons = {ahead: answer.decision.reason for ahead, answer in answers.items()}
    never, held = Reason.NOT_A_MEMBER, Reason.MEMBER
    assert reasons == {-101: never, -100: held, -3: held, -2: never, 0: never}
    assert "Holds seat 2" in told(answers[-3])
    assert "Held seat 2 of Maple Valley School District until 28 February 2026" in told(answers[0])
    assert "seat 2" not in told(answers[-101])


def test_a_seat_through_a_district_names_it_and_says_when_the_benefit_is_shared_no_longer() -> None:
    member, report = people.provisional(), shelf.report()
    seat = member.seat_rows.get()
    agency = seat.membership.organization
    assert agency is not None
    district = Organization.objects.create(name="Little District", slug="little", kind="district", parent=agency)
    Seat.objects.filter(pk=seat.pk).update(through=district)
    for shares, reason, words in (
        (True, Reason.PROVISIONAL, "Holds seat 1, through Little District"),
        (False, Reason.NOT_A_MEMBER, "through Little District, with which it shares its benefit no longer"),
    ):
        Organization.objects.filter(pk=agency.pk).update(shares_benefit=shares)
        answer = about(member, report)
        assert answer.decision.reason is reason
        assert words in told(answer)


def test_a_grant_is_told_with_its_end() -> None:
    visitor, report = people.visitor(), shelf.report()
    now = timezone.now()
    Report.objects.filter(pk=report.pk).update(published_at=now - timedelta(days=90))
    report.refresh_from_db()
    kind = Grant.Kind.COMPLIMENTARY
    grant = grants.give(
        report=report,
        person=visitor,
        kind=kind,
        expires_at=now + timedelta(days=9),
        by=None,
        now=now - timedelta(days=9),
    )
    today = association_day(now)
    expected = {-10: Reason.NOT_A_MEMBER, -9: Reason.COMPLIMENTARY, 8: Reason.COMPLIMENTARY, 10: Reason.NOT_A_MEMBER}
    for ahead, reason in expected.items():
        answer = about(visitor, report, today + timedelta(days=ahead), now)
        assert answer.decision.reason is reason, ahead
    assert "expired on" in told(about(visitor, report, today + timedelta(days=10), now))
    grants.revoke(grant=grant, reason="A mistake.", by=None, now=now)
    assert "and closed on" in told(about(visitor, report, now=now))
    assert about(visitor, report, today - timedelta(days=1), now).decision.reason is Reason.COMPLIMENTARY


def test_before_its_withdrawal_and_before_its_publication_a_report_is_told_as_it_was() -> None:
    member, report = people.member(), shelf.KINDS["withdrawn"]()
    now = timezone.now()
    Report.objects.filter(pk=report.pk).update(
        published_at=now - timedelta(days=20), withdrawn_at=now - timedelta(days=10)
    )
    report.refresh_from_db()
    today = association_day(now)
    found = {
        ahead: about(member, report, today + timedelta(days=ahead), now).decision.reason for ahead in (-21, -15, -5)
    }
    assert found == {-21: Reason.NOT_PUBLISHED, -15: Reason.MEMBER, -5: Reason.WITHDRAWN}
    assert report.withdrawn_at is not None


# --- the page ---------------------------------------------------------------------------------------------------------
def page(who: User, query: str = "", *, path: str = "/account/why/", status: int = 200) -> str:
    answer = ask(people.browser(who), f"{path}?{query}")
    assert answer.status == status
    main = (
        answer.body.decode().partition("<main")[2].partition("</main>")[0]
        if "admin" not in path
        else (answer.body.decode())
    )
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).replace("\u00a0", " ").split())


def test_the_page_explains_today_when_no_day_is_given() -> None:
    shelf.report()
    words = page(people.member(), "report=a-report")
    for piece in ("Yes: it can be downloaded today. A membership opens it.", "Holds seat 2", "Its term runs from"):
        assert piece in words


def test_a_report_is_found_by_its_title_too() -> None:
    report = shelf.report()
    assert "Yes: it can" in page(people.member(), f"report={report.title.upper().replace(' ', '+')}&day=")


def test_a_past_day_adds_what_the_ledger_shows_of_that_day_and_says_what_is_as_recorded_now() -> None:
    member, report = people.member(), shelf.report()
    now = timezone.now()
    Report.objects.filter(pk=report.pk).update(published_at=now - timedelta(days=90))
    yesterday = people.today() - timedelta(days=1)
    first = start_of(yesterday)
    times = (first - timedelta(seconds=1), first, end_of(yesterday) - timedelta(seconds=1), end_of(yesterday))
    edition = report.current_edition
    assert edition is not None
    for at in times:
        Download.objects.create(edition=edition, person=member, right="member", at=at)
    words = page(member, f"report=a-report&day={yesterday}")
    assert words.count("Edition 1, ") == 2
    assert "terms, contacts and e-mail domains as they are recorded now" in words
    words = page(member, f"report=a-report&day={yesterday - timedelta(days=5)}")
    assert "Downloads of it on that day None." in words


def test_a_day_to_come_says_that_the_answer_can_change() -> None:
    shelf.report()
    ahead = people.today() + timedelta(days=3)
    words = page(people.visitor(), f"report=a-report&day={ahead}")
    assert "No: it cannot be downloaded on" in words
    assert "changes the answer" in words
    assert "Downloads of it" not in words


@pytest.mark.parametrize(
    ("query", "sentence", "kept"),
    [
        ("report=nothing-here&day=", "There is no such report", "nothing-here"),
        ("report=draft", "There is no such report", "draft"),
        ("report=scheduled&day=2099-01-01", "There is no such report", "2099-01-01"),
        ("report=&day=", "Say which report", ""),
        ("report=a-report&day=2026-13-40", "This is no day", "2026-13-40"),
        ("report=a-report&day=yesterday", "This is no day", "yesterday"),
        ("report=a-report&day=9999-12-31", "Choose a day from 2000 to 2100", "9999-12-31"),
        ("report=a-report&day=0001-01-01", "Choose a day from 2000 to 2100", "a-report"),
        ("report=%00&day=2026-01-01", "", "2026-01-01"),
    ],
)
def test_a_bad_day_or_report_gets_a_sentence_and_what_was_typed_stays(query: str, sentence: str, kept: str) -> None:
    shelf.report(), shelf.KINDS["draft"](), shelf.KINDS["scheduled"]()
    answer = ask(people.browser(people.member()), f"/account/why/?{query}")
    assert answer.status == 422
    html = answer.body.decode()
    assert sentence in unescape(html)
    assert f'value="{kept}"' in html or not kept
    assert "it can" not in html


def test_a_part_of_a_title_offers_the_near_reports_and_keeps_what_was_typed() -> None:
    member = people.member()
    for number in range(1, 8):
        shelf.report(f"leap-{number}")
    Report.objects.update(title="Digital Leap & More")
    answer = ask(people.browser(member), "/account/why/?report=digital+leap&day=2026-01-01")
    assert answer.status == 422
    html = answer.body.decode()
    assert 'value="digital leap"' in html
    assert "Choose one of those below" in html
    links = [unescape(link) for link in re.findall(r'href="(\?[^"]*)">Digital Leap &amp; More</a>', html)]
    assert len(links) == NEAR_OFFERED
    assert links[0] == "?day=2026-01-01&report=leap-1"
    assert "Digital Leap & More" in page(member, links[0][1:])
    assert "in their title" not in page(member, "report=nothing+like+it", status=422)


def test_near_reports_that_are_not_out_are_offered_to_staff_only() -> None:
    for kind in ("draft", "scheduled", "withdrawn"):
        shelf.KINDS[kind]()
    Report.objects.update(title="A leap of faith")
    near = {
        who: re.findall(r"report=(\w+)\"", ask(people.browser(person), f"{path}?{query}report=leap").body.decode())
        for who, person, path, query in (
            ("member", people.member(), "/account/why/", ""),
            ("staff", people.staff(), STAFF_PAGE, "person=member@example.org&"),
        )
    }
    assert near == {"member": ["withdrawn"], "staff": ["draft", "scheduled", "withdrawn"]}
    html = ask(people.browser(people.staff()), f"{STAFF_PAGE}?person=member@example.org&report=leap").body.decode()
    assert 'href="?person=member%40example.org&amp;day=&amp;report=draft"' in html


def test_a_report_that_is_not_out_is_known_to_staff_only() -> None:
    draft = shelf.KINDS["draft"]()
    assert draft.title not in page(people.member())
    assert "Works for the association" in page(people.staff(), "report=draft")


def test_refusals_and_the_account_lead_to_the_page() -> None:
    shelf.KINDS["members"](), shelf.KINDS["withdrawn"]()
    for who in ("visitor", "noseat", "lapsed", "unverified"):
        browser = people.browser(people.CAST[who]())
        for path in ("/store/reports/members/download/", "/store/reports/members/", "/knowledge-center/members/"):
            assert 'href="/account/why/?report=members"' in ask(browser, path).body.decode(), (who, path)
    assert 'href="/account/why/?report=withdrawn"' in ask(browser, "/store/reports/withdrawn/").body.decode()
    assert 'href="/account/why/"' in ask(browser, "/account/").body.decode()
    allowed = ask(people.browser(people.member()), "/store/reports/members/").body.decode()
    assert "/account/why/" not in allowed


# --- for staff --------------------------------------------------------------------------------------------------------
STAFF_PAGE = "/admin/store/grant/why/"


def test_staff_ask_about_anybody_and_get_the_same_steps_as_the_person() -> None:
    lapsed, _ = people.lapsed(), shelf.report()
    theirs = page(lapsed, "report=a-report")
    ours = page(people.staff(), f"person={lapsed.email.upper()}&report=a-report", path=STAFF_PAGE)
    steps = theirs.partition("No: it cannot")[2].partition("See how to get")[0]
    assert "30 days of grace went on to" in steps
    assert steps.strip() in ours


def test_staff_find_the_page_from_the_person_and_from_the_membership() -> None:
    member, browser = people.member(), people.browser(people.staff())
    html = ask(browser, f"/admin/members/user/{member.pk}/change/").body.decode()
    assert f'href="{STAFF_PAGE}?person=member%40example.org"' in html or (
        f'href="{STAFF_PAGE}?person=member@example.org"' in html
    )
    membership = Membership.objects.get()
    html = ask(browser, f"/admin/members/membership/{membership.pk}/change/").body.decode()
    assert f'href="{STAFF_PAGE}?membership={membership.pk}"' in html
    words = page(people.staff(), f"membership={membership.pk}", path=STAFF_PAGE)
    assert "Jordan Whitfield (member@example.org)" in words
    assert "lapsed@" not in words


@pytest.mark.parametrize(
    "query", ["person=nobody@example.org&report=a-report", "person=&report=a-report&day=2026-01-01"]
)
def test_staff_get_a_sentence_for_an_address_that_is_nobodys(query: str) -> None:
    shelf.report()
    words = page(people.staff(), query, path=STAFF_PAGE, status=422)
    assert "Nobody with this address" in words or "Say whom it is about" in words


@pytest.mark.parametrize("membership", ["x", "99999999999999999999", "-1", "%00", ""])
def test_a_membership_that_is_none_shows_nobody(membership: str) -> None:
    assert "Its people" not in page(people.staff(), f"membership={membership}", path=STAFF_PAGE)


def test_editors_and_members_cannot_ask_about_others() -> None:
    for who in (people.editor(), people.member()):
        assert ask(people.browser(who), STAFF_PAGE).status in (302, 403)


def test_the_page_writes_nothing() -> None:
    member, _ = people.member(), shelf.report()
    browser = people.browser(member)
    with CaptureQueriesContext(connection) as asked:
        assert ask(browser, "/account/why/?report=a-report&day=2026-01-01").status == 200
    written = [query["sql"] for query in asked if query["sql"].split()[0] in {"INSERT", "UPDATE", "DELETE"}]
    assert written == []


def test_hostile_words_are_shown_as_words() -> None:
    member, report = people.member(), shelf.report()
    Organization.objects.update(name=HOSTILE)
    Report.objects.filter(pk=report.pk).update(title=HOSTILE)
    User.objects.filter(pk=member.pk).update(name=HOSTILE)
    for who, path in (
        (member, "/account/why/?report=a-report"),
        (member, f"/account/why/?report={quote(HOSTILE)}&day={quote(HOSTILE)}"),
        (member, "/account/why/?report=onerror"),
        (people.staff(), f"{STAFF_PAGE}?person=member@example.org&report=onerror"),
        (people.staff(), f"{STAFF_PAGE}?person=member@example.org&report=a-report"),
        (people.staff(), f"{STAFF_PAGE}?person={quote(HOSTILE)}&report={quote(HOSTILE)}&day={quote(HOSTILE)}"),
    ):
        html = ask(people.browser(who), path).body.decode()
        assert "onerror" in html
        assert caught(html) == []

"""The public pages: the series, and one forum in every state of its life."""

import json
import re
from datetime import time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from forums.links import token_of
from forums.models import Forum, ForumSeries, Part, Registration, Seating, Session, Speaker, Sponsor
from forums.registrations import cancel
from tests import people
from tests.factories import make_forum, make_open_forum, make_registration, make_report, make_takeaway

pytestmark = pytest.mark.django_db

State = Registration.State
INDEX = "/cto-forums/"


def page(address: str, browser: Client | None = None) -> str:
    answer = (browser or Client()).get(address)
    assert answer.status_code == 200
    return answer.content.decode().replace("\u00a0", " ")


def open_forum(slug: str = "who-decides", *, capacity: int = 2, **fields: Any) -> Forum:
    return make_open_forum(slug, now=timezone.now(), capacity=capacity, **fields)


def registered(forum: Forum, key: str) -> Registration:
    return make_registration(forum, people.person(key), now=timezone.now())


def panel(text: str) -> str:
    found = re.search(r'<aside class="stick".*?</aside>', text, re.S)
    assert found is not None
    return found.group()


# --- one forum ----------------------------------------------------------------------------------------------------
def test_when_and_where_are_told_in_the_forums_own_zone() -> None:
    starts = (timezone.now() + timedelta(days=60)).replace(hour=18, minute=0)
    forum = open_forum(
        time_zone="America/Chicago",
        starts_at=starts,
        ends_at=starts + timedelta(hours=4),
        venue="Room 4",
        map_url="https://maps.example/room-4",
        host_conference="The annual conference",
        audience="District CTOs",
    )
    text = page(forum.get_absolute_url())
    assert f"{forum.local_start:%A}" in text
    assert "Central" in text
    for words in ("Room 4", 'href="https://maps.example/room-4"', "At The annual conference", "District CTOs"):
        assert words in text


def test_the_agenda_has_ends_and_who_speaks_and_each_speaker_is_told_once() -> None:
    forum = open_forum()
    first = Session.objects.create(forum=forum, title="Cases", starts_at=time(13), ends_at=time(13, 20))
    second = Session.objects.create(forum=forum, title="Tables", detail="Eight to each", starts_at=time(14, 15))
    ada = Speaker.objects.create(name="Ada Field", title="CTO", organization="Elm County", bio="Leads **twelve**.")
    bo = Speaker.objects.create(name="Bo Hill")
    Part.objects.create(session=first, speaker=ada)
    Part.objects.create(session=second, speaker=ada, role=Part.Role.MODERATOR)
    Part.objects.create(session=second, speaker=bo, role=Part.Role.MODERATOR, position=1)
    text = page(forum.get_absolute_url())
    assert re.search(r"1 pm<span class=\"ends\"> to 1:20 pm</span>", text)
    assert "With Ada Field (moderator), Bo Hill (moderator)" in text
    assert text.count("<h3>Ada Field</h3>") == 1
    assert "<strong>twelve</strong>" in text
    assert "Eight to each" in text


def test_an_open_forum_says_how_many_seats_are_left_and_how_to_get_one() -> None:
    forum = open_forum(capacity=3, registration_closes_at=timezone.now() + timedelta(days=50))
    registered(forum, "first")
    text = panel(page(forum.get_absolute_url()))
    assert "2 of 3 seats left" in text
    assert reverse("forums:register", args=[forum.slug]) in text
    assert "Registration closes on" in text


def test_a_full_forum_says_how_many_wait() -> None:
    forum = open_forum(capacity=1)
    for number in range(3):
        registered(forum, f"cto{number}")
    text = panel(page(forum.get_absolute_url()))
    assert "All 1 seats are taken" in text
    assert "2 people are waiting" in text
    assert "Join the waitlist" in text


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"registration_opens_at": timezone.now() + timedelta(days=2)}, "Registration opens on"),
        ({"registration_opens_at": None}, "Registration opens later"),
        ({"registration_closes_at": timezone.now() - timedelta(hours=1)}, "Registration closed on"),
        ({"status": Forum.Status.CANCELLED}, "This forum will not take place"),
        ({"starts_at": timezone.now() - timedelta(hours=1)}, "The forum has begun"),
        ({"starts_at": timezone.now() - timedelta(days=1)}, "Was held"),
    ],
)
def test_nobody_is_sent_to_register_where_it_is_not_open(fields: dict[str, Any], says: str) -> None:
    forum = open_forum(**fields)
    text = panel(page(forum.get_absolute_url()))
    assert says in text
    assert reverse("forums:register", args=[forum.slug]) not in text


def test_who_is_registered_is_led_to_their_registration() -> None:
    forum = open_forum(capacity=1)
    rows = [registered(forum, "first"), registered(forum, "second"), registered(forum, "third")]
    mine = [panel(page(forum.get_absolute_url(), people.browser(row.person))) for row in rows]
    for row, text in zip(rows, mine, strict=True):
        assert reverse("forums:registration", args=[token_of(row)]) in text
        assert reverse("forums:register", args=[forum.slug]) not in text
    assert "You are registered" in mine[0]
    assert "You are 2nd of 2 in line" in mine[2]
    cancel(registration=rows[0], by=None, now=timezone.now())
    assert "A seat is yours until" in panel(page(forum.get_absolute_url(), people.browser(rows[1].person)))
    assert "All 1 seats are taken" in panel(page(forum.get_absolute_url(), people.browser(rows[0].person)))


def test_a_draft_is_seen_by_staff_alone() -> None:
    forum = open_forum(status=Forum.Status.DRAFT)
    for browser in (Client(), people.browser(people.member())):
        assert browser.get(forum.get_absolute_url()).status_code == 404
    assert "This is a draft" in page(forum.get_absolute_url(), people.browser(people.staff()))


def test_a_forum_that_is_known_by_its_month_shows_no_hours() -> None:
    text = page(make_forum("2013-march", host_conference="The spring conference").get_absolute_url())
    assert "March 2013" in text
    assert "Eastern" not in text
    assert "ld+json" not in text


def test_search_engines_are_told_of_the_event() -> None:
    forum = open_forum(title="</script><b>Bold", capacity=1)

    def told() -> dict[str, object]:
        found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page(forum.get_absolute_url()), re.S)
        assert found is not None
        facts: dict[str, object] = json.loads(found.group(1))
        return facts

    facts = told()
    assert (facts["@type"], facts["name"]) == ("Event", "</script><b>Bold")
    assert facts["startDate"] == forum.local_start.isoformat()
    assert facts["offers"]["availability"].endswith("InStock")  # type: ignore[index]
    registered(forum, "first")
    assert told()["offers"]["availability"].endswith("SoldOut")  # type: ignore[index]
    Forum.objects.update(status=Forum.Status.CANCELLED)
    assert str(told()["eventStatus"]).endswith("EventCancelled")


def test_before_a_forum_the_day_goes_into_ones_own_calendar() -> None:
    forum = open_forum()
    address = reverse("forums:forum_calendar", args=[forum.slug])
    assert address in page(forum.get_absolute_url())
    Forum.objects.update(starts_at=timezone.now() - timedelta(days=2), ends_at=timezone.now() - timedelta(days=1))
    assert address not in page(forum.get_absolute_url())


def test_a_change_of_the_forum_is_on_its_page_at_once() -> None:
    forum = open_forum(venue="Room 4")
    session = Session.objects.create(forum=forum, title="Cases", starts_at=time(13))
    ada = Speaker.objects.create(name="Ada Field")
    Part.objects.create(session=session, speaker=ada)
    page(forum.get_absolute_url())
    Forum.objects.filter(pk=forum.pk).update(venue="Room 5")
    Session.objects.filter(pk=session.pk).update(starts_at=time(14))
    Speaker.objects.filter(pk=ada.pk).update(bio="Leads twelve schools.")
    forum.sponsors.add(Sponsor.objects.create(name="Acme"))
    text = page(forum.get_absolute_url())
    for words in ("Room 5", "2 pm", "Leads twelve schools.", "Acme"):
        assert words in text
    assert "Room 4" not in text


# --- what it costs ------------------------------------------------------------------------------------------------
def statements(address: str, browser: Client) -> int:
    browser.get(address)
    with CaptureQueriesContext(connection) as asked:
        assert browser.get(address).status_code == 200
    return len(asked)


def fill(forum: Forum, turn: int) -> None:
    for number in range(4):
        session = Session.objects.create(forum=forum, title=f"Session {number}", starts_at=time(9 + number, turn))
        speaker = Speaker.objects.create(name=f"Speaker {turn} {number}")
        Part.objects.create(session=session, speaker=speaker)
        forum.sponsors.add(Sponsor.objects.create(name=f"Sponsor {forum.slug} {turn} {number}"))
        registered(forum, f"cto{turn}{number}")


def test_the_page_of_a_forum_is_one_statement_and_another_for_who_is_signed_in() -> None:
    forum, visitor = open_forum(), people.browser(people.visitor())
    for turn in range(2):
        fill(forum, turn)
        assert statements(forum.get_absolute_url(), Client()) == 1
        assert statements(forum.get_absolute_url(), visitor) == 4  # with the session, the person


def test_the_page_of_the_series_costs_the_same_however_many_forums_there_are() -> None:
    costs = []
    for turn in range(2):
        for number in range(3):
            fill(open_forum(f"coming-{turn}-{number}"), turn * 3 + number)
            past = make_forum(f"past-{turn}-{number}")
            make_takeaway(make_report(forum=past))
            past.sponsors.add(Sponsor.objects.create(name=f"Patron {turn} {number}"))
        costs.append(statements(INDEX, Client()))
    assert costs[0] == costs[1] <= 4


# --- the series ---------------------------------------------------------------------------------------------------
def test_the_series_says_what_is_next_with_its_seats() -> None:
    later, sooner = open_forum("later", capacity=48), open_forum("sooner", starts_at=timezone.now() + timedelta(days=9))
    Seating.objects.filter(forum=later).update(capacity=48)
    text = page(INDEX)
    assert "48 of 48 seats left" in text
    assert text.index(sooner.get_absolute_url()) < text.index(later.get_absolute_url())
    assert reverse("forums:calendar") in text


def test_past_forums_have_their_report_and_takeaways_the_latest_first() -> None:
    march = make_forum("2013-march")
    june = make_forum("2013-june", starts_at=march.starts_at + timedelta(days=90))
    report = make_report(forum=march, title="What was said")
    make_takeaway(report), make_takeaway(report, text="Another")
    text = page(INDEX)
    assert text.index(june.get_absolute_url()) < text.index(march.get_absolute_url())
    assert f'href="{report.get_absolute_url()}">What was said' in text
    assert "2 takeaways" in text


def test_supporters_are_named_by_the_year_of_their_forums() -> None:
    one, other = make_forum("2013-march"), make_forum("2013-june")
    later = make_forum("2016-april", starts_at=one.starts_at.replace(year=2016))
    acme, best = Sponsor.objects.create(name="Acme"), Sponsor.objects.create(name="Best")
    one.sponsors.add(acme, best)
    other.sponsors.add(acme)
    later.sponsors.add(best)
    supporters = page(INDEX).partition("Supporters by year")[2]
    assert re.findall(r"(2016|2013|Acme|Best)</", supporters) == ["2016", "Best", "2013", "Acme", "Best"]


def test_drafts_are_not_listed_and_cancelled_ones_say_so() -> None:
    draft = open_forum("draft", status=Forum.Status.DRAFT)
    cancelled = open_forum("cancelled", status=Forum.Status.CANCELLED)
    text = page(INDEX)
    assert draft.get_absolute_url() not in text
    assert cancelled.get_absolute_url() in text
    assert "Cancelled" in text


def test_the_series_stands_when_there_is_nothing_yet() -> None:
    ForumSeries.objects.all().delete()
    assert "No forum is announced just now" in page(INDEX)

"""Calendar files: read back by two programs, from the first letter to the cancellation."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from forums.announcing import announce_change, cancel_forum
from forums.calendar import calendar_of, registration_calendar
from forums.calendar_links import google_link, outlook_link
from forums.handing_on import hold_out, take
from forums.links import token_of
from forums.models import Forum, Registration
from forums.registrations import Details, accept_offer, admit_beyond_capacity, cancel
from forums.vtimezone import changes_of, timezone_for
from tests import people
from tests.factories import make_forum, make_open_forum, make_registration
from tests.forums.calendar_program import CalendarProgram

pytestmark = pytest.mark.django_db

NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOSTILE = 'Who decides; you, or "they"?\r\nEND:VEVENT\r\nATTENDEE:mailto:x@example.org \\, 学校 ' + "long " * 20


@pytest.fixture(scope="module")
def program(chromium: str) -> Iterator[CalendarProgram]:
    """Ical.js in a browser."""
    made = CalendarProgram(chromium)
    yield made
    made.close()


def fresh(row: Registration) -> Registration:
    return Registration.objects.select_related("forum", "person").get(pk=row.pk)


def file_of(row: Registration, now: datetime) -> bytes:
    return registration_calendar(fresh(row), now)


def event_of(content: bytes) -> object:
    (event,) = Calendar.from_ical(content).walk("VEVENT")
    return event


# --- one registration ---------------------------------------------------------------------------------------------
def test_a_registration_is_an_entry_in_the_forums_zone(program: CalendarProgram) -> None:
    start = datetime(2027, 4, 6, 17, tzinfo=UTC)
    forum = make_open_forum(now=NOW, starts_at=start, venue="Hall 2, third floor", title="Who decides?")
    row = make_registration(forum, people.member(), now=NOW)
    content = file_of(row, NOW)
    calendar = Calendar.from_ical(content)
    (event,) = calendar.walk("VEVENT")
    assert calendar["METHOD"] == "REQUEST"
    assert event["DTSTART"].params["TZID"] == "America/New_York"
    assert event.decoded("DTSTART") == start
    assert event.decoded("DTSTART").hour == 13
    assert event["LOCATION"] == "Hall 2, third floor"
    assert event["ORGANIZER"] == "mailto:forums@example.org"
    assert event["ATTENDEE"] == "mailto:member@example.org"
    assert event["ATTENDEE"].params["PARTSTAT"] == "ACCEPTED"
    assert [str(zone["TZID"]) for zone in calendar.walk("VTIMEZONE")] == ["America/New_York"]
    (shown,) = program.open([content])
    assert shown["start"] == start.timestamp()
    assert shown["end"] == forum.ends_at.timestamp()
    assert shown["zone"] == "America/New_York"
    assert shown["summary"] == "CTO Leadership Forum: Who decides?"
    assert (shown["attendee"], shown["answer"]) == ("mailto:member@example.org", "ACCEPTED")


def test_the_entry_keeps_its_uid_and_its_sequence_rises_with_every_step(program: CalendarProgram) -> None:
    forum = make_open_forum(now=NOW, capacity=1)
    first = make_registration(forum, people.person("first"), now=NOW)
    row = make_registration(forum, people.person("second"), now=NOW)
    files = [file_of(row, NOW)]
    cancel(registration=first, by=None, now=NOW + MINUTE)
    files.append(file_of(row, NOW + MINUTE))
    accept_offer(registration=row, by=None, now=NOW + 2 * MINUTE)
    files.append(file_of(row, NOW + 2 * MINUTE))
    forum.refresh_from_db()
    forum.starts_at, forum.ends_at = forum.starts_at + timedelta(days=1), forum.ends_at + timedelta(days=1)
    announce_change(forum=forum, by=None, now=NOW + 3 * MINUTE)
    files.append(file_of(row, NOW + 3 * MINUTE))
    cancel(registration=fresh(row), by=None, now=NOW + 4 * MINUTE)
    files.append(file_of(row, NOW + 4 * MINUTE))
    events = [event_of(content) for content in files]
    sequences = [event["SEQUENCE"] for event in events]  # type: ignore[index]
    assert len({str(event["UID"]) for event in events}) == 1  # type: ignore[index]
    assert sequences == sorted(set(sequences))
    assert [event["STATUS"] for event in events] == [  # type: ignore[index]
        *("TENTATIVE", "TENTATIVE", "CONFIRMED", "CONFIRMED", "CANCELLED")
    ]
    (shown,) = program.open(files[:4])
    assert (shown["status"], shown["start"]) == ("CONFIRMED", forum.starts_at.timestamp())
    assert program.open(files) == []


def test_an_update_replaces_whatever_the_order_in_which_the_files_are_opened(program: CalendarProgram) -> None:
    forum = make_open_forum(now=NOW, venue="The old hall")
    row = make_registration(forum, people.member(), now=NOW)
    old = file_of(row, NOW)
    forum.venue = "The new hall"
    announce_change(forum=forum, by=None, now=NOW + MINUTE)
    new = file_of(row, NOW + MINUTE)
    assert [event["location"] for event in program.open([old])] == ["The old hall"]
    assert [event["location"] for event in program.open([old, new])] == ["The new hall"]
    assert [event["location"] for event in program.open([new, old])] == ["The new hall"]


def test_a_cancellation_removes_and_an_old_file_does_not_bring_it_back(program: CalendarProgram) -> None:
    forum = make_open_forum(now=NOW)
    row, other = make_registration(forum, people.member(), now=NOW), make_registration(forum, people.grace(), now=NOW)
    old, others = file_of(row, NOW), file_of(other, NOW)
    cancel(registration=row, by=None, now=NOW + MINUTE)
    gone = file_of(row, NOW + MINUTE)
    assert Calendar.from_ical(gone)["METHOD"] == "CANCEL"
    assert [event["uid"] for event in program.open([old, others, gone, old])] == [str(event_of(others)["UID"])]  # type: ignore[index]


def test_who_comes_back_after_cancelling_has_the_entry_again(program: CalendarProgram) -> None:
    forum = make_open_forum(now=NOW)
    row = make_registration(forum, people.member(), now=NOW)
    files = [file_of(row, NOW)]
    cancel(registration=row, by=None, now=NOW + MINUTE)
    files.append(file_of(row, NOW + MINUTE))
    make_registration(forum, people.member(), now=NOW + 2 * MINUTE)
    files.append(file_of(row, NOW + 2 * MINUTE))
    assert [event["status"] for event in program.open(files)] == ["CONFIRMED"]


def test_one_chair_more_for_who_waited_is_an_update(program: CalendarProgram) -> None:
    forum = make_open_forum(now=NOW, capacity=1)
    make_registration(forum, people.person("first"), now=NOW)
    row = make_registration(forum, people.person("second"), now=NOW)
    before = file_of(row, NOW)
    admit_beyond_capacity(
        forum=forum, person=row.person, details=Details(), reason="A speaker.", by=people.staff(), now=NOW
    )
    after = file_of(row, NOW)
    assert [event["status"] for event in program.open([after, before])] == ["CONFIRMED"]


def test_a_seat_that_is_handed_on_leaves_one_calendar_and_enters_the_other(program: CalendarProgram) -> None:
    forum = make_open_forum(now=NOW)
    row = make_registration(forum, people.member(), now=NOW)
    before = file_of(row, NOW)
    held = hold_out(registration=row, email="colleague@example.org", name="", by=None, now=NOW + MINUTE)
    taken = take(hand_on=held, person=people.person("colleague"), details=Details(), by=None, now=NOW + 2 * MINUTE)
    assert program.open([before, file_of(row, NOW + 2 * MINUTE)]) == []
    (shown,) = program.open([file_of(taken, NOW + 2 * MINUTE)])
    assert (shown["attendee"], shown["status"]) == ("mailto:colleague@example.org", "CONFIRMED")
    assert shown["uid"] != str(event_of(before)["UID"])  # type: ignore[index]


def test_a_cancelled_forum_leaves_the_calendars_of_everyone(program: CalendarProgram) -> None:
    forum = make_open_forum(now=NOW, capacity=1)
    rows = [make_registration(forum, people.person(f"cto{number}"), now=NOW) for number in range(2)]
    before = [file_of(row, NOW) for row in rows]
    assert len(program.open(before)) == 2
    cancel_forum(forum=forum, by=None, now=NOW + MINUTE)
    assert program.open([*before, *(file_of(row, NOW + MINUTE) for row in rows)]) == []


# --- words and bytes ----------------------------------------------------------------------------------------------
def test_hostile_words_stay_words(program: CalendarProgram) -> None:
    forum = make_open_forum(now=NOW, title=HOSTILE, venue=HOSTILE, summary=HOSTILE[:400])
    who = people.person("hostile", name='Kim "Q"; CN=x:\r\nATTENDEE:y')
    content = file_of(make_registration(forum, who, now=NOW), NOW)
    (event,) = Calendar.from_ical(content).walk("VEVENT")
    assert HOSTILE.replace("\r\n", "\n").rstrip() in str(event["SUMMARY"])
    (shown,) = program.open([content])
    assert HOSTILE.replace("\r\n", "\n") in shown["summary"]
    assert shown["location"] == HOSTILE.replace("\r\n", "\n")
    assert shown["attendee"] == "mailto:hostile@example.org"
    assert content.count(b"\r\nATTENDEE") == 1
    assert content.count(b"\r\nEND:VEVENT") == 1


def test_no_line_is_longer_than_75_octets_and_each_ends_as_it_should() -> None:
    forum = make_open_forum(now=NOW, title=HOSTILE, summary="学" * 300)
    content = file_of(make_registration(forum, people.member(), now=NOW), NOW)
    assert content.endswith(b"\r\n")
    assert max(len(line) for line in content.split(b"\r\n")) <= 75
    assert b"\n" not in content.replace(b"\r\n", b"")


def test_the_entry_holds_no_link_that_could_cancel() -> None:
    forum = make_open_forum(now=NOW, summary="A day among peers.")
    row = make_registration(forum, people.member(), now=NOW)
    unfolded = file_of(row, NOW).replace(b"\r\n ", b"").decode()
    assert token_of(row) not in unfolded + google_link(forum) + outlook_link(forum)
    assert forum.get_absolute_url() in unfolded


@pytest.mark.parametrize("zone", ["America/New_York", "America/Phoenix", "Europe/Dublin", "America/St_Johns"])
def test_the_hour_is_right_in_every_month_by_the_zone_in_the_file(program: CalendarProgram, zone: str) -> None:
    starts = [datetime(2027, month, 13, 15, 30, tzinfo=UTC) for month in range(1, 13)]
    files = []
    for number, start in enumerate(starts):
        forum = make_forum(f"f{number}", starts_at=start, time_zone=zone, precision=Forum.Precision.TIME)
        files.append(calendar_of([forum], NOW))
    assert [event["start"] for event in program.open(files)] == [start.timestamp() for start in starts]


def test_the_hour_is_right_on_both_sides_of_a_change_of_the_clocks(program: CalendarProgram) -> None:
    # 14 March 2027, 2 am Eastern: the forum begins an hour before and ends an hour after, two hours by the clock more
    start = datetime(2027, 3, 14, 6, tzinfo=UTC)
    forum = make_open_forum(now=NOW, starts_at=start, ends_at=start + timedelta(hours=2))
    (shown,) = program.open([file_of(make_registration(forum, people.member(), now=NOW), NOW)])
    assert (shown["start"], shown["end"]) == (start.timestamp(), start.timestamp() + 2 * 3600)
    assert [forum.local_start.hour, forum.local_end.hour] == [1, 4]


# --- the zone in the file -----------------------------------------------------------------------------------------
def test_a_zone_with_a_yearly_rule_is_written_as_the_rule() -> None:
    written = timezone_for(ZoneInfo("America/New_York"), [2027]).to_ical().decode()
    assert "RRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=3" in written
    assert "RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11" in written
    assert "RDATE" not in written


def test_a_zone_without_a_yearly_rule_is_written_as_a_list() -> None:
    assert "RDATE" in timezone_for(ZoneInfo("Africa/Casablanca"), [2027]).to_ical().decode()


def test_a_zone_that_never_changes_has_one_part() -> None:
    assert len(timezone_for(ZoneInfo("America/Phoenix"), [2027]).subcomponents) == 1


@given(year=st.integers(2008, 2060), zone=st.sampled_from(["America/Denver", "Europe/Berlin", "Australia/Sydney"]))
def test_changes_of_the_clocks_are_found_to_the_minute(year: int, zone: str) -> None:
    for change in changes_of(ZoneInfo(zone), year):
        after = change.at.replace(tzinfo=UTC) - change.before
        assert after.astimezone(ZoneInfo(zone)).utcoffset() == change.after
        assert (after - timedelta(minutes=1)).astimezone(ZoneInfo(zone)).utcoffset() == change.before


# --- to subscribe to ----------------------------------------------------------------------------------------------
def test_the_calendar_of_all_forums_is_to_be_subscribed_to(client: Client, program: CalendarProgram) -> None:
    make_open_forum("soon", now=NOW, title="Soon")
    make_open_forum("off", now=NOW, title="Off", status=Forum.Status.CANCELLED)
    make_open_forum("draft", now=NOW, title="Draft", status=Forum.Status.DRAFT)
    make_forum("by-month", title="Long ago")
    response = client.get("/cto-forums/calendar.ics")
    assert response.headers["Content-Type"].startswith("text/calendar; charset=utf-8")
    calendar = Calendar.from_ical(response.content)
    assert (calendar["METHOD"], calendar["X-PUBLISHED-TTL"].to_ical()) == ("PUBLISH", b"PT12H")
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT12H" in response.content
    shown = {event["summary"]: event["status"] for event in program.open([response.content])}
    assert shown == {"CTO Leadership Forum: Soon": "CONFIRMED", "CTO Leadership Forum: Off": "CANCELLED"}


def test_a_change_reaches_those_who_subscribed(client: Client, program: CalendarProgram) -> None:
    forum = make_open_forum(now=NOW, venue="The old hall")
    old = client.get("/cto-forums/calendar.ics").content
    forum.venue = "The new hall"
    announce_change(forum=forum, by=None, now=NOW)
    new = client.get("/cto-forums/calendar.ics").content
    assert [event["location"] for event in program.open([old, new])] == ["The new hall"]
    assert [event["location"] for event in program.open([new, old])] == ["The new hall"]


def test_one_forum_has_a_calendar_file_of_its_own(client: Client) -> None:
    forum = make_open_forum("2027-april", now=NOW)
    response = client.get("/cto-forums/2027-april/calendar.ics")
    assert 'filename="2027-april.ics"' in response.headers["Content-Disposition"]
    assert event_of(response.content)["UID"] == f"forum-{forum.pk}@127.0.0.1"  # type: ignore[index]
    assert client.get(reverse("forums:forum_calendar", args=[make_forum("month").slug])).status_code == 404


def test_who_has_the_link_gets_the_calendar_file_and_nobody_else(client: Client) -> None:
    row = make_registration(make_open_forum(now=NOW), people.member(), now=NOW)
    response = client.get(reverse("forums:registration_calendar", args=[token_of(row)]))
    assert response.headers["Content-Type"] == "text/calendar; charset=utf-8; method=REQUEST"
    assert event_of(response.content)["UID"] == f"registration-{row.pk}@127.0.0.1"  # type: ignore[index]
    assert client.get(f"/cto-forums/r/{row.pk}:forged/calendar.ics").status_code == 404


# --- links --------------------------------------------------------------------------------------------------------
def test_google_and_outlook_are_given_the_same_hours() -> None:
    forum = make_open_forum(now=NOW, starts_at=datetime(2027, 4, 6, 17, tzinfo=UTC), title="A & B?", venue="Hall 2")
    google = parse_qs(urlsplit(google_link(forum)).query)
    assert google["dates"] == ["20270406T130000/20270406T170000"]
    assert (google["ctz"], google["text"]) == (["America/New_York"], ["CTO Leadership Forum: A & B?"])
    outlook = parse_qs(urlsplit(outlook_link(forum)).query)
    assert (outlook["startdt"], outlook["enddt"]) == (["2027-04-06T13:00:00-04:00"], ["2027-04-06T17:00:00-04:00"])
    assert outlook["location"] == google["location"] == ["Hall 2"]


# --- any text -----------------------------------------------------------------------------------------------------
def test_any_title_reads_back_in_both_programs(program: CalendarProgram) -> None:
    dice = random.Random(4)  # noqa: S311 - the same titles every time
    letters = "aé学😀 ,;:\\\"'\n=^&<>\u2028\u0085\t" + "\u200b"
    forum = Forum(pk=1, slug="x", starts_at=NOW, ends_at=NOW + timedelta(hours=2))
    for _ in range(60):
        forum.title = "T" + "".join(dice.choice(letters) for _ in range(dice.randint(0, 120)))
        content = calendar_of([forum], NOW)
        wanted = f"CTO Leadership Forum: {forum.title}".replace("\u2028", "").replace("\u0085", "")
        assert str(event_of(content)["SUMMARY"]) == wanted  # type: ignore[index]
        assert [event["summary"] for event in program.open([content])] == [wanted]

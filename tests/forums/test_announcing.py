"""Telling many at once: changes, a cancelled forum, its report, and what staff write."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from forums.announcing import (
    NobodyToTell,
    NotAnnounced,
    NothingToSay,
    SentAlready,
    TextWrong,
    announce_change,
    attendees,
    cancel_forum,
    mail_registrants,
    tell_of_cancelled,
    tell_report_is_out,
)
from forums.models import CheckIn, Forum, LetterKind, Mailing, Registration
from forums.registrations import ForumCancelled, cancel
from tests import people
from tests.factories import make_open_forum, make_registration
from tests.forums.post_office import deliver, html_of, kinds_waiting

pytestmark = pytest.mark.django_db

NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
State = Registration.State


@pytest.fixture
def forum() -> Forum:
    """Two seats, and three who wait or sit; one more has cancelled. Their first letters are delivered."""
    forum = make_open_forum(now=NOW, capacity=2, title="Who decides?", venue="Hall 2")
    rows = [make_registration(forum, people.person(key), now=NOW) for key in ("gone", "first", "second", "third")]
    cancel(registration=rows[0], by=None, now=NOW)
    deliver(NOW)
    return forum


def reread(forum: Forum) -> Forum:
    return Forum.objects.get(pk=forum.pk)


# --- a change -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        ({"venue": "Hall 3"}, "The place has changed: Who decides?"),
        ({"host_conference": "The conference"}, "The place has changed: Who decides?"),
        ({"title": "Who leads?"}, "The title has changed: Who leads?"),
        ({"ends_at": NOW + 61 * DAY}, "The time has changed: Who decides?"),
        ({"time_zone": "America/Chicago"}, "The time has changed: Who decides?"),
        ({"venue": "Hall 3", "title": "Who leads?"}, "The place and title have changed: Who leads?"),
        ({"ends_at": NOW + 61 * DAY, "venue": "x", "title": "y"}, "The time, place and title have changed: y"),
    ],
)
def test_a_change_of_day_place_or_title_is_told_to_all_who_sit_or_wait(
    changes: dict[str, Any], subject: str, forum: Forum
) -> None:
    for name, value in changes.items():
        setattr(forum, name, value)
    assert announce_change(forum=forum, by=people.staff(), now=NOW) == 3
    assert reread(forum).revision == 1
    assert all(getattr(reread(forum), name) == value for name, value in changes.items())
    sent = deliver(NOW)
    assert {message.to[0] for message in sent} == {f"{key}@example.org" for key in ("first", "second", "third")}
    assert {message.subject for message in sent} == {subject}


def test_each_is_told_what_becomes_of_theirs(forum: Forum) -> None:
    forum.venue = "Hall 3"
    announce_change(forum=forum, by=None, now=NOW)
    said = {message.to[0].partition("@")[0]: html_of(message) for message in deliver(NOW)}
    assert "Your seat is kept." in said["first"]
    assert "stays held until its deadline" in said["second"]
    assert "Your place in line is kept." in said["third"]
    assert "Hall 3" in said["third"]


def test_another_change_is_saved_and_told_to_nobody(forum: Forum) -> None:
    forum.summary, forum.offer_hours = "Another summary.", 24
    assert announce_change(forum=forum, by=None, now=NOW) == 0
    assert (reread(forum).summary, reread(forum).revision, kinds_waiting()) == ("Another summary.", 0, [])


def test_a_change_that_is_saved_twice_is_told_once(forum: Forum) -> None:
    forum.venue = "Hall 3"
    assert announce_change(forum=forum, by=None, now=NOW) == 3
    assert announce_change(forum=forum, by=None, now=NOW) == 0
    assert kinds_waiting() == ["changed"] * 3


@pytest.mark.parametrize("status", [Forum.Status.DRAFT, Forum.Status.CANCELLED])
def test_a_change_of_what_is_not_announced_is_told_to_nobody(status: str, forum: Forum) -> None:
    Forum.objects.filter(pk=forum.pk).update(status=status)
    forum = reread(forum)
    forum.venue = "Hall 3"
    assert announce_change(forum=forum, by=None, now=NOW) == 0
    assert reread(forum).venue == "Hall 3"


def test_a_change_of_a_past_forum_is_told_to_nobody(forum: Forum) -> None:
    forum.venue = "Hall 3"
    assert announce_change(forum=forum, by=None, now=forum.ends_at) == 0


def test_a_forum_that_becomes_known_is_not_told_as_a_change() -> None:
    forum = make_open_forum(now=NOW, status=Forum.Status.DRAFT)
    forum.status, forum.venue = Forum.Status.PUBLISHED, "Hall 3"
    assert announce_change(forum=forum, by=None, now=NOW) == 0
    assert reread(forum).status == Forum.Status.PUBLISHED


# --- a cancelled forum --------------------------------------------------------------------------------------------
def test_cancelling_a_forum_tells_all_who_sit_or_wait_and_leaves_their_states(forum: Forum) -> None:
    before = list(Registration.objects.order_by("pk").values_list("pk", "state"))
    assert cancel_forum(forum=forum, by=people.staff(), now=NOW) == 3
    assert (reread(forum).status, forum.status, forum.revision) == ("cancelled", "cancelled", 1)
    assert list(Registration.objects.order_by("pk").values_list("pk", "state")) == before
    assert {message.to[0] for message in deliver(NOW)} == {
        *("first@example.org", "second@example.org", "third@example.org")
    }
    with pytest.raises(ForumCancelled):
        make_registration(reread(forum), people.person("late"), now=NOW)


def test_a_forum_is_cancelled_once_and_nobody_is_told_twice(forum: Forum) -> None:
    cancel_forum(forum=forum, by=None, now=NOW)
    with pytest.raises(NotAnnounced):
        cancel_forum(forum=forum, by=None, now=NOW)
    assert tell_of_cancelled(forum, NOW) == 0
    assert kinds_waiting() == ["cancelled"] * 3


def test_a_draft_and_a_past_forum_cannot_be_cancelled(forum: Forum) -> None:
    with pytest.raises(NotAnnounced):
        cancel_forum(forum=forum, by=None, now=forum.ends_at)
    Forum.objects.filter(pk=forum.pk).update(status=Forum.Status.DRAFT)
    with pytest.raises(NotAnnounced):
        cancel_forum(forum=forum, by=None, now=NOW)


# --- its report ---------------------------------------------------------------------------------------------------
def came(forum: Forum, key: str, **fields: Any) -> None:
    row = Registration.objects.get(forum=forum, person__email=f"{key}@example.org")
    at = forum.starts_at
    CheckIn.objects.create(registration=row, entry=_entry(row.pk), at=at, received_at=at, **fields)


def _entry(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012}"


def tell(forum: Forum, reference: str = "report 7") -> int:
    return tell_report_is_out(
        forum=forum, reference=reference, title="Who decides: the report", link="/knowledge-center/x/", now=NOW
    )


def test_those_who_were_checked_in_are_told_that_the_report_is_out(forum: Forum) -> None:
    make_registration(forum, people.person("no-show"), now=NOW)
    deliver(NOW)
    came(forum, "first")
    came(forum, "third", conflict=CheckIn.Conflict.NO_SEAT)
    assert tell(forum) == 1
    (message,) = deliver(NOW)
    assert (message.to, message.subject) == (
        ["first@example.org"],
        "The report of your forum is out: Who decides: the report",
    )
    assert "http://127.0.0.1:8000/knowledge-center/x/" in message.body
    assert 'href="http://127.0.0.1:8000/knowledge-center/x/"' in html_of(message)


def test_where_nobody_was_checked_in_all_with_a_seat_are_told(forum: Forum) -> None:
    came(forum, "second", undone_at=NOW)
    assert [row.person.email for row in attendees(forum)] == ["first@example.org"]
    assert tell(forum) == 1


def test_of_one_report_attendees_are_told_once_and_of_another_again(forum: Forum) -> None:
    assert (tell(forum), tell(forum), tell(forum, "report 8")) == (1, 0, 1)
    assert kinds_waiting() == ["report_out"] * 2


# --- what staff write ---------------------------------------------------------------------------------------------
def write(forum: Forum, **fields: Any) -> Mailing:
    rows = Registration.objects.filter(state=State.CONFIRMED)
    given = {"registrations": rows, "subject": "Parking", "text": "Dear {name},\nsee {link}", **fields}
    return mail_registrants(forum=forum, by=people.staff(), **{"now": NOW, **given})


def test_staff_mail_the_registrations_they_chose(forum: Forum) -> None:
    other = make_open_forum("other", now=NOW)
    make_registration(other, people.person("elsewhere"), now=NOW)
    deliver(NOW)
    mailing = write(forum)
    assert (mailing.recipients, mailing.kind, mailing.by) == (1, LetterKind.FROM_STAFF, people.staff())
    (message,) = deliver(NOW)
    assert (message.to, message.subject) == (["first@example.org"], "Parking")
    assert "Dear First,\nsee http://127.0.0.1:8000/cto-forums/r/" in message.body


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"subject": "  "}, NothingToSay),
        ({"text": "\n"}, NothingToSay),
        ({"text": "Dear {name.email}"}, TextWrong),
        ({"registrations": Registration.objects.none()}, NobodyToTell),
    ],
)
def test_a_mailing_that_makes_no_sense_is_refused(fields: dict[str, Any], refusal: type, forum: Forum) -> None:
    with pytest.raises(refusal):
        write(forum, **fields)
    assert (Mailing.objects.count(), kinds_waiting()) == (0, [])


def test_who_presses_twice_sends_it_once(forum: Forum) -> None:
    write(forum)
    with pytest.raises(SentAlready):
        write(forum, now=NOW + MINUTE)
    write(forum, now=NOW + DAY)
    assert kinds_waiting() == ["from_staff"] * 2


def test_a_subject_stays_one_line(forum: Forum) -> None:
    write(forum, subject="Parking\r\nBcc: x@example.org")
    (message,) = deliver(NOW)
    assert message.subject == "Parking Bcc: x@example.org"


def test_a_mailing_is_checked_where_it_is_stored_too(forum: Forum) -> None:
    with pytest.raises(ValidationError, match="no placeholder"):
        Mailing(forum=forum, kind=LetterKind.FROM_STAFF, subject="x", text="{row}").clean_fields()

"""When a report is out, those who were at its forum are told: once, and only while it is news."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cosn_site.jobs.rhythms import declared
from forums.models import Forum, Mailing
from reports.models import Report
from reports.publishing import embargo, lift_embargo, publish, schedule, unschedule, withdraw
from reports.tasks import tell_attendees_of_reports
from reports.telling import tell_attendees
from tests import people
from tests.factories import make_open_forum, make_registration, make_report
from tests.forums.post_office import deliver, kinds_waiting

pytestmark = pytest.mark.django_db

NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)
HELD = NOW - timedelta(days=60)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def forum() -> Forum:
    """Two were registered; nobody was checked in."""
    forum = make_open_forum(now=HELD - 60 * DAY, starts_at=HELD)
    for key in ("first", "second"):
        make_registration(forum, people.person(key), now=HELD - 60 * DAY)
    deliver(HELD - 60 * DAY)
    return forum


def draft(forum: Forum | None, **fields: Any) -> Report:
    return make_report(forum=forum, published_at=None, title="What was said", **fields)


def test_attendees_are_told_when_their_report_is_published(forum: Forum) -> None:
    report = draft(forum)
    assert tell_attendees(NOW) == 0
    publish(report=report, by=None, now=NOW)
    assert tell_attendees(NOW) == 2
    assert tell_attendees(NOW + HOUR) == 0
    first, second = deliver(NOW)
    assert {first.to[0], second.to[0]} == {"first@example.org", "second@example.org"}
    assert first.subject == "The report of your forum is out: What was said"
    assert report.get_absolute_url() in first.body


def test_of_a_scheduled_report_they_are_told_at_its_time_and_not_before(forum: Forum) -> None:
    schedule(report=draft(forum), at=NOW + DAY, by=None, now=NOW)
    assert (tell_attendees(NOW + DAY - MINUTE), tell_attendees(NOW + DAY)) == (0, 2)


def test_of_an_embargoed_report_they_are_told_when_the_embargo_ends(forum: Forum) -> None:
    report = draft(forum)
    embargo(report=report, until=NOW + 9 * DAY, by=None, now=NOW)
    assert tell_attendees(NOW + 8 * DAY) == 0
    lift_embargo(report=report, by=None, now=NOW + 8 * DAY)
    assert tell_attendees(NOW + 8 * DAY) == 2


def test_of_a_report_that_is_taken_back_in_time_nobody_is_told(forum: Forum) -> None:
    planned, out = draft(forum), draft(forum)
    schedule(report=planned, at=NOW + DAY, by=None, now=NOW)
    unschedule(report=planned, by=None, now=NOW)
    publish(report=out, by=None, now=NOW)
    withdraw(report=out, reason="A figure was wrong.", by=None, now=NOW)
    assert tell_attendees(NOW + 2 * DAY) == 0


def test_a_scheduler_that_was_down_catches_up_but_not_with_old_news(forum: Forum) -> None:
    publish(report=draft(forum), by=None, now=NOW)
    assert tell_attendees(NOW + 7 * DAY) == 0
    assert tell_attendees(NOW + 7 * DAY - MINUTE) == 2


def test_a_report_of_long_ago_and_one_without_a_forum_tell_nobody(forum: Forum) -> None:
    make_report(forum=forum)
    publish(report=draft(None), by=None, now=NOW)
    assert (tell_attendees(NOW), Mailing.objects.count()) == (0, 0)


def test_two_reports_of_one_forum_are_told_apart(forum: Forum) -> None:
    for _ in range(2):
        publish(report=draft(forum), by=None, now=NOW)
    assert tell_attendees(NOW) == 4
    assert kinds_waiting() == ["report_out"] * 4


def test_it_is_asked_every_minute() -> None:
    assert str(declared()[tell_attendees_of_reports.module_path].rhythm) == "every minute"

"""Letters that time calls for, with a clock that the test moves."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from cosn_site.jobs.rhythms import declared
from forums.announcing import announce_change, cancel_forum
from forums.due import BEFORE, all_due, due_after, due_before, is_due
from forums.models import Forum, Letter, LetterKind, Registration
from forums.registrations import accept_offer, cancel
from forums.reminders import write_due_letters
from forums.tasks import settle_forums, write_letters_that_are_due
from tests import people
from tests.factories import make_forum, make_open_forum, make_registration
from tests.forums.post_office import deliver, kinds_waiting

NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)
START = datetime(2027, 3, 20, 17, tzinfo=UTC)  # 1 pm Eastern, six days after the clocks are put forward
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
EASTERN = ZoneInfo("America/New_York")


@pytest.fixture
def forum(db: None) -> Forum:
    return make_open_forum(now=NOW, starts_at=START, capacity=2, title="Who decides?")


def row_of(forum: Forum, key: str = "member", now: datetime = NOW) -> Registration:
    return make_registration(forum, people.person(key), now=now)


def keys() -> list[str]:
    """Of the letters written down, in the order of their writing."""
    return list(Letter.objects.order_by("pk").values_list("key", flat=True))


def sent() -> list[str]:
    return list(Letter.objects.filter(sent_at__isnull=False).order_by("pk").values_list("key", flat=True))


# --- the rule -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("before", "kind"),
    [
        (14 * DAY + 2 * HOUR, None),
        (14 * DAY - HOUR, LetterKind.STILL_COMING),
        (7 * DAY + 2 * HOUR, LetterKind.STILL_COMING),
        (7 * DAY - HOUR, LetterKind.REMINDED),
        (3 * DAY + MINUTE, LetterKind.REMINDED),
        (3 * DAY, LetterKind.STILL_COMING),
        (DAY + MINUTE, LetterKind.STILL_COMING),
        (DAY, LetterKind.REMINDED),
        (MINUTE, LetterKind.REMINDED),
        (timedelta(0), None),
        (-MINUTE, None),
    ],
)
def test_each_letter_is_due_from_its_day_until_the_next_one_is(before: timedelta, kind: LetterKind | None) -> None:
    due = due_before(START, EASTERN, START - before)
    assert (due.kind if due else None) == kind


def test_two_weeks_before_is_at_the_same_hour_though_the_clocks_changed_between() -> None:
    due = due_before(START, EASTERN, START - 13 * DAY)
    assert due is not None
    assert due.since.isoformat() == "2027-03-06T13:00:00-05:00"
    assert START - due.since.astimezone(UTC) == 14 * DAY - HOUR


def test_thanks_are_due_from_the_next_morning_for_two_weeks() -> None:
    morning = datetime(2027, 3, 21, 9, tzinfo=EASTERN)
    ends = START + 4 * HOUR
    assert due_after(ends, EASTERN, morning - MINUTE) is None
    assert due_after(ends, EASTERN, morning).kind == LetterKind.THANKED  # type: ignore[union-attr]
    assert due_after(ends, EASTERN, morning + 14 * DAY - MINUTE) is not None
    assert due_after(ends, EASTERN, morning + 14 * DAY) is None


@given(
    minutes=st.integers(-30 * 24 * 60, 30 * 24 * 60),
    zone=st.sampled_from(["America/New_York", "America/Phoenix", "Europe/Berlin", "Pacific/Auckland"]),
    status=st.sampled_from(Forum.Status.values),
)
def test_at_most_one_letter_is_due_and_it_began_to_be_so_before(minutes: int, zone: str, status: str) -> None:
    forum = Forum(starts_at=START, ends_at=START + 4 * HOUR, time_zone=zone, status=status)
    now = START + timedelta(minutes=minutes)
    due = all_due(forum, now)
    assert len(due) <= 1
    for one in due:
        assert one.since <= now
        assert is_due(one.kind, one.key, forum, now)
        assert status == Forum.Status.PUBLISHED
        assert (one.kind == LetterKind.THANKED) == (now > forum.ends_at)


def test_the_day_before_has_the_last_of_four_steps() -> None:
    assert list(BEFORE) == sorted(BEFORE, reverse=True) == [14, 7, 3, 1]


# --- through the weeks --------------------------------------------------------------------------------------------
def test_a_seat_gets_its_letters_on_their_days_and_each_once(forum: Forum) -> None:
    row_of(forum)
    deliver(NOW)
    Letter.objects.all().delete()
    told, now = [], START - 16 * DAY
    while now < START + 17 * DAY:
        write_due_letters(now)
        write_due_letters(now)
        told += [(message.subject, now.astimezone(EASTERN).strftime("%d %b")) for message in deliver(now)]
        now += 6 * HOUR
    assert told == [
        ("Still coming in 14 days? Who decides?", "06 Mar"),
        ("The forum is in 7 days: Who decides?", "13 Mar"),
        ("Still coming in 3 days? Who decides?", "17 Mar"),
        ("The forum is tomorrow: Who decides?", "19 Mar"),
        ("Thank you for coming: Who decides?", "21 Mar"),
    ]
    assert keys() == sent()


def test_a_scheduler_that_was_down_catches_up_with_the_latest_alone(forum: Forum) -> None:
    row_of(forum)
    write_due_letters(START - 20 * HOUR)
    assert keys() == ["1 day before 2027-03-20"]


def test_a_reminder_that_waited_in_line_is_not_sent_when_the_next_one_is_due(forum: Forum) -> None:
    row_of(forum)
    deliver(NOW)
    write_due_letters(START - 6 * DAY)
    write_due_letters(START - 3 * DAY)
    assert [message.subject for message in deliver(START - 3 * DAY)] == ["Still coming in 3 days? Who decides?"]


def test_nothing_is_sent_once_the_forum_has_begun(forum: Forum) -> None:
    row_of(forum)
    deliver(NOW)
    write_due_letters(START - HOUR)
    assert write_due_letters(START) == 0
    assert deliver(START) == []


def test_who_got_a_seat_after_a_letter_came_due_does_not_get_it(forum: Forum) -> None:
    early = row_of(forum, "early")
    row_of(forum, "late", START - 6 * DAY)
    write_due_letters(START - 5 * DAY)
    assert list(Letter.objects.values_list("registration", "key")) == [(early.pk, "7 days before 2027-03-20")]
    write_due_letters(START - 3 * DAY)
    assert Counter(keys())["3 days before 2027-03-20"] == 2


def test_who_accepts_an_offer_after_a_letter_came_due_does_not_get_it(forum: Forum) -> None:
    rows = [row_of(forum, f"cto{number}") for number in range(3)]
    cancel(registration=rows[0], by=None, now=START - 7 * DAY - HOUR)
    accept_offer(registration=rows[2], by=None, now=START - 7 * DAY + 2 * HOUR)
    write_due_letters(START - 7 * DAY + 3 * HOUR)
    assert list(Letter.objects.values_list("registration", flat=True)) == [rows[1].pk]


def test_who_waits_or_was_offered_a_seat_is_not_reminded(forum: Forum) -> None:
    rows = [row_of(forum, f"cto{number}") for number in range(4)]
    cancel(registration=rows[0], by=None, now=START - 15 * DAY)
    write_due_letters(START - 14 * DAY + 2 * HOUR)
    assert list(Letter.objects.values_list("registration", flat=True)) == [rows[1].pk]


def test_who_gave_the_seat_back_meanwhile_is_not_asked(forum: Forum) -> None:
    row = row_of(forum)
    write_due_letters(START - 13 * DAY)
    cancel(registration=row, by=None, now=START - 13 * DAY)
    assert [message.subject for message in deliver(START - 13 * DAY)] == [
        "Your registration is cancelled: Who decides?"
    ]


def test_a_forum_that_is_put_off_reminds_anew_for_the_new_day(forum: Forum) -> None:
    row_of(forum)
    write_due_letters(START - 6 * DAY)
    forum.starts_at, forum.ends_at = START + 30 * DAY, START + 30 * DAY + 4 * HOUR
    announce_change(forum=forum, by=None, now=START - 6 * DAY)
    assert write_due_letters(START - 5 * DAY) == 0
    write_due_letters(START + 23 * DAY)
    assert [key for key in keys() if key.startswith("7 days")] == [
        "7 days before 2027-03-20",
        "7 days before 2027-04-19",
    ]


@pytest.mark.parametrize("days", [-14, -7, -3, -1, 1])
def test_a_cancelled_forum_sends_none_of_them(days: int, forum: Forum) -> None:
    row_of(forum)
    cancel_forum(forum=forum, by=None, now=NOW)
    write_due_letters(START + days * DAY + 5 * HOUR)
    assert set(Letter.objects.values_list("kind", flat=True)) == {LetterKind.CANCELLED}


def test_a_forum_known_by_its_month_sends_none(db: None) -> None:
    forum = make_open_forum(now=NOW, starts_at=START, precision=Forum.Precision.MONTH)
    row_of(forum)
    assert write_due_letters(START - DAY) == 0


def test_who_registered_in_the_moment_in_which_the_forum_was_cancelled_is_told(forum: Forum) -> None:
    row_of(forum)
    cancel_forum(forum=forum, by=None, now=NOW)
    Forum.objects.filter(pk=forum.pk).update(status=Forum.Status.PUBLISHED)  # as their request still saw it
    late = row_of(Forum.objects.get(pk=forum.pk), "late")
    Forum.objects.filter(pk=forum.pk).update(status=Forum.Status.CANCELLED)
    assert write_due_letters(NOW + MINUTE) == 1
    assert write_due_letters(NOW + 2 * MINUTE) == 0
    assert Letter.objects.filter(registration=late, kind=LetterKind.CANCELLED).count() == 1


def test_the_number_of_statements_does_not_grow_with_the_people(db: None) -> None:
    counts = []
    for size in (2, 30):
        forum = make_open_forum(f"f{size}", now=NOW, starts_at=START, capacity=100)
        for number in range(size):
            row_of(forum, f"cto{number}")
        with CaptureQueriesContext(connection) as captured:
            assert write_due_letters(START - 6 * DAY) == size
        counts.append(len([query for query in captured if "SAVEPOINT" not in query["sql"]]))
        Forum.objects.filter(pk=forum.pk).update(status=Forum.Status.DRAFT)
    assert counts[0] == counts[1]


@pytest.mark.django_db(transaction=True)
def test_four_runs_at_once_write_each_letter_once() -> None:
    forum = make_open_forum(now=NOW, starts_at=START, capacity=40)
    for number in range(40):
        row_of(forum, f"cto{number}")
    together = Barrier(4)

    def run(_: int) -> int:
        try:
            together.wait()
            return write_due_letters(START - 6 * DAY)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        written = list(pool.map(run, range(4)))
    assert sorted(written) == [0, 0, 0, 40]
    assert Letter.objects.count() == 40
    assert kinds_waiting().count("reminded") == 40


def test_a_past_forum_of_long_ago_thanks_nobody(db: None) -> None:
    make_forum("2013-march", precision=Forum.Precision.TIME)
    assert write_due_letters(NOW) == 0


def test_both_jobs_are_scheduled() -> None:
    rhythms = {path: str(one.rhythm) for path, one in declared().items()}
    assert rhythms[settle_forums.module_path] == "every minute"
    assert rhythms[write_letters_that_are_due.module_path] == "every 5 minutes"

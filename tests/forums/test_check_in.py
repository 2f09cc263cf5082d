"""The verbs of the door: the first counts, the second is kept; and who may sit down without a seat."""

import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection

from forums.check_in import (
    WALKED_IN,
    Entry,
    EveryChairIsTaken,
    EverySeatIsHeld,
    NotAnnounced,
    NotCheckedIn,
    check_in,
    empty_chairs,
    reconcile,
    undo_check_in,
    walk_in,
)
from forums.models import CheckIn, Forum, Override, Registration, Seating, Skip, Team
from forums.registrations import Details, cancel
from forums.teams import Colleague, register_team
from members.models import User
from tests import people
from tests.factories import make_open_forum, make_registration

pytestmark = pytest.mark.django_db

NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)
START = NOW + timedelta(days=60)
State, Conflict, Way = Registration.State, CheckIn.Conflict, CheckIn.Way


def comes(row: Registration, *, entry: UUID | None = None, at: datetime = START, now: datetime = START) -> CheckIn:
    return check_in(
        registration=row, entry=entry or uuid4(), at=at, door="Main door", way=Way.BY_NAME, by=None, now=now
    )


def walks_in(forum: Forum, key: str, *, now: datetime = START, reason: str = "") -> CheckIn:
    return walk_in(forum=forum, person=people.person(key), details=Details(), reason=reason, by=people.staff(), now=now)


# --- who comes with a seat --------------------------------------------------------------------------------------------
def test_the_first_check_in_counts_and_the_second_is_kept_with_its_conflict() -> None:
    row = make_registration(make_open_forum(now=NOW), people.person("cto"), now=NOW)
    first = comes(row)
    second = comes(row, at=START - timedelta(minutes=5), now=START + timedelta(minutes=5))
    assert (first.conflict, second.conflict) == (Conflict.NONE, Conflict.ALREADY_IN)
    assert list(CheckIn.objects.counting()) == [first]
    assert CheckIn.objects.count() == 2


def test_the_same_entry_sent_twice_is_written_once() -> None:
    row = make_registration(make_open_forum(now=NOW), people.person("cto"), now=NOW)
    entry = uuid4()
    assert comes(row, entry=entry) == comes(row, entry=entry, now=START + timedelta(hours=1))
    assert CheckIn.objects.count() == 1


def test_a_clock_in_the_future_is_cut_to_now_and_one_in_the_past_is_believed() -> None:
    forum = make_open_forum(now=NOW)
    early, late = (make_registration(forum, people.person(key), now=NOW) for key in ("early", "late"))
    assert comes(early, at=START + timedelta(days=1)).at == START
    assert comes(late, at=START - timedelta(hours=1)).at == START - timedelta(hours=1)


def test_who_waits_or_has_cancelled_is_kept_as_without_a_seat() -> None:
    forum = make_open_forum(now=NOW, capacity=1)
    seated, waiting = (make_registration(forum, people.person(key), now=NOW) for key in ("seated", "waiting"))
    gone = make_registration(forum, people.person("gone"), now=NOW)
    cancel(registration=gone, by=None, now=NOW)
    assert [comes(row).conflict for row in (seated, waiting, gone)] == [Conflict.NONE, *[Conflict.NO_SEAT] * 2]


def test_who_comes_while_a_seat_is_held_out_to_them_takes_it() -> None:
    forum = make_open_forum(now=NOW, capacity=1)
    first, second = (make_registration(forum, people.person(key), now=NOW) for key in ("first", "second"))
    cancel(registration=first, by=None, now=NOW)
    second.refresh_from_db()
    assert second.state == State.OFFERED
    assert comes(second, now=NOW + timedelta(hours=1)).conflict == Conflict.NONE
    second.refresh_from_db()
    assert second.state == State.CONFIRMED


def test_who_comes_after_their_offer_lapsed_has_no_seat() -> None:
    forum = make_open_forum(now=NOW, capacity=1)
    first, second = (make_registration(forum, people.person(key), now=NOW) for key in ("first", "second"))
    cancel(registration=first, by=None, now=NOW)
    second.refresh_from_db()
    assert comes(second, now=START).conflict == Conflict.NO_SEAT


def test_an_undone_check_in_stays_on_record_and_a_later_one_counts() -> None:
    row = make_registration(make_open_forum(now=NOW), people.person("cto"), now=NOW)
    first = comes(row)
    undo_check_in(check_in=first, by=people.staff(), now=START)
    second = comes(row)
    assert list(CheckIn.objects.counting()) == [second]
    with pytest.raises(NotCheckedIn):
        undo_check_in(check_in=first, by=people.staff(), now=START)


@pytest.mark.parametrize("status", [Forum.Status.DRAFT, Forum.Status.CANCELLED])
def test_nobody_is_checked_in_at_a_forum_that_does_not_take_place(status: Forum.Status) -> None:
    row = make_registration(make_open_forum(now=NOW), people.person("cto"), now=NOW)
    row.forum.status = status
    with pytest.raises(NotAnnounced):
        comes(row)


# --- what a device kept -----------------------------------------------------------------------------------------------
def test_what_a_device_kept_is_taken_over_once_and_its_conflicts_are_told_in_words() -> None:
    forum = make_open_forum(now=NOW)
    inside, outside = (make_registration(forum, people.person(key), now=NOW) for key in ("ada", "bo"))
    comes(inside, at=START)
    entries = [
        Entry(uuid4(), inside.pk, START + timedelta(minutes=3), "Side door"),
        Entry(uuid4(), outside.pk, START + timedelta(minutes=4), "Side door", Way.SCANNED),
        Entry(uuid4(), 0, START, "Side door"),
    ]
    later = START + timedelta(hours=1)
    told = reconcile(forum=forum, entries=entries, by=people.staff(), now=later)
    again = reconcile(forum=forum, entries=entries, by=people.staff(), now=later)
    assert told == again
    assert [one.conflict for one in told] == ["already_in", "", "unknown"]
    assert "Main door" in told[0].sentence
    assert "Ada" in told[0].sentence
    assert CheckIn.objects.counting().get(registration=inside).door == "Main door"
    assert CheckIn.objects.counting().get(registration=outside).at == START + timedelta(minutes=4)
    assert CheckIn.objects.count() == 3


def test_a_device_cannot_check_people_in_at_another_forum() -> None:
    here, there = (make_open_forum(slug, now=NOW) for slug in ("here", "there"))
    row = make_registration(there, people.person("cto"), now=NOW)
    (told,) = reconcile(forum=here, entries=[Entry(uuid4(), row.pk, START)], by=people.staff(), now=START)
    assert told.conflict == "unknown"
    assert not CheckIn.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_many_doors_that_check_one_ticket_in_at_once_one_counts_and_the_others_are_kept() -> None:
    row = make_registration(make_open_forum(now=NOW), people.person("cto"), now=NOW)
    doors, together, faults = 6, threading.Barrier(6), []

    def stands(number: int) -> None:
        try:
            together.wait()
            mine = Registration.objects.select_related("forum").get(pk=row.pk)
            check_in(registration=mine, entry=uuid4(), at=START, door=f"{number}", way=Way.SCANNED, by=None, now=START)
        except Exception as fault:  # noqa: BLE001 - whatever it is, the test must not lose it
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=stands, args=[number]) for number in range(doors)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert sorted(CheckIn.objects.values_list("conflict", flat=True)) == ["", *["already_in"] * (doors - 1)]


# --- who comes without ------------------------------------------------------------------------------------------------
def test_a_walk_in_before_the_start_takes_a_free_seat() -> None:
    forum = make_open_forum(now=NOW, capacity=1, registration_closes_at=NOW + timedelta(days=1))
    made = walks_in(forum, "new", now=START - timedelta(minutes=30))
    assert (made.registration.seat_number, made.way, made.conflict) == (1, Way.WALKED_IN, "")
    assert not Override.objects.exists()


def test_before_the_start_a_held_seat_is_nobody_elses_and_from_then_on_an_empty_chair_is() -> None:
    forum = make_open_forum(now=NOW, capacity=1)
    make_registration(forum, people.person("late"), now=NOW)
    with pytest.raises(EverySeatIsHeld):
        walks_in(forum, "new", now=START - timedelta(minutes=1))
    assert walks_in(forum, "new").conflict == ""
    assert Override.objects.get().reason == WALKED_IN
    with pytest.raises(EveryChairIsTaken):
        walks_in(forum, "another")


def test_as_many_walk_ins_sit_down_as_chairs_are_empty() -> None:
    forum = make_open_forum(now=NOW, capacity=3)
    rows = [make_registration(forum, people.person(f"cto{number}"), now=NOW) for number in range(3)]
    comes(rows[0])
    seating = Seating.objects.get(forum=forum)
    assert empty_chairs(seating) == 2
    walks_in(forum, "new1"), walks_in(forum, "new2")
    assert empty_chairs(seating) == 0
    seating.refresh_from_db()
    assert (seating.held, seating.extra) == (3, 2)


def test_where_every_chair_is_taken_a_reason_brings_in_one_more() -> None:
    forum = make_open_forum(now=NOW, capacity=1)
    comes(make_registration(forum, people.person("cto"), now=NOW))
    with pytest.raises(EveryChairIsTaken):
        walks_in(forum, "speaker")
    assert walks_in(forum, "speaker", reason="Speaks at four").conflict == ""
    assert Override.objects.get().reason == "Speaks at four"
    with pytest.raises(EveryChairIsTaken):
        walks_in(forum, "another")


def test_who_waited_walks_in_and_those_before_them_in_line_are_passed_over_on_record() -> None:
    forum = make_open_forum(now=NOW, capacity=1)
    _, second, third = (make_registration(forum, people.person(f"cto{n}"), now=NOW) for n in range(3))
    assert walks_in(forum, "cto2").registration == third
    third.refresh_from_db()
    assert third.state == State.CONFIRMED
    skip = Skip.objects.get()
    assert (skip.registration, skip.in_favor_of, skip.reason) == (second, third, Skip.Reason.OVERRIDE)


def test_a_walk_in_who_has_a_seat_is_checked_in_and_gets_no_second_one() -> None:
    forum = make_open_forum(now=NOW, capacity=2)
    row = make_registration(forum, people.person("cto"), now=NOW)
    made = walks_in(forum, "cto")
    assert (made.registration, made.conflict) == (row, "")
    assert Registration.objects.count() == 1
    assert walks_in(forum, "cto").conflict == Conflict.ALREADY_IN


def test_one_of_a_team_that_waits_together_may_walk_in_alone_to_a_free_seat() -> None:
    forum = make_open_forum(now=NOW, capacity=2)
    make_registration(forum, people.person("cto"), now=NOW)
    lead: User = people.person("lead")
    register_team(
        forum=forum,
        lead=lead,
        colleagues=[Colleague("deputy@example.org", "Deputy")],
        mode=Team.Mode.TOGETHER,
        details=Details(),
        by=lead,
        now=NOW,
    )
    made = walks_in(forum, "lead", now=START - timedelta(minutes=10))
    made.registration.refresh_from_db()
    assert (made.registration.state, made.registration.team) == (State.CONFIRMED, None)
    assert Skip.objects.get().registration.person.email == "deputy@example.org"


@pytest.mark.django_db(transaction=True)
def test_of_many_walk_ins_at_once_only_as_many_sit_down_as_chairs_are_empty() -> None:
    forum = make_open_forum(now=NOW, capacity=2)
    make_registration(forum, people.person("late"), now=NOW)
    who, by = [people.person(f"new{number}") for number in range(6)], people.staff()
    together, seated, refused, faults = threading.Barrier(6), [], [], []

    def stands(person: User) -> None:
        try:
            together.wait()
            seated.append(walk_in(forum=forum, person=person, details=Details(), by=by, now=START))
        except EveryChairIsTaken:
            refused.append(person)
        except Exception as fault:  # noqa: BLE001 - whatever it is, the test must not lose it
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=stands, args=[person]) for person in who]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (faults, len(seated), len(refused)) == ([], 2, 4)

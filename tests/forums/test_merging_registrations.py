"""Two accounts that are one person, both registered at one forum: the better registration counts, the other goes."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from forums.models import Answer, Certificate, CheckIn, Forum, HandOn, Override, Question, Registration, Skip, Team
from forums.one_person import WHY
from forums.registrations import Details, admit_beyond_capacity, cancel
from members import merging
from members.models import User
from members.references import references_to
from tests import people
from tests.factories import make_forum, make_open_forum, make_registration

pytestmark = pytest.mark.django_db

State = Registration.State


def merge(kept: User, merged: User) -> None:
    merging.merge_people(kept=kept, merged=merged, reason="One person.", by=people.staff(), now=timezone.now())


def registered(forum: Forum, *names: str) -> list[Registration]:
    return [make_registration(forum, people.person(name), now=timezone.now()) for name in names]


def at(forum: Forum, person: User) -> Registration:
    return Registration.objects.get(forum=forum, person=person)


@pytest.mark.parametrize("which", ["the seat", "the place"])
def test_a_seat_counts_before_a_place_in_line_whoever_is_kept(which: str) -> None:
    forum = make_open_forum(now=timezone.now(), capacity=1)
    seat, place = registered(forum, "one", "other")
    number, ticket = seat.seat_number, seat.ticket
    kept, merged = (seat.person, place.person) if which == "the seat" else (place.person, seat.person)
    merge(kept, merged)
    counts = at(forum, kept)
    assert (counts.state, counts.seat_number, counts.ticket) == (State.CONFIRMED, number, ticket)
    gone = at(forum, merged)
    assert (gone.state, gone.reason) == (State.CANCELLED, WHY)


def test_the_second_seat_goes_to_the_first_in_line() -> None:
    forum = make_open_forum(now=timezone.now(), capacity=2)
    first, second, waiting = registered(forum, "one", "other", "third")
    merge(second.person, first.person)
    assert at(forum, second.person).pk == first.pk, "the earlier of two seats counts"
    waiting.refresh_from_db()
    assert waiting.state == State.OFFERED
    forum.seating.refresh_from_db()
    assert (forum.seating.held, forum.seating.waiting) == (2, 0)


def test_an_offer_counts_before_a_place_and_of_two_places_the_earlier() -> None:
    forum = make_open_forum(now=timezone.now(), capacity=1)
    holder, first, second, third = registered(forum, "holder", "first", "second", "third")
    merge(third.person, second.person)
    assert at(forum, third.person).place == second.place
    cancel(registration=holder, by=None, now=timezone.now())
    merge(third.person, first.person)
    assert at(forum, third.person).state == State.OFFERED


def test_who_was_there_was_there_and_has_one_certificate() -> None:
    now = timezone.now()
    forum = make_open_forum(now=now, capacity=3)
    first, second = registered(forum, "one", "other")
    Forum.objects.filter(pk=forum.pk).update(starts_at=now - timedelta(days=2), ends_at=now - timedelta(days=1))
    CheckIn.objects.create(registration=second, entry="a" * 32, at=now, received_at=now, way=CheckIn.Way.SCANNED)
    for number, row in enumerate((first, second)):
        Certificate.objects.create(registration=row, number=f"N{number}", name="Name", hours=4, issued_at=now)
    Certificate.objects.filter(registration=first).delete()
    merge(first.person, second.person)
    counts = at(forum, first.person)
    assert counts.pk == second.pk
    assert counts.check_ins.get().undone_at is None
    assert counts.certificate.revoked_at is None


def test_of_two_that_were_both_there_one_check_in_and_one_certificate_are_left() -> None:
    now = timezone.now()
    forum = make_open_forum(now=now, capacity=3)
    rows = registered(forum, "one", "other")
    for number, row in enumerate(rows):
        entry = f"{number}" * 32
        CheckIn.objects.create(registration=row, entry=entry, at=now, received_at=now, way=CheckIn.Way.SCANNED)
        Certificate.objects.create(registration=row, number=f"N{number}", name="Name", hours=4, issued_at=now)
    merge(rows[0].person, rows[1].person)
    assert CheckIn.objects.filter(undone_at=None).get().registration_id == rows[0].pk
    assert Certificate.objects.filter(revoked_at=None).get().registration_id == rows[0].pk


def test_what_only_the_other_one_answered_is_kept() -> None:
    forum = make_open_forum(now=timezone.now(), capacity=2)
    lunch, hope = (Question.objects.create(forum=forum, label=label) for label in ("Lunch", "Hope"))
    first, second = registered(forum, "one", "other")
    Answer.objects.create(registration=first, question=lunch, value="mine")
    Answer.objects.create(registration=second, question=lunch, value="theirs")
    Answer.objects.create(registration=second, question=hope, value="to learn")
    merge(first.person, second.person)
    answers = at(forum, first.person).answers.values_list("question__label", "value")
    assert set(answers) == {("Lunch", "mine"), ("Hope", "to learn")}


def test_chairs_beyond_capacity_skips_hand_ons_and_teams_survive_a_merge() -> None:
    now = timezone.now()
    forum = make_open_forum(now=now, capacity=1)
    _, waiting = registered(forum, "holder", "waiting")
    twin, kept = people.person("twin"), people.person("kept")
    by = people.staff()
    extra = admit_beyond_capacity(forum=forum, person=twin, details=Details(), reason="Speaks.", by=by, now=now)
    HandOn.objects.create(registration=extra, email="c@example.org", made_at=now)
    Team.objects.create(forum=forum, lead=twin, mode=Team.Mode.TOGETHER, created_at=now)
    merge(kept, twin)
    counts = at(forum, kept)
    assert (counts.pk, counts.state) == (extra.pk, State.CONFIRMED)
    assert counts.override is not None
    assert counts.override.person == kept
    assert Override.objects.get().person == kept
    assert Team.objects.get().lead == kept
    assert Skip.objects.get().registration == waiting
    assert HandOn.objects.open().get().registration == counts
    assert not any(reference.rows(twin).exists() for reference in references_to(User) if "forums" in reference.name)


def test_a_chair_beyond_capacity_goes_when_the_other_registration_counts() -> None:
    now = timezone.now()
    forum = make_open_forum(now=now, capacity=1)
    (holder,) = registered(forum, "holder")
    twin = people.person("twin")
    later = now + timedelta(hours=1)
    admit_beyond_capacity(forum=forum, person=twin, details=Details(), reason="Speaks.", by=people.staff(), now=later)
    merge(holder.person, twin)
    forum.seating.refresh_from_db()
    assert (forum.seating.held, forum.seating.extra) == (1, 0)
    assert at(forum, holder.person).pk == holder.pk


def test_two_cancelled_ones_and_forums_of_one_only_are_no_hindrance() -> None:
    now = timezone.now()
    forum, elsewhere = make_open_forum(now=now, capacity=3), make_open_forum("elsewhere", now=now)
    rows = registered(forum, "one", "other")
    for row in rows:
        cancel(registration=row, by=None, now=now)
    make_registration(elsewhere, rows[1].person, now=now)
    merge(rows[0].person, rows[1].person)
    assert at(elsewhere, rows[0].person).state == State.CONFIRMED
    assert at(forum, rows[0].person).state == State.CANCELLED


def test_the_page_says_beforehand_what_happens() -> None:
    forum = make_open_forum(now=timezone.now(), capacity=1, title="Who decides?")
    seat, place = registered(forum, "one", "other")
    found = merging.foresee_people(place.person, seat.person, by=people.staff(), now=timezone.now())
    assert any(
        "Who decides?" in sentence and "the place in line of Other is given back" in sentence for sentence in found
    )
    assert at(forum, place.person).state == State.WAITING, "foreseeing changes nothing"


def test_a_merge_is_seen_through_the_pages_of_the_admin() -> None:
    forum = make_open_forum(now=timezone.now(), capacity=1)
    seat, place = registered(forum, "one", "other")
    staff: Any = people.browser(people.staff())
    where = f"/admin/members/user/{place.person.pk}/merge/"
    assert "is given back" in staff.get(where, {"with": seat.person.pk}).content.decode()
    assert staff.post(where, {"other": seat.person.pk, "reason": "Same town."}).status_code == 302
    assert at(forum, place.person).pk == seat.pk


def test_a_past_forum_without_seats_is_no_hindrance() -> None:
    make_forum()
    one, other = people.person("one"), people.person("other")
    merge(one, other)
    other.refresh_from_db()
    assert other.merged_into == one

"""Handing a seat or a place in line to a colleague: nothing is lost on the way, and nobody gets two."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from forums import handing_on
from forums.allocation import put
from forums.capacity import settle_all
from forums.handing_on import AlreadyHeldOut, HandOnClosed, HasOneAlready, NothingToHandOn, OwnAddress
from forums.links import token_of
from forums.models import Answer, Forum, HandOn, Override, Question, Registration
from forums.registrations import Details, ForumIsOver, admit_beyond_capacity, cancel
from members.links import hash_of, new_secret
from members.models import User
from tests import people
from tests.factories import make_open_forum, make_registration

pytestmark = pytest.mark.django_db

State = Registration.State
COLLEAGUE = "kay@example.org"


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def forum(now: datetime) -> Forum:
    return make_open_forum(now=now, capacity=1)


def registered(forum: Forum, key: str = "visitor", **details: Any) -> Registration:
    who = people.person(key, name=f"{key.title()} Lane")
    return make_registration(forum, who, now=timezone.now(), **details)


def held_out(row: Registration, email: str = COLLEAGUE) -> tuple[HandOn, str]:
    """Held out to a colleague, and the link that they were mailed."""
    hand_on = handing_on.hold_out(registration=row, email=email, name="Kay Moss", by=row.person, now=timezone.now())
    return hand_on, link_of(hand_on)


def link_of(hand_on: HandOn) -> str:
    secret = new_secret()
    HandOn.objects.filter(pk=hand_on.pk).update(token_hash=hash_of(secret))
    return reverse("forums:take", args=[secret])


def takes(hand_on: HandOn, person: User) -> Registration:
    return handing_on.take(hand_on=hand_on, person=person, details=Details(), by=person, now=timezone.now())


FORM = {"name": "Kay Moss", "title": "Network lead", "organization": "Elm County Schools", "us_state": "OH"}


def url(row: Registration, step: str = "registration") -> str:
    return reverse(f"forums:{step}", args=[token_of(row)])


# --- what is kept -------------------------------------------------------------------------------------------------
def test_the_seat_keeps_its_number_and_its_giver_has_none(forum: Forum) -> None:
    row = registered(forum)
    hand_on, _ = held_out(row)
    taken = takes(hand_on, people.person("kay"))
    row.refresh_from_db()
    hand_on.refresh_from_db()
    forum.seating.refresh_from_db()
    assert (taken.state, taken.seat_number) == (State.CONFIRMED, 1)
    assert (row.state, row.seat_number) == (State.HANDED_ON, None)
    assert hand_on.taken_by == taken
    assert (forum.seating.held, forum.seating.waiting) == (1, 0)
    assert taken.ticket != row.ticket


def test_the_place_in_line_is_the_same_and_nobody_comes_between(forum: Forum) -> None:
    _, *line = [registered(forum, f"cto{number}") for number in range(4)]
    hand_on, _ = held_out(line[1])
    taken = takes(hand_on, people.person("kay"))
    in_line = Registration.objects.in_line().filter(forum=forum)
    assert [row.pk for row in in_line] == [line[0].pk, taken.pk, line[2].pk]
    assert taken.place == line[1].place


def test_an_offer_keeps_its_deadline(forum: Forum, now: datetime) -> None:
    holder, waits = registered(forum, "first"), registered(forum)
    cancel(registration=holder, by=None, now=now)
    waits.refresh_from_db()
    hand_on, _ = held_out(waits)
    taken = takes(hand_on, people.person("kay"))
    assert (taken.state, taken.offer_expires_at) == (State.OFFERED, waits.offer_expires_at)
    assert taken.seat_number == waits.seat_number


def test_a_chair_that_was_brought_in_goes_with_it(forum: Forum, now: datetime) -> None:
    registered(forum)
    extra = admit_beyond_capacity(
        forum=forum, person=people.person("guest"), details=Details(), reason="Speaks", by=people.staff(), now=now
    )
    hand_on, _ = held_out(extra)
    taken = takes(hand_on, people.person("kay"))
    extra.refresh_from_db()
    forum.seating.refresh_from_db()
    assert extra.override is None
    assert taken.override is not None
    assert (taken.override.reason, taken.override.person) == ("Speaks", taken.person)
    assert (forum.seating.held, forum.seating.extra) == (1, 1)
    assert Override.objects.filter(used_at__isnull=True).count() == 0


def test_what_became_a_seat_meanwhile_is_taken_as_a_seat(forum: Forum, now: datetime) -> None:
    holder, waits = registered(forum, "first"), registered(forum, takes_seat_at_once=True)
    hand_on, link = held_out(waits)
    assert "1st place in line" in Client().get(link).content.decode()
    cancel(registration=holder, by=None, now=now)
    assert "seat 1" in Client().get(link).content.decode()
    assert takes(hand_on, people.person("kay")).state == State.CONFIRMED


def test_a_colleague_who_was_registered_before_gets_the_same_row_again(forum: Forum, now: datetime) -> None:
    kay = people.person("kay")
    earlier = make_registration(forum, kay, now=now)
    cancel(registration=earlier, by=kay, now=now)
    hand_on, _ = held_out(registered(forum))
    assert takes(hand_on, kay).pk == earlier.pk


# --- what is refused ----------------------------------------------------------------------------------------------
def test_nobody_hands_to_themselves_whatever_the_letter_case(forum: Forum) -> None:
    row = registered(forum)
    with pytest.raises(OwnAddress):
        held_out(row, "VISITOR@Example.org")


def test_it_is_held_out_to_one_colleague_at_a_time(forum: Forum) -> None:
    row = registered(forum)
    hand_on, _ = held_out(row)
    with pytest.raises(AlreadyHeldOut) as refused:
        held_out(row, "lou@example.org")
    assert COLLEAGUE in refused.value.sentence
    handing_on.take_back(hand_on=hand_on, by=row.person, now=timezone.now())
    held_out(row, "lou@example.org")


def test_it_is_taken_once(forum: Forum) -> None:
    hand_on, _ = held_out(registered(forum))
    takes(hand_on, people.person("kay"))
    with pytest.raises(NothingToHandOn):
        takes(hand_on, people.person("lou"))


def test_what_was_taken_back_cannot_be_taken_and_what_was_taken_not_taken_back(forum: Forum, now: datetime) -> None:
    row = registered(forum)
    first, _ = held_out(row)
    handing_on.take_back(hand_on=first, by=row.person, now=now)
    with pytest.raises(HandOnClosed):
        takes(first, people.person("kay"))
    second, _ = held_out(row)
    takes(second, people.person("kay"))
    with pytest.raises(HandOnClosed):
        handing_on.take_back(hand_on=second, by=row.person, now=now)


def test_who_is_registered_takes_no_second_one_and_the_giver_keeps_theirs(now: datetime) -> None:
    forum = make_open_forum(now=now, capacity=2)
    row, has_one = registered(forum), registered(forum, "kay")
    hand_on, _ = held_out(row)
    with pytest.raises(HasOneAlready):
        takes(hand_on, has_one.person)
    row.refresh_from_db()
    assert row.state == State.CONFIRMED


def test_a_seat_that_was_given_back_cannot_be_taken(forum: Forum, now: datetime) -> None:
    row = registered(forum)
    hand_on, _ = held_out(row)
    cancel(registration=row, by=row.person, now=now)
    with pytest.raises(NothingToHandOn):
        takes(hand_on, people.person("kay"))


def test_once_the_forum_has_begun_nothing_changes_hands(forum: Forum, now: datetime) -> None:
    row = registered(forum)
    hand_on, link = held_out(row)
    Forum.objects.filter(pk=forum.pk).update(starts_at=now - timedelta(hours=1))
    with pytest.raises(ForumIsOver):
        takes(hand_on, people.person("kay"))
    answer = Client().post(link, FORM)
    assert answer.status_code == 410
    assert "The forum has begun" in answer.content.decode()


# --- the holder's pages -------------------------------------------------------------------------------------------
def test_the_holder_sends_the_link_sees_to_whom_and_takes_it_back(forum: Forum) -> None:
    row = registered(forum)
    assert "Send the link" in Client().get(url(row, "hand_on")).content.decode()
    answer = Client().post(url(row, "hand_on"), {"name": "Kay Moss", "email": COLLEAGUE}, follow=True)
    text = answer.content.decode()
    assert "The link is on its way" in text
    assert COLLEAGUE in text
    assert url(row, "hand_on") not in text.replace(url(row, "take_back"), "")  # one colleague at a time
    answer = Client().post(url(row, "take_back"), follow=True)
    assert "It is yours alone again." in answer.content.decode()
    assert COLLEAGUE not in answer.content.decode()
    assert Client().post(url(row, "take_back")).status_code == 409


@pytest.mark.parametrize(
    ("typed", "status", "says"),
    [
        ({"name": "", "email": COLLEAGUE}, 422, "Enter your colleague’s name."),
        ({"name": "Kay", "email": "kay"}, 422, "Enter an address such as"),
        ({"name": "Kay", "email": "visitor@example.org"}, 409, "This is your own address"),
    ],
)
def test_the_holder_is_told_what_is_wrong(forum: Forum, typed: dict[str, str], status: int, says: str) -> None:
    answer = Client().post(url(registered(forum), "hand_on"), typed)
    assert answer.status_code == status
    assert says in answer.content.decode()
    assert not HandOn.objects.exists()


def test_nobody_mails_links_to_many_addresses(forum: Forum) -> None:
    row = registered(forum)
    statuses = []
    for number in range(11):
        answer = Client().post(url(row, "hand_on"), {"name": "Kay", "email": f"kay{number}@example.org"})
        statuses.append(answer.status_code)
        Client().post(url(row, "take_back"))
    assert statuses == [302] * 10 + [409]


def test_the_givers_page_says_to_whom_it_went(forum: Forum) -> None:
    row = registered(forum)
    hand_on, _ = held_out(row)
    takes(hand_on, people.person("kay"))
    text = Client().get(url(row)).content.decode()
    assert "A colleague goes in your place" in text
    assert "Kay Moss" in text


# --- the colleague's page -----------------------------------------------------------------------------------------
def test_the_colleague_is_told_what_it_is_from_whom_and_until_when(forum: Forum) -> None:
    _, link = held_out(registered(forum, organization_name="Elm County Schools"))
    answer = Client().get(link)
    text = answer.content.decode()
    assert "A seat is held out to you" in text
    assert "Visitor Lane" in text
    assert "the forum begins, or Visitor Lane takes it back" in text
    assert "Take the seat" in text
    assert 'value="Elm County Schools"' in text
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("method", ["get", "head"])
def test_opening_the_colleagues_link_changes_nothing(forum: Forum, method: str) -> None:
    row = registered(forum)
    hand_on, link = held_out(row)
    assert getattr(Client(), method)(link).status_code == 200
    row.refresh_from_db()
    hand_on.refresh_from_db()
    assert (row.state, hand_on.taken_at) == (State.CONFIRMED, None)
    assert not User.objects.filter(email=COLLEAGUE).exists()


def test_the_colleague_takes_it_and_the_link_proves_their_address(forum: Forum) -> None:
    meal = Question.objects.create(forum=forum, label="Lunch?", is_required=True)
    row = registered(forum)
    _, link = held_out(row)
    answer = Client().post(link, {**FORM, f"question_{meal.pk}": "Yes"}, follow=True)
    taken = Registration.objects.get(person__email=COLLEAGUE)
    assert answer.redirect_chain == [(url(taken), 302)]
    assert "The seat is yours" in answer.content.decode()
    assert (taken.person.name, taken.title) == ("Kay Moss", "Network lead")
    assert (taken.organization_name, taken.us_state) == ("Elm County Schools", "OH")
    assert Answer.objects.get(registration=taken).value == "Yes"
    assert EmailAddress.objects.get(user=taken.person).verified
    assert not taken.person.has_usable_password()


def test_a_question_that_wants_an_answer_wants_it_of_the_colleague_too(forum: Forum) -> None:
    Question.objects.create(forum=forum, label="Lunch?", is_required=True)
    _, link = held_out(registered(forum))
    answer = Client().post(link, FORM)
    assert answer.status_code == 422
    assert "The forum needs an answer to this one." in answer.content.decode()
    assert not User.objects.filter(email=COLLEAGUE).exists()


def test_an_account_that_is_there_already_takes_it_by_the_link(forum: Forum) -> None:
    kay = people.person("kay", name="Kay Before")
    _, link = held_out(registered(forum), "KAY@example.org")
    Client().post(link, FORM)
    assert Registration.objects.get(person=kay).state == State.CONFIRMED
    kay.refresh_from_db()
    assert kay.name == "Kay Before"


def test_a_password_that_a_stranger_set_before_opens_nothing_afterwards(forum: Forum) -> None:
    kay = people.person("kay", verified=False)
    _, link = held_out(registered(forum))
    Client().post(link, FORM)
    kay.refresh_from_db()
    assert not kay.has_usable_password()
    assert EmailAddress.objects.get(user=kay).verified


def test_whoever_is_registered_already_is_told_so(now: datetime) -> None:
    forum = make_open_forum(now=now, capacity=2)
    row = registered(forum)
    registered(forum, "kay")
    _, link = held_out(row)
    answer = Client().post(link, FORM)
    assert answer.status_code == 409
    assert "you need no other seat" in answer.content.decode()
    row.refresh_from_db()
    assert row.state == State.CONFIRMED


def test_a_link_that_was_used_leads_to_what_was_taken_and_takes_nothing_more(forum: Forum) -> None:
    _, link = held_out(registered(forum))
    Client().post(link, FORM)
    taken = Registration.objects.get(person__email=COLLEAGUE)
    for answer in (Client().get(link), Client().post(link, FORM)):
        assert answer.status_code == 410
        assert url(taken) in answer.content.decode()


def test_closed_links_say_why(forum: Forum, now: datetime) -> None:
    row = registered(forum)
    hand_on, link = held_out(row)
    handing_on.take_back(hand_on=hand_on, by=row.person, now=now)
    answer = Client().get(link)
    assert (answer.status_code, "took it back" in answer.content.decode()) == (410, True)
    _, link = held_out(row)
    put([row.pk], State.CANCELLED, now)
    answer = Client().get(link)
    assert (answer.status_code, "has it no longer" in answer.content.decode()) == (410, True)


def test_what_one_registers_for_anew_is_held_out_to_nobody(forum: Forum, now: datetime) -> None:
    row = registered(forum)
    hand_on, link = held_out(row)
    cancel(registration=row, by=row.person, now=now)
    hand_on.refresh_from_db()
    assert hand_on.withdrawn_at == now
    assert registered(forum).pk == row.pk, "the same row lives again"
    assert "Held out to a colleague" not in Client().get(url(row)).content.decode()
    answer = Client().post(link, FORM)
    assert (answer.status_code, "holds it no longer" in answer.content.decode()) == (410, True)
    held_out(row)  # nothing of the earlier one is in the way


def test_an_offer_that_lapses_takes_back_what_was_held_out(forum: Forum, now: datetime) -> None:
    holder, waits = registered(forum, "first"), registered(forum)
    hand_on, _ = held_out(waits)
    cancel(registration=holder, by=None, now=now)
    hand_on.refresh_from_db()
    assert hand_on.withdrawn_at is None, "an offer is held out as the place was"
    after = now + timedelta(days=3)
    settle_all(after)
    hand_on.refresh_from_db()
    assert hand_on.withdrawn_at == after


def test_an_offer_that_lapsed_can_be_taken_no_more(forum: Forum, now: datetime) -> None:
    holder, waits = registered(forum, "first"), registered(forum)
    cancel(registration=holder, by=None, now=now)
    _, link = held_out(waits)
    assert "held out to you" in Client().get(link).content.decode()
    Registration.objects.filter(pk=waits.pk).update(offer_expires_at=now - timedelta(minutes=1))
    assert Client().get(link).status_code == 410
    assert Client().post(link, FORM).status_code == 410
    assert not Registration.objects.filter(person__email=COLLEAGUE).exists()


def test_a_secret_that_is_nobodys_opens_nothing(forum: Forum) -> None:
    held_out(registered(forum))
    assert Client().get(reverse("forums:take", args=[new_secret()])).status_code == 404
    assert Client().post(reverse("forums:take", args=["x"]), FORM).status_code == 404

"""The registration page of somebody who is signed in."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from forums.links import token_of
from forums.models import Answer, Forum, Question, Registration, Seating
from forums.registrations import cancel
from members.models import Organization
from tests import people
from tests.factories import make_forum, make_open_forum, make_registration
from tests.forums.registering import ABOUT_ME, page_of, registered, send_form

pytestmark = pytest.mark.django_db

State = Registration.State
HOUR = timedelta(hours=1)


def open_forum(capacity: int = 2, *, slug: str = "2027-april", **fields: Any) -> Forum:
    return make_open_forum(slug, now=timezone.now(), capacity=capacity, **fields)


def fill_up(forum: Forum, waiting: int = 0) -> None:
    for number in range(forum.seating.capacity + waiting):
        make_registration(forum, people.person(f"early{number}"), now=timezone.now())


def own_page(forum: Forum, key: str) -> str:
    return f"/cto-forums/r/{token_of(Registration.objects.get(forum=forum, person=people.person(key)))}/"


def words(response: Any) -> str:
    return str(response.content.decode().partition("<main")[2])


# --- what one gets ----------------------------------------------------------------------------------------------------
def test_seat_is_promised_before_the_button_and_taken_by_it() -> None:
    forum, browser = open_forum(), people.browser(people.visitor())
    page = browser.get(page_of(forum))
    assert page.status_code == 200
    assert "2 seats are free" in words(page)
    assert "If a seat becomes free" not in words(page)
    done = send_form(browser, forum)
    row = Registration.objects.get()
    assert (row.state, row.seat_number, row.person) == (State.CONFIRMED, 1, people.visitor())
    assert done.status_code == 302
    assert done.headers["Location"] == own_page(forum, "visitor")


def test_place_in_line_is_said_before_the_button_and_given_by_it() -> None:
    forum, browser = open_forum(), people.browser(people.visitor())
    fill_up(forum, waiting=3)
    page = words(browser.get(page_of(forum)))
    assert "All 2 seats are taken" in page
    assert "number 4 in line" in page
    assert "Join the waitlist" in page
    send_form(browser, forum, if_free="at_once")
    row = Registration.objects.get(person=people.visitor())
    assert (row.state, row.place, row.takes_seat_at_once) == (State.WAITING, 4, True)


def test_whoever_does_not_say_is_asked_when_a_seat_becomes_free() -> None:
    forum = open_forum()
    fill_up(forum)
    send_form(people.browser(people.visitor()), forum)
    assert Registration.objects.get(person=people.visitor()).takes_seat_at_once is False


def test_forum_that_asks_nobody_offers_no_choice() -> None:
    forum = open_forum(offer_hours=0)
    fill_up(forum)
    page = words(people.browser(people.visitor()).get(page_of(forum)))
    assert "Ask me first" not in page
    assert "yours at once" in page


# --- what is known already --------------------------------------------------------------------------------------------
def test_district_state_and_position_of_a_member_are_filled_in() -> None:
    member = people.member()
    Organization.objects.update(state="MN")
    forum = open_forum()
    page = words(people.browser(member).get(page_of(forum)))
    for known in ("Jordan Whitfield", "Chief technology officer", "Maple Valley School District"):
        assert f'value="{known}"' in page
    assert '<option value="MN" selected>' in page


def test_known_district_is_kept_as_such_and_another_one_by_its_name() -> None:
    member, forum = people.member(), open_forum()
    district = people.maple_valley().organization
    send_form(people.browser(member), forum, organization=" maple valley  school district ")
    row = Registration.objects.get()
    assert (row.organization, row.organization_name) == (district, "")
    other = open_forum(slug="2027-october")
    send_form(people.browser(member), other, organization="Pine Hills Schools")
    row = Registration.objects.get(forum=other)
    assert (row.organization, row.organization_name, row.us_state) == (None, "Pine Hills Schools", "OR")


def test_nobody_is_put_into_a_district_by_typing_its_name() -> None:
    people.member()
    forum = open_forum()
    send_form(people.browser(people.visitor()), forum, organization="Maple Valley School District")
    assert Registration.objects.get().organization is None


def test_name_as_typed_is_kept_and_a_position_only_where_there_was_none() -> None:
    member, visitor, forum = people.member(), people.visitor(), open_forum(3)
    for who in (member, visitor):
        send_form(people.browser(who), forum, name="Another Name", title="CIO")
        who.refresh_from_db()
    assert [member.name, visitor.name] == ["Another Name", "Another Name"]
    assert [member.title, visitor.title] == ["Chief technology officer", "CIO"]
    assert Registration.objects.get(person=member).title == "CIO"


# --- questions --------------------------------------------------------------------------------------------------------
def ask(forum: Forum, **fields: Any) -> Question:
    return Question.objects.create(forum=forum, **{"label": "Which session?", **fields})


def test_answers_are_kept_with_the_registration() -> None:
    forum = open_forum()
    line = ask(forum, is_required=True)
    several = ask(forum, label="Meals", kind=Question.Kind.SEVERAL, choices=["Lunch", "Supper"], is_sensitive=True)
    ask(forum, label="How was it?", stage=Question.Stage.SURVEY, is_required=True)
    browser = people.browser(people.visitor())
    page = words(browser.get(page_of(forum)))
    assert "erase it 30 days after the forum" in page
    assert "How was it?" not in page
    send_form(browser, forum, **{f"question_{line.pk}": "The first", f"question_{several.pk}": ["Lunch", "Supper"]})
    assert dict(Answer.objects.values_list("question__label", "value")) == {
        "Which session?": "The first",
        "Meals": "Lunch\nSupper",
    }


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"name": ""}, "Enter your name"),
        ({"organization": " "}, "Enter the name of your district"),
        ({"us_state": "ZZ"}, "ZZ"),
        ({"name": "x" * 121}, "120"),
        ({"question": ""}, "The forum needs an answer"),
    ],
    ids=["no name", "no district", "no such state", "long name", "no answer"],
)
def test_bad_input_writes_nothing_and_keeps_what_was_typed(wrong: dict[str, str], says: str) -> None:
    forum = open_forum()
    question = ask(forum, is_required=True)
    answer = {f"question_{question.pk}": wrong.pop("question", "Typed before")}
    browser = people.browser(people.visitor())
    response = send_form(browser, forum, **{**answer, "title": "Typed position", **wrong})
    assert response.status_code == 422
    assert says in words(response)
    assert 'value="Typed position"' in words(response)
    assert not Registration.objects.exists()
    people.visitor().refresh_from_db()
    assert people.visitor().name == "Lee Montgomery"
    assert send_form(browser, forum, **answer | {f"question_{question.pk}": "One"}).status_code == 302


def test_get_changes_nothing() -> None:
    forum, browser = open_forum(), people.browser(people.visitor())
    browser.get(page_of(forum), ABOUT_ME)
    browser.head(page_of(forum))
    assert not Registration.objects.exists()


# --- once -------------------------------------------------------------------------------------------------------------
def test_second_press_of_the_button_leads_to_the_same_registration() -> None:
    forum, browser = open_forum(), people.browser(people.visitor())
    first, second = send_form(browser, forum), send_form(browser, forum)
    assert first.headers["Location"] == second.headers["Location"]
    assert len(registered(forum)) == 1
    assert browser.get(page_of(forum)).headers["Location"] == first.headers["Location"]


def test_whoever_cancelled_can_register_anew_and_is_told_where_that_is() -> None:
    forum = open_forum()
    row = make_registration(forum, people.visitor(), now=timezone.now())
    cancel(registration=row, by=people.visitor(), now=timezone.now())
    fill_up(forum)
    browser = people.browser(people.visitor())
    assert "at the end of the line" in words(browser.get(page_of(forum)))
    send_form(browser, forum)
    row.refresh_from_db()
    assert (row.state, row.place) == (State.WAITING, 1)
    assert Registration.objects.filter(person=people.visitor()).count() == 1


# --- states of the forum ----------------------------------------------------------------------------------------------
NOW = timezone.now
CLOSED_STATES: dict[str, tuple[dict[str, Any], str]] = {
    "opens later": ({"registration_opens_at": NOW() + 48 * HOUR}, "Registration is not open yet"),
    "closed": ({"registration_closes_at": NOW() - HOUR}, "Registration is closed"),
    "cancelled": ({"status": Forum.Status.CANCELLED}, "This forum is cancelled"),
    "no opening": ({"registration_opens_at": None}, "Nobody can register here yet"),
    "begun": ({"starts_at": NOW() - HOUR, "ends_at": NOW() + 3 * HOUR}, "This forum has begun"),
    "over": ({"starts_at": NOW() - 9 * HOUR, "ends_at": NOW() - 5 * HOUR}, "This forum is over"),
}


@pytest.mark.parametrize("state", CLOSED_STATES)
@pytest.mark.parametrize("signed_in", [True, False], ids=["signed in", "signed out"])
def test_forum_that_takes_nobody_says_why_and_takes_nobody(state: str, signed_in: bool) -> None:
    fields, says = CLOSED_STATES[state]
    forum = open_forum(**fields)
    browser = people.browser(people.visitor() if signed_in else None)
    page = browser.get(page_of(forum))
    assert page.status_code == 200
    assert says in words(page)
    assert "<form" not in words(page)
    for part in ("", "team/"):
        assert browser.post(page_of(forum, part), {**ABOUT_ME, "email": "a@pine.example"}).status_code == 409
    assert not Registration.objects.exists()
    healthy = open_forum(slug="another")
    assert send_form(people.browser(people.visitor()), healthy).status_code == 302


def test_forum_without_seats_takes_nobody() -> None:
    now = timezone.now()
    forum = make_forum("no-seats", starts_at=now + 48 * HOUR, registration_opens_at=now - HOUR, precision="time")
    page = people.browser(people.visitor()).get(page_of(forum))
    assert "Nobody can register here yet" in words(page)
    assert people.browser(people.visitor()).post(page_of(forum), ABOUT_ME).status_code == 409


def test_draft_is_not_there() -> None:
    forum = open_forum(status=Forum.Status.DRAFT)
    for who in (None, people.visitor()):
        for part in ("", "code/", "team/"):
            assert people.browser(who).get(page_of(forum, part)).status_code == 404
            assert people.browser(who).post(page_of(forum, part), ABOUT_ME).status_code == 404


def test_registered_person_sees_their_own_page_also_when_registration_is_closed() -> None:
    forum = open_forum()
    make_registration(forum, people.visitor(), now=timezone.now())
    Forum.objects.update(registration_closes_at=timezone.now() - HOUR)
    assert people.browser(people.visitor()).get(page_of(forum)).headers["Location"] == own_page(forum, "visitor")


def test_registration_that_closes_while_the_form_is_filled_in_says_so() -> None:
    forum, browser = open_forum(), people.browser(people.visitor())
    assert browser.get(page_of(forum)).status_code == 200
    Forum.objects.update(registration_closes_at=timezone.now())
    answer = send_form(browser, forum)
    assert answer.status_code == 409
    assert "Registration is closed" in words(answer)


def test_seat_that_went_meanwhile_becomes_a_place_in_line() -> None:
    forum, browser = open_forum(1), people.browser(people.visitor())
    assert "One seat is free" in words(browser.get(page_of(forum)))
    fill_up(forum)
    assert send_form(browser, forum).status_code == 302
    assert Registration.objects.get(person=people.visitor()).state == State.WAITING
    assert Seating.objects.get().waiting == 1


def test_form_without_its_token_is_refused() -> None:
    forum, strict = open_forum(), Client(enforce_csrf_checks=True)
    strict.force_login(people.visitor())
    assert send_form(strict, forum).status_code == 403
    assert not Registration.objects.exists()


def test_registering_costs_as_much_at_a_full_forum_as_at_an_empty_one(django_assert_max_num_queries: Any) -> None:
    empty, full = open_forum(), open_forum(slug="2027-october")
    fill_up(full, waiting=20)
    for forum in (empty, full):
        ask(forum)
        browser = people.browser(people.person(f"asks-{forum.pk}"))
        with django_assert_max_num_queries(20):
            assert send_form(browser, forum).status_code == 302

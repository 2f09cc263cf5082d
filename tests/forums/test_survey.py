"""The survey: asked once of those who were there, kept without their name, shown from five answers on."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from forums.check_in import check_in
from forums.links import token_of
from forums.models import CheckIn, Forum, Question, Registration, SurveyAnswer, SurveyResponse
from forums.survey import AnsweredAlready, NotAskedYet, WasNotThere, answer_survey, check_may_answer, results_of
from tests import people
from tests.factories import make_open_forum, make_registration

pytestmark = pytest.mark.django_db


def a_forum_that_was(**fields: Any) -> Forum:
    now = timezone.now()
    begun = now - timedelta(hours=3)
    return make_open_forum(now=now - timedelta(days=30), capacity=20, starts_at=begun, **fields)


def who_was_there(forum: Forum, key: str) -> Registration:
    row = make_registration(forum, people.person(key), now=forum.starts_at - timedelta(days=20))
    start = forum.starts_at
    check_in(registration=row, entry=uuid4(), at=start, way=CheckIn.Way.BY_NAME, by=None, now=start)
    return row


def ask(forum: Forum, label: str = "How useful was it?", kind: str = Question.Kind.SCALE, **fields: Any) -> Question:
    return Question.objects.create(forum=forum, stage=Question.Stage.SURVEY, label=label, kind=kind, **fields)


def address(row: Registration) -> str:
    return f"/cto-forums/r/{token_of(row)}/survey/"


def says(row: Registration, answers: dict[Question, str]) -> None:
    answer_survey(registration=row, answers=answers, by=None, now=timezone.now())


# --- who is asked, and how often --------------------------------------------------------------------------------------
def test_who_was_there_answers_once_and_the_registration_says_only_that_they_did() -> None:
    forum = a_forum_that_was()
    row, question = who_was_there(forum, "cto"), ask(forum, is_required=True)
    assert question.label in Client().get(address(row)).content.decode()
    response = Client().post(address(row), {f"question_{question.pk}": "4"})
    assert "kept without your name" in response.content.decode()
    row.refresh_from_db()
    assert row.surveyed_at is not None
    assert SurveyAnswer.objects.get().value == "4"
    again = Client().post(address(row), {f"question_{question.pk}": "1"})
    assert "answered the survey already" in again.content.decode()
    assert SurveyResponse.objects.count() == 1


def test_a_missing_answer_is_asked_for_and_nothing_is_kept() -> None:
    forum = a_forum_that_was()
    row = who_was_there(forum, "cto")
    ask(forum, is_required=True)
    assert Client().post(address(row), {}).status_code == 422
    row.refresh_from_db()
    assert (row.surveyed_at, SurveyResponse.objects.count()) == (None, 0)


def test_opening_the_page_writes_nothing() -> None:
    forum = a_forum_that_was()
    row = who_was_there(forum, "cto")
    ask(forum)
    assert Client().get(address(row)).status_code == 200
    row.refresh_from_db()
    assert (row.surveyed_at, SurveyResponse.objects.count()) == (None, 0)


def test_the_survey_begins_with_the_forum_and_is_for_those_who_came() -> None:
    forum = a_forum_that_was()
    there = who_was_there(forum, "there")
    home = make_registration(forum, people.person("home"), now=forum.starts_at - timedelta(days=20))
    check_may_answer(there, forum.starts_at)
    with pytest.raises(NotAskedYet):
        check_may_answer(there, forum.starts_at - timedelta(minutes=1))
    with pytest.raises(WasNotThere):
        check_may_answer(home, timezone.now())
    says(there, {ask(forum): "5"})
    there.refresh_from_db()
    with pytest.raises(AnsweredAlready):
        check_may_answer(there, timezone.now())


# --- whose it is ------------------------------------------------------------------------------------------------------
def test_nothing_of_a_response_tells_whose_it_is_not_even_its_order() -> None:
    forum = a_forum_that_was()
    question = ask(forum)
    rows = [who_was_there(forum, f"cto{number}") for number in range(12)]
    for number, row in enumerate(rows):
        says(row, {question: str(1 + number % 5)})
    fields = {field.name for model in (SurveyResponse, SurveyAnswer) for field in model._meta.get_fields()}
    assert fields == {"answers", "id", "forum", "given_on", "response", "question", "value"}
    in_their_order = [str(1 + number % 5) for number in range(12)]
    # by chance the order of twelve numbers is that of their making once in half a billion times
    assert list(SurveyAnswer.objects.order_by("pk").values_list("value", flat=True)) != in_their_order
    assert list(SurveyAnswer.objects.order_by("response").values_list("value", flat=True)) != in_their_order


# --- what it brought --------------------------------------------------------------------------------------------------
def test_counts_shares_and_means_are_those_of_the_answers() -> None:
    forum = a_forum_that_was()
    scale = ask(forum)
    several = ask(forum, "Which parts?", Question.Kind.SEVERAL, choices=["Tables", "Talks", "Lunch"])
    given = ["5", "5", "4", "3", "1"]
    for number, value in enumerate(given):
        says(who_was_there(forum, f"cto{number}"), {scale: value, several: "Tables\nLunch" if number else "Tables"})
    found = results_of(forum)
    assert (found.came, found.responses) == (5, 5)
    usefulness, parts = found.results
    assert usefulness.mean == pytest.approx(3.6)
    assert [(line.label, line.count) for line in usefulness.lines] == [("1", 1), ("2", 0), ("3", 1), ("4", 1), ("5", 2)]
    assert [(line.label, line.count, line.width) for line in parts.lines] == [
        ("Tables", 5, 100.0),
        ("Talks", 0, 0.0),
        ("Lunch", 4, 80.0),
    ]


def test_fewer_than_five_answers_are_not_shown() -> None:
    forum = a_forum_that_was()
    question = ask(forum, "What next?", Question.Kind.LONG)
    browser = people.browser(people.staff())
    for number in range(5):
        page = browser.get(f"/cto-forums/{forum.slug}/survey/").content.decode()
        assert "More on phones" not in page
        says(who_was_there(forum, f"cto{number}"), {question: f"More on phones, {number}"})
    page = browser.get(f"/cto-forums/{forum.slug}/survey/").content.decode()
    assert page.count("More on phones") == 5


def test_the_chart_stands_beside_a_table_and_hides_from_screen_readers() -> None:
    forum = a_forum_that_was()
    question = ask(forum)
    for number in range(5):
        says(who_was_there(forum, f"cto{number}"), {question: "4"})
    page = people.browser(people.staff()).get(f"/cto-forums/{forum.slug}/survey/").content.decode()
    assert '<svg class="bars" viewBox="0 0 100 50" aria-hidden="true"' in page
    assert '<th scope="row">4</th><td>5</td><td>100%</td>' in page
    assert "4.0 of 5 on average" in page


def test_results_are_for_staff_who_may_see_responses() -> None:
    forum = a_forum_that_was()
    where = f"/cto-forums/{forum.slug}/survey/"
    plain_staff = people.person("plain", is_staff=True)
    assert people.browser(people.staff()).get(where).status_code == 200
    assert people.browser(plain_staff).get(where).status_code == 403
    assert people.browser(people.member()).get(where).status_code == 403

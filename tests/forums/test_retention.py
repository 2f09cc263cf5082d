"""Thirty days after a forum nothing is left of what people told us about their needs."""

from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps
from django.db import connection
from pghistory.models import Event

from cosn_site.jobs.rhythms import declared
from forums.models import Answer, Forum, Question, SurveyAnswer, SurveyResponse
from forums.registrations import Details, change_details, register
from forums.retention import KEPT_FOR, erase_due_answers
from tests import people
from tests.factories import make_open_forum

pytestmark = pytest.mark.django_db

NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)
SECRET = "no-shellfish-for-me-7781"


@pytest.fixture
def forum() -> Forum:
    """A forum at which somebody told us about lunch, changed it once, and answered something harmless too."""
    forum = make_open_forum(now=NOW, capacity=5)
    lunch = Question.objects.create(forum=forum, label="Dietary needs", is_sensitive=True)
    hope = Question.objects.create(forum=forum, label="What brings you?")
    person = people.person("cto")
    answers = {lunch: f"was {SECRET}", hope: "colleagues"}
    row = register(forum=forum, person=person, details=Details(), answers=answers, by=person, now=NOW)
    change_details(registration=row, details=Details(), answers={lunch: SECRET}, by=person, now=NOW)
    return forum


def tables_with(words: str) -> list[str]:
    """Every table of the database in which the words stand in some column."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE %s', [f"%{words}%"])  # noqa: S608
            if cursor.fetchone()[0]:
                found.append(table)
    return found


def test_thirty_days_after_the_end_nothing_of_a_sensitive_answer_is_left_in_any_table(forum: Forum) -> None:
    assert tables_with(SECRET) == ["forums_answer"], "while it is needed it stands in one place only"
    assert erase_due_answers(forum.ends_at + KEPT_FOR - timedelta(minutes=1)) == 0
    assert tables_with(SECRET) == ["forums_answer"]
    assert erase_due_answers(forum.ends_at + KEPT_FOR) == 1
    assert tables_with(SECRET) == []
    assert list(Answer.objects.values_list("value", flat=True)) == ["colleagues"]


def test_erasing_is_noted_once_and_a_missed_month_is_caught_up(forum: Forum) -> None:
    late = forum.ends_at + timedelta(days=200)
    assert erase_due_answers(late) == 1
    assert erase_due_answers(late + timedelta(days=1)) == 0
    forum.refresh_from_db()
    assert forum.answers_erased_at == late


def test_a_question_that_is_called_sensitive_too_late_is_caught_up(forum: Forum) -> None:
    late = forum.ends_at + timedelta(days=40)
    erase_due_answers(late)
    Question.objects.filter(label="What brings you?").update(is_sensitive=True)
    assert erase_due_answers(late + timedelta(days=1)) == 1
    assert not Answer.objects.exists()


def test_sensitive_answers_of_the_survey_go_too(forum: Forum) -> None:
    question = Question.objects.create(forum=forum, label="Could you get around?", stage="survey", is_sensitive=True)
    response = SurveyResponse.objects.create(forum=forum, given_on=forum.ends_at.date())
    SurveyAnswer.objects.create(response=response, question=question, value=SECRET)
    erase_due_answers(forum.ends_at + KEPT_FOR)
    assert not SurveyAnswer.objects.exists()
    assert SurveyResponse.objects.exists()


def test_another_forum_s_answers_stay(forum: Forum) -> None:
    make_open_forum("later", now=NOW, starts_at=NOW + timedelta(days=300))
    early = make_open_forum("earlier", now=NOW, starts_at=NOW + timedelta(days=10))
    assert erase_due_answers(early.ends_at + KEPT_FOR) == 1
    assert tables_with(SECRET) == ["forums_answer"]


def test_answers_have_no_history_on_purpose() -> None:
    tracked = {model.pgh_tracked_model for model in apps.get_models() if issubclass(model, Event)}
    assert Answer not in tracked
    assert SurveyAnswer not in tracked


def test_the_job_is_scheduled_daily() -> None:
    import forums.tasks  # noqa: F401 - where the scheduler looks

    assert "forums.tasks.erase_sensitive_answers" in declared()

"""A forum's questions as the fields of a form."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.http import QueryDict

from forums.models import Question
from forums.questions import QuestionsForm, field_name
from tests.factories import make_open_forum

pytestmark = pytest.mark.django_db

NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)
Kind = Question.Kind


def ask(kind: Kind, **fields: Any) -> Question:
    forum = make_open_forum(now=NOW)
    return Question.objects.create(forum=forum, label="Who, me & you?", kind=kind, **fields)


def answered(question: Question, *values: str) -> QuestionsForm:
    data = QueryDict(mutable=True)
    data.setlist(field_name(question), list(values))
    return QuestionsForm(data, questions=[question])


CHOICES = ["Fish", "Rice, no fish", "Bread"]
GIVEN = [
    (Kind.TEXT, [" None "], "None"),
    (Kind.LONG, ["One\nand two"], "One\nand two"),
    (Kind.YES, ["on"], "yes"),
    (Kind.ONE, ["Fish"], "Fish"),
    (Kind.SEVERAL, ["Fish", "Bread"], "Fish\nBread"),
    (Kind.SCALE, ["4"], "4"),
]


@pytest.mark.parametrize(("kind", "typed", "kept"), GIVEN, ids=[kind.value for kind, *_ in GIVEN])
@pytest.mark.parametrize("required", [True, False], ids=["required", "optional"])
def test_each_kind_keeps_its_answer_and_shows_it_again(kind: Kind, typed: list[str], kept: str, required: bool) -> None:
    typed = ["yes"] if (kind, required) == (Kind.YES, True) else typed
    question = ask(kind, is_required=required, choices=CHOICES)
    form = answered(question, *typed)
    assert form.is_valid(), form.errors
    assert form.answers() == {question: kept}
    again = str(QuestionsForm(questions=[question], initial_answers={question.pk: kept}))
    if kind in (Kind.TEXT, Kind.LONG):
        assert kept in again
    else:
        assert again.count("checked") == len(typed)


@pytest.mark.parametrize("kind", Kind)
def test_nothing_is_an_answer_only_where_none_is_required(kind: Kind) -> None:
    optional = ask(kind, choices=CHOICES)
    form = answered(optional)
    assert form.is_valid(), form.errors
    assert form.answers() == {optional: ""}
    optional.is_required = True
    form = answered(optional)
    assert not form.is_valid()
    assert "required" not in str(form.errors), "the error says what to do"


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        (Kind.TEXT, "x" * 201),
        (Kind.LONG, "x" * 2001),
        (Kind.ONE, "Meat"),
        (Kind.SEVERAL, "Meat"),
        (Kind.SCALE, "6"),
        (Kind.SCALE, "0"),
        (Kind.TEXT, "nul\x00"),
    ],
)
def test_what_was_not_offered_or_is_too_long_is_refused(kind: Kind, typed: str) -> None:
    assert not answered(ask(kind, choices=CHOICES), typed).is_valid()


def test_required_yes_or_no_takes_a_no() -> None:
    question = ask(Kind.YES, is_required=True)
    form = answered(question, "no")
    assert form.is_valid()
    assert form.answers() == {question: "no"}


def test_sensitive_question_says_who_sees_the_answer_and_until_when() -> None:
    open_question, sensitive = ask(Kind.TEXT), Question(forum_id=1, pk=9, label="Diet", is_sensitive=True)
    assert "30 days after the forum" in str(QuestionsForm(questions=[sensitive]))
    assert "30 days" not in str(QuestionsForm(questions=[open_question]))


def test_what_staff_write_is_shown_as_text() -> None:
    question = ask(Kind.ONE, choices=["<b>A</b>", "B"], help_text="<script>alert(1)</script>")
    shown = str(QuestionsForm(questions=[question]))
    assert "<script>" not in shown
    assert "<b>A" not in shown
    assert "&lt;script&gt;" in shown


def test_optional_choice_can_be_taken_back() -> None:
    question = ask(Kind.ONE, choices=CHOICES)
    form = answered(question, "")
    assert form.is_valid()
    assert form.answers() == {question: ""}
    assert "No answer" in str(form)


def test_long_list_of_choices_is_a_list_to_open() -> None:
    few, many = ask(Kind.ONE, choices=CHOICES), Question(pk=9, label="Where", kind=Kind.ONE, choices=list("abcdefghij"))
    assert "<select" in str(QuestionsForm(questions=[many]))
    assert "<select" not in str(QuestionsForm(questions=[few]))

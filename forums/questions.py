"""A forum's questions as the fields of a form: at registration, on one's own page, and in the survey."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from django import forms
from django.db.models import OuterRef, QuerySet
from django.utils.html import escape

from cosn_site.prepared import Prepared, columns, instance
from forums.models import Answer, Forum, Question, Registration

ERASED_AFTER_DAYS = 30  # after the forum: what was answered to sensitive questions
WHO_SEES_IT = (
    "Only the people who prepare the room and the meals see this. "
    f"We erase it {ERASED_AFTER_DAYS} days after the forum."
)
LINE, PARAGRAPH = 200, 2000  # characters
FEW = 7  # so many choices stand below each other; more are a list to open
NO_ANSWER = ("", "No answer")
SCALE = tuple((f"{step}", f"{step}") for step in range(1, 6))


_COLUMNS = columns(Question)


def asked_at_registration(forum: int | OuterRef) -> QuerySet[Question]:
    """What a forum asks whoever registers, in its order."""
    return Question.objects.filter(forum=forum, stage=Question.Stage.REGISTRATION)


_asked = Prepared(
    "questions_at_registration", ["bigint"], lambda forum: asked_at_registration(forum).values_list(*_COLUMNS)
)


def registration_questions(forum: Forum) -> list[Question]:
    """What the forum asks whoever registers, in its order. One statement."""
    return [instance(Question, _COLUMNS, row) for row in _asked(forum.pk)]


def given_answers(registration: Registration) -> dict[int, str]:
    """What was answered, by the number of the question. One statement."""
    return dict(Answer.objects.filter(registration=registration).order_by().values_list("question", "value"))


def unanswered(questions: Sequence[Question], given: Mapping[int, str]) -> list[Question]:
    """Those that want an answer and have none.

    Everybody who comes is asked, also who was registered by a colleague or by staff: their own page asks, and their
    letters say so.
    """
    return [question for question in questions if question.is_required and not given.get(question.pk)]


class QuestionsForm(forms.Form):
    """One typed field for each question, in the order given."""

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        questions: Sequence[Question],
        initial_answers: Mapping[int, str] = MappingProxyType({}),
        **kwargs: Any,
    ) -> None:
        super().__init__(data, **kwargs)
        self.questions = list(questions)
        for question in self.questions:
            name = field_name(question)
            self.fields[name] = _field(question)
            if question.pk in initial_answers:
                self.initial[name] = _shown(question, initial_answers[question.pk])

    def answers(self) -> dict[Question, str]:
        """What was answered, as `Answer.value` keeps it; empty where nothing was. Of a valid form."""
        return {question: _kept(self.cleaned_data[field_name(question)]) for question in self.questions}


def field_name(question: Question) -> str:
    """What a question's field is called in the form."""
    return f"question_{question.pk}"


def _field(question: Question) -> forms.Field:
    common: dict[str, Any] = {
        "label": question.label,
        "required": question.is_required,
        "help_text": _help(question),
        "error_messages": {"required": _WHEN_EMPTY[Question.Kind(question.kind)]},
    }
    # what the browser would fill in by itself belongs in the other fields
    off = {"autocomplete": "off"}
    match question.kind:
        case Question.Kind.LONG:
            area = forms.Textarea(attrs={**off, "rows": 4})
            return forms.CharField(max_length=PARAGRAPH, widget=area, **common)
        case Question.Kind.YES if question.is_required:
            return forms.ChoiceField(choices=[("yes", "Yes"), ("no", "No")], widget=forms.RadioSelect, **common)
        case Question.Kind.YES:
            return forms.BooleanField(**common)
        case Question.Kind.ONE:
            return _one_of([(choice, choice) for choice in question.choices], common)
        case Question.Kind.SEVERAL:
            several = [(choice, choice) for choice in question.choices]
            return forms.MultipleChoiceField(choices=several, widget=forms.CheckboxSelectMultiple, **common)
        case Question.Kind.SCALE:
            return _one_of(list(SCALE), common, {"class": "scale"})
        case _:
            return forms.CharField(max_length=LINE, widget=forms.TextInput(attrs=off), **common)


def _one_of(
    choices: list[tuple[str, str]], common: dict[str, Any], look: dict[str, str] | None = None
) -> forms.ChoiceField:
    if len(choices) > FEW:
        first = ("", "Choose one") if common["required"] else NO_ANSWER
        return forms.ChoiceField(choices=[first, *choices], **common)
    if not common["required"]:
        choices = [*choices, NO_ANSWER]
    return forms.ChoiceField(choices=choices, widget=forms.RadioSelect(attrs=look), **common)


_WHEN_EMPTY = {
    Question.Kind.TEXT: "The forum needs an answer to this one.",
    Question.Kind.LONG: "The forum needs an answer to this one.",
    Question.Kind.YES: "Choose yes or no.",
    Question.Kind.ONE: "Choose one.",
    Question.Kind.SEVERAL: "Choose one or more.",
    Question.Kind.SCALE: "Choose a number from 1 to 5.",
}


def _help(question: Question) -> str:
    """Fields show their help as it is, so what staff wrote is escaped here."""
    parts = [question.help_text, WHO_SEES_IT if question.is_sensitive else ""]
    if question.kind == Question.Kind.SCALE and not question.help_text:
        parts.insert(0, "1 is the least, 5 the most.")
    return escape(" ".join(part for part in parts if part))


def _kept(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, list):
        return "\n".join(value)
    return str(value).strip()


def _shown(question: Question, value: str) -> Any:
    if question.kind == Question.Kind.SEVERAL:
        return value.split("\n")
    if question.kind == Question.Kind.YES and not question.is_required:
        return value == "yes"
    return value

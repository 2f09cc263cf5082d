"""The survey after a forum: one response of each who was there, kept without their name.

The registration says that somebody answered, never what. So that nobody can match the two by their order, responses and
answers get numbers by chance, and of the time only the day is kept. Results are shown from five answers on.
"""

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean

from django.db import transaction

from cosn_site.clock import association_day
from cosn_site.verbs import audited
from forums.allocation import SeatRefused
from forums.models import CheckIn, Forum, Question, Registration, SurveyAnswer, SurveyResponse
from members.models import User

FEWEST = 5  # answers; of fewer one could guess whose they are
NUMBERS = 2**53  # what a number can be
CHOSEN = (Question.Kind.ONE, Question.Kind.SEVERAL, Question.Kind.YES, Question.Kind.SCALE)


class NotAskedYet(SeatRefused):
    sentence = "The survey begins when the forum does."


class WasNotThere(SeatRefused):
    sentence = "The survey is for those who were checked in at the door."


class AnsweredAlready(SeatRefused):
    sentence = "You answered the survey already. Thank you."


def survey_questions(forum: Forum) -> list[Question]:
    """What is asked afterwards, in its order."""
    return list(Question.objects.filter(forum=forum, stage=Question.Stage.SURVEY))


def check_may_answer(registration: Registration, now: datetime) -> None:
    """Raises `AnsweredAlready`, `NotAskedYet`, `WasNotThere`."""
    if registration.surveyed_at is not None:
        raise AnsweredAlready
    if registration.forum.status != Forum.Status.PUBLISHED or now < registration.forum.starts_at:
        raise NotAskedYet
    if not CheckIn.objects.counting().filter(registration=registration).exists():
        raise WasNotThere


def answer_survey(
    *, registration: Registration, answers: Mapping[Question, str], by: User | None, now: datetime
) -> None:
    """Keep what they answered, and that they did: never together. Raises what `check_may_answer` raises."""
    with transaction.atomic(), audited("answer_survey", by=by):
        row = Registration.objects.select_for_update(of=("self",)).select_related("forum").get(pk=registration.pk)
        check_may_answer(row, now)
        row.surveyed_at = now
        row.save(update_fields=["surveyed_at"])
        day = association_day(now)
        response = SurveyResponse.objects.create(pk=secrets.randbelow(NUMBERS), forum=row.forum, given_on=day)
        SurveyAnswer.objects.bulk_create(
            SurveyAnswer(pk=secrets.randbelow(NUMBERS), response=response, question=question, value=value)
            for question, value in answers.items()
            if value
        )


# --- results ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Line:
    """How often a choice was made. `width` is of a hundred."""

    label: str
    count: int
    width: float


@dataclass(frozen=True, slots=True)
class Result:
    """What a question brought. With fewer than five answers `is_hidden`, and nothing but their number is here."""

    question: Question
    answered: int
    is_hidden: bool
    lines: Sequence[Line] = ()
    texts: Sequence[str] = ()
    mean: float | None = None

    @property
    def height(self) -> int:
        """Of the chart: ten for each line."""
        return 10 * len(self.lines)


@dataclass(frozen=True, slots=True)
class Results:
    """Everything that the page of results shows."""

    came: int
    responses: int
    results: Sequence[Result]


def results_of(forum: Forum) -> Results:
    """The survey of a forum so far. Three statements."""
    given: dict[int, list[str]] = {}
    rows = SurveyAnswer.objects.filter(response__forum=forum).order_by("value")  # not the order they came in
    for question, value in rows.values_list("question", "value"):
        given.setdefault(question, []).append(value)
    return Results(
        came=CheckIn.objects.counting().filter(registration__forum=forum).count(),
        responses=SurveyResponse.objects.filter(forum=forum).count(),
        results=[_result(question, given.get(question.pk, [])) for question in survey_questions(forum)],
    )


def _result(question: Question, values: list[str]) -> Result:
    if len(values) < FEWEST:
        return Result(question, len(values), is_hidden=True)
    if question.kind not in CHOSEN:
        return Result(question, len(values), is_hidden=False, texts=values)
    chosen = Counter(choice for value in values for choice in value.splitlines())
    labels = {choice: choice for choice in question.choices} | {choice: choice for choice in sorted(chosen)}
    if question.kind == Question.Kind.SCALE:
        labels = {str(step): str(step) for step in range(1, 6)}
    if question.kind == Question.Kind.YES:
        labels = {"yes": "Yes", "no": "No"} if question.is_required else {"yes": "Yes"}
    share = {choice: round(100 * chosen[choice] / len(values), 1) for choice in labels}
    lines = [Line(label, chosen[choice], share[choice]) for choice, label in labels.items()]
    mean = fmean(int(value) for value in values) if question.kind == Question.Kind.SCALE else None
    return Result(question, len(values), is_hidden=False, lines=lines, mean=mean)

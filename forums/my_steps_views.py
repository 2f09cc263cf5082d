"""The steps on one's own registration, each on a page of its own: GET asks, the button takes it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.forms import BaseForm, CharField, Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from cosn_site.verbs import StepRefused
from forums import registrations, teams
from forums.links import token_of
from forums.models import Registration, Team
from forums.my_registration_views import acting, for_holder
from forums.questions import QuestionsForm, given_answers, registration_questions
from forums.register_forms import DetailsForm
from forums.registrants import details_of
from forums.team_shown import teams_led_by

State = Registration.State
REFUSED, INCOMPLETE = 409, 422


@dataclass(frozen=True, slots=True)
class Step:
    """The words of a step's page. `is_next` makes its button the yellow one."""

    title: str
    button: str
    words: Sequence[str] = ()
    is_next: bool = False


def take_step(
    request: HttpRequest,
    row: Registration,
    step: Step,
    *,
    run: Callable[[], Any],
    done: str,
    forms: Sequence[BaseForm] = (),
    is_open: bool | None = None,
) -> HttpResponse:
    """Show the page of a step, or take it and go back to the registration. A refusal is said on the page.

    There is nothing to show where the step is not open: as a rule, when the registration or its time is over.
    """
    problem, status = "", 200
    if is_open is None:
        is_open = row.is_alive and timezone.now() < row.forum.starts_at
    if request.method == "POST":
        if all(form.is_valid() for form in forms):
            try:
                run()
            except StepRefused as refused:
                problem, status = refused.sentence, REFUSED
            else:
                messages.success(request, done)
                return redirect("forums:registration", token_of(row))
        else:
            status = INCOMPLETE
    elif not is_open:
        return redirect("forums:registration", token_of(row))  # which says how it ended
    context = {"row": row, "token": token_of(row), "step": step, "forms": forms, "problem": problem}
    return render(request, "forums/my_step.html", context, status=status)


# --- the offer ----------------------------------------------------------------------------------------------------
@for_holder
@require_http_methods(["GET", "HEAD", "POST"])
def accept(request: HttpRequest, row: Registration) -> HttpResponse:
    """Take the seat that is held."""
    if request.method != "POST" and row.state != State.OFFERED:
        return redirect("forums:registration", token_of(row))

    def run() -> None:
        registrations.accept_offer(registration=row, by=acting(request, row), now=timezone.now())

    together = row.team is not None and row.team.mode == Team.Mode.TOGETHER
    words = ["The seat is held for you. Take it, and your ticket is ready."]
    if together:
        words.append("Your team stays together: you take the seats for all of it.")
    step = Step("Take the seat", "Take the seats" if together else "Take the seat", words, is_next=True)
    return take_step(request, row, step, run=run, done="The seat is yours. Your ticket is below.")


# --- cancel -------------------------------------------------------------------------------------------------------
class ReasonForm(Form):
    """Why somebody cancels, if they like to say."""

    reason = CharField(label="Why", max_length=200, required=False, help_text="The staff of the forum read it.")


_CANCEL = {
    State.CONFIRMED: ("Cancel your registration", "Cancel my registration", "Your registration is cancelled."),
    State.OFFERED: ("Let the seat go", "Let the seat go", "The seat goes to the next person in line."),
    State.WAITING: ("Leave the waitlist", "Leave the waitlist", "You are off the waitlist."),
}


@for_holder
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, row: Registration) -> HttpResponse:
    """Give the seat, the offer or the place back. The letters that ask “Still coming?” lead here too."""
    title, button, done = _CANCEL.get(State(row.state), _CANCEL[State.CONFIRMED])
    form = ReasonForm(request.POST if request.method == "POST" else None)

    def run() -> None:
        reason = form.cleaned_data["reason"]
        registrations.cancel(registration=row, reason=reason, by=acting(request, row), now=timezone.now())

    step = Step(title, button, _what_cancelling_means(row))
    return take_step(request, row, step, run=run, done=done, forms=[form])


def _what_cancelling_means(row: Registration) -> list[str]:
    if row.state == State.WAITING:
        words = ["Those behind you move up. If you join the waitlist again, you join at its end."]
    else:
        words = [f"We give seat {row.seat_number} to the next person at once. You can’t take it back."]
    if row.team is not None:
        words.append("Your colleagues keep what they have.")
    return [*words, "A colleague would like to go? Hand it on instead, and nobody comes between."]


# --- what was said ------------------------------------------------------------------------------------------------
@for_holder
@require_http_methods(["GET", "HEAD", "POST"])
def answers(request: HttpRequest, row: Registration) -> HttpResponse:
    """Change what was said at registration. Sensitive answers are shown to their owner."""
    data = request.POST if request.method == "POST" else None
    asks_first = row.state == State.WAITING and row.forum.offer_hours > 0
    details = DetailsForm(data, name=row.person.name, known=details_of(row), asks_first=asks_first)
    del details.fields["name"]  # the account's; it is changed there
    questions = QuestionsForm(data, questions=registration_questions(row.forum), initial_answers=given_answers(row))

    def run() -> None:
        registrations.change_details(
            registration=row,
            details=details.details(),
            answers=questions.answers(),
            by=acting(request, row),
            now=timezone.now(),
        )

    step = Step("Your answers", "Save your answers", is_next=True)
    return take_step(request, row, step, run=run, done="Your answers are saved.", forms=[details, questions])


# --- the team -----------------------------------------------------------------------------------------------------
@for_holder
@require_http_methods(["GET", "HEAD", "POST"])
def as_many_as_fit(request: HttpRequest, row: Registration, pk: int) -> HttpResponse:
    """The team's lead lets it be served one by one; also one who does not come any more."""
    found = [shown for shown in teams_led_by(row.forum, row.person, timezone.now()) if shown.team.pk == pk]
    if not found:
        raise Http404

    def run() -> None:
        teams.take_as_many_as_fit(team=found[0].team, by=acting(request, row), now=timezone.now())

    words = [
        "Your team waits until there are seats for all of you.",
        "You can go ahead one by one instead: the next free seat then goes to whoever of you is first in line.",
        "Each of you keeps the place in line. You can’t take this back.",
    ]
    step = Step("Take as many seats as fit", "Take as many as fit", words, is_next=True)
    done = "Each of your team is served in turn from now on."
    return take_step(request, row, step, run=run, done=done, is_open=found[0].can_part)

"""Handing a seat or a place in line to a colleague: the holder's page, and the colleague's."""

from dataclasses import replace
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from cosn_site.audience import link_holder
from cosn_site.limits import within_limit
from cosn_site.verbs import StepRefused
from forums import handing_on, taking
from forums.handing_on import find_hand_on
from forums.links import token_of
from forums.models import HandOn, Registration
from forums.my_registration import place_of
from forums.my_registration_views import acting, for_holder
from forums.my_steps_views import INCOMPLETE, REFUSED, Step, take_step
from forums.questions import QuestionsForm, registration_questions
from forums.register_forms import MAIL_ATTRIBUTES, DetailsForm
from forums.registrants import details_of
from forums.registrations import Details

State = Registration.State
HOUR = 60 * 60
LINKS_AN_HOUR = 10  # of one registration: each is a mail to an address that somebody typed
GONE = 410


class TooManyLinks(StepRefused):
    sentence = "Many links went out from here just now. Try again in an hour."


class ColleagueForm(forms.Form):
    """To whom it is held out."""

    name = forms.CharField(
        label="Your colleague’s name", max_length=120, error_messages={"required": "Enter your colleague’s name."}
    )
    email = forms.EmailField(
        label="Their work e-mail",
        max_length=254,
        widget=forms.EmailInput(attrs={**MAIL_ATTRIBUTES, "autocomplete": "off"}),
        error_messages={"required": "Enter their e-mail.", "invalid": "Enter an address such as you@district.example."},
    )


# --- by its holder ------------------------------------------------------------------------------------------------
@for_holder
@require_http_methods(["GET", "HEAD", "POST"])
def hand_on(request: HttpRequest, row: Registration) -> HttpResponse:
    """Hold the seat or the place out to a colleague."""
    if request.method != "POST" and row.hand_ons.open().exists():
        return redirect("forums:registration", token_of(row))  # which says to whom, and takes it back
    form = ColleagueForm(request.POST if request.method == "POST" else None)

    def run() -> None:
        now, asked = timezone.now(), form.cleaned_data
        if not within_limit("hand-on", str(row.pk), times=LINKS_AN_HOUR, seconds=HOUR, now=now):
            raise TooManyLinks
        handing_on.hold_out(
            registration=row, email=asked["email"], name=asked["name"], by=acting(request, row), now=now
        )

    what, as_it_is = ("place in line", "the same place") if row.state == State.WAITING else ("seat", "the same number")
    words = [
        f"We mail your colleague a link. The {what} stays yours until they take it.",
        f"Then it is theirs, with {as_it_is}, and nobody comes between.",
    ]
    step = Step(f"Hand your {what} to a colleague", "Send the link", words, is_next=True)
    return take_step(request, row, step, run=run, done="The link is on its way to your colleague.", forms=[form])


@for_holder
@require_http_methods(["GET", "HEAD", "POST"])
def take_back(request: HttpRequest, row: Registration) -> HttpResponse:
    """The colleague's link works no longer."""
    held_out = row.hand_ons.open().first() or row.hand_ons.first()
    if held_out is None:
        return redirect("forums:registration", token_of(row))

    def run() -> None:
        handing_on.take_back(hand_on=held_out, by=acting(request, row), now=timezone.now())

    words = [f"It is held out to {held_out.name or held_out.email}. The link that we mailed to them stops working."]
    return take_step(
        request, row, Step("Take it back", "Take it back", words), run=run, done="It is yours alone again."
    )


# --- by the colleague ---------------------------------------------------------------------------------------------
@link_holder
@never_cache
@sensitive_variables("secret")
@require_http_methods(["GET", "HEAD", "POST"])
def take(request: HttpRequest, secret: str) -> HttpResponse:
    """The page behind the colleague's link: the button takes the seat or the place; opening it does nothing."""
    found = find_hand_on(secret)
    response = render(request, "forums/link_unknown.html", status=404) if found is None else _take(request, found)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _take(request: HttpRequest, found: HandOn) -> HttpResponse:
    now, row, problem, status = timezone.now(), found.registration, "", 200
    context: dict[str, Any] = {"hand_on": found, "row": row, "forum": row.forum}
    closed = taking.why_closed(found, now)
    if closed:
        own = found.taken_by
        context |= {"closed": closed, "own_token": token_of(own) if own is not None else ""}
        return render(request, "forums/take.html", context, status=GONE)
    data = request.POST if request.method == "POST" else None
    details = DetailsForm(data, name=found.name, known=_of_the_same_district(row), asks_first=False)
    questions = QuestionsForm(data, questions=registration_questions(row.forum))
    if data is not None:
        status = INCOMPLETE
        if details.is_valid() and questions.is_valid():
            try:
                own = taking.take_by_link(
                    hand_on=found,
                    name=details.cleaned_data["name"],
                    details=details.details(),
                    answers=questions.answers(),
                    now=now,
                )
            except StepRefused as refused:
                problem, status = refused.sentence, REFUSED
            else:
                messages.success(request, f"The {taking.what_it_is(own)} is yours.")
                return redirect("forums:registration", token_of(own))
    context |= {
        "what": taking.what_it_is(row),
        "place": place_of(row) if row.state == State.WAITING else 0,
        "forms": [details, questions],
        "problem": problem,
    }
    return render(request, "forums/take.html", context, status=status)


def _of_the_same_district(row: Registration) -> Details:
    """A colleague works at the same organization, until they say another."""
    return replace(details_of(row), title="", takes_seat_at_once=False)

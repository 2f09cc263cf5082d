"""Registering for a forum: by whoever is signed in, and by who is not yet, who shows by a code whose address it is."""

from typing import Any, cast

from allauth.account.adapter import get_adapter
from allauth.account.utils import perform_login
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from cosn_site.audience import public
from cosn_site.verbs import StepRefused
from forums.links import token_of
from forums.models import Forum, Registration, Seating
from forums.panel import Phase, phase_of
from forums.questions import QuestionsForm
from forums.register_forms import AddressForm, CodeForm, DetailsForm, asks_first
from forums.registrants import details_at, learn
from forums.registration_sheet import Sheet, sheet_for
from forums.registrations import AlreadyRegistered, registration_at
from forums.registrations import register as register_person
from members import address_codes
from members.models import User

ALONE, TEAM = "forums:register", "forums:register_team"
_LEADS_TO = "forum_register_leads_to"  # in the session: where the code leads


@public
@never_cache
@sensitive_post_parameters()  # what is answered about food or access stands in no error report
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest, slug: str) -> HttpResponse:
    """Register for a forum; signed out, show first whose address it is."""
    sheet = announced(slug, request.user)
    forum = sheet.forum
    if not request.user.is_authenticated:
        return why_not(request, forum) or ask_for_address(request, forum, leads_to=ALONE)
    person = request.user
    if request.method == "POST":
        return why_not(request, forum) or _take_the_form(request, sheet, person)
    own = registration_at(forum, person)
    if own is not None and own.is_alive:
        return to_own_page(own)
    return why_not(request, forum) or _show(request, forum, *forms_for(request, sheet, person), own=own)


def _take_the_form(request: HttpRequest, sheet: Sheet, person: User) -> HttpResponse:
    forum = sheet.forum
    form, asked = forms_for(request, sheet, person)
    if all([form.is_valid(), asked.is_valid()]):
        try:
            return to_own_page(_registered(forum, person, form, asked))
        except AlreadyRegistered:  # by an earlier press of the button, or by a colleague
            return to_own_page(cast("Registration", registration_at(forum, person)))
        except StepRefused as refused:
            form.add_error(None, refused.sentence)
    return _show(request, forum, form, asked, own=registration_at(forum, person))


def _show(
    request: HttpRequest, forum: Forum, form: DetailsForm, asked: QuestionsForm, *, own: Registration | None
) -> HttpResponse:
    context = {"forum": forum, "seating": seating_of(forum), "form": form, "questions": asked, "own": own}
    return render(request, "forums/register.html", context, status=422 if form.errors or asked.errors else 200)


def _registered(forum: Forum, person: User, form: DetailsForm, asked: QuestionsForm) -> Registration:
    # a step of its own: who they are is true whatever becomes of the registration
    learn(person, name=form.cleaned_data["name"], title=form.cleaned_data["title"], by=person)
    return register_person(
        forum=forum, person=person, details=form.details(), answers=asked.answers(), by=person, now=timezone.now()
    )


def to_own_page(row: Registration) -> HttpResponse:
    """Where one sees what one has."""
    return redirect("forums:registration", token_of(row))


# --- the forum, and what its registration asks ------------------------------------------------------------------------
def announced(slug: str, reader: User | AnonymousUser) -> Sheet:
    """The sheet of the forum at this address for its reader; 404 for a draft."""
    sheet = sheet_for(slug, reader if isinstance(reader, User) else None)
    if sheet is None:
        raise Http404
    return sheet


def seating_of(forum: Forum) -> Seating | None:
    """The forum's chairs, if anybody has said how many there are."""
    return getattr(forum, "seating", None)


def why_not(request: HttpRequest, forum: Forum) -> HttpResponse | None:
    """The page that says why one cannot register now; nothing where one can. A form that came too late gets it too."""
    phase = phase_of(forum, seating_of(forum), timezone.now())
    if phase in (Phase.OPEN, Phase.FULL):
        return None
    context = {"forum": forum, "phase": phase.value}
    return render(request, "forums/register_closed.html", context, status=409 if request.method == "POST" else 200)


def forms_for(request: HttpRequest, sheet: Sheet, person: User) -> tuple[DetailsForm, QuestionsForm]:
    """What registering asks of this person, with what we know filled in or with what they sent."""
    data = request.POST if request.method == "POST" else None
    details = DetailsForm(
        data,
        name=person.name,
        known=details_at(sheet.organization, person),
        asks_first=asks_first(sheet.forum, seating_of(sheet.forum)),
    )
    return details, QuestionsForm(data, questions=sheet.questions)


# --- signed out -------------------------------------------------------------------------------------------------------
def ask_for_address(request: HttpRequest, forum: Forum, *, leads_to: str) -> HttpResponse:
    """Ask whose address it is and mail it a code: the same page and the same answer, whether it is known or not."""
    form = AddressForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            _send_code(request, email=form.cleaned_data["email"], name=form.cleaned_data["name"])
        except address_codes.CodeRefused as refused:
            form.add_error(None, refused.sentence)
        else:
            request.session[_LEADS_TO] = leads_to
            return redirect("forums:register_code", forum.slug)
    context = {"forum": forum, "form": form, "for_team": leads_to == TEAM, "back": request.path}
    return render(request, "forums/register_address.html", context, status=422 if form.errors else 200)


def _send_code(request: HttpRequest, *, email: str, name: str) -> None:
    address_codes.ask_for_code(
        request.session,
        email=email,
        name=name,
        network=str(get_adapter().get_client_ip(request)),
        now=timezone.now(),
    )


@public
@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def register_code(request: HttpRequest, slug: str) -> HttpResponse:
    """Take the code from the mail: it signs in, and leads on to the registration."""
    forum = announced(slug, request.user).forum
    asked = address_codes.asked_in(request.session)
    leads_to = TEAM if request.session.get(_LEADS_TO) == TEAM else ALONE
    if request.user.is_authenticated or asked is None:
        if request.method == "POST":  # twice, maybe
            return redirect(leads_to, slug)
        return render(request, "forums/register_code_none.html", {"forum": forum, "leads_to": leads_to})
    sends_again = request.method == "POST" and "again" in request.POST
    form = CodeForm(request.POST if request.method == "POST" and not sends_again else None)
    refusal = ""
    try:
        if sends_again:
            _send_code(request, email=asked.email, name=asked.name)
            return redirect("forums:register_code", slug)
        if request.method == "POST" and form.is_valid():
            return _sign_in(request, form.cleaned_data["code"], reverse(leads_to, args=[slug]))
    except address_codes.CodeRefused as refused:
        refusal = refused.sentence
        if not sends_again:
            form.add_error("code", refusal)
    context: dict[str, Any] = {"forum": forum, "form": form, "asked": asked, "minutes": address_codes.MINUTES}
    context |= {"start_over": reverse(leads_to, args=[slug]), "refusal": refusal if sends_again else ""}
    return render(request, "forums/register_code.html", context, status=422 if refusal or form.errors else 200)


def _sign_in(request: HttpRequest, code: str, leads_to: str) -> HttpResponse:
    """allauth's sign-in, with all its steps; the session gets a new key."""
    owner = address_codes.owner_by_code(request.session, code=code, now=timezone.now())
    request.session.pop(_LEADS_TO, None)
    return perform_login(request, owner, email_verification="none", redirect_url=leads_to)

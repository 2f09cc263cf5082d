"""Registering a team, and seeing who of it has a seat."""

from dataclasses import dataclass
from typing import Any

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from cosn_site.audience import public
from cosn_site.limits import within_limit
from cosn_site.verbs import StepRefused
from forums.links import token_of
from forums.models import Forum, Registration, Team
from forums.questions import QuestionsForm
from forums.register_forms import DetailsForm
from forums.register_views import TEAM, announced, ask_for_address, forms_for, seating_of, why_not
from forums.registrants import details_of, learn
from forums.registration_sheet import Sheet
from forums.registrations import Details, registration_at, save_answers
from forums.team_forms import Colleagues, TeamForm, colleagues_for, team_domains
from forums.team_shown import teams_of
from forums.teams import register_team as register_the_team
from members.models import User

DAY = 24 * 60 * 60
TEAMS_A_DAY, TEAMS_A_NETWORK = 6, 60  # each mails people who did not ask for it


class TooManyTeams(StepRefused):
    sentence = "You have named many people today. Go on tomorrow, or write to forums@example.org."


@dataclass(frozen=True, slots=True)
class Asked:
    """The forms of the page. Whoever leads and is registered already is asked nothing about themselves."""

    team: TeamForm
    colleagues: Colleagues
    details: DetailsForm | None
    questions: QuestionsForm | None

    def is_valid(self) -> bool:
        """Whether all of them are: each is looked at, so that all errors show at once."""
        forms = (self.team, self.colleagues, self.details, self.questions)
        found = [form.is_valid() for form in forms if form is not None]
        return all(found)


@public
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def register_team(request: HttpRequest, slug: str) -> HttpResponse:
    """Name colleagues of one's district and register together; then see who of them has a seat and who waits."""
    sheet = announced(slug, request.user)
    forum = sheet.forum
    if not request.user.is_authenticated:
        return why_not(request, forum) or ask_for_address(request, forum, leads_to=TEAM)
    lead = request.user
    teams = teams_of(forum, lead, timezone.now())
    closed, own = why_not(request, forum), registration_at(forum, lead)
    if closed is not None and (request.method == "POST" or not teams):
        return closed
    context: dict[str, Any] = {"forum": forum, "seating": seating_of(forum), "teams": teams}
    context["asks"] = bool(sheet.questions)
    context["token"] = token_of(own) if own is not None else ""
    asked, status = None, 200
    if closed is None:
        domains = team_domains(lead, sheet.organization)
        room = _room(forum, lead)
        context |= {"domains": sorted(domains), "room": room}
        if domains and room:
            asked = _asked(request, sheet, lead, own=own, domains=domains, room=room)
        if asked is not None and request.method == "POST":
            if asked.is_valid():
                try:
                    _registered(request, forum, lead, own, asked)
                except StepRefused as refused:
                    asked.team.add_error(None, refused.sentence)
                else:
                    messages.success(request, "Your team is registered. Each of you gets a letter with a link.")
                    return redirect(TEAM, slug)
            status = 422
    return render(request, "forums/register_team.html", {**context, "asked": asked}, status=status)


def _room(forum: Forum, lead: User) -> int:
    """How many more people the lead can name: those named before count while they have a seat or wait."""
    named = Registration.objects.alive().filter(forum=forum, team__lead=lead).exclude(person=lead).count()
    return max(forum.largest_team - 1 - named, 0)


def _asked(
    request: HttpRequest, sheet: Sheet, lead: User, *, own: Registration | None, domains: frozenset[str], room: int
) -> Asked:
    data = request.POST if request.method == "POST" else None
    seating = seating_of(sheet.forum)
    assert seating is not None  # noqa: S101 - `why_not` has answered otherwise
    is_registered = own is not None and own.is_alive
    details, questions = (None, None) if is_registered else forms_for(request, sheet, lead)
    return Asked(
        TeamForm(data, seating=seating, smallest=1 if is_registered else 2, largest=room + (not is_registered)),
        colleagues_for(data, lead=lead, domains=domains, room=room),
        details,
        questions,
    )


def _registered(request: HttpRequest, forum: Forum, lead: User, own: Registration | None, asked: Asked) -> None:
    now, network = timezone.now(), str(get_adapter().get_client_ip(request))
    if not within_limit("teams", str(lead.pk), times=TEAMS_A_DAY, seconds=DAY, now=now):
        raise TooManyTeams
    if not within_limit("teams-network", network, times=TEAMS_A_NETWORK, seconds=DAY, now=now):
        raise TooManyTeams
    with transaction.atomic():
        if asked.details is not None:
            name, title = asked.details.cleaned_data["name"], asked.details.cleaned_data["title"]
            learn(lead, name=name, title=title, by=lead)
        register_the_team(
            forum=forum,
            lead=lead,
            colleagues=asked.colleagues.named(),
            mode=Team.Mode(asked.team.cleaned_data["mode"]),
            details=asked.details.details() if asked.details is not None else _details_of(own),
            by=lead,
            now=now,
        )
        mine = registration_at(forum, lead)
        if asked.questions is not None and mine is not None:
            save_answers(mine, asked.questions.answers())


def _details_of(own: Registration | None) -> Details:
    """What the lead said of themselves holds for the team: where they work, and what happens with a freed seat."""
    assert own is not None  # noqa: S101 - who is not registered is asked
    return details_of(own)

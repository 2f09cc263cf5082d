"""Registering a team, and looking after it until everybody has a seat."""

from dataclasses import dataclass
from typing import Any

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from cosn_site.audience import public
from cosn_site.limits import within_limit
from cosn_site.verbs import StepRefused
from forums.models import Forum, Registration, Team
from forums.questions import QuestionsForm
from forums.register_forms import DetailsForm
from forums.register_views import TEAM, announced, ask_for_address, forms_for, seating_of, why_not
from forums.registrants import learn, organization_of
from forums.registrations import Details, registration_at, save_answers
from forums.team_forms import Colleagues, TeamForm, colleagues_for, team_domains
from forums.teams import register_team as register_the_team
from forums.teams import take_as_many_as_fit
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
    forum = announced(slug)
    if not request.user.is_authenticated:
        return why_not(request, forum) or ask_for_address(request, forum, leads_to=TEAM)
    lead = request.user
    if "part" in request.POST:
        return _part(request, forum, lead)
    teams = teams_of(forum, lead)
    closed = why_not(request, forum)
    if closed is not None and (request.method == "POST" or not teams):
        return closed
    context: dict[str, Any] = {"forum": forum, "seating": seating_of(forum), "teams": teams}
    asked, status = None, 200
    if closed is None:
        own = registration_at(forum, lead)
        domains = team_domains(lead, organization_of(lead))
        room = _room(forum, lead)
        context |= {"domains": domains, "room": room}
        if domains and room:
            asked = _asked(request, forum, lead, own=own, domains=domains, room=room)
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
    request: HttpRequest, forum: Forum, lead: User, *, own: Registration | None, domains: frozenset[str], room: int
) -> Asked:
    data = request.POST if request.method == "POST" else None
    seating = seating_of(forum)
    assert seating is not None  # noqa: S101 - `why_not` has answered otherwise
    is_registered = own is not None and own.is_alive
    details, questions = (None, None) if is_registered else forms_for(request, forum, lead)
    return Asked(
        TeamForm(data, seating=seating, smallest=1 if is_registered else 2),
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
    return Details(
        organization=own.organization,
        organization_name=own.organization_name,
        title=own.title,
        us_state=own.us_state,
        takes_seat_at_once=own.takes_seat_at_once,
    )


# --- a team that is registered ----------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of a team; `place` is their number in line while they wait, otherwise 0."""

    row: Registration
    place: int


@dataclass(frozen=True, slots=True)
class TeamShown:
    """A team with who has a seat and who waits, for one who is in it."""

    team: Team
    members: list[Member]
    is_mine: bool  # the reader leads it

    @property
    def waiting(self) -> int:
        return sum(1 for member in self.members if member.place)

    @property
    def seated(self) -> int:
        return sum(1 for member in self.members if member.row.holds_a_seat)

    @property
    def can_part(self) -> bool:
        """Whether the reader can have it served one by one."""
        return self.is_mine and self.team.mode == Team.Mode.TOGETHER and self.waiting > 0


def teams_of(forum: Forum, person: User) -> list[TeamShown]:
    """The teams that this person leads or is in, the latest first, without those of whom nobody is left."""
    of = Q(lead=person) | Q(registrations__in=Registration.objects.alive().filter(person=person))
    teams = Team.objects.filter(of, forum=forum).select_related("lead").distinct().order_by("-created_at", "-pk")
    found = list(teams)
    rows = Registration.objects.alive().filter(team__in=found).select_related("person").order_by("pk") if found else []
    line = list(Registration.objects.in_line().filter(forum=forum).values_list("pk", flat=True)) if found else []
    places = {pk: number for number, pk in enumerate(line, start=1)}
    shown = [
        TeamShown(
            team,
            [Member(row, places.get(row.pk, 0)) for row in rows if row.team_id == team.pk],
            is_mine=team.lead_id == person.pk,
        )
        for team in found
    ]
    return [team for team in shown if team.members]


def _part(request: HttpRequest, forum: Forum, lead: User) -> HttpResponse:
    """The lead lets the team be served one by one."""
    number = request.POST["part"]
    team = get_object_or_404(Team, pk=number if number.isdecimal() and len(number) < 19 else 0, forum=forum, lead=lead)
    try:
        take_as_many_as_fit(team=team, by=lead, now=timezone.now())
    except StepRefused as refused:
        messages.warning(request, refused.sentence)
    else:
        messages.success(request, "The first of you in line gets the next free seat, even if it is a single one.")
    return redirect(TEAM, forum.slug)

"""A team as a page shows it: who of it has a seat, and who waits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from forums.dossier import place_in_line
from forums.models import Forum, Registration, Team
from members.models import User


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of a team; `place` is their number in line while they wait, otherwise 0."""

    row: Registration
    place: int


@dataclass(frozen=True, slots=True)
class TeamShown:
    """A team with everybody who is or was in it, for one of them."""

    team: Team
    members: Sequence[Member]
    is_mine: bool  # the reader leads it
    can_part: bool  # the reader can have it served one by one

    @property
    def coming(self) -> int:
        """How many of it hold a seat or wait for one."""
        return sum(1 for member in self.members if member.row.is_alive)

    @property
    def seated(self) -> int:
        return sum(1 for member in self.members if member.row.holds_a_seat)

    @property
    def waiting(self) -> int:
        return sum(1 for member in self.members if member.place)


def teams_of(forum: Forum, person: User, now: datetime) -> list[TeamShown]:
    """The teams that this person leads or is in, the latest first, without those of whom nobody is left."""
    own = Registration.objects.alive().filter(person=person)
    return _shown(Team.objects.filter(Q(lead=person) | Q(registrations__in=own), forum=forum), person, now)


def teams_led_by(forum: Forum, person: User, now: datetime) -> list[TeamShown]:
    """The same, of those that this person leads."""
    return _shown(Team.objects.filter(lead=person, forum=forum), person, now)


def _shown(teams: QuerySet[Team], person: User, now: datetime) -> list[TeamShown]:
    found = list(teams.select_related("forum", "lead").distinct().order_by("-created_at", "-pk"))
    rows = Registration.objects.filter(team__in=found).select_related("person").annotate(number=place_in_line())
    members = [Member(row, row.number if row.state == Registration.State.WAITING else 0) for row in rows.order_by("pk")]
    shown = [_team(team, [one for one in members if one.row.team_id == team.pk], person, now) for team in found]
    return [team for team in shown if team.coming]


def _team(team: Team, members: Sequence[Member], person: User, now: datetime) -> TeamShown:
    is_mine, waits = team.lead_id == person.pk, any(member.place for member in members)
    can_part = is_mine and waits and team.mode == Team.Mode.TOGETHER and now < team.forum.starts_at
    return TeamShown(team, members, is_mine=is_mine, can_part=can_part)

"""Verbs on a team: people of one district who register together. The law is in `forums.allocation`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from cosn_site.verbs import audited
from forums.allocation import SeatRefused, fill, locked
from forums.models import Forum, Registration, Team
from forums.registrations import Details, admit, check_open
from members.addresses import person_at
from members.models import User


class TeamTooLarge(SeatRefused):
    """More people than the forum takes in one registration."""


class NobodyNew(SeatRefused):
    sentence = "Everybody you named is registered already."


class NotTogether(SeatRefused):
    sentence = "This team does not wait for seats together."


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody whom the lead names."""

    email: str
    name: str
    title: str = ""


def register_team(
    *,
    forum: Forum,
    lead: User,
    colleagues: Sequence[Colleague],
    mode: Team.Mode,
    details: Details,
    by: User | None,
    now: datetime,
) -> Team:
    """The lead, if not registered yet, and the colleagues: each with a registration and a link of their own.

    Together: seats for all of them, or a place in line for all. Otherwise as many as fit get seats, in the order given,
    and the others wait. Who is registered already keeps what they have and is not counted.

    Raises `TeamTooLarge`, `NobodyNew`, and what `register` raises.
    """
    check_open(forum, now)
    if 1 + len(colleagues) > forum.largest_team:
        raise TeamTooLarge(f"A team of this forum has {forum.largest_team} people at most.")
    with transaction.atomic(), audited("register_team", by=by):
        titles = {lead.pk: details.title}
        people = [lead]
        for colleague in colleagues:
            person = person_at(email=colleague.email, name=colleague.name, by=by)
            titles.setdefault(person.pk, colleague.title)
            people += [] if person in people else [person]
        seating = locked(forum.pk, now)
        check_open(seating.forum, now)
        known = {row.person_id: row for row in Registration.objects.filter(forum=forum, person__in=people)}
        rows = [known.get(person.pk) or Registration(forum=forum, person=person) for person in people]
        rows = [row for row in rows if not row.is_alive]
        if not rows:
            raise NobodyNew
        team = Team.objects.create(forum=forum, organization=details.organization, lead=lead, mode=mode, created_at=now)
        admit(seating, rows, details=details, titles=titles, team=team, now=now)
    return team


def take_as_many_as_fit(*, team: Team, by: User | None, now: datetime) -> None:
    """The team need not stay together any longer: who of it is first in line is served alone. Raises `NotTogether`."""
    with transaction.atomic(), audited("take_as_many_as_fit", by=by):
        seating = locked(team.forum_id, now)
        row = Team.objects.get(pk=team.pk)
        if row.mode != Team.Mode.TOGETHER or not row.registrations.in_line().exists():
            raise NotTogether
        row.mode = Team.Mode.AS_MANY_AS_FIT
        row.save(update_fields=["mode"])
        fill(seating, now)
    team.refresh_from_db()

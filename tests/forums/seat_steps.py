"""The steps of `tests.forums.seat_model.World` as the product takes them, and what its database has afterwards."""

from datetime import datetime
from typing import Any

from django.db import connection

from cosn_site.verbs import StepRefused
from forums.capacity import resize, settle_all
from forums.handing_on import hold_out, take, take_back
from forums.models import Forum, HandOn, Registration, Skip, Team
from forums.registrations import Details, accept_offer, admit_beyond_capacity, cancel, register
from forums.teams import Colleague, register_team, take_as_many_as_fit
from members.models import User
from tests.forums.seat_model import Row

Answer = tuple[str, int | None]  # the name of the refusal; the number of the team or hand-on that was made


def perform(forum: Forum, step: str, *, now: datetime, by: User, given: dict[str, Any]) -> Answer:
    """Take the step. Only what the product refuses in so many words is an answer; any other error is raised."""
    try:
        return "", _STEPS[step](forum, now=now, by=by, **given)
    except StepRefused as refusal:
        return type(refusal).__name__, None


def _register(forum: Forum, *, now: datetime, by: User, who: int, at_once: bool) -> None:
    details = Details(takes_seat_at_once=at_once)
    register(forum=forum, person=User.objects.get(pk=who), details=details, by=by, now=now)


def _register_team(forum: Forum, *, now: datetime, by: User, people: list[int], together: bool) -> int:
    lead, *others = (User.objects.get(pk=pk) for pk in people)
    colleagues = [Colleague(email=person.email, name=person.name) for person in others]
    mode = Team.Mode.TOGETHER if together else Team.Mode.AS_MANY_AS_FIT
    team = register_team(forum=forum, lead=lead, colleagues=colleagues, mode=mode, details=Details(), by=by, now=now)
    return team.pk


def _cancel(forum: Forum, *, now: datetime, by: User, who: int) -> None:
    cancel(registration=_of(forum, who), by=by, now=now)


def _accept(forum: Forum, *, now: datetime, by: User, who: int) -> None:
    accept_offer(registration=_of(forum, who), by=by, now=now)


def _hold_out(forum: Forum, *, now: datetime, by: User, who: int) -> int:
    return hold_out(registration=_of(forum, who), email="colleague@example.org", name="", by=by, now=now).pk


def _take(forum: Forum, *, now: datetime, by: User, number: int, who: int) -> None:
    hand_on, person = HandOn.objects.get(pk=number), User.objects.get(pk=who)
    take(hand_on=hand_on, person=person, details=Details(), by=by, now=now)


def _take_back(forum: Forum, *, now: datetime, by: User, number: int) -> None:
    take_back(hand_on=HandOn.objects.get(pk=number), by=by, now=now)


def _resize(forum: Forum, *, now: datetime, by: User, capacity: int) -> None:
    resize(forum=forum, capacity=capacity, by=by, now=now)


def _take_as_many_as_fit(forum: Forum, *, now: datetime, by: User, team: int) -> None:
    take_as_many_as_fit(team=Team.objects.get(pk=team), by=by, now=now)


def _admit_beyond_capacity(forum: Forum, *, now: datetime, by: User, who: int) -> None:
    person = User.objects.get(pk=who)
    admit_beyond_capacity(forum=forum, person=person, details=Details(), reason="A speaker.", by=by, now=now)


def _settle_all(forum: Forum, *, now: datetime, by: User) -> None:
    settle_all(now)


_STEPS: dict[str, Any] = {
    name.removeprefix("_"): step
    for name, step in list(globals().items())
    if name.startswith("_") and getattr(step, "__module__", "") == __name__
}
MAKES = {"register_team", "hold_out"}  # their answer is a number that the model has to be told


def _of(forum: Forum, who: int) -> Registration:
    return Registration.objects.select_related("forum", "person").get(forum=forum, person=who)


def rows_of(forum: Forum) -> dict[int, Row]:
    """Everybody who registered: state, seat number, place while it counts, deadline, team, a chair brought in."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT person_id, state, seat_number, CASE WHEN state IN ('waiting', 'offered') THEN place END,
                offer_expires_at, team_id, override_id IS NOT NULL
            FROM forums_registration WHERE forum_id = %s ORDER BY person_id
            """,
            [forum.pk],
        )
        return {who: tuple(rest) for who, *rest in cursor.fetchall()}


def seating_of(forum: Forum) -> tuple[int, int, int, int]:
    """Capacity, held, extra and waiting as the seating has them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT capacity, held, extra, waiting FROM forums_seating WHERE forum_id = %s", [forum.pk])
        found: tuple[int, int, int, int] = cursor.fetchone()
    return found


def skips_of(forum: Forum) -> list[tuple[int, int, str, int]]:
    """Who was passed over for whom, why, and how many seats were free."""
    rows = Skip.objects.filter(registration__forum=forum)
    return list(rows.values_list("registration__person", "in_favor_of__person", "reason", "free_seats"))

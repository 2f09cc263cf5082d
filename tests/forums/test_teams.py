"""The verbs on teams: together or as many as fit, and what happens in the line behind them."""

from datetime import UTC, datetime, timedelta

import pytest

from forums.capacity import resize
from forums.models import Forum, LetterKind, Registration, Seating, Skip, Team
from forums.registrations import Details, RegistrationClosed, accept_offer, cancel
from forums.teams import Colleague, NobodyNew, NotTogether, TeamTooLarge, register_team, take_as_many_as_fit
from members.models import User
from tests import people
from tests.factories import make_open_forum, make_registration
from tests.members.post import DBTaskResult

pytestmark = pytest.mark.django_db

NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
State = Registration.State
Mode = Team.Mode
SEATED = (State.CONFIRMED, State.OFFERED)


def lead() -> User:
    return people.person("lead")


def named(count: int) -> list[Colleague]:
    return [Colleague(f"team{number}@example.org", f"Team {number}", "Director") for number in range(count)]


def bring(forum: Forum, mode: Mode, *, colleagues: int, who: User | None = None, at: datetime = NOW) -> Team:
    who = who or lead()
    return register_team(
        forum=forum,
        lead=who,
        colleagues=named(colleagues),
        mode=mode,
        details=Details(title="CTO"),
        by=who,
        now=at,
    )


def single(forum: Forum, key: str, at: datetime = NOW) -> Registration:
    return make_registration(forum, people.person(key), now=at)


def states(team: Team) -> list[str]:
    return list(team.registrations.order_by("pk").values_list("state", flat=True))


def line(forum: Forum) -> list[str]:
    return [row.person.email.partition("@")[0] for row in Registration.objects.in_line().filter(forum=forum)]


def letters() -> list[str]:
    """The kinds of the letters that wait to be sent, in order of their making."""
    rows = DBTaskResult.objects.ready().filter(task_path="forums.letters.send_letter").order_by("enqueued_at")
    return sorted(row.args_kwargs["args"][1] for row in rows)


# --- when there is room -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("mode", Mode)
def test_team_that_fits_gets_its_seats_and_each_of_it_a_letter(mode: Mode) -> None:
    team = bring(make_open_forum(now=NOW, capacity=3), mode, colleagues=2)
    assert states(team) == [State.CONFIRMED] * 3
    assert letters() == [LetterKind.REGISTERED] * 3
    assert [row.title for row in team.registrations.order_by("pk")] == ["CTO", "Director", "Director"]


def test_team_that_stays_together_waits_as_one_when_one_seat_is_missing() -> None:
    forum = make_open_forum(now=NOW, capacity=2)
    team = bring(forum, Mode.TOGETHER, colleagues=2)
    assert states(team) == [State.WAITING] * 3
    assert line(forum) == ["lead", "team0", "team1"]
    assert letters() == [LetterKind.WAITLISTED] * 3
    assert Seating.objects.get().free == 2


def test_as_many_as_fit_get_seats_in_the_order_they_were_named() -> None:
    forum = make_open_forum(now=NOW, capacity=2)
    team = bring(forum, Mode.AS_MANY_AS_FIT, colleagues=2)
    assert states(team) == [State.CONFIRMED, State.CONFIRMED, State.WAITING]
    assert line(forum) == ["team1"]


# --- who is in it -----------------------------------------------------------------------------------------------------
def test_lead_who_is_registered_already_keeps_the_seat_and_is_not_counted() -> None:
    forum = make_open_forum(now=NOW, capacity=3)
    own = single(forum, "lead")
    team = bring(forum, Mode.TOGETHER, colleagues=2, at=LATER)
    own.refresh_from_db()
    assert (own.team, own.state, own.seat_number) == (None, State.CONFIRMED, 1)
    assert states(team) == [State.CONFIRMED] * 2


def test_colleague_who_is_registered_already_keeps_what_they_have() -> None:
    forum = make_open_forum(now=NOW, capacity=3)
    single(forum, "team0")
    team = bring(forum, Mode.TOGETHER, colleagues=2, at=LATER)
    assert [row.person.email for row in team.registrations.order_by("pk")] == ["lead@example.org", "team1@example.org"]


def test_team_of_nobody_new_is_refused_and_leaves_no_row() -> None:
    forum = make_open_forum(now=NOW, capacity=3)
    bring(forum, Mode.TOGETHER, colleagues=2)
    with pytest.raises(NobodyNew):
        bring(forum, Mode.TOGETHER, colleagues=2, at=LATER)
    assert Team.objects.count() == 1
    assert Registration.objects.count() == 3


def test_address_named_twice_in_other_letters_is_one_person() -> None:
    forum = make_open_forum(now=NOW, capacity=5)
    colleagues = [Colleague("Ana@Example.org", "Ana"), Colleague("ana@example.org", "Ana again")]
    register_team(
        forum=forum, lead=lead(), colleagues=colleagues, mode=Mode.TOGETHER, details=Details(), by=lead(), now=NOW
    )
    assert sorted(Registration.objects.values_list("person__email", flat=True)) == [
        "ana@example.org",
        "lead@example.org",
    ]


def test_colleague_who_cancelled_before_is_brought_in_anew() -> None:
    forum = make_open_forum(now=NOW, capacity=3)
    row = single(forum, "team0")
    cancel(registration=row, by=None, now=NOW)
    team = bring(forum, Mode.TOGETHER, colleagues=2, at=LATER)
    row.refresh_from_db()
    assert (row.team, row.state) == (team, State.CONFIRMED)


def test_team_is_no_larger_than_the_forum_says() -> None:
    forum = make_open_forum(now=NOW, capacity=9, largest_team=3)
    with pytest.raises(TeamTooLarge) as refused:
        bring(forum, Mode.TOGETHER, colleagues=3)
    assert "3 people" in refused.value.sentence
    assert not User.objects.filter(email="team0@example.org").exists()
    assert states(bring(forum, Mode.TOGETHER, colleagues=2)) == [State.CONFIRMED] * 3


def test_team_comes_in_while_registration_is_open_and_not_after() -> None:
    forum = make_open_forum(now=NOW, capacity=9, registration_closes_at=NOW + timedelta(hours=2))
    with pytest.raises(RegistrationClosed):
        bring(forum, Mode.TOGETHER, colleagues=2, at=NOW + timedelta(hours=2))
    assert not Registration.objects.exists()
    assert states(bring(forum, Mode.TOGETHER, colleagues=2, at=LATER)) == [State.CONFIRMED] * 3


# --- in line ----------------------------------------------------------------------------------------------------------
def waiting_team(mode: Mode = Mode.TOGETHER, *, capacity: int = 2, behind: int = 1) -> tuple[Forum, Team]:
    """All seats are taken; a team of three is first in line, and so many singles stand behind it."""
    forum = make_open_forum(now=NOW, capacity=capacity)
    for number in range(capacity):
        single(forum, f"early{number}")
    team = bring(forum, mode, colleagues=2)
    for number in range(behind):
        single(forum, f"late{number}")
    return forum, team


def leave(forum: Forum, key: str) -> None:
    row = Registration.objects.get(forum=forum, person=people.person(key))
    cancel(registration=row, by=None, now=LATER)


def test_single_behind_passes_a_team_that_is_too_large_and_each_pass_is_on_record() -> None:
    forum, team = waiting_team()
    leave(forum, "early0")
    passing = Registration.objects.get(person=people.person("late0"))
    assert passing.state == State.OFFERED
    assert states(team) == [State.WAITING] * 3
    skips = Skip.objects.order_by("registration")
    assert [skip.registration for skip in skips] == list(team.registrations.order_by("pk"))
    assert {(skip.in_favor_of, skip.reason, skip.free_seats) for skip in skips} == {
        (passing, Skip.Reason.TEAM_TOO_LARGE, 1)
    }


def test_somebody_new_takes_the_seat_that_is_too_few_for_the_team_and_that_is_on_record() -> None:
    forum, team = waiting_team(behind=0)
    leave(forum, "early0")
    assert Seating.objects.get().free == 1
    new = single(forum, "new", at=LATER)
    assert new.state == State.CONFIRMED
    assert [skip.registration.team for skip in Skip.objects.filter(in_favor_of=new)] == [team] * 3


def test_team_that_parts_is_served_in_its_place_without_a_skip() -> None:
    forum, team = waiting_team(Mode.AS_MANY_AS_FIT)
    leave(forum, "early0")
    assert states(team) == [State.OFFERED, State.WAITING, State.WAITING]
    assert not Skip.objects.exists()


def test_larger_capacity_brings_the_team_in_whole_before_who_stands_behind_it() -> None:
    forum, team = waiting_team()
    resize(forum=forum, capacity=4, by=None, now=LATER)  # two free: the single passes, the team does not part
    assert states(team) == [State.WAITING] * 3
    assert Registration.objects.get(person=people.person("late0")).state in SEATED
    resize(forum=forum, capacity=6, by=None, now=LATER)
    assert states(team) == [State.OFFERED] * 3
    assert Seating.objects.get().free == 0
    assert line(forum) == []


def test_one_answer_accepts_the_offer_for_the_whole_team() -> None:
    forum, team = waiting_team(behind=0)
    resize(forum=forum, capacity=5, by=None, now=LATER)
    accept_offer(registration=team.registrations.get(person=lead()), by=lead(), now=LATER)
    assert states(team) == [State.CONFIRMED] * 3


def test_team_that_lost_one_needs_a_seat_less() -> None:
    forum, team = waiting_team()
    leave(forum, "team1")
    resize(forum=forum, capacity=4, by=None, now=LATER)
    assert states(team) == [State.OFFERED, State.OFFERED, State.CANCELLED]


# --- as many as fit, after all ----------------------------------------------------------------------------------------
def test_team_that_need_not_stay_together_takes_the_free_seat_at_once() -> None:
    forum, team = waiting_team(behind=0)
    leave(forum, "early0")
    take_as_many_as_fit(team=team, by=lead(), now=LATER)
    assert (team.mode, states(team)) == (Mode.AS_MANY_AS_FIT, [State.OFFERED, State.WAITING, State.WAITING])
    assert line(forum) == ["team0", "team1"]


def test_team_that_does_not_wait_together_cannot_part() -> None:
    _, parted = waiting_team(Mode.AS_MANY_AS_FIT)
    with pytest.raises(NotTogether):
        take_as_many_as_fit(team=parted, by=lead(), now=LATER)
    seated = bring(make_open_forum("2027-october", now=NOW, capacity=9), Mode.TOGETHER, colleagues=2)
    with pytest.raises(NotTogether):
        take_as_many_as_fit(team=seated, by=lead(), now=LATER)
    assert seated.mode == Mode.TOGETHER

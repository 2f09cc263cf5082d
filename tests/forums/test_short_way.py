"""The short way of a registration gives what the long way gives, and leaves to that whatever there is to weigh."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django_tasks_db.models import DBTaskResult
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forums import registrations
from forums.capacity import resize
from forums.models import Answer, Forum, Question, Registration, Seating, Skip, Team
from forums.registrations import Details, admit_beyond_capacity, cancel
from forums.short_way import take_what_there_is
from forums.teams import Colleague, register_team
from members.models import Organization, User
from tests import people
from tests.factories import make_open_forum, make_registration

pytestmark = pytest.mark.django_db
NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)
A_MOMENT, A_DAY, AN_OFFER = timedelta(microseconds=1), timedelta(days=1), timedelta(hours=48)


@dataclass(frozen=True)
class Case:
    """What a forum went through, in this order, and who asks then."""

    capacity: int = 2
    comers: int = 0
    team: int = 0  # so many come with a lead, and stay together
    chair: bool = False  # one is brought in, if there is no seat
    leavers: int = 0
    resized: int = 0  # to so many seats
    later: timedelta = timedelta(0)
    fields: tuple[tuple[str, Any], ...] = ()  # of the forum
    has_seating: bool = True
    asks: str = "newcomer"
    at_once: bool = False
    answered: bool = False
    knew: bool = True  # the forum as it is now; otherwise as it was when it opened


def world(case: Case) -> Forum:
    """The forum of a case, as it was when it opened."""
    forum = make_open_forum(now=NOW, capacity=case.capacity)
    Question.objects.create(forum=forum, label="What do you eat?", position=1)
    Question.objects.create(forum=forum, label="Anything else?", position=2)
    opened = Forum.objects.get(pk=forum.pk)
    rows = [make_registration(forum, people.person(f"comer{number}"), now=NOW) for number in range(case.comers)]
    if case.team:
        register_a_team(forum, case.team)
    if case.chair and not Seating.objects.get(pk=forum.pk).free:
        speaker, asked = people.person("speaker"), {"reason": "Speaks.", "by": people.staff(), "now": NOW}
        admit_beyond_capacity(forum=forum, person=speaker, details=Details(), **asked)  # type: ignore[arg-type]
    for row in rows[: case.leavers]:
        cancel(registration=row, by=None, now=NOW)
    if case.resized:
        resize(forum=forum, capacity=case.resized, by=None, now=NOW)
    if not case.has_seating:
        Seating.objects.filter(pk=forum.pk).delete()
    Forum.objects.filter(pk=forum.pk).update(**dict(case.fields))
    return opened


def register_a_team(forum: Forum, size: int) -> None:
    mates = [Colleague(f"mate{number}@example.org", "Mate") for number in range(size)]
    asked = {"details": Details(), "by": people.person("lead"), "now": NOW}
    register_team(
        forum=forum,
        lead=people.person("lead"),
        colleagues=mates,
        mode=Team.Mode.TOGETHER,
        **asked,  # type: ignore[arg-type]
    )


def register(case: Case, forum: Forum) -> Registration:
    """Who asks in this case registers."""
    details = Details(
        organization=Organization.objects.create(name="Pine Hills"),
        organization_name="Pine Hills “Schools” \\ 100 %",
        title="CTO",
        us_state="OR",
        takes_seat_at_once=case.at_once,
    )
    what, more = forum.questions.all()
    return registrations.register(
        forum=forum if not case.knew else Forum.objects.get(pk=forum.pk),
        person=people.person(case.asks),
        details=details,
        answers={what: "Everything", more: ""} if case.answered else None,
        by=people.person("clerk"),
        now=NOW + case.later,
    )


# --- what is there afterwards ---------------------------------------------------------------------------------------
_BY_CHANCE = {"id", "ticket", "enqueued_at", "pgh_id", "pgh_created_at", "pgh_obj_id", "pgh_context_id"}
_OF_THIS_RUN = {"forum_id", "team_id", "override_id", "organization_id"}  # rows that are made anew each time


def plain(row: Mapping[str, Any], emails: dict[int, str]) -> dict[str, Any]:
    """A row without what is another one each time."""
    found = {name: value for name, value in row.items() if name not in _BY_CHANCE}
    found |= {name: found[name] is not None for name in _OF_THIS_RUN & set(found)}
    return found | {name: emails[found[name]] for name in {"person_id"} & set(found)}


def everything() -> dict[str, list[Any]]:
    """All that a registration may have left in the database, in the order in which it was written."""
    events: Any = apps.get_model("forums", "RegistrationEvent").objects
    emails = dict(User.objects.values_list("pk", "email"))
    who = dict(Registration.objects.values_list("pk", "person__email"))
    letters = [plain(row, emails) for row in DBTaskResult.objects.order_by("enqueued_at", "pk").values()]
    for letter in letters:
        number, *rest = letter["args_kwargs"]["args"]
        letter["args_kwargs"] = letter["args_kwargs"] | {"args": [who[number], *rest]}
    return {
        "rows": [plain(row, emails) for row in Registration.objects.order_by("pk").values()],
        "letters": sorted(letters, key=repr),
        "events": [
            (*plain(row, emails).items(), context["verb"], emails.get(context.get("user", 0)))
            for row in events.order_by("pgh_id").values()
            for context in [events.get(pk=row["pgh_id"]).pgh_context.metadata]
        ],
        "answers": list(Answer.objects.values_list("registration__person__email", "question__label", "value")),
        "skips": list(
            Skip.objects.order_by("pk").values_list(
                *("registration__person__email", "in_favor_of__person__email", "reason", "free_seats", "at")
            )
        ),
        "seating": list(Seating.objects.values_list("capacity", "held", "extra", "waiting", "last_place")),
    }


def come_to(case: Case, ways: list[str]) -> tuple[object, dict[str, list[Any]]]:
    """What the registration said, and what there is then. What is refused leaves nothing."""
    forum, before = world(case), everything()
    ways.append("none")
    try:
        with transaction.atomic():
            row = register(case, forum)
    except registrations.SeatRefused as refused:
        assert everything() == before
        return (type(refused), refused.sentence), before
    written = Registration.objects.get(pk=row.pk)
    names = [field.attname for field in Registration._meta.concrete_fields]
    assert [getattr(row, name) for name in names] == [getattr(written, name) for name in names]
    after = everything()
    assert len(after["letters"]) > len(before["letters"])
    assert len(after["events"]) > len(before["events"])
    return row.state, after


def never(_row: Registration, _now: datetime) -> bool:
    return False


def come_to_by_both_ways(case: Case, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways come to the same. Which way it is: "short" or "long", or "none" where nobody got as far as that."""
    found, ways = [], list[str]()

    def noted(row: Registration, now: datetime) -> bool:
        ways.append("long")
        taken = take_what_there_is(row, now)
        ways.append("short" if taken else "long")
        return taken

    for way in (never, noted):
        with monkeypatch.context() as patched, transaction.atomic():
            patched.setattr(registrations, "take_what_there_is", way)
            found.append(come_to(case, ways))
            transaction.set_rollback(True)
    assert found[0] == found[1]
    return ways[-1]


# --- both ways --------------------------------------------------------------------------------------------------------
NAMED: dict[str, tuple[Case, str]] = {
    "a seat is free": (Case(), "short"),
    "no seat is free": (Case(comers=2), "short"),
    "somebody waits": (Case(comers=4), "short"),
    "it was answered what was asked": (Case(answered=True), "short"),
    "it was answered by who waits": (Case(comers=2, answered=True), "short"),
    "a seat that becomes free is theirs": (Case(comers=2, at_once=True), "short"),
    "a seat in between is free": (Case(comers=2, leavers=1), "short"),
    "an offer is open": (Case(comers=3, leavers=1), "short"),
    "an offer ends in a moment": (Case(comers=3, leavers=1, later=AN_OFFER - A_MOMENT), "short"),
    "an offer has just ended": (Case(comers=3, leavers=1, later=AN_OFFER), "long"),
    "an offer has ended and others wait": (Case(comers=5, leavers=1, later=3 * A_DAY), "long"),
    "a team waits and no seat is free": (Case(comers=2, team=2), "short"),
    "a team waits for more than is free": (Case(capacity=3, comers=2, team=2), "long"),
    "more hold a seat than there are": (Case(capacity=3, comers=3, resized=1), "short"),
    "one has left and all seats are held still": (Case(capacity=3, comers=3, leavers=1, resized=2), "short"),
    "seats have come in": (Case(comers=2, resized=3), "short"),
    "a chair is in use and no seat is free": (Case(comers=2, chair=True), "short"),
    "a chair is in use and a seat is free": (Case(comers=2, chair=True, leavers=1), "short"),
    "a chair is in use and somebody waits": (Case(comers=3, chair=True), "short"),
    "there is no seating": (Case(has_seating=False), "long"),
    "they are registered": (Case(comers=1, asks="comer0"), "long"),
    "they wait": (Case(comers=3, asks="comer2"), "long"),
    "they cancelled": (Case(comers=2, leavers=1, asks="comer0", answered=True), "long"),
    "they cancelled and no seat is free": (Case(comers=3, leavers=1, asks="comer0"), "long"),
    "they have an offer": (Case(comers=3, leavers=1, asks="comer2"), "long"),
    "they let an offer lapse": (Case(comers=3, leavers=1, asks="comer2", later=3 * A_DAY), "long"),
    "registration has just opened": (Case(fields=(("registration_opens_at", NOW),)), "short"),
    "registration closes in a moment": (Case(fields=(("registration_closes_at", NOW + A_MOMENT),)), "short"),
    "the forum begins in a moment": (Case(fields=(("starts_at", NOW + A_MOMENT),)), "short"),
}
CLOSED: dict[str, tuple[tuple[str, Any], ...]] = {
    "the forum is cancelled": (("status", "cancelled"),),
    "the forum is a draft": (("status", "draft"),),
    "the forum begins now": (("starts_at", NOW),),
    "registration closes now": (("registration_closes_at", NOW),),
    "registration opens in a moment": (("registration_opens_at", NOW + A_MOMENT),),
    "registration has no day": (("registration_opens_at", None),),
}


@pytest.mark.parametrize("name", NAMED)
def test_both_ways_come_to_the_same_and_it_is_known_which_is_taken(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case, way = NAMED[name]
    assert come_to_by_both_ways(case, monkeypatch) == way


@pytest.mark.parametrize(("knew", "way"), [(True, "none"), (False, "long")])
@pytest.mark.parametrize("name", CLOSED)
def test_neither_way_leads_into_a_forum_that_is_closed(
    name: str, way: str, *, knew: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever knew is refused before anything is asked of the database; whoever had the form before, by the law."""
    case = Case(fields=CLOSED[name], knew=knew)
    assert come_to_by_both_ways(case, monkeypatch) == way
    with transaction.atomic():
        forum = world(case)
        with pytest.raises(registrations.SeatRefused):
            register(case, forum)
        assert not Registration.objects.exists()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    case=st.builds(
        Case,
        capacity=st.integers(1, 4),
        comers=st.integers(0, 6),
        team=st.integers(0, 3),
        chair=st.booleans(),
        leavers=st.integers(0, 3),
        resized=st.sampled_from([0, 0, 1, 3, 5]),
        later=st.sampled_from([timedelta(0), AN_OFFER - A_MOMENT, AN_OFFER, 3 * A_DAY]),
        asks=st.sampled_from(["newcomer", "newcomer", "comer0", "comer1", "lead"]),
        at_once=st.booleans(),
        answered=st.booleans(),
        fields=st.sampled_from([(), (), (), *CLOSED.values()]),
        knew=st.booleans(),
    )
)
def test_both_ways_come_to_the_same_in_any_forum(monkeypatch: pytest.MonkeyPatch, case: Case) -> None:
    come_to_by_both_ways(case, monkeypatch)


# --- the one statement ------------------------------------------------------------------------------------------------
def newcomer(forum: Forum, person: User) -> Registration:
    row = Registration(forum=forum, person=person)
    registrations.start_anew(row, Details(), NOW)
    return row


def test_with_nothing_to_weigh_it_is_one_statement() -> None:
    forum, person = make_open_forum(now=NOW, capacity=1), people.visitor()
    make_registration(forum, people.person("first"), now=NOW)
    row = newcomer(forum, person)
    with CaptureQueriesContext(connection) as said:
        assert take_what_there_is(row, NOW)
    assert len(said) == 1
    assert (row.state, row.place) == (Registration.State.WAITING, 1)


@pytest.mark.parametrize("case", [case for case, way in NAMED.values() if way == "long" and case.asks == "newcomer"])
def test_with_something_to_weigh_it_writes_nothing(case: Case) -> None:
    row, before = newcomer(world(case), people.visitor()), everything()
    assert not take_what_there_is(row, NOW + case.later)
    assert (row._state.adding, everything()) == (True, before)


def test_who_is_registered_is_not_written_twice() -> None:
    row, before = newcomer(world(Case(comers=1)), people.person("comer0")), everything()
    with pytest.raises(IntegrityError, match="one_registration_per_person"), transaction.atomic():
        take_what_there_is(row, NOW)
    assert everything() == before


@pytest.mark.django_db(transaction=True)
def test_whose_answer_cannot_be_written_is_not_registered() -> None:
    """The question was taken away while they wrote. A registration and its answers are there together or not at all."""
    forum = world(Case())
    before = everything()
    what, more = forum.questions.all()
    Question.objects.filter(pk=what.pk).delete()
    asked = {"forum": forum, "details": Details(), "by": None, "now": NOW}
    with pytest.raises(IntegrityError):
        registrations.register(person=people.visitor(), answers={what: "Everything", more: "No"}, **asked)  # type: ignore[arg-type]
    assert everything() == before

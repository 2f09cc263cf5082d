"""Offers by a simulated clock: a hundred in line, and each deadline to the minute.

What must happen is worked out here from the law's words with plain dates, and not asked of the product.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from forums.capacity import resize, settle_all
from forums.models import Forum, Registration
from forums.registrations import Details, NoOffer, accept_offer, cancel, register
from members.models import User
from tests.factories import make_open_forum

pytestmark = pytest.mark.django_db

State = Registration.State
NOW = datetime(2027, 1, 1, 12, 0, 42, tzinfo=UTC)  # not at a full minute
SEATS, IN_LINE = 5, 100
A_SECOND, A_MINUTE, AN_HOUR, A_DAY = (
    *(timedelta(seconds=1), timedelta(minutes=1)),
    *(timedelta(hours=1), timedelta(days=1)),
)


@pytest.fixture
def crowd() -> list[User]:
    return User.objects.bulk_create(User(email=f"cto{n}@example.org", name=f"CTO {n}") for n in range(SEATS + IN_LINE))


def full_forum(
    crowd: list[User], slug: str = "april", *, at_once: frozenset[int] = frozenset(), hours: int = 48
) -> Forum:
    """Every seat taken and a hundred in line, sixty days before it begins."""
    forum = make_open_forum(slug, now=NOW, capacity=SEATS, offer_hours=hours)
    for number, person in enumerate(crowd):
        details = Details(takes_seat_at_once=number in at_once)
        register(forum=forum, person=person, details=details, by=person, now=NOW)
    return forum


def of(forum: Forum, person: User) -> Registration:
    return Registration.objects.select_related("forum", "person").get(forum=forum, person=person)


def gives_up(forum: Forum, person: User, now: datetime) -> None:
    cancel(registration=of(forum, person), by=person, now=now)


def offers(forum: Forum) -> dict[str, datetime | None]:
    """Who has an offer, and until when."""
    rows = Registration.objects.filter(forum=forum, state=State.OFFERED).order_by("place")
    return dict(rows.values_list("person__email", "offer_expires_at"))


def line(forum: Forum) -> list[int]:
    return list(Registration.objects.in_line().filter(forum=forum).values_list("person", flat=True))


def minute(moment: datetime) -> datetime:
    return datetime(moment.year, moment.month, moment.day, moment.hour, moment.minute, tzinfo=UTC)


def test_each_freed_seat_is_offered_to_the_next_in_line_for_48_hours_to_the_minute(crowd: list[User]) -> None:
    forum = full_forum(crowd)
    freed = [NOW + timedelta(hours=7 * n, minutes=13 * n, seconds=11 * n) for n in range(1, SEATS + 1)]
    for person, moment in zip(crowd, freed, strict=False):
        gives_up(forum, person, moment)
    assert offers(forum) == {
        person.email: minute(moment + 48 * AN_HOUR) for person, moment in zip(crowd[SEATS:], freed, strict=False)
    }
    assert line(forum) == [person.pk for person in crowd[2 * SEATS :]]


def test_an_offer_holds_its_seat_until_the_minute_of_its_deadline_and_moves_on_then(crowd: list[User]) -> None:
    """Nobody of the hundred answers. One seat goes from one to the next, and each has their time in full."""
    forum = full_forum(crowd)
    now = NOW + A_DAY
    gives_up(forum, crowd[0], now)
    asked = 0
    for person in crowd[SEATS:]:
        asked += 1
        lasts = min(48 * AN_HOUR, (forum.starts_at - now) / 4)
        if lasts < 2 * AN_HOUR:
            break
        deadline = minute(now + lasts)
        assert offers(forum) == {person.email: deadline}
        for nothing_to_do in (now + A_MINUTE, deadline - A_MINUTE, deadline - A_SECOND):
            assert settle_all(nothing_to_do) == 0
        assert settle_all(deadline) == 1
        assert of(forum, person).state == State.LAPSED
        now = deadline
    assert asked > 30, "48 hours each for most of the time, then less and less"
    assert forum.starts_at - 8 * AN_HOUR < now < forum.starts_at
    last = of(forum, crowd[SEATS + asked - 1])
    assert (last.state, last.settled_at) == (State.CONFIRMED, now), "when there is no time to ask it is theirs"
    assert Registration.objects.filter(forum=forum, state=State.LAPSED).count() == asked - 1
    assert line(forum) == [person.pk for person in crowd[SEATS + asked :]]


@pytest.mark.parametrize(
    ("left", "lasts"),
    [
        (9 * A_DAY, 48 * AN_HOUR),
        (8 * A_DAY, 48 * AN_HOUR),
        (8 * A_DAY - 4 * A_MINUTE, 48 * AN_HOUR - A_MINUTE),
        (2 * A_DAY, 12 * AN_HOUR),
        (8 * AN_HOUR, 2 * AN_HOUR),
        (8 * AN_HOUR - A_SECOND, None),
        (A_MINUTE, None),
    ],
)
def test_near_the_forum_an_offer_is_shorter_and_at_last_the_seat_is_theirs_at_once(
    crowd: list[User], left: timedelta, lasts: timedelta | None
) -> None:
    forum = full_forum(crowd[: SEATS + 2])
    now = forum.starts_at - left
    gives_up(forum, crowd[0], now)
    first = of(forum, crowd[SEATS])
    assert (first.state, first.offer_expires_at) == (
        (State.CONFIRMED, None) if lasts is None else (State.OFFERED, minute(now + lasts))
    )


def test_once_the_forum_has_begun_nobody_is_asked(crowd: list[User]) -> None:
    forum = full_forum(crowd[: SEATS + 2])
    resize(forum=forum, capacity=SEATS + 1, by=None, now=forum.starts_at)
    assert settle_all(forum.starts_at) == 0
    assert line(forum) == [person.pk for person in crowd[SEATS : SEATS + 2]]
    resize(forum=forum, capacity=SEATS + 1, by=None, now=forum.starts_at - A_SECOND)
    assert line(forum) == [crowd[SEATS + 1].pk]


def test_a_forum_that_asks_nobody_gives_each_freed_seat_at_once(crowd: list[User]) -> None:
    forum = full_forum(crowd, hours=0)
    for person in crowd[:SEATS]:
        gives_up(forum, person, NOW + A_DAY)
    seated = Registration.objects.confirmed().filter(forum=forum).order_by("place")
    assert list(seated.values_list("person", flat=True)) == [person.pk for person in crowd[SEATS : 2 * SEATS]]


def test_who_said_so_beforehand_gets_the_seat_at_once_and_the_others_are_asked(crowd: list[User]) -> None:
    forum = full_forum(crowd, at_once=frozenset({SEATS + 1, SEATS + 3}))
    for person in crowd[:SEATS]:
        gives_up(forum, person, NOW + A_DAY)
    states = [of(forum, person).state for person in crowd[SEATS : 2 * SEATS]]
    assert states == [State.OFFERED, State.CONFIRMED, State.OFFERED, State.CONFIRMED, State.OFFERED]


def test_who_let_an_offer_lapse_is_not_asked_again_until_they_join_the_line_anew(crowd: list[User]) -> None:
    forum = full_forum(crowd[: SEATS + 3])
    lapsed, second, third = crowd[SEATS : SEATS + 3]
    gives_up(forum, crowd[0], NOW)
    settle_all(deadline := minute(NOW + 48 * AN_HOUR))
    assert list(offers(forum)) == [second.email]
    for person in crowd[1:SEATS]:
        gives_up(forum, person, deadline)
    assert list(offers(forum)) == [second.email, third.email]
    assert of(forum, lapsed).state == State.LAPSED, "seats are free, and they are not asked"
    back = register(forum=forum, person=lapsed, details=Details(), by=lapsed, now=deadline)
    assert back.state == State.CONFIRMED, "they ask, and a seat is free that nobody in line could take"


def test_who_joins_anew_after_a_lapse_is_at_the_end_of_the_line(crowd: list[User]) -> None:
    forum = full_forum(crowd)
    gives_up(forum, crowd[0], NOW)
    settle_all(NOW + 48 * AN_HOUR)
    lapsed = crowd[SEATS]
    assert register(forum=forum, person=lapsed, details=Details(), by=lapsed, now=NOW + 50 * AN_HOUR).state == "waiting"
    assert line(forum) == [*(person.pk for person in crowd[SEATS + 2 :]), lapsed.pk]


# --- while nobody is there to note it -------------------------------------------------------------------------------
def test_an_answer_after_the_deadline_is_too_late_though_nobody_noted_the_lapse(crowd: list[User]) -> None:
    forum = full_forum(crowd[: SEATS + 2])
    first, second = crowd[SEATS : SEATS + 2]
    gives_up(forum, crowd[0], NOW)
    deadline = minute(NOW + 48 * AN_HOUR)
    with pytest.raises(NoOffer):
        accept_offer(registration=of(forum, first), by=first, now=deadline)
    assert of(forum, first).state == State.LAPSED
    assert offers(forum) == {second.email: minute(deadline + 48 * AN_HOUR)}


def test_an_answer_in_the_last_second_is_in_time(crowd: list[User]) -> None:
    forum = full_forum(crowd[: SEATS + 2])
    gives_up(forum, crowd[0], NOW)
    last = minute(NOW + 48 * AN_HOUR) - A_SECOND
    assert accept_offer(registration=of(forum, crowd[SEATS]), by=crowd[SEATS], now=last).state == State.CONFIRMED


def test_after_a_dead_week_those_who_were_asked_have_lapsed_and_the_next_have_their_time_in_full(
    crowd: list[User],
) -> None:
    forum = full_forum(crowd)
    for person in crowd[:SEATS]:
        gives_up(forum, person, NOW)
    back = NOW + 7 * A_DAY
    assert settle_all(back) == 1
    assert [of(forum, person).state for person in crowd[SEATS : 2 * SEATS]] == [State.LAPSED] * SEATS
    assert offers(forum) == {person.email: minute(back + 48 * AN_HOUR) for person in crowd[2 * SEATS : 3 * SEATS]}
    assert settle_all(back) == 0


def test_where_all_answer_in_time_a_dead_week_changes_nothing(crowd: list[User]) -> None:
    """The same story with the work that is due every minute done every hour, and not at all: the same rows."""

    def story(slug: str, pass_time: Callable[[datetime, datetime], object]) -> list[tuple[object, ...]]:
        forum = full_forum(crowd[: SEATS + 20], slug)
        now = NOW
        for turn in range(10):
            leaving = Registration.objects.confirmed().filter(forum=forum).order_by("person").first()
            assert leaving is not None
            gives_up(forum, leaving.person, now)
            later = now + timedelta(hours=5 + 4 * turn)
            pass_time(now, later)
            now = later
            asked = list(Registration.objects.filter(forum=forum, state=State.OFFERED).order_by("place"))
            for number, row in enumerate(asked):
                answer = cancel if turn % 3 == 2 and number == 0 else accept_offer
                answer(registration=row, by=None, now=now)
        rows = Registration.objects.filter(forum=forum).order_by("person")
        return list(rows.values_list("person", "state", "seat_number", "place", "offer_expires_at", "settled_at"))

    def every_hour(since: datetime, until: datetime) -> None:
        while (since := since + AN_HOUR) < until:
            settle_all(since)

    def never(since: datetime, until: datetime) -> None:
        pass

    assert story("watched", every_hour) == story("left-alone", never)


def test_settled_often_or_after_a_week_as_many_seats_are_held_and_nobody_is_passed_over(crowd: list[User]) -> None:
    """Who is asked differs, because each has their time from when they are asked; how many seats are held does not."""

    def states_of(slug: str, moments: list[datetime]) -> list[str]:
        forum = full_forum(crowd, slug)
        for person in crowd[:SEATS]:
            gives_up(forum, person, NOW)
        for moment in moments:
            settle_all(moment)
        Forum.objects.filter(pk=forum.pk).update(status=Forum.Status.DRAFT)  # the next story's clock is not ours
        rows = Registration.objects.filter(forum=forum).exclude(person__in=crowd[:SEATS])
        return list(rows.order_by("pk").values_list("state", flat=True))

    def after(lapsed: int) -> list[str]:
        return ["lapsed"] * lapsed + ["offered"] * SEATS + ["waiting"] * (IN_LINE - lapsed - SEATS)

    week = [NOW + hour * AN_HOUR for hour in range(7 * 24 + 1)]
    assert states_of("watched", week) == after(3 * SEATS)
    assert states_of("left-alone", week[-1:]) == after(SEATS)

"""What the panel of a forum says, at every instant of a forum's life. No database."""

from datetime import UTC, datetime, timedelta

import pytest

from forums.models import Forum, Registration, Seating
from forums.panel import Mine, Panel, Phase, mine_of, panel_for, phase_of
from forums.templatetags.forum_words import day_at, forum_hours, moment_at, ordinal

OPENS = datetime(2027, 1, 1, 14, tzinfo=UTC)
CLOSES = datetime(2027, 3, 30, 21, tzinfo=UTC)
STARTS = datetime(2027, 4, 6, 17, tzinfo=UTC)
ENDS = datetime(2027, 4, 6, 21, tzinfo=UTC)
A_MINUTE = timedelta(minutes=1)
State = Registration.State


def forum(**fields: object) -> Forum:
    usual = {
        "status": Forum.Status.PUBLISHED,
        "registration_opens_at": OPENS,
        "registration_closes_at": CLOSES,
        "starts_at": STARTS,
        "ends_at": ENDS,
    }
    return Forum(**{**usual, **fields})


def seats(*, capacity: int = 60, held: int = 47, waiting: int = 0) -> Seating:
    return Seating(capacity=capacity, held=held, waiting=waiting)


@pytest.mark.parametrize(
    ("now", "phase"),
    [
        (OPENS - A_MINUTE, Phase.OPENS_LATER),
        (OPENS, Phase.OPEN),
        (CLOSES - A_MINUTE, Phase.OPEN),
        (CLOSES, Phase.CLOSED),
        (STARTS - A_MINUTE, Phase.CLOSED),
        (STARTS, Phase.UNDER_WAY),
        (ENDS - A_MINUTE, Phase.UNDER_WAY),
        (ENDS, Phase.OVER),
    ],
)
def test_the_phase_follows_the_clock(now: datetime, phase: Phase) -> None:
    assert phase_of(forum(), seats(), now) is phase


def test_without_a_closing_day_registration_is_open_until_the_forum_begins() -> None:
    endless = forum(registration_closes_at=None)
    assert phase_of(endless, seats(), STARTS - A_MINUTE) is Phase.OPEN
    assert phase_of(endless, seats(), STARTS) is Phase.UNDER_WAY


def test_a_forum_without_a_free_seat_is_full_and_one_can_wait() -> None:
    panel = panel_for(forum(), seats(held=60, waiting=4), OPENS)
    assert panel == Panel(Phase.FULL, capacity=60, taken=60, free=0, waiting=4)
    assert panel.can_register


def test_a_forum_that_was_made_smaller_shows_no_more_seats_than_it_has() -> None:
    panel = panel_for(forum(), seats(capacity=40, held=47), OPENS)
    assert (panel.phase, panel.capacity, panel.taken, panel.free) == (Phase.FULL, 40, 40, 0)


def test_a_forum_without_seats_or_without_an_opening_day_takes_nobody_yet() -> None:
    assert phase_of(forum(), None, OPENS) is Phase.NOT_TAKING
    assert phase_of(forum(registration_opens_at=None), seats(), OPENS) is Phase.NOT_TAKING


@pytest.mark.parametrize("now", [OPENS - A_MINUTE, OPENS, STARTS, ENDS])
def test_a_cancelled_forum_is_cancelled_whatever_the_day(now: datetime) -> None:
    own = Registration(state=State.CONFIRMED, seat_number=3)
    panel = panel_for(forum(status=Forum.Status.CANCELLED), seats(), now, own=own)
    assert panel.phase is Phase.CANCELLED
    assert not panel.takes_part


@pytest.mark.parametrize(
    ("state", "mine"),
    [
        (State.CONFIRMED, Mine.REGISTERED),
        (State.WAITING, Mine.WAITING),
        (State.CANCELLED, Mine.CANCELLED),
        (State.LAPSED, Mine.LAPSED),
        (State.HANDED_ON, Mine.HANDED_ON),
    ],
)
def test_ones_own_state_is_told(state: Registration.State, mine: Mine) -> None:
    panel = panel_for(forum(), seats(held=60, waiting=41), OPENS, own=Registration(state=state), place=3)
    assert panel.mine is mine
    assert panel.takes_part is (mine in (Mine.REGISTERED, Mine.WAITING))
    assert (panel.place, panel.ahead) == ((3, 2) if mine is Mine.WAITING else (0, 0))


def test_an_offer_is_gone_with_its_deadline_though_nobody_noted_it() -> None:
    own = Registration(state=State.OFFERED, offer_expires_at=OPENS + A_MINUTE)
    assert mine_of(own, forum(), OPENS) is Mine.OFFERED
    assert mine_of(own, forum(), OPENS + A_MINUTE) is Mine.LAPSED
    assert panel_for(forum(), seats(held=60), OPENS + A_MINUTE, own=own).takes_part is False


def test_who_waits_when_the_forum_begins_has_waited() -> None:
    own = Registration(state=State.WAITING, place=9)
    assert mine_of(own, forum(), STARTS - A_MINUTE) is Mine.WAITING
    assert mine_of(own, forum(), STARTS) is Mine.WAITED


def test_a_seat_is_still_ones_own_while_the_forum_is_under_way_and_not_after() -> None:
    own = Registration(state=State.CONFIRMED, seat_number=3)
    assert panel_for(forum(), seats(), STARTS, own=own).takes_part
    assert not panel_for(forum(), seats(), ENDS, own=own).takes_part


# --- words --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("number", "words"),
    [
        *((1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (13, "13th"), (21, "21st")),
        *((111, "111th"), (112, "112th"), (1022, "1,022nd")),
    ],
)
def test_a_place_in_line_is_an_ordinal(number: int, words: str) -> None:
    assert ordinal(number) == words


def test_instants_are_told_in_the_forums_zone() -> None:
    chicago = forum(time_zone="America/Chicago")
    midnight = datetime(2027, 3, 31, 4, 30, tzinfo=UTC)
    assert moment_at(midnight, chicago).replace("\u00a0", " ") == "Tuesday, 30 March 2027, 11:30 pm Central"
    assert day_at(midnight, chicago).replace("\u00a0", " ") == "30 March 2027"
    assert moment_at(None, chicago) == day_at(None, chicago) == ""


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        (ENDS, "1 to 5 pm Eastern"),
        (ENDS + timedelta(days=1, hours=-5), "1 pm to Wednesday, 7 April 2027, 12 pm Eastern"),
        (STARTS.replace(hour=23, minute=30) + timedelta(hours=5), "1 pm to Wednesday, 7 April 2027, 12:30 am Eastern"),
    ],
)
def test_a_forum_that_ends_on_another_day_says_on_which(ends: datetime, words: str) -> None:
    assert forum_hours(forum(ends_at=ends)).replace("\u00a0", " ") == words

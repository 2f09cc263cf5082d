"""The verbs on seats, and that nobody sits in a seat that is not there."""

import threading
from collections.abc import Callable
from contextlib import closing

import pytest
from django.db import connection, transaction
from django.utils import timezone

from members import seats
from members.models import Membership, Organization, Seat, User
from members.terms import void_term
from tests import people

pytestmark = pytest.mark.django_db


def district(*, seats_sold: int = 2, starts: int = -30, ends: int = 30) -> Membership:
    organization = Organization.objects.create(
        name="Cedar Falls Schools", slug="cedar-falls", kind=Organization.Kind.DISTRICT
    )
    membership = Membership.objects.create(organization=organization, plan=people.district_plan())
    people.add_term(membership, starts=starts, ends=ends, seats=seats_sold)
    return membership


def give(membership: Membership, who: User) -> Seat:
    return seats.give_seat(membership=membership, person=who, by=None, now=timezone.now())


def take(seat: Seat) -> None:
    seats.take_seat(seat=seat, by=None, now=timezone.now())


def test_a_person_gets_the_lowest_seat_that_is_free() -> None:
    membership = district(seats_sold=3)
    first, second = give(membership, people.person("one")), give(membership, people.person("two"))
    assert (first.number, second.number) == (1, 2)
    take(first)
    assert give(membership, people.person("three")).number == 1


def test_there_are_no_more_seats_than_the_term_has() -> None:
    membership = district(seats_sold=1)
    give(membership, people.person("one"))
    with pytest.raises(seats.NoSeatLeft, match="All 1 seats"):
        give(membership, people.person("two"))
    assert membership.seat_rows.count() == 1


def test_a_seat_taken_back_stays_in_the_record_and_is_free_again() -> None:
    membership = district(seats_sold=1)
    seat = give(membership, people.person("one"))
    take(seat)
    give(membership, people.person("two"))
    assert membership.seat_rows.count() == 2
    with pytest.raises(seats.SeatIsFree):
        take(seat)


def test_a_person_holds_one_seat_of_a_membership() -> None:
    membership = district()
    give(membership, people.person("one"))
    with pytest.raises(seats.AlreadySeated):
        give(membership, people.person("one"))


def test_after_a_smaller_renewal_those_who_sit_above_the_count_are_counted() -> None:
    membership = district(seats_sold=2)
    give(membership, people.person("one"))
    take(give(membership, people.person("two")))
    people.sit(people.person("three"), membership, number=5)
    with pytest.raises(seats.NoSeatLeft):
        give(membership, people.person("four"))


def test_an_individual_membership_has_no_seats_to_give() -> None:
    lapsed = people.grace()
    membership = Membership.objects.get(person=lapsed)
    with pytest.raises(seats.NoSeatsHere):
        give(membership, people.person("one"))


@pytest.mark.parametrize(("starts", "ends"), [(-400, -60)])
def test_a_lapsed_membership_has_no_seats_to_give(starts: int, ends: int) -> None:
    with pytest.raises(seats.NoCurrentTerm):
        give(district(starts=starts, ends=ends), people.person("one"))


def test_a_membership_in_grace_still_gives_its_seats() -> None:
    assert give(district(starts=-400, ends=-10), people.person("one")).number == 1


def test_a_membership_that_has_yet_to_start_can_give_its_seats() -> None:
    assert give(district(starts=10, ends=300), people.person("one")).number == 1


def test_a_void_term_has_no_seats() -> None:
    membership = district()
    void_term(term=membership.terms.get(), reason="Wrong.", by=None, now=timezone.now())
    with pytest.raises(seats.NoCurrentTerm):
        give(Membership.objects.get(pk=membership.pk), people.person("one"))


# --- the last seat, for two people at once ----------------------------------------------------------------------
def _give_without_a_lock(membership: Membership, who: User, counted: threading.Barrier) -> None:
    """What `give_seat` would be without its lock: count, then sit."""
    with transaction.atomic():
        taken = membership.seat_rows.filter(left_at=None).count()
        counted.wait(10)
        if taken < seats.seat_count(membership, timezone.now()):
            number = taken + 1 + who.pk % 2  # two numbers, as a rule that hands out the next one under load would
            Seat.objects.create(membership=membership, person=who, number=number, taken_at=timezone.now())


def _race(work: Callable[[User], object], contenders: list[User]) -> list[Exception]:
    refusals: list[Exception] = []

    def run(who: User) -> None:
        with closing(connection):
            try:
                work(who)
            except seats.SeatError as refused:
                refusals.append(refused)

    threads = [threading.Thread(target=run, args=[who]) for who in contenders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return refusals


@pytest.fixture
def last_seat() -> tuple[Membership, list[User]]:
    """A membership with one seat, and two people who want it."""
    membership = district(seats_sold=1)
    return membership, [people.person("one"), people.person("two")]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_ask_for_the_last_seat_at_once_one_gets_it(last_seat: tuple[Membership, list[User]]) -> None:
    membership, contenders = last_seat
    barrier = threading.Barrier(2)

    def work(who: User) -> None:
        barrier.wait(10)
        give(membership, who)

    refusals = _race(work, contenders)
    assert [type(refusal) for refusal in refusals] == [seats.NoSeatLeft]
    assert membership.seat_rows.filter(left_at=None).count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_race_without_the_lock_oversells(last_seat: tuple[Membership, list[User]]) -> None:
    """The control: the race above is one that can be lost."""
    membership, contenders = last_seat
    barrier = threading.Barrier(2)
    _race(lambda who: _give_without_a_lock(membership, who, barrier), contenders)
    assert membership.seat_rows.filter(left_at=None).count() == 2

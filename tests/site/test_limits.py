"""How often something may be tried, also by many at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.utils import timezone

from cosn_site import limits

CONTENDERS, TIMES = 12, 5


@pytest.fixture
def left_clean() -> Iterator[None]:
    """The table of the cache is no model's, so nobody else empties it."""
    yield
    cache.clear()


def tried(subject: str = "somebody@example.org") -> bool:
    return limits.within_limit("racing", subject, times=TIMES, seconds=3600, now=timezone.now())


def all_at_once() -> list[bool]:
    """What each contender is told, each in a thread with a connection of its own."""
    start = Barrier(CONTENDERS, timeout=60)

    def contend(_: int) -> bool:
        connection.ensure_connection()
        start.wait()
        try:
            return tried()
        finally:
            connection.close()

    with ThreadPoolExecutor(CONTENDERS) as pool:
        return list(pool.map(contend, range(CONTENDERS)))


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("left_clean")
def test_of_many_tries_at_once_no_more_than_the_limit_are_let_through() -> None:
    assert sorted(all_at_once()) == [False] * (CONTENDERS - TIMES) + [True] * TIMES
    assert not tried()
    assert tried("else@example.org")


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("left_clean")
def test_the_same_tries_without_the_lock_outrun_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the race above is one that can be lost."""
    have_read = Barrier(CONTENDERS, timeout=60)

    class ReadTogether:
        """The cache, when everybody has read before anybody writes."""

        set = staticmethod(cache.set)

        @staticmethod
        def get(key: str) -> Any:
            value = cache.get(key)
            have_read.wait()
            return value

    monkeypatch.setattr(limits, "_alone_with", nullcontext)
    monkeypatch.setattr(limits, "cache", ReadTogether)
    assert all_at_once() == [True] * CONTENDERS


@pytest.mark.django_db
def test_tries_within_a_transaction_count_like_any_and_end_with_the_window() -> None:
    with transaction.atomic():
        assert [tried() for _ in range(TIMES + 1)] == [True] * TIMES + [False]
    later = timezone.now() + timedelta(hours=1)
    assert limits.within_limit("racing", "Somebody@example.org ", times=TIMES, seconds=3600, now=later)

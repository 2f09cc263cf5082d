"""Two transactions on real connections that meet: the second begins once the first has a membership's lock.

The first goes on when PostgreSQL lets the second wait, so that what happens always happens in the same order.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection, transaction

from members.models import Membership
from members.seats import locked_for_seating


class Meeting:
    """Where two transactions wait for each other."""

    def __init__(self) -> None:
        self.has_lock, self.is_over = threading.Event(), threading.Event()
        self.pids: dict[str, int] = {}

    def arrives(self, who: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            self.pids[who] = cursor.fetchone()[0]

    def waits(self, who: str) -> bool:
        """Whether PostgreSQL lets this one wait for a lock."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_locks WHERE pid = %s AND NOT granted", [self.pids.get(who, 0)])
            return cursor.fetchone() is not None

    def until(self, is_so: Callable[[], bool]) -> None:
        for _ in range(2_000):
            if is_so():
                return
            time.sleep(0.01)
        raise AssertionError("nobody came")

    def first(self, membership: Membership, step: Callable[[], object], *, goes_on: Callable[[], bool]) -> Any:
        """The step, by somebody who had the membership's lock before the other one began."""
        try:
            with transaction.atomic():
                locked_for_seating(membership)
                self.arrives("first")
                self.has_lock.set()
                self.until(goes_on)
                return step()
        finally:
            self.is_over.set()
            connection.close()

    def second(self, step: Callable[[], object]) -> Any:
        try:
            assert self.has_lock.wait(20)
            self.arrives("second")
            return step()
        finally:
            connection.close()

    def hold(
        self,
        membership: Membership,
        first: Callable[[], object],
        second: Callable[[], object],
        *,
        goes_on: Callable[[], bool] | None = None,
    ) -> tuple[Any, Any]:
        """What each came to, errors included. The first goes on when the second waits, or when `goes_on` says so."""
        with ThreadPoolExecutor(2) as pool:
            one = pool.submit(self.first, membership, first, goes_on=goes_on or (lambda: self.waits("second")))
            two = pool.submit(self.second, second)
            return tuple(each.exception(60) or each.result() for each in (one, two))  # type: ignore[return-value]

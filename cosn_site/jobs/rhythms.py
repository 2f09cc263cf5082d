"""When scheduled work is due: pure. And the list of what is scheduled, filled by decorators."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

from django.tasks import Task

from cosn_site.clock import ASSOCIATION_ZONE, association_day

R = TypeVar("R")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Rhythm(Protocol):
    """A rule that cuts time into slots. `str()` of it is for staff."""

    def latest(self, now: datetime) -> datetime:
        """The beginning of the last slot that has begun at `now`: never later than `now`."""
        ...


@dataclass(frozen=True, slots=True)
class Daily:
    """Once in every calendar day of the association's zone, from `at` on.

    A day without that time (the clock is put forward) has its slot that much later; a day that has it twice has its
    slot at the first.
    """

    at: time

    def latest(self, now: datetime) -> datetime:
        day = association_day(now)
        slot = datetime.combine(day, self.at, tzinfo=ASSOCIATION_ZONE).astimezone(UTC)
        if slot > now:
            slot = datetime.combine(day - timedelta(days=1), self.at, tzinfo=ASSOCIATION_ZONE).astimezone(UTC)
        return slot

    def __str__(self) -> str:
        return f"every day at {self.at:%H:%M} Eastern"


@dataclass(frozen=True, slots=True)
class Regular:
    """Every so many minutes, counted from midnight UTC of a day long ago: no clock change touches it."""

    minutes: int

    def latest(self, now: datetime) -> datetime:
        step = timedelta(minutes=self.minutes)
        return _EPOCH + (now - _EPOCH) // step * step

    def __str__(self) -> str:
        return "every minute" if self.minutes == 1 else f"every {self.minutes} minutes"


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A task without arguments, and when it is due."""

    task: Task[[], Any]
    rhythm: Rhythm


_scheduled: dict[str, Scheduled] = {}


def declared() -> Mapping[str, Scheduled]:
    """What the modules imported so far have declared, by the path of the task."""
    return MappingProxyType(_scheduled)


def every_day(*, at: time) -> Callable[[Task[[], R]], Task[[], R]]:
    """Above a `@job` without arguments: enqueue it once a day, at or after `at` in the association's zone."""
    if at.tzinfo is not None:
        raise ValueError("`at` is a time in the association's zone and has no zone of its own.")
    return _declare(Daily(at))


def every(*, minutes: int) -> Callable[[Task[[], R]], Task[[], R]]:
    """Above a `@job` without arguments: enqueue it every so many minutes."""
    if minutes < 1:
        raise ValueError("The shortest rhythm is every minute.")
    return _declare(Regular(minutes))


def _declare(rhythm: Rhythm) -> Callable[[Task[[], R]], Task[[], R]]:
    def keep(task: Task[[], R]) -> Task[[], R]:
        _scheduled[task.module_path] = Scheduled(task, rhythm)
        return task

    return keep

"""How a task is tried again: pure, but for the dice."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar, overload

from django.tasks import DEFAULT_TASK_QUEUE_NAME, Task, TaskContext, task
from django.tasks.base import DEFAULT_TASK_PRIORITY

P = ParamSpec("P")
R = TypeVar("R")

GROWTH = 4  # a quick second try for the hiccup, and soon pauses long enough for somebody else's outage
JITTER = 0.2  # tasks that failed together come back apart


class GiveUp(Exception):
    """Raised by a task that another try cannot help. Its text is a sentence for staff, who see it as the reason."""


class WorkerLost(Exception):
    """Noted as the failure of a task whose worker ended before the task did."""


@dataclass(frozen=True, slots=True)
class Retry:
    """What one task promises itself. `limit` bounds a single attempt; a plain `@task` has these defaults."""

    attempts: int = 5
    backoff: timedelta = timedelta(seconds=15)
    longest: timedelta = timedelta(hours=1)
    limit: timedelta = timedelta(minutes=10)

    def pause(self, attempt: int, dice: Callable[[], float] = random.random) -> timedelta:
        """How long to wait after attempt number `attempt` (from 1) has failed.

        Four times longer each time, up to `longest`, less up to a fifth by chance (`dice` gives 0 to 1).
        """
        # the exponent is bounded so that a large count cannot overflow
        wanted = self.backoff.total_seconds() * GROWTH ** min(attempt - 1, 20)
        return timedelta(seconds=min(wanted, self.longest.total_seconds()) * (1 - JITTER * dice()))


_policies: dict[Callable[..., Any], Retry] = {}


def retry_of(work: Task[Any, Any]) -> Retry:
    """The policy its `@job` gave it, or the default."""
    return _policies.get(work.func, Retry())


@overload
def job(
    *,
    queue: str = ...,
    attempts: int = ...,
    backoff: timedelta = ...,
    longest: timedelta = ...,
    limit: timedelta = ...,
    priority: int = ...,
    takes_context: Literal[True],
) -> Callable[[Callable[Concatenate[TaskContext[Any, Any], P], R]], Task[P, R]]: ...
@overload
def job(
    *,
    queue: str = ...,
    attempts: int = ...,
    backoff: timedelta = ...,
    longest: timedelta = ...,
    limit: timedelta = ...,
    priority: int = ...,
    takes_context: Literal[False] = ...,
) -> Callable[[Callable[P, R]], Task[P, R]]: ...
def job(
    *,
    queue: str = DEFAULT_TASK_QUEUE_NAME,
    attempts: int = 5,
    backoff: timedelta = timedelta(seconds=15),
    longest: timedelta = timedelta(hours=1),
    limit: timedelta = timedelta(minutes=10),
    priority: int = DEFAULT_TASK_PRIORITY,
    takes_context: bool = False,
) -> Any:
    """Django's `@task` with a policy: at most `attempts` tries, `backoff` after the first failure, then longer pauses.

    Any exception but GiveUp is tried again, and so is an attempt that runs longer than `limit`. The function must be
    safe to run twice, and its result, if it has one, must be JSON; a sentence is shown to staff.
    """
    if attempts < 1:
        raise ValueError("A job is tried at least once.")
    policy = Retry(attempts, backoff, longest, limit)

    def wrap(function: Callable[..., Any]) -> Any:
        _policies[function] = policy
        make: Any = task
        return make(priority=priority, queue_name=queue, takes_context=takes_context)(function)

    return wrap

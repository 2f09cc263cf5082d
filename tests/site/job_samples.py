"""Tasks that misbehave, for the tests of the background work. Workers in other processes import this module too."""

import time
from datetime import timedelta
from typing import Any

from django.tasks import TaskContext
from django_tasks_db.models import DBTaskResult

from cosn_site.jobs import GiveUp, job


class Hiccup(Exception):
    """Something that may be gone at the next try."""


@job(queue="mail")
def greet(name: str) -> str:
    return f"Hello {name}"


@job(takes_context=True)
def works_at_the_third_try(context: TaskContext[Any, Any]) -> int:
    if context.attempt < 3:
        raise Hiccup
    return context.attempt


@job(attempts=3)
def never_works() -> None:
    raise Hiccup("a text with somebody@example.org in it")


@job()
def knows_that_it_cannot() -> None:
    raise GiveUp("There is no such report.")


@job(attempts=2, limit=timedelta(seconds=0.05))
def runs_too_long() -> None:
    try:
        time.sleep(30)
    except Exception:  # noqa: BLE001 - a task may be this careless, and must end all the same
        return


@job()
def answers_with_no_json() -> Any:
    return object()


@job()
def answers_with_what_cannot_be_stored() -> str:
    return "\x00"


@job(takes_context=True)
def is_taken_for_dead(context: TaskContext[Any, Any]) -> str:
    """Between our start and our end a reaper and another worker have come along."""
    workers = [*context.task_result.worker_ids, "elsewhere:1:2"]
    DBTaskResult.objects.filter(pk=context.task_result.id).update(worker_ids=workers)
    return "too late"


@job(takes_context=True, backoff=timedelta(0))
def hangs_at_the_first_try(context: TaskContext[Any, Any]) -> int:
    if context.attempt == 1:
        time.sleep(60)
    return context.attempt


@job(attempts=1)
def hangs() -> None:
    time.sleep(60)

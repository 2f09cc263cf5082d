"""Sends what stands in line, at a time that the test chooses."""

from datetime import datetime
from typing import Any

import time_machine
from django.core import mail
from django.tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from forums.letters import send_hand_on, send_letter

_LETTERS = {task.module_path: task for task in (send_letter, send_hand_on)}


def deliver(at: datetime) -> list[Any]:
    """Run every waiting letter's task at this instant, in order; answers what was mailed."""
    before, rows = len(mail.outbox), waiting()
    if not rows:
        return []
    with time_machine.travel(at, tick=False):
        for row in rows:
            _LETTERS[row.task_path].func(*row.args_kwargs["args"])
            DBTaskResult.objects.filter(pk=row.pk).update(status=TaskResultStatus.SUCCESSFUL)
    return mail.outbox[before:]


def waiting() -> list[DBTaskResult]:
    """The letters that stand in line."""
    rows = DBTaskResult.objects.filter(task_path__in=_LETTERS, status=TaskResultStatus.READY)
    return list(rows.order_by("enqueued_at", "pk"))


def kinds_waiting() -> list[str]:
    """Their kinds, sorted; those to colleagues are left out."""
    return sorted(row.args_kwargs["args"][1] for row in waiting() if row.task_path == send_letter.module_path)


def html_of(message: Any) -> str:
    """Its HTML part."""
    return next(part.content for part in message.alternatives if part.mimetype == "text/html")


def calendar_of(message: Any) -> bytes:
    """The calendar file that came with a letter; empty when none did."""
    found = [part.content for part in message.alternatives if part.mimetype.startswith("text/calendar")]
    return found[0].encode() if found else b""

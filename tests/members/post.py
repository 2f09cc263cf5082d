"""The mail that waits in line, delivered on the spot."""

import re

from django.core import mail
from django.core.mail import EmailMessage
from django_tasks_db.models import DBTaskResult

SITE = "http://127.0.0.1:8000"


def deliver() -> list[EmailMessage]:
    """Do the background work that waits, once; the messages that it sent."""
    mail.outbox.clear()
    for row in DBTaskResult.objects.ready():
        row.task.call(*row.task_result.args, **row.task_result.kwargs)
        row.delete()
    return list(mail.outbox)


def link_in(message: EmailMessage) -> str:
    """The path of the one address of ours in its text."""
    (path,) = set(re.findall(rf"{SITE}(/[^\s\"]+/)", str(message.body)))
    return str(path)

"""Scheduled work of the forums."""

from datetime import time

from django.utils import timezone

from cosn_site.jobs import every, every_day, job
from forums.capacity import settle_all
from forums.certificates import issue_due
from forums.reminders import write_due_letters
from forums.retention import erase_due_answers


@every(minutes=1)
@job()
def settle_forums() -> str:
    """Let offers lapse whose deadline has passed, and give free seats to who is next. Safe to run twice."""
    count = settle_all(timezone.now())
    return f"{count} forum{'' if count == 1 else 's'} settled."


@every(minutes=5)
@job()
def write_letters_that_are_due() -> str:
    """Write reminders, questions and thanks that are due by now. Safe to run twice."""
    count = write_due_letters(timezone.now())
    return f"{count} letter{'' if count == 1 else 's'} of forums."


@every(minutes=5)
@job()
def issue_certificates() -> str:
    """Make the certificates of those who were at a forum that is over. Safe to run twice."""
    count = issue_due(by=None, now=timezone.now())
    return f"{count} certificate{'' if count == 1 else 's'} issued."


@every_day(at=time(4, 30))
@job()
def erase_sensitive_answers() -> str:
    """Erase what people told us about their needs, 30 days after their forum. Safe to run twice."""
    count = erase_due_answers(timezone.now())
    return f"Erased at {count} forum{'' if count == 1 else 's'}." if count else "Nothing is due."

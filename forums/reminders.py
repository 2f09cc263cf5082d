"""Writing down the letters that time calls for, and putting them in line. Which these are: `forums.due`.

The row of a letter and the task that mails it are written in one transaction, under a lock on the forum, so that two
runs at once send it once.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from cosn_site.verbs import audited
from forums.announcing import tell_of_cancelled, write_letters
from forums.due import BEFORE, THANKS_FOR, all_due
from forums.models import Forum, Registration


def write_due_letters(now: datetime) -> int:
    """Write down and put in line every letter that is due at this instant. Answers how many.

    Safe to run twice, and by two at once. A forum at a time; each batch of its people takes four statements. Whoever
    has a registration for a cancelled forum and was not told of it, because they registered in the very moment, is
    told here.
    """
    written = 0
    for forum in _near(now):
        with transaction.atomic(), audited("write_due_letters", by=None):
            # read anew under the lock: its day may have changed, or another run may have been quicker
            row = Forum.objects.select_for_update(no_key=True).get(pk=forum.pk)
            if row.status == Forum.Status.CANCELLED:
                written += tell_of_cancelled(row, now)
            for due in all_due(row, now):
                rows = Registration.objects.confirmed().filter(forum=row, settled_at__lte=due.since)
                written += write_letters(rows, due.kind, due.key, now)
    return written


def _near(now: datetime) -> QuerySet[Forum]:
    """The forums that can have something due."""
    farthest = timedelta(days=max(BEFORE) + 1)
    soon = Q(starts_at__gt=now, starts_at__lte=now + farthest, status=Forum.Status.PUBLISHED)
    just = Q(ends_at__lte=now, ends_at__gt=now - THANKS_FOR - timedelta(days=2), status=Forum.Status.PUBLISHED)
    called_off = Q(ends_at__gt=now, status=Forum.Status.CANCELLED)
    return Forum.objects.filter(soon | just | called_off, precision=Forum.Precision.TIME)

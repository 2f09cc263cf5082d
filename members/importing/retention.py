"""How long what was brought in is kept: the file and its lines hold personal data that nobody needs any more."""

from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from cosn_site.verbs import audited
from members.importing import verbs
from members.importing.copies import forget
from members.models import ImportBatch

KEPT_FOR = timedelta(days=30)
State = ImportBatch.State


def forget_old_imports(now: datetime) -> int:
    """Delete the files and lines of imports from more than thirty days ago; answers of how many.

    One that still waited for somebody is discarded. One that is being read or written is left alone. Safe to run twice.
    """
    old = ImportBatch.objects.filter(added_at__lte=now - KEPT_FOR).exclude(file="")
    done = 0
    for batch in old.exclude(state__in=[State.READING, State.WRITING]):
        with transaction.atomic(), audited("forget_import", by=None):
            if batch.state in verbs.OPEN:
                verbs.discard(batch=batch, by=None, now=now)
            batch.lines.all().delete()
            transaction.on_commit(partial(forget, batch))
        done += 1
    return done

"""Limits on how often something may be tried, counted in the shared cache, so once for all processes.

For forms that anyone may send and that cause mail or work. The sign-in has allauth's own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256

from django.core.cache import cache
from django.db import connection, transaction


def within_limit(action: str, subject: str, *, times: int, seconds: int, now: datetime) -> bool:
    """Count this try of `action` by `subject` (an address, a network); False when it is one too many.

    The window starts with the first try and lasts `seconds`. Tries at the same instant are counted one after the
    other; within a transaction the others wait for its end, and a try that is rolled back is not counted. The subject
    is kept only as a hash, and only until the window ends.
    """
    key = f"limit:{action}:{sha256(subject.strip().lower().encode()).hexdigest()}"
    with _alone_with(key):
        tries, ends = cache.get(key) or (0, 0.0)
        if ends <= now.timestamp():
            tries, ends = 0, now.timestamp() + seconds
        # the time to live is given each time: incr() of the database cache would put it back to the default
        cache.set(key, (tries + 1, ends), timeout=max(ends - now.timestamp(), 1))
    return tries < times


@contextmanager
def _alone_with(key: str) -> Iterator[None]:
    """One process at a time; no row could be locked, as there is none before the first try."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])
        yield

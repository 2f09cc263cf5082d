"""Limits on how often something may be tried, counted in the shared cache, so once for all processes.

For forms that anyone may send and that cause mail or work. The sign-in has allauth's own.
"""

from datetime import datetime
from hashlib import sha256

from django.core.cache import cache


def within_limit(action: str, subject: str, *, times: int, seconds: int, now: datetime) -> bool:
    """Count this try of `action` by `subject` (an address, a network); False when it is one too many.

    The window starts with the first try and lasts `seconds`. Two tries at the same instant may count as one. The
    subject is kept only as a hash, and only until the window ends.
    """
    key = f"limit:{action}:{sha256(subject.strip().lower().encode()).hexdigest()}"
    tries, ends = cache.get(key) or (0, 0.0)
    if ends <= now.timestamp():
        tries, ends = 0, now.timestamp() + seconds
    # the time to live is given each time: incr() of the database cache would put it back to the default
    cache.set(key, (tries + 1, ends), timeout=max(ends - now.timestamp(), 1))
    return tries < times

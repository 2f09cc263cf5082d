"""Django's PostgreSQL backend; only the check of a kept connection differs.

CONN_HEALTH_CHECKS asks `SELECT 1` at the start of each request that uses the database: a whole round trip, a sixth of
a report page (docs/performance.md). What it is to find, a server that restarted or ended our session, shows on the
socket by itself: there is something to read although nothing was asked. So we look at the socket, which costs no round
trip, and ask only when there is something, or when the last time we asked is a while ago: a connection whose other end
vanished without a word looks healthy.
"""

import select
import time

from django.db.backends.postgresql import base

ASK_AFTER_SECONDS = 5.0


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to PostgreSQL."""

    health_check_enabled: bool
    health_check_done: bool
    _asked_at = float("-inf")

    def connect(self) -> None:
        super().connect()
        self._asked_at = time.monotonic()

    def close_if_health_check_failed(self) -> None:
        """Close a connection that is no longer good, so that the next statement opens another."""
        if self.connection is None or not self.health_check_enabled or self.health_check_done:
            return
        now = time.monotonic()
        if now - self._asked_at < ASK_AFTER_SECONDS and _is_silent(self.connection.fileno()):
            self.health_check_done = True
            return
        self._asked_at = now
        super().close_if_health_check_failed()


def _is_silent(socket: int) -> bool:
    """Nothing to read, and not closed by the other end."""
    poll = select.poll()
    poll.register(socket, select.POLLIN)
    return not poll.poll(0)

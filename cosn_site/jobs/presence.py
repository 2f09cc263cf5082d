"""Signs of life: which workers and schedulers there are, by locks that PostgreSQL lets go when their process ends.

Each process holds a session advisory lock on a connection that it uses for nothing else. However the process ends,
SIGKILL included, the system closes its socket, the server session ends and the lock is free: there is no heartbeat to
write, no deadline to guess, and a task that runs for an hour is not mistaken for a dead one. A machine that vanishes
without closing anything is noticed by TCP keepalives, which are turned on, after about a minute.

The price: one idle connection a process, and a pooler in front of PostgreSQL must pool sessions, not transactions.
"""

import os
import random
import socket
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Literal, Self

from django.db import OperationalError, connection

Role = Literal["worker", "scheduler"]

# The first half of the lock's key says whose it is; the second is the process's own number.
_NAMESPACES: dict[str, int] = {"worker": 1_129_272_142, "scheduler": 1_129_272_143}
_IMPATIENT = {"connect_timeout": 5}  # seconds; nothing can stop us while we wait for a host that does not answer
_FOR_LONG = """
    SELECT set_config('application_name', %s, false), set_config('idle_session_timeout', '0', false),
           set_config('tcp_keepalives_idle', '30', false), set_config('tcp_keepalives_interval', '10', false),
           set_config('tcp_keepalives_count', '3', false), pg_backend_pid()
"""
_PRESENT = """
    SELECT objid::bigint FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid = %s
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


class Presence:
    """This process as others see it while the `with` block lasts. `id` is new each time and never used again.

    Entering and `confirm` raise OperationalError or InterfaceError (Django's) when the database is away.
    """

    id: str

    def __init__(self, role: Role) -> None:
        self._role = role
        self._session: Any = None
        self._backend = 0

    def __enter__(self) -> Self:
        with connection.wrap_database_errors:
            # the driver's own connection, beside Django's: nothing may close or recycle it behind our back
            self._session = connection.get_new_connection(connection.get_connection_params() | _IMPATIENT)
            self._session.autocommit = True
            while not self._take(random.SystemRandom().randrange(1, 2**31)):
                continue
        return self

    def _take(self, key: int) -> bool:
        self.id = f"{socket.gethostname()[:40]}:{os.getpid()}:{key}"
        with self._session.cursor() as cursor:
            cursor.execute(_FOR_LONG, [f"{self._role} {self.id}"])
            self._backend = cursor.fetchone()[-1]
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_NAMESPACES[self._role], key])
            return bool(cursor.fetchone()[0])

    def confirm(self) -> None:
        """Make sure that the lock is still ours. OperationalError when it is not: enter anew, under another id."""
        with connection.wrap_database_errors, self._session.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            if cursor.fetchone()[0] != self._backend:
                raise OperationalError("A pooler has given our session to somebody else.")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()


def present(role: Role) -> set[int]:
    """The numbers of the processes of this role that are there now."""
    with connection.cursor() as cursor:
        cursor.execute(_PRESENT, [_NAMESPACES[role]])
        return {number for (number,) in cursor.fetchall()}


def number_of(worker_ids: Sequence[str]) -> int | None:
    """The number of the worker that took a task last; None when it was not one of ours."""
    host, _, number = worker_ids[-1].rpartition(":") if worker_ids else ("", "", "")
    return int(number) if host and number.isdecimal() else None

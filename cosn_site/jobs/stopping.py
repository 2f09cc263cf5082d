"""How a long-running command stops: at once when it is idle, after the task in hand when it is not."""

import contextlib
import os
import select
import signal
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from types import FrameType

_AGAIN = 1.0  # an alarm whose exception got lost on the way (in a finalizer, say) rings once more


class Interrupted(BaseException):
    """We are to stop, and the task in hand has had its time to finish. Not an Exception: tasks may catch those."""


class OverTime(BaseException):
    """The task in hand has run longer than its limit."""


class Stop:
    """Whether somebody asked us to stop (SIGTERM, SIGINT), and the alarm clock of the task in hand.

    A task gets `grace` seconds after the first request, and none after the second.
    """

    def __init__(self, *, grace: float = 5.0) -> None:
        self.asked = False
        self._grace = grace
        self._in_hand = False
        self._wake: int | None = None

    def listen(self) -> None:
        """Take over the signals. To be called once, in the main thread."""
        # A signal writes a byte, which ends a pause: a flag alone could be set in the instant before a long sleep.
        self._wake, write = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(write, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def pause(self, seconds: float) -> None:
        """Sleep, but not through a request to stop."""
        if self.asked:
            return
        if self._wake is None:
            time.sleep(seconds)
            return
        select.select([self._wake], [], [], seconds)
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake, 1024)

    @contextlib.contextmanager
    def in_hand(self, limit: timedelta) -> Iterator[None]:
        """Around a task: raises OverTime in it after `limit`, and Interrupted when a stop cannot wait any longer.

        Signals reach the main thread only; in another one nothing is raised. Nor is it while C code that does not look
        up is running: a process that hangs there is for its supervisor to kill, and its task for the reaper.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        previous = signal.signal(signal.SIGALRM, self._ring)
        self._in_hand = True
        signal.setitimer(signal.ITIMER_REAL, limit.total_seconds(), _AGAIN)
        if self.asked:  # after the alarm is set, so that a request in between is not lost
            signal.setitimer(signal.ITIMER_REAL, self._grace, _AGAIN)
        try:
            try:
                yield
            finally:  # by itself, because the alarm may ring in this very line
                self._in_hand = False
        finally:
            self._in_hand = False
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, previous)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        patience = 0.001 if self.asked else self._grace
        self.asked = True
        if self._in_hand:
            signal.setitimer(signal.ITIMER_REAL, patience, _AGAIN)

    def _ring(self, number: int, frame: FrameType | None) -> None:
        if self._in_hand:
            raise Interrupted if self.asked else OverTime

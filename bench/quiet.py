"""Waiting for a moment in which the machine does nothing else."""

import time

import psutil

BUSY_PERCENT = 15.0  # of all cores together, while we do nothing
_LOOK_SECONDS = 0.25


class Patience:
    """How long a run may wait in all. `busy` counts the shots that had to go ahead on a busy machine."""

    def __init__(self, seconds: float) -> None:
        self._left = seconds
        self.shots = 0
        self.busy = 0

    def settle(self) -> None:
        """Return when the machine is quiet, or when patience is over."""
        self.shots += 1
        began = time.monotonic()
        while psutil.cpu_percent(interval=_LOOK_SECONDS) > BUSY_PERCENT:
            if time.monotonic() - began > self._left:
                self.busy += 1
                break
        self._left = max(self._left - (time.monotonic() - began), 0.0)

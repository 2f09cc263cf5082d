"""Child processes that end with us, whatever ends us."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1  # prctl(2)
# Loaded here and not after the fork, where taking the loader's lock could hang.
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class StartError(Exception):
    """Something could not be started. Its text is the whole sentence for the reader of the terminal."""


def die_with(parent: int, how: signal.Signals) -> None:
    """Have the kernel send us `how` when `parent` ends, however it ends. Linux only; elsewhere nothing happens."""
    if _LIBC is None:
        return
    _LIBC.prctl(_PR_SET_PDEATHSIG, int(how), 0, 0, 0)
    if os.getppid() != parent:  # it ended before the call
        os.kill(os.getpid(), how)


def spawn(
    command: Sequence[object],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    end_by: signal.Signals = signal.SIGTERM,
    **options: Any,
) -> subprocess.Popen[bytes]:
    """Start a program, whose words may be paths, with its output in a fresh `log`.

    It gets a process group of its own, so that Ctrl-C reaches us alone and we choose the order of the end. When we are
    killed, it gets `end_by` (on Linux).

    `options` go to Popen (user, group, pass_fds). Raises StartError when the program cannot be started at all.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    parent = os.getpid()
    with log.open("wb") as output:
        try:
            return subprocess.Popen(
                [str(part) for part in command],
                env=None if env is None else dict(env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
                preexec_fn=lambda: die_with(parent, end_by),
                **options,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise StartError(f"{Path(str(command[0])).name} could not be started: {error}.") from error


def end(processes: Sequence[subprocess.Popen[bytes]], *steps: tuple[signal.Signals, Callable[[], float]]) -> None:
    """End processes together: each signal in turn, with that many seconds for all of them; at last kill their groups.

    The seconds are asked anew while we wait, so that a second Ctrl-C can shorten them.
    """
    for number, patience in steps:
        for process in processes:
            if process.poll() is None:
                process.send_signal(number)
        began = time.monotonic()
        while any(process.poll() is None for process in processes) and time.monotonic() - began < patience():
            time.sleep(0.02)
    for process in processes:  # those that have ended too: what they started may still be there
        _end_group(process)


def _end_group(leader: subprocess.Popen[bytes]) -> None:
    """Kill what is left of a process group, and wait until it is gone (or, unreaped by a careless init, for 2 s)."""
    until = time.monotonic() + 2
    with contextlib.suppress(ProcessLookupError, PermissionError):
        while time.monotonic() < until:
            os.killpg(leader.pid, signal.SIGKILL)
            leader.poll()
            time.sleep(0.02)
    leader.wait()


def tail(log: Path, lines: int = 12) -> str:
    """The last lines of a log, set in, for the terminal."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "    (it left no log)"
    kept = [line for line in text.splitlines() if line.strip()][-lines:]
    return "\n".join(f"    {line}" for line in kept) or "    (it said nothing)"

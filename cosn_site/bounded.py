"""Work on files from outside in a process of its own, with limits that the operating system keeps.

A parser that meets a hostile file may loop, eat memory or crash. In a child process that costs one refused file; in a
web worker it would cost the site. The child gets none of our environment's secrets.
"""

import contextlib
import os
import resource
import signal
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parent.parent
MEBIBYTE = 1024 * 1024
OUT_OF_MEMORY = 77  # the exit status that says so
LENGTH = struct.Struct(">Q")
PASSED_ON = (
    *("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME"),
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"),
    *("FONTCONFIG_FILE", "FONTCONFIG_PATH", "XDG_CACHE_HOME", "XDG_DATA_DIRS"),
)


class OutOfBounds(Exception):
    """The child was stopped, or died, before it had an answer. `reason` is `time`, `memory` or `crash`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def command(module: str, *arguments: str) -> list[str]:
    """The command line that runs a module of ours under this Python, from `ROOT`."""
    return [sys.executable, "-m", module, *arguments]


def environment() -> dict[str, str]:
    """What a child may know: where libraries and fonts are, and no secret."""
    known = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    # fonts are saved with the time of day in them unless this says otherwise: same text, same bytes
    return {**known, "SOURCE_DATE_EPOCH": "1136073600"}


def limit_this_process(*, memory: int, cpu_seconds: int | None = None) -> None:
    """To be called by a child before it opens anything: `memory` is in bytes of address space.

    A limit that the system does not know (macOS has none on address space) is left out; the parent's clock remains.
    """
    limits = [(resource.RLIMIT_AS, memory), (resource.RLIMIT_CORE, 0)]
    if cpu_seconds is not None:
        limits.append((resource.RLIMIT_CPU, cpu_seconds))
    for which, value in limits:
        _, most = resource.getrlimit(which)
        lowest = value if most == resource.RLIM_INFINITY else min(value, most)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(which, (lowest, lowest))


@contextlib.contextmanager
def as_path(source: Path | IO[bytes] | Any, each: Callable[[bytes], object] = bool) -> Iterator[Path]:
    """A path under which a child can read the source: its own, or that of a private copy, deleted afterwards.

    An open file is read from its beginning and left there; `each` is called with every piece of it.
    """
    if isinstance(source, Path):
        yield source
        return
    source.seek(0)
    with tempfile.NamedTemporaryFile(prefix="bounded-", suffix=".pdf") as copy:
        while piece := source.read(MEBIBYTE):
            each(piece)
            copy.write(piece)
        copy.flush()
        source.seek(0)
        yield Path(copy.name)


def run(module: str, arguments: Sequence[str], *, seconds: float) -> bytes:
    """What the module writes to its standard output.

    `seconds` is wall-clock time from the start of the process; limits on memory and CPU the module sets itself, with
    `limit_this_process`. Raises OutOfBounds when there is no answer.
    """
    child = subprocess.Popen(  # noqa: S603 - our own interpreter and a module of ours, no shell
        command(module, *arguments),
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with child:
        try:
            answer, _ = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as error:
            raise OutOfBounds("time") from error
        finally:
            if child.poll() is None:
                child.kill()
    if child.returncode == 0:
        return answer
    if child.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise OutOfBounds("time")
    raise OutOfBounds("memory" if child.returncode == OUT_OF_MEMORY else "crash")


def frame(body: bytes) -> bytes:
    """A message between a parent and its child: its length in eight bytes, then its bytes."""
    return LENGTH.pack(len(body)) + body


def read_frame(stream: IO[bytes]) -> bytes | None:
    """The body of one `frame`, or None when the other side has hung up."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    body = stream.read(length)
    return body if len(body) == length else None

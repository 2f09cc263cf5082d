"""One measurement with wrk."""

import json
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.place import FOLDER

SCRIPT = Path(__file__).parent / "load.lua"
CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked: a server's address, its paths in turn, the cookie to send, and who spends the processor on it."""

    name: str
    origin: str
    paths: Sequence[str]
    cookie: str
    cpu_seconds: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Shot:
    """What one run of wrk saw."""

    requests: int
    bytes: int
    seconds: float
    p50_ms: float
    p99_ms: float
    errors: int
    cpu_ms: float  # of the web server's processes, a request

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds


def command(target: Target, seconds: float, connections: int = CONNECTIONS) -> list[str]:
    """The command line of wrk for so many seconds."""
    paths = FOLDER / f"{target.name}.paths"
    paths.write_text("".join(f"{path}\n" for path in target.paths))
    wrk = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds:g}s"]
    headers = ["-H", f"Cookie: {target.cookie}", "-H", "X-Forwarded-Proto: https"]
    return [*wrk, *headers, "--script", str(SCRIPT), target.origin, "--", str(paths)]


def shoot(target: Target, seconds: float) -> Shot:
    """Ask the target for so many seconds."""
    before = target.cpu_seconds()
    output = subprocess.run(command(target, seconds), capture_output=True, text=True, check=True).stdout
    spent = target.cpu_seconds() - before
    line = next(line for line in output.splitlines() if line.startswith("RESULT "))
    found = json.loads(line.removeprefix("RESULT "))
    return Shot(
        requests=found["requests"],
        bytes=found["bytes"],
        seconds=found["microseconds"] / 1e6,
        p50_ms=found["p50"] / 1e3,
        p99_ms=found["p99"] / 1e3,
        errors=found["errors"],
        cpu_ms=1e3 * spent / max(found["requests"], 1),
    )

"""Compile pyproject.toml into requirements.txt, the lock: every package, every hash, no address. `make lock`.

Versions stay as they are unless pyproject.toml asks otherwise; `make lock ARGS=--upgrade` takes the newest.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = ROOT / "var/tools/venv/bin/uv"
LOCK = ROOT / "requirements.txt"
# uv repeats the environments of pyproject.toml on each line; they are the only ones we support, so they say nothing.
NOISE = (
    "python_full_version < '3.15' and ",
    "python_full_version < '3.15'",
    " and (sys_platform == 'darwin' or sys_platform == 'linux')",
    "(sys_platform == 'darwin' or sys_platform == 'linux')",
)


def without_noise(line: str) -> str:
    """The requirement with what is left of its marker, or with none."""
    if " ; " not in line:
        return line
    requirement, rest = line.split(" ; ", 1)
    for noise in NOISE:
        rest = rest.replace(noise, "")
    marker, backslash, end = rest.partition("\\")
    return f"{requirement} ; {marker.strip()} {backslash}{end}" if marker.strip() else f"{requirement} {backslash}{end}"


def main() -> int:
    command = [str(UV), "pip", "compile", "pyproject.toml", "--group", "dev", "--universal"]
    command += ["--python-version", "3.12", "--generate-hashes"]
    command += ["--custom-compile-command", "make lock", "--output-file", LOCK.name, "--quiet", *sys.argv[1:]]
    result = subprocess.run(command, cwd=ROOT, check=False)
    if result.returncode == 0:
        lines = LOCK.read_text(encoding="utf-8").splitlines(keepends=True)
        LOCK.write_text("".join(without_noise(line) for line in lines), encoding="utf-8")
    return result.returncode


if __name__ == "__main__":
    sys.exit(main())

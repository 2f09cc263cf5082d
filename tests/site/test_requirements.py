"""requirements.txt is the lock of pyproject.toml: they agree, and the lock is one that we may publish."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / "requirements.txt").read_text(encoding="utf-8")
PINS = {
    canonicalize_name(name): version for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", LOCK, re.M)
}


def declared() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return [Requirement(text) for text in [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]]


def blocks() -> list[str]:
    """One block of the lock for each package: its pin, its hashes, and who asked for it."""
    return re.split(r"\n(?=[A-Za-z0-9])", LOCK)[1:]


def test_lock_holds_every_declared_package_at_a_version_it_allows() -> None:
    wrong = [
        f"{wanted} but locked is {PINS.get(canonicalize_name(wanted.name))}"
        for wanted in declared()
        if not wanted.specifier.contains(PINS.get(canonicalize_name(wanted.name), "0"), prereleases=True)
    ]
    assert not wrong, "run `make lock`"


def test_lock_has_nobody_asked_for_by_us_that_we_no_longer_declare() -> None:
    asked = {canonicalize_name(block.split("==")[0]) for block in blocks() if "cosn (pyproject.toml" in block}
    assert asked == {canonicalize_name(wanted.name) for wanted in declared()}, "run `make lock`"


def test_lock_holds_what_the_declared_extras_bring() -> None:
    for wanted in declared():
        for extra in wanted.extras:
            brought = [block for block in blocks() if re.search(rf"#.* {wanted.name}\b", block)]
            assert brought, f"nothing in the lock comes from {wanted.name}[{extra}]: run `make lock`"


def test_every_locked_package_carries_hashes() -> None:
    assert len(blocks()) == len(PINS)
    assert [block.split()[0] for block in blocks() if "--hash=sha256:" not in block] == []


def test_lock_names_no_address_and_no_path_of_a_machine() -> None:
    assert re.findall(r"https?://\S+|--index\S*|--find-links|file:|(?<!\w)/\w+", LOCK) == []

"""What README and docs name is there: files, pictures, headings, make targets, variables, pages."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands
from django.urls import Resolver404, resolve

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
OPERATIONS = ROOT / "docs/operations.md"
# Read by what stands around the settings: documented with them.
READ_ELSEWHERE = ["deploy/gunicorn.conf.py", "scripts/run.py", "scripts/bootstrap.py", "scripts/with_postgres.py"]
PICTURES_AT_MOST = 2_500_000

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def prose(page: Path) -> str:
    """The page without its blocks of code."""
    return re.sub(r"^ *```.*?^ *```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)


def links(page: Path) -> Iterator[str]:
    """The addresses of the links and pictures that stay in the repository."""
    for address in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if not re.match(r"[a-z]+:", address):
            yield address


def anchors(page: Path) -> set[str]:
    """What a forge makes of the headings."""
    headings = re.findall(r"^#+ (.+)$", prose(page), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_there_are_pages_to_look_at() -> None:
    assert {page.name for page in PAGES} >= {
        "README.md",
        "CONTRIBUTING.md",
        "operations.md",
        "security.md",
        "members.md",
    }


@every_page
def test_every_link_leads_somewhere(page: Path) -> None:
    dead = []
    for address in links(page):
        path, _, anchor = address.partition("#")
        target = (page.parent / path).resolve() if path else page
        there = target.exists() and target.is_relative_to(ROOT)
        if not there or (anchor and anchor not in anchors(target)):
            dead.append(address)
    assert not dead


@every_page
def test_every_picture_says_what_it_shows(page: Path) -> None:
    alternatives = re.findall(r"!\[([^]]*)\]", page.read_text(encoding="utf-8"))
    assert all(len(words) > 20 for words in alternatives)


def test_every_picture_is_shown_and_they_are_lean() -> None:
    pictures = list((ROOT / "docs/images").iterdir())
    shown = {(page.parent / address).resolve() for page in PAGES for address in links(page)}
    assert [picture.name for picture in pictures if picture not in shown] == []
    assert sum(picture.stat().st_size for picture in pictures) < PICTURES_AT_MOST


@every_page
def test_every_make_target_is_there(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.M))
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", page.read_text(encoding="utf-8"), flags=re.M))
    assert named <= targets


def commands_of_ours() -> set[str]:
    return {path.stem for path in ROOT.glob("*/management/commands/*.py") if path.stem != "__init__"}


@every_page
def test_every_management_command_is_there(page: Path) -> None:
    named = set(re.findall(r"manage\.py ([a-z_]+)", page.read_text(encoding="utf-8")))
    assert named <= set(get_commands())
    assert {"run_worker", "run_scheduler", "load_demo"} <= commands_of_ours()


@every_page
def test_every_file_that_is_named_is_there(page: Path) -> None:
    folders = "|".join(
        path.name for path in ROOT.iterdir() if path.is_dir() and path.name not in {"var", ".venv", ".git"}
    )
    named = re.findall(rf"`((?:{folders})/[\w./-]*)", page.read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []


@every_page
def test_every_page_of_the_site_that_is_named_is_there(page: Path) -> None:
    """Addresses in code marks, such as `/account/`. Paths of a server's file system have no slash at their end."""
    named = re.findall(r"`(/[a-z][a-z/<>-]*/|/healthz|/readyz)`", prose(page))
    served_elsewhere = settings.FILES_ACCEL_PREFIX
    missing = []
    for address in named:
        try:
            resolve(address.replace("<name>", "leadership"))
        except Resolver404:
            missing += [address] * (address != served_elsewhere)
    assert not missing


@every_page
def test_no_line_names_a_machine_path(page: Path) -> None:
    """A server's own places are fine; somebody's home, a temporary folder and a workplace are not."""
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"(?:~|/home|/root|/Users|/tmp|/work|/mnt|/opt)/\S*|[A-Z]:\\\S*", text) == []


# --- variables ----------------------------------------------------------------------------------------------------
def variables_of_the_settings() -> set[str]:
    """Every name that settings.py hands to a function of env; through a loop over a tuple too."""
    tree = ast.parse((ROOT / "cosn_site/settings.py").read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and re.fullmatch(r"env\.\w+", ast.unparse(node.func)):
            found |= names_in(node.args[0])
        if isinstance(node, ast.comprehension) and isinstance(node.iter, ast.Tuple):
            found |= {name for item in node.iter.elts for name in names_in(item)}
    return found


def names_in(node: ast.expr) -> set[str]:
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()


def variables_read_elsewhere() -> set[str]:
    text = "".join((ROOT / name).read_text(encoding="utf-8") for name in READ_ELSEWHERE)
    return set(re.findall(r"environ\.get\(\s*\"([A-Z_]+)\"", text)) | {"TEST_DATABASE_URL"}


def documented() -> set[str]:
    """The names in the first column of the tables of docs/operations.md under *Every environment variable*."""
    text = OPERATIONS.read_text(encoding="utf-8")
    chapter = re.search(r"^## Every environment variable$(.*?)^## ", text, flags=re.M | re.S)
    assert chapter
    return set(re.findall(r"^\| `([A-Z0-9_]+)` \|", chapter.group(1), flags=re.M))


def test_the_settings_are_read_as_this_test_thinks() -> None:
    assert variables_of_the_settings() >= {
        "SECRET_KEY",
        "PORT",
        "DATABASE_URL",
        "ANYMAIL_POSTMARK_SERVER_TOKEN",
        "SMTP_TLS",
    }


def test_every_variable_of_the_settings_is_documented() -> None:
    assert sorted(variables_of_the_settings() - documented()) == []


def test_every_variable_of_gunicorn_is_documented() -> None:
    wanted = re.findall(r"\bWEB_[A-Z]+\b", (ROOT / "deploy/gunicorn.conf.py").read_text(encoding="utf-8"))
    assert sorted(set(wanted) - documented()) == []


def test_no_variable_is_documented_that_nothing_reads() -> None:
    assert sorted(documented() - variables_of_the_settings() - variables_read_elsewhere()) == []


def test_the_example_sets_documented_variables_only() -> None:
    example = (ROOT / "deploy/env.example").read_text(encoding="utf-8")
    names = {name.removesuffix("_FILE") for name in re.findall(r"^#?([A-Z0-9_]+)=", example, flags=re.M)}
    assert names
    assert sorted(names - documented()) == []

"""The rules of docs/architecture.md as functions over a folder of sources, so that they can be tried on planted ones.

Each answers with its findings, one line each; none is good news.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

FLOORS = ("cosn_site", "members", "forums", "reports", "store")  # from the ground up
APPS = FLOORS[1:]

# cosn_site's settings and addresses stand above all apps; its other modules import none.
ABOVE_ALL = {"cosn_site/settings.py", "cosn_site/urls.py"}
# The index of the admin shows staff the whole house, by the names of its rooms; it imports none of them.
NAMES_ALL = {"cosn_site/admin_site.py"}
# cosn_site's template tags for e-mail and such may be loaded anywhere; these of upper floors only there.
WINDOWS = {
    ("access", "reports"): {"access_panel", "access_badge", "may_read"},
    ("access", "members"): {"my_downloads", "read_by_peers"},
    ("forum_words", "members"): {"next_forum"},
    ("lineage", "forums"): {"forum_report", "reports_of_forums"},
    ("my_registrations", "members"): {"my_registrations"},
}
# Whose page a template at the top of templates/ is; everything else there belongs to nobody in particular.
TEMPLATES_AT_THE_TOP = {"home.html": "reports"}

# Who may touch the bytes of an edition: the gate's delivery, and what makes, reads and checks them for staff.
OPENS_FILES = {
    *("store/delivery.py", "reports/publishing.py", "reports/tasks.py", "reports/integrity.py"),
    "members/certificates.py",
    "members/importing/copies.py",
    "forums/materials.py",
}
OPENS_STORAGE = {
    *("cosn_site/storage.py", "cosn_site/health.py"),
    *("reports/publishing.py", "reports/models/reports.py"),
    *("members/models/imports.py", "members/models/organizations.py", "forums/models/forums.py"),
}

# Where markup that is made by hand is declared safe. Each says beside the call why it is.
DECLARES_SAFE = {
    "cosn_site/markdown.py",
    "cosn_site/structured_data.py",
    "cosn_site/templatetags/mail.py",
    "cosn_site/templatetags/site.py",
    "reports/covers.py",
    "reports/markup.py",
    "reports/rows.py",
    "reports/search.py",
    "reports/templatetags/facets.py",
}
TEMPLATES_DECLARING_SAFE = {"components/field.html"}  # the help texts of our own forms
# Never seen by a browser: their styles are written into the mail or the PDF.
NOT_FOR_BROWSERS = ("emails/", "pdf/", "account/email/")

_REFERENCE = re.compile(r"(members|forums|reports|store)\.[A-Za-z_][\w.]*")
_OPENERS = {"default_storage", "storages", "private_files", "DefaultStorage"}


def rank(app: str) -> int:
    """How high a package stands."""
    return FLOORS.index(app)


def sources(root: Path, *, migrations: bool = False) -> Iterator[tuple[str, str, ast.Module]]:
    """(package, path from the root, syntax tree) of every module of the house."""
    for app in FLOORS:
        for path in sorted((root / app).rglob("*.py")):
            name = path.relative_to(root).as_posix()
            if migrations == ("/migrations/" in name):
                yield app, name, ast.parse(path.read_text(encoding="utf-8"), name)


# --- imports ------------------------------------------------------------------------------------------------------
def imports_that_point_up(root: Path) -> list[str]:
    """Imports of an upper floor, wherever in a module they stand, migrations included."""
    found = []
    for app, name, tree in (*sources(root), *sources(root, migrations=True)):
        if name in ABOVE_ALL:
            continue
        for node in ast.walk(tree):
            found += [
                f"{name}:{node.lineno} imports {module}"  # type: ignore[attr-defined]
                for module in _imported(node)
                if (top := module.partition(".")[0]) in FLOORS and rank(top) > rank(app)
            ]
    return found


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return ["." * node.level + (node.module or "")] if node.level == 0 else []
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called in {"import_module", "__import__", "import_string", "get_model", "get_app_config"}:
            return [str(node.args[0].value)]
    return []


def relative_imports(root: Path) -> list[str]:
    """Imports by dots, which hide from the rule above."""
    return [
        f"{name}:{node.lineno}"
        for _, name, tree in sources(root)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level
    ]


def references_that_point_up(root: Path) -> list[str]:
    """Strings such as "store.Grant": foreign keys and settings that name a thing of an upper floor."""
    found = []
    for app, name, tree in sources(root):
        if name in ABOVE_ALL | NAMES_ALL:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _REFERENCE.fullmatch(node.value):
                top = node.value.partition(".")[0]
                if rank(top) > rank(app):
                    found.append(f"{name}:{node.lineno} names {node.value}")
    return found


def migrations_that_point_up(root: Path) -> list[str]:
    """Dependencies (and run_before) of a migration on one of an upper floor."""
    found = []
    for app, name, tree in sources(root, migrations=True):
        for node in ast.walk(tree):
            if isinstance(node, ast.Tuple) and len(node.elts) == 2 and isinstance(node.elts[0], ast.Constant):
                top = node.elts[0].value
                if isinstance(top, str) and top in APPS and rank(top) > rank(app):
                    found.append(f"{name}:{node.lineno} depends on {top}")
    return found


# --- templates ----------------------------------------------------------------------------------------------------
def templates(root: Path) -> Iterator[tuple[str, str, str]]:
    """(package, path below templates/, text) of every template."""
    folder = root / "templates"
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".html", ".txt", ".xml", ".svg"}:
            name = path.relative_to(folder).as_posix()
            top = name.partition("/")[0]
            owner = top if top in APPS else TEMPLATES_AT_THE_TOP.get(name, "cosn_site")
            if top == "admin":
                owner = "store"  # staff see the whole house
            yield owner, name, path.read_text(encoding="utf-8")


def tags_of(root: Path) -> dict[str, tuple[str, set[str]]]:
    """For each library of template tags its package and the names of its tags and filters."""
    libraries = {}
    for app, name, tree in sources(root):
        if "/templatetags/" in name and not name.endswith("__init__.py"):
            names = {
                node.name
                for node in ast.walk(tree)
                if isinstance(node, ast.FunctionDef) and any("register" in ast.dump(d) for d in node.decorator_list)
            }
            libraries[Path(name).stem] = (app, names)
    return libraries


def windows_that_are_not_listed(root: Path) -> list[str]:
    """Template tags of an upper floor on a page of a lower one, and pages that borrow an upper floor's template."""
    libraries, found = tags_of(root), []
    for owner, name, text in templates(root):
        for loaded in (word for words in re.findall(r"{%\s*load ([^%]+)%}", text) for word in words.split()):
            app, tags = libraries.get(loaded, ("cosn_site", set()))
            if rank(app) > rank(owner):
                used = {tag for tag in tags if re.search(rf"{{%\s*{tag}\b|\|{tag}\b", text)}
                found += [
                    f"{name} uses {loaded}.{tag}" for tag in sorted(used - WINDOWS.get((loaded, owner), set()))
                ] or ([f"{name} loads {loaded}"] if (loaded, owner) not in WINDOWS else [])
        for borrowed in re.findall(r"{%\s*(?:include|extends) [\"'](\w+)/", text):
            if borrowed in APPS and rank(borrowed) > rank(owner):
                found.append(f"{name} borrows from {borrowed}/")
    return found


def inline_code(root: Path) -> list[str]:
    """Styles, scripts and handlers inside a page: a strict content security policy makes them dead letters."""
    marks = {
        "a style attribute": r"<[^>]*\sstyle\s*=",
        "a style element": r"<style\b",
        "a script without src": r"<script\b(?![^>]*\bsrc=)(?![^>]*application/(?:ld\+)?json)",
        "a handler attribute": r"<[a-z][^>]*\son[a-z]+\s*=",
        "a javascript: address": r"javascript:",
    }
    return [
        f"{name} has {what}"
        for _, name, text in templates(root)
        if not name.startswith(NOT_FOR_BROWSERS)
        for what, mark in marks.items()
        if re.search(mark, re.sub(r"{#.*?#}|{%\s*comment.*?endcomment\s*%}", "", text, flags=re.S), re.I)
    ]


def unescaped_output(root: Path) -> list[str]:
    """Templates that switch escaping off."""
    return [
        name
        for _, name, text in templates(root)
        if name not in TEMPLATES_DECLARING_SAFE
        and name.endswith((".html", ".xml"))
        and re.search(r"\|\s*safe(seq)?\b|{%\s*autoescape\s+off", text)
    ]


# --- files and markup ---------------------------------------------------------------------------------------------
def files_opened_elsewhere(root: Path) -> list[str]:
    """Modules that reach for an edition's file, or for a storage, without being listed."""
    found = []
    for _, name, tree in sources(root):
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr == "file" and name not in OPENS_FILES:
                found.append(f"{name}:{node.lineno} reaches for a file")
            if isinstance(node, ast.ImportFrom | ast.Name) and name not in OPENS_STORAGE:
                names = [alias.name for alias in node.names] if isinstance(node, ast.ImportFrom) else [node.id]
                found += [f"{name}:{node.lineno} reaches for {one}" for one in names if one in _OPENERS]
    return found


def markup_declared_safe_elsewhere(root: Path) -> list[str]:
    """Modules that declare a string to be safe markup without being listed."""
    return [
        f"{name}:{node.lineno}"
        for _, name, tree in sources(root)
        if name not in DECLARES_SAFE
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (getattr(node.func, "id", "") or getattr(node.func, "attr", "")) in {"mark_safe", "SafeString", "SafeText"}
    ]


def drawers(root: Path) -> list[str]:
    """Modules whose name says nothing."""
    return [name for _, name, _ in sources(root) if Path(name).stem in {"utils", "helpers", "misc", "common"}]


def blind_excepts(root: Path) -> list[str]:
    """`except:` without a name."""
    return [
        f"{name}:{node.lineno}"
        for _, name, tree in sources(root)
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and node.type is None
    ]

"""The house stands as docs/architecture.md says, and the rules that say so find what is planted."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.apps import apps
from django.db.models import Field, ForeignObjectRel, Model

from tests import house_rules as rules
from tests.house_rules import APPS, FLOORS, rank

ROOT = Path(__file__).resolve().parent.parent
Rule = Callable[[Path], list[str]]

RULES: list[Rule] = [
    rules.imports_that_point_up,
    rules.relative_imports,
    rules.references_that_point_up,
    rules.migrations_that_point_up,
    rules.windows_that_are_not_listed,
    rules.inline_code,
    rules.unescaped_output,
    rules.files_opened_elsewhere,
    rules.markup_declared_safe_elsewhere,
    rules.drawers,
    rules.blind_excepts,
]

# (model, field) of an upper floor that a lower floor's model may look back through. None so far.
ACCESSORS_THAT_LOOK_UP: set[tuple[str, str]] = set()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_the_rule(rule: Rule) -> None:
    assert rule(ROOT) == []


def test_the_rules_see_every_room() -> None:
    seen = {name for _, name, _ in rules.sources(ROOT)}
    for room in ("members/standing.py", "store/access.py", "store/delivery.py", "reports/publishing.py"):
        assert room in seen
    assert {app for app, _, _ in rules.sources(ROOT)} == set(FLOORS)
    assert {app for app, _, _ in rules.sources(ROOT, migrations=True)} >= set(APPS)
    assert {owner for owner, _, _ in rules.templates(ROOT)} == set(FLOORS)


def test_every_app_of_ours_is_a_floor() -> None:
    local = {config.name for config in apps.get_app_configs() if Path(config.path).is_relative_to(ROOT / config.name)}
    assert local - {"cosn_site"} == set(APPS)


def test_every_listed_exception_is_still_needed() -> None:
    """A list that only grows is no rule: what is listed and not used any more must go."""
    names = {name for _, name, _ in rules.sources(ROOT)}
    for listed in (rules.OPENS_FILES, rules.OPENS_STORAGE, rules.DECLARES_SAFE):
        assert listed <= names
    loads = [(owner, text) for owner, _, text in rules.templates(ROOT)]
    for (library, owner), tags in rules.WINDOWS.items():
        for tag in tags:
            assert any(owner == own and tag in text and library in text for own, text in loads), f"{library}.{tag}"


# --- accessors ----------------------------------------------------------------------------------------------------
def accessors_that_look_up(models: list[type[Model]]) -> list[str]:
    """Relations from an upper floor to a lower one that the lower one's model can look back through."""
    found = []
    for model in models:
        for field in model._meta.get_fields():
            if not isinstance(field, Field) or not field.is_relation or field.related_model is None:
                continue
            relation, other = field.remote_field, field.related_model
            if isinstance(other, str) or not isinstance(relation, ForeignObjectRel):
                continue
            lower, upper = other._meta.app_label, model._meta.app_label
            if lower not in FLOORS or upper not in FLOORS or rank(lower) >= rank(upper) or relation.hidden:
                continue
            if (model._meta.label, field.name) not in ACCESSORS_THAT_LOOK_UP:
                found.append(f"{model._meta.label}.{field.name} looks back from {other._meta.label}")
    return found


def test_no_lower_floor_looks_back_at_an_upper_one() -> None:
    ours = [model for model in apps.get_models(include_auto_created=True) if model._meta.app_label in FLOORS]
    assert len(ours) > 20
    assert accessors_that_look_up(ours) == []


def test_the_rule_about_accessors_finds_one_that_is_planted() -> None:
    from django.db import models
    from django.test.utils import isolate_apps

    with isolate_apps("members", "store"):

        class Lower(models.Model):
            class Meta:
                app_label = "members"

        class Upper(models.Model):
            seen = models.ForeignKey(Lower, on_delete=models.CASCADE, related_name="+")
            looks_back = models.ForeignKey(Lower, on_delete=models.CASCADE)
            named = models.ManyToManyField(Lower, related_name="uppers")

            class Meta:
                app_label = "store"

        assert accessors_that_look_up([Upper]) == [
            "store.Upper.looks_back looks back from members.Lower",
            "store.Upper.named looks back from members.Lower",
        ]


# --- the rules themselves ------------------------------------------------------------------------------------------
PLANTED: list[tuple[Rule, str, str, str]] = [
    (rules.imports_that_point_up, "members/a.py", "import store.access", "from members import models"),
    (rules.imports_that_point_up, "members/a.py", "def f():\n    from reports.models import Report", "x = 1"),
    (rules.imports_that_point_up, "forums/a.py", "if TYPE_CHECKING:\n    from store import views", "import members"),
    (rules.imports_that_point_up, "reports/a.py", 'import_module("store.access")', 'import_module("members.x")'),
    (rules.imports_that_point_up, "reports/a.py", 'apps.get_model("store.Grant")', 'apps.get_model("forums.F")'),
    (rules.imports_that_point_up, "cosn_site/mail.py", "import members", "import cosn_site.clock"),
    (rules.imports_that_point_up, "members/migrations/0002_x.py", "import store.models", "import members.models"),
    (rules.relative_imports, "store/a.py", "from . import models", "from store import models"),
    (rules.references_that_point_up, "forums/a.py", 'ForeignKey("reports.Report")', 'ForeignKey("members.User")'),
    (rules.references_that_point_up, "members/a.py", 'X = "store.access.decide"', 'X = "members.standing"'),
    (
        rules.migrations_that_point_up,
        "forums/migrations/0002_x.py",
        'd = [("reports", "0001")]',
        'd = [("members", "1")]',
    ),
    (rules.windows_that_are_not_listed, "templates/members/a.html", "{% load access %}{% grants %}", "{% load own %}"),
    (rules.windows_that_are_not_listed, "templates/forums/a.html", "{% load access %}", "{% load own %}"),
    (rules.windows_that_are_not_listed, "templates/base.html", "{% load access %}{% grants %}", "{% load static %}"),
    (
        rules.windows_that_are_not_listed,
        "templates/reports/a.html",
        "{% load access %}{% access_panel r %}{{ r|grants }}",
        "{% load access %}{% access_panel r %}",
    ),
    (
        rules.windows_that_are_not_listed,
        "templates/reports/a.html",
        '{% include "store/panel.html" %}',
        '{% include "members/line.html" %}',
    ),
    (rules.inline_code, "templates/a.html", '<p style="color:red">', '<p class="red">'),
    (rules.inline_code, "templates/a.html", "<style>p {}</style>", '<link rel="stylesheet" href="/x.css">'),
    (rules.inline_code, "templates/a.html", "<script>alert(1)</script>", '<script src="/x.js" defer></script>'),
    (rules.inline_code, "templates/a.html", '<a onclick="x()">', '<a data-on="x">'),
    (rules.inline_code, "templates/a.html", '<a href="javascript:x()">', '<a href="/javascript/">'),
    (rules.unescaped_output, "templates/a.html", "{{ x|safe }}", "{{ x }}"),
    (rules.unescaped_output, "templates/a.html", "{% autoescape off %}", "{{ safe }}"),
    (rules.files_opened_elsewhere, "reports/views/a.py", "edition.file.open()", "edition.filename"),
    (rules.files_opened_elsewhere, "store/views.py", "x = edition.file.url", "x = edition.pk"),
    (rules.files_opened_elsewhere, "members/a.py", "from django.core.files.storage import storages", "x = 1"),
    (rules.files_opened_elsewhere, "members/a.py", "default_storage.open(x)", "x = 1"),
    (rules.markup_declared_safe_elsewhere, "members/a.py", "x = mark_safe(y)", "x = format_html('{}', y)"),
    (rules.markup_declared_safe_elsewhere, "members/a.py", "x = safestring.SafeString(y)", "x = y"),
    (rules.drawers, "members/utils.py", "x = 1", ""),
    (rules.blind_excepts, "members/a.py", "try:\n    x\nexcept:\n    pass", "try:\n    x\nexcept E:\n    pass"),
]
LIBRARY = "@register.simple_tag\ndef access_panel(r): ...\n@register.filter\ndef grants(r): ...\n"


@pytest.mark.parametrize(("rule", "name", "bad", "good"), PLANTED, ids=lambda value: getattr(value, "__name__", None))
def test_each_rule_finds_what_is_planted_and_leaves_its_twin_alone(
    tmp_path: Path, rule: Rule, name: str, bad: str, good: str
) -> None:
    library, planted = tmp_path / "store/templatetags/access.py", tmp_path / name
    for path in (library, planted):
        path.parent.mkdir(parents=True, exist_ok=True)
    library.write_text(LIBRARY)
    planted.write_text(bad)
    assert len(rule(tmp_path)) == 1
    planted.unlink()
    if good:
        planted.write_text(good)
    assert rule(tmp_path) == []


def test_every_rule_has_something_planted_for_it() -> None:
    assert {rule for rule, _, _, _ in PLANTED} == set(RULES)

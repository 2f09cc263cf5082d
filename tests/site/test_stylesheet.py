"""One stylesheet out of many, and the house rules of CSS."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders

from cosn_site.stylesheet import NAME, written_out

CSS = Path(settings.BASE_DIR) / "static" / "css"
SHEETS = sorted(
    path.relative_to(CSS).as_posix()
    for path in [*CSS.glob("*.css"), *(CSS / "components").glob("*.css")]
    if path.name not in {"site.css", "admin.css"}
)


def test_the_served_stylesheet_has_no_import_left() -> None:
    found = finders.find(NAME)
    assert found
    text = Path(found).read_text()
    assert "@import" not in text
    assert "--accent:" in text


@pytest.mark.parametrize("sheet", SHEETS)
def test_every_sheet_is_imported_once(sheet: str) -> None:
    assert (CSS / "site.css").read_text().count(f'url("{sheet}")') == 1


def test_addresses_hold_from_the_folder_of_the_list(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "a.css").write_text('a { background: url("../img/a.svg"), url("data:x"), url("/b.svg") }')
    (tmp_path / "site.css").write_text('@import url("parts/a.css");\n')
    text = written_out(tmp_path / "site.css")
    assert 'url("parts/../img/a.svg")' in text
    assert 'url("data:x")' in text
    assert 'url("/b.svg")' in text


@pytest.mark.parametrize("sheet", [sheet for sheet in SHEETS if sheet != "tokens.css"])
def test_colours_are_named_in_the_tokens_only(sheet: str) -> None:
    text = re.sub(r"/\*.*?\*/", "", (CSS / sheet).read_text(), flags=re.DOTALL)
    named = re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[^{]*;)", text)
    # a code that cameras read is black on white in every scheme
    assert set(named) <= {"#fff"}


@pytest.mark.parametrize("sheet", SHEETS)
def test_every_role_that_is_used_is_defined(sheet: str) -> None:
    defined = set(re.findall(r"(--[\w-]+):", (CSS / "tokens.css").read_text()))
    assert set(re.findall(r"var\((--[\w-]+)", (CSS / sheet).read_text())) <= defined


def test_no_template_carries_a_style_or_a_handler() -> None:
    templates = Path(settings.BASE_DIR) / "templates"
    # mail and PDF know no policy; a mail's styles are even meant to be inline
    pages = [path for path in templates.rglob("*.html") if not {"emails", "pdf"} & set(path.parts)]
    inline = re.compile(
        r"""\s(style|on[a-z]+)\s*=\s*["']|<style|<script(?![^>]*(\bsrc=|\btype="application/ld\+json"))"""
    )
    assert pages
    assert [str(path) for path in pages if inline.search(path.read_text())] == []

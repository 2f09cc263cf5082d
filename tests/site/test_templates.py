"""The templates as a set."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
SOURCES = [
    *TEMPLATES.rglob("*.html"),
    *(path for app in ("cosn_site", "members", "forums", "reports", "store") for path in (ROOT / app).rglob("*.py")),
]


@pytest.mark.parametrize("component", sorted((TEMPLATES / "components").iterdir()), ids=lambda path: path.name)
def test_every_component_is_used_somewhere(component: Path) -> None:
    name = f'"{component.relative_to(TEMPLATES)}"'
    assert any(name in source.read_text(encoding="utf-8") for source in SOURCES if source != component)

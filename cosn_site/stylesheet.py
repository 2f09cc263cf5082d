"""One stylesheet out of many, without a build step.

`static/css/site.css` is a list of imports, and a browser could follow it as it stands, at the price of thirty requests
a page. This finder stands before Django's own in STATICFILES_FINDERS and answers for that one file with the imports
written out, in development and for collectstatic alike.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage

NAME = "css/site.css"
_IMPORT = re.compile(r'^@import url\("([^"]+)"\);\n', re.MULTILINE)
# Addresses in an imported file are relative to that file; the same ones have to hold from the list's own folder.
_RELATIVE_URL = re.compile(r'url\("(?!data:|/)([^"]+)"\)')


def written_out(entry: Path) -> str:
    """The stylesheet `entry` with its imports (one level deep) replaced by their text. OSError for a missing file."""

    def text_of(match: re.Match[str]) -> str:
        folder, _, _ = match[1].rpartition("/")
        text = (entry.parent / match[1]).read_text()
        return _RELATIVE_URL.sub(rf'url("{folder}/\1")', text) if folder else text

    return _IMPORT.sub(text_of, entry.read_text())


class StylesheetFinder(BaseFinder):
    """Finds `css/site.css`, freshly written out under VAR_DIR, and nothing else."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.entry = Path(settings.BASE_DIR) / "static" / NAME
        self.storage = FileSystemStorage(location=Path(settings.VAR_DIR) / "stylesheet")

    def check(self, **kwargs: Any) -> list[Any]:
        return []

    def _write(self) -> str:
        target = Path(self.storage.path(NAME))
        text = written_out(self.entry)
        if not target.exists() or target.read_text() != text:
            target.parent.mkdir(parents=True, exist_ok=True)
            # Several server processes start at once: nobody may read half a file.
            unfinished = target.with_suffix(f".{os.getpid()}.tmp")
            unfinished.write_text(text)
            unfinished.replace(target)
        return str(target)

    def find(self, path: str, find_all: bool = False) -> Any:
        if path != NAME:
            return []
        return [self._write()] if find_all else self._write()

    def list(self, ignore_patterns: object) -> Iterator[tuple[str, FileSystemStorage]]:
        self._write()
        yield NAME, self.storage

"""The press: a child process that turns HTML into PDF for `cosn_site.pdf`, one document after the other.

It stays warm between documents, because reading fonts and style sheets takes longer than most documents do. It knows
nothing of Django, opens no file but our own fonts and style sheets, and speaks to no network.
"""

import base64
import json
import logging
import os
import re
import select
import shutil
import signal
import sys
import tempfile
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import DataHandler, Request, url2pathname

from cosn_site import bounded

MEMORY = 1536 * bounded.MEBIBYTE
STYLES = bounded.ROOT / "static" / "pdf"
FONTS = bounded.ROOT / "static" / "fonts"
CONTENT_TYPES = {".css": "text/css", ".woff2": "font/woff2", ".svg": "image/svg+xml", ".png": "image/png"}
IDLE_SECONDS = 600
DOCUMENTS = 200  # then a fresh process takes over, so that what a library forgets to free does not add up

if __name__ == "__main__":  # before the libraries that the limit is meant for
    bounded.limit_this_process(memory=MEMORY)

from weasyprint import CSS, HTML  # noqa: E402
from weasyprint.text.fonts import FontConfiguration  # noqa: E402
from weasyprint.urls import URLFetcher, URLFetcherResponse  # noqa: E402

from cosn_site import pdf_tags  # noqa: E402


class Denied(ValueError):
    """An address that a document may not load."""


class HouseFetcher(URLFetcher):
    """Opens `data:` addresses, the files that came with the document (`attached:name`), our fonts and style sheets."""

    def __init__(self) -> None:
        # Not the parent's: that one builds handlers for http, ftp and file, and reads the system's certificates.
        self._fail_on_errors = False
        self.attached: dict[str, bytes] = {}

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        """The content of an allowed address; raises Denied for any other."""
        scheme, _, rest = url.partition(":")
        match scheme.lower():
            case "data":
                with DataHandler().data_open(Request(url)) as answer:  # noqa: S310 - the scheme was just read
                    return URLFetcherResponse(url, answer.read(), {"Content-Type": answer.headers["Content-Type"]})
            case "attached" if rest in self.attached:
                return _response(url, Path(rest), self.attached[rest])
            case "file":
                path = _own_file(url)
                return _response(url, path, path.read_bytes())
        raise Denied(f"{scheme}: addresses are not opened")


def _response(url: str, path: Path, content: bytes) -> URLFetcherResponse:
    return URLFetcherResponse(url, content, {"Content-Type": CONTENT_TYPES.get(path.suffix, "text/plain")})


def _own_file(url: str) -> Path:
    parts = urlsplit(url)
    path = Path(url2pathname(parts.path)).resolve()
    ours = path.suffix in CONTENT_TYPES and (path.is_relative_to(STYLES) or path.is_relative_to(FONTS))
    if parts.netloc or not ours:
        raise Denied("files other than our own fonts and style sheets are not opened")
    return path


class Problems(logging.Handler):
    """What the renderer complained of while it set one document."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if len(self.said) < 20:
            self.said.append(record.getMessage()[:300])


FETCHER = HouseFetcher()
FONT_CONFIGURATION = FontConfiguration()
PROBLEMS = Problems()


@lru_cache(maxsize=32)
def _style_sheet(name: str, changed_ns: int) -> CSS:
    return CSS(filename=STYLES / name, font_config=FONT_CONFIGURATION, url_fetcher=FETCHER)


def style_sheet(name: str) -> CSS:
    """A parsed style sheet of static/pdf, read again only when the file has changed."""
    if not re.fullmatch(r"[a-z][a-z0-9-]*\.css", name):
        raise Denied(f"{name!r} is not the name of a style sheet")
    return _style_sheet(name, (STYLES / name).stat().st_mtime_ns)


def print_document(order: dict[str, Any]) -> bytes:
    """A tagged PDF/UA-1 from an order: html, stylesheets, attached (base64 by name), base_url."""
    FETCHER.attached = {name: base64.b64decode(content) for name, content in order["attached"].items()}
    html = HTML(string=order["html"], base_url=order["base_url"], url_fetcher=FETCHER)
    return html.write_pdf(
        stylesheets=[style_sheet(name) for name in order["stylesheets"]],
        font_config=FONT_CONFIGURATION,
        finisher=partial(pdf_tags.finish, html.etree_element),
        pdf_variant="pdf/ua-1",
        pdf_identifier=True,
    )


def answer(order: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """A header (`ok`, `reason`, `problems`) and the PDF, which is empty when it is not `ok`."""
    PROBLEMS.said = []
    try:
        pdf = print_document(order)
    except MemoryError:
        return {"ok": False, "reason": "memory", "problems": []}, b""
    except Exception as error:  # noqa: BLE001 - whatever a document makes the renderer do, the press goes on
        said = [*PROBLEMS.said, f"{type(error).__name__}: {error}"[:300]]
        return {"ok": False, "reason": "document", "problems": said}, b""
    return {"ok": True, "reason": "", "problems": PROBLEMS.said}, pdf


def main(scratch: str) -> None:
    """Serve, with a folder for temporary files that is removed at the end."""
    tempfile.tempdir = scratch
    try:
        serve()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def serve() -> None:
    """Answer orders until the parent hangs up, nothing has come for ten minutes, or the process has done its share."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent; we end when it does
    orders = sys.stdin.buffer
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get in between
    logging.getLogger("weasyprint").handlers = [PROBLEMS]
    for _ in range(DOCUMENTS):
        if not select.select([orders], [], [], IDLE_SECONDS)[0]:
            return
        order = bounded.read_frame(orders)
        if order is None:
            return
        header, pdf = answer(json.loads(order))
        answers.write(bounded.frame(json.dumps(header).encode()) + bounded.frame(pdf))
        answers.flush()


if __name__ == "__main__":
    main(sys.argv[1])

"""HTML in, PDF out: tagged for screen readers (PDF/UA-1), loading only what is ours, bounded in time and memory.

The work is done by one child process per process of ours (`cosn_site.pdf_press`), started when it is first needed, kept
warm, and replaced when it dies or has to be stopped.
"""

import atexit
import base64
import contextlib
import json
import logging
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from cosn_site import bounded

logger = logging.getLogger(__name__)

MOST_HTML = 8 * bounded.MEBIBYTE
START_SECONDS = 30.0


class PdfFailed(Exception):
    """No PDF came out. `reason` is `time`, `memory`, `crash`, `size` or `document`; the log has the particulars."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Press:
    """This process's child, and the one conversation at a time with it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._scratch = ""

    def order(self, body: bytes, seconds: float) -> tuple[dict[str, Any], bytes]:
        """The child's answer to an order. Raises PdfFailed when there is none within `seconds` of its being warm."""
        if not self._lock.acquire(timeout=seconds + START_SECONDS):
            raise PdfFailed("time")
        try:
            answer = self._ask(body, seconds)
            if answer is None:  # it left of its own accord while we wrote: idle for long, or its share done
                answer = self._ask(body, seconds)
            if answer is None:
                raise PdfFailed("crash")
            return answer
        finally:
            self._lock.release()

    def _ask(self, body: bytes, seconds: float) -> tuple[dict[str, Any], bytes] | None:
        child, patience = self._child, seconds
        if child is None or child.poll() is not None:
            self.stop()
            child, patience = self._start(), seconds + START_SECONDS
        watch = threading.Timer(patience, child.kill)
        watch.daemon = True
        watch.start()
        try:
            header, pdf = self._exchange(child, body)
        except BrokenPipeError:
            header = pdf = None
        finally:
            watch.cancel()
        if header is not None and pdf is not None:
            return json.loads(header), pdf
        status = child.wait()
        self.stop()
        if status == 0:
            return None
        raise PdfFailed("time" if status == -signal.SIGKILL else "crash")

    @staticmethod
    def _exchange(child: subprocess.Popen[bytes], body: bytes) -> tuple[bytes | None, bytes | None]:
        if child.stdin is None or child.stdout is None:
            return None, None
        child.stdin.write(bounded.frame(body))
        child.stdin.flush()
        return bounded.read_frame(child.stdout), bounded.read_frame(child.stdout)

    def _start(self) -> subprocess.Popen[bytes]:
        self._scratch = tempfile.mkdtemp(prefix="cosn-press-")
        self._child = subprocess.Popen(  # noqa: S603 - our own interpreter and a module of ours, no shell
            bounded.command("cosn_site.pdf_press", self._scratch),
            cwd=bounded.ROOT,
            env=bounded.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        return self._child

    def stop(self) -> None:
        """End the child, if there is one; the next order starts another."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            self._hang_up(child)
            child.wait()
            shutil.rmtree(self._scratch, ignore_errors=True)  # it cleans up itself, unless it was killed

    def forget(self) -> None:
        """In a forked process: the child is our parent's, so let go of it without a word."""
        child, self._child = self._child, None
        self._lock = threading.Lock()
        if child is not None:
            self._hang_up(child)

    @staticmethod
    def _hang_up(child: subprocess.Popen[bytes]) -> None:
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):  # an order that it died over was still in the buffer
                    pipe.close()


_PRESS = _Press()
atexit.register(_PRESS.stop)
os.register_at_fork(after_in_child=_PRESS.forget)


def write_pdf(
    html: str,
    *,
    base_url: str | None = None,
    stylesheets: Sequence[str] = ("type.css",),
    attached: Mapping[str, bytes] | None = None,
    seconds: float = 20.0,
) -> bytes:
    """A tagged PDF/UA-1 of a whole HTML document, whose `lang` and `title` become the PDF's.

    `stylesheets` are names of files in static/pdf. `attached` holds what the document or its style sheets name as
    `attached:<name>` (.svg or .png). Nothing else is loaded but `data:` addresses and our own fonts: any other address
    stays empty, with a line in the log. `base_url` makes links absolute and is never opened. The same input gives the
    same bytes. Raises PdfFailed after `seconds`, when memory runs out, and for HTML over 8 MB.
    """
    if len(html) > MOST_HTML:
        raise PdfFailed("size")
    order = {
        "html": html,
        "base_url": base_url,
        "stylesheets": list(stylesheets),
        "attached": {name: base64.b64encode(content).decode() for name, content in (attached or {}).items()},
    }
    header, pdf = _PRESS.order(json.dumps(order).encode(), seconds)
    for problem in header["problems"]:
        logger.warning("Setting a PDF: %s", problem)
    if not header["ok"]:
        if header["reason"] == "memory":
            _PRESS.stop()
        raise PdfFailed(header["reason"])
    return pdf

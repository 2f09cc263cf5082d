"""How the bytes of an edition leave: by this process, by nginx, or by the object store.

A file has no address of its own. Whatever the way, the answer is private, never stored by a cache, an attachment, and
of the type we say.
"""

import re
from urllib.parse import quote

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import Storage
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.utils.http import content_disposition_header

from reports.models import Edition

CONTENT_TYPE = "application/pdf"
CACHE_CONTROL = "private, no-store"
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})$")  # longer numbers are nonsense, and dear to convert


class FileMissing(Exception):
    """The record is there, the bytes are not."""


def wanted_range(request: HttpRequest, edition: Edition) -> range | None:
    """The byte range asked for; None for the whole file; an empty range when it cannot be satisfied.

    One range only: several at once, other units, and a range of another version (If-Range) get the whole file, as
    RFC 9110 allows. A HEAD has no ranges.
    """
    if request.headers.get("If-Range", etag(edition)) != etag(edition):
        return None
    return _asked_range(request, edition.bytes)


def is_later_piece(request: HttpRequest, edition: Edition) -> bool:
    """Whether this goes on with a file rather than begins it, for the ledger.

    nginx and the object store compare If-Range with validators of their own, which we don't know.
    """
    ours = settings.FILES_DELIVERY == "stream"
    piece = wanted_range(request, edition) if ours else _asked_range(request, edition.bytes)
    return piece is not None and piece.start > 0


def _asked_range(request: HttpRequest, size: int) -> range | None:
    asked = _RANGE.fullmatch(request.headers.get("Range", "").strip())
    if request.method != "GET" or not asked or asked.group() == "bytes=-":
        return None
    first, last = asked.groups()
    if not first:
        return range(max(size - int(last), 0), size)
    stop = min(int(last) + 1, size) if last else size
    if last and int(last) < int(first):
        return None
    return range(int(first), stop) if int(first) < size else range(0)


def etag(edition: Edition) -> str:
    """Strong: the SHA-256 of the bytes."""
    return f'"{edition.sha256}"'


def deliver(request: HttpRequest, edition: Edition) -> HttpResponseBase:
    """The answer that carries the edition, by the configured way. Raises `FileMissing`. Decides nothing."""
    storage, name = edition.file.storage, str(edition.file.name)
    if settings.FILES_DELIVERY == "presign":
        return _private(_presigned(request, storage, name, edition), edition)
    if not storage.exists(name):
        raise FileMissing(name)
    if settings.FILES_DELIVERY == "accel":
        response = HttpResponse(content_type=CONTENT_TYPE)
        response.headers["X-Accel-Redirect"] = settings.FILES_ACCEL_PREFIX + quote(name)
        return _private(response, edition)
    return _private(_streamed(request, storage, name, edition), edition)


def _private(response: HttpResponseBase, edition: Edition) -> HttpResponseBase:
    response.headers["Cache-Control"] = CACHE_CONTROL
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Disposition"] = _disposition(edition)
    return response


def _disposition(edition: Edition) -> str:
    return content_disposition_header(as_attachment=True, filename=edition.filename) or "attachment"


def _presigned(request: HttpRequest, storage: Storage, name: str, edition: Edition) -> HttpResponse:
    if request.method == "HEAD":  # an address is as good as the file, and a HEAD writes no row for it
        return HttpResponse(content_type=CONTENT_TYPE, headers={"Content-Length": str(edition.bytes)})
    parameters = {
        "ResponseContentDisposition": _disposition(edition),
        "ResponseContentType": CONTENT_TYPE,
        "ResponseCacheControl": CACHE_CONTROL,
    }
    expire = min(settings.FILES_PRESIGN_SECONDS, 60)
    return HttpResponseRedirect(storage.url(name, parameters=parameters, expire=expire))  # type: ignore[call-arg]


def _streamed(request: HttpRequest, storage: Storage, name: str, edition: Edition) -> HttpResponseBase:
    piece = wanted_range(request, edition)
    if piece is not None and not piece:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{edition.bytes}"})
    file = storage.open(name, "rb")
    if piece is None:
        response: HttpResponseBase = FileResponse(file, content_type=CONTENT_TYPE)
        response.headers["Content-Length"] = str(edition.bytes)
    else:
        file.seek(piece.start)
        response = FileResponse(Piece(file, len(piece)), status=206, content_type=CONTENT_TYPE)
        response.headers["Content-Length"] = str(len(piece))
        response.headers["Content-Range"] = f"bytes {piece.start}-{piece.stop - 1}/{edition.bytes}"
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["ETag"] = etag(edition)
    return response


class Piece:
    """The next `left` bytes of an open file, as a file of their own. Closing it closes the file."""

    def __init__(self, file: File[bytes], left: int) -> None:
        self._file = file
        self._left = left
        self.close = file.close

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes (all that are left when negative); none at the end of the piece."""
        chunk = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(chunk)
        return chunk

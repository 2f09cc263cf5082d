"""Verbs on tax-exempt certificates: take one in, and hand its bytes to who may see them.

A certificate is a PDF or a picture of one. It is kept where it has no address and leaves only as an attachment, of the
type that its first bytes show, so that a browser never runs it.
"""

import hashlib
from datetime import date, datetime
from pathlib import PurePath
from typing import Any

from django.core.files.base import File
from django.db import transaction
from django.http import FileResponse
from django.utils.text import get_valid_filename
from PIL import Image, UnidentifiedImageError

from cosn_site.verbs import StepRefused, audited
from members.models import ExemptionCertificate, Organization, User

MEBIBYTE = 1024 * 1024
MOST_BYTES = 10 * MEBIBYTE
TYPES = {"pdf": "application/pdf", "png": "image/png", "jpg": "image/jpeg"}
_BEGINS = {b"%PDF-": "pdf", b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpg"}


class CertificateRefused(StepRefused):
    sentence = "This is no PDF, PNG or JPEG that can be opened. Scan or save the certificate again."


def kind_of(file: File[bytes]) -> str:
    """`pdf`, `png` or `jpg`, by what is in the file and not by its name. Raises `CertificateRefused`."""
    if (file.size or 0) > MOST_BYTES:
        raise CertificateRefused(f"This file is larger than {MOST_BYTES // MEBIBYTE} MB. Scan it in a lower quality.")
    file.seek(0)
    head = file.read(16)
    kind = next((name for begins, name in _BEGINS.items() if head.startswith(begins)), None)
    if kind is None or not _is_whole(file, kind):
        raise CertificateRefused
    file.seek(0)
    return kind


def _is_whole(file: File[bytes], kind: str) -> bool:
    if kind == "pdf":
        file.seek(max((file.size or 0) - 2048, 0))
        return b"%%EOF" in file.read()
    file.seek(0)
    try:
        with Image.open(file, formats=["PNG", "JPEG"]) as picture:
            picture.verify()
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        return False
    return True


def add_certificate(
    *,
    organization: Organization,
    file: File[bytes],
    state: str,
    number: str = "",
    expires_on: date | None = None,
    by: User | None,
    now: datetime,
) -> ExemptionCertificate:
    """Keep a certificate. Raises `CertificateRefused`."""
    kind, digest = kind_of(file), hashlib.sha256()
    for piece in file.chunks():
        digest.update(piece)
    sha256 = digest.hexdigest()
    given = get_valid_filename(PurePath(str(file.name).replace("\\", "/")).stem[:100] or "certificate")
    fields: dict[str, Any] = {"state": state, "number": number, "expires_on": expires_on}
    with transaction.atomic(), audited("add_certificate", by=by):
        certificate = ExemptionCertificate(
            organization=organization,
            filename=f"{given}.{kind}",
            sha256=sha256,
            bytes=file.size or 0,
            added_at=now,
            added_by=by,
            **fields,
        )
        file.seek(0)
        certificate.file.save(f"{sha256[:24]}.{kind}", file, save=True)
    return certificate


def certificate_answer(certificate: ExemptionCertificate) -> FileResponse:
    """The bytes, as an attachment that nobody keeps. Decides nothing. FileNotFoundError when they are gone."""
    kind = certificate.filename.rpartition(".")[2]
    response = FileResponse(
        certificate.file.open("rb"),
        as_attachment=True,
        filename=certificate.filename,
        content_type=TYPES.get(kind, "application/octet-stream"),
    )
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response

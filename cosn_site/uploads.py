"""A limit on uploads that is kept while the bytes come in, not after they are all here."""

from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest


class CappedUploadHandler(FileUploadHandler):
    """Leaves a file that is over `REPORT_MAX_BYTES` on the wire; the other fields of the form are read as ever.

    Stands first in FILE_UPLOAD_HANDLERS, so that nothing of such a file reaches memory or disk once the limit is known
    to be passed. `oversized_fields` tells the form which field it was.
    """

    def handle_raw_input(
        self, input_data: Any, meta: dict[str, Any], content_length: int, boundary: Any, encoding: str | None = None
    ) -> None:
        self.announced = content_length
        self.received = 0

    def new_file(self, field_name: str, *args: Any, **kwargs: Any) -> None:
        super().new_file(field_name, *args, **kwargs)
        self.received = 0
        # The rest of a form is small: a body this large can only be so by its file.
        if self.announced > settings.REPORT_MAX_BYTES + settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            self._leave_it()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.received += len(raw_data)
        if self.received > settings.REPORT_MAX_BYTES:
            self._leave_it()
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None

    def _leave_it(self) -> None:
        request: Any = self.request
        request.oversized = oversized_fields(request) | {self.field_name}
        raise SkipFile


def oversized_fields(request: HttpRequest) -> frozenset[str]:
    """The names of the form's fields whose file was too large to be read."""
    return getattr(request, "oversized", frozenset())

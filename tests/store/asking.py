"""Ask the gate and read the whole answer, streamed or not, so that no file stays open."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.http.response import ResponseHeaders
from django.test import Client

from reports.models import Report


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: ResponseHeaders
    body: bytes


def gate(report: Report) -> str:
    """The report's one address for its file."""
    return f"/store/reports/{report.slug}/download/"


def ask(
    browser: Client, what: Report | str, *, method: str = "get", headers: Mapping[str, str] | None = None
) -> Answer:
    """Request the report's file, or another address, and read all of it."""
    path = gate(what) if isinstance(what, Report) else what
    response = getattr(browser, method)(path, headers=headers)
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return Answer(response.status_code, response.headers, body)

"""The mail of the running demo: what the worker has sent to an address."""

import re
import time
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from tests.test_journeys.conftest import Demo

MAIL_WITHIN = 60.0  # seconds; the worker looks once a second


def mailed_to(demo: Demo, address: str, pattern: str) -> str:
    """What the pattern's first group finds in the newest mail to an address that has it, once the worker sent it."""
    deadline = time.monotonic() + MAIL_WITHIN
    while time.monotonic() < deadline:
        for text in _texts(demo, address):
            found = re.search(pattern, text)
            if found:
                return found.group(1)
        time.sleep(0.5)
    pytest.fail(f"No mail to {address} with {pattern} within {MAIL_WITHIN:.0f} seconds.")


def link_mailed_to(demo: Demo, address: str, part: str) -> str:
    """The path of the link in the newest mail to an address."""
    return mailed_to(demo, address, rf"https?://[^/\s]+({part}[^\s\"/]+/)")


def _texts(demo: Demo, address: str) -> list[str]:
    """Subject and plain text of the mails to an address, newest first."""
    found = []
    for path in sorted((demo.var / "mail").glob("*.log"), key=lambda file: file.stat().st_mtime, reverse=True):
        for piece in reversed(path.read_bytes().split(b"-" * 79)):
            message = message_from_bytes(piece.lstrip(b"\n"), policy=policy.default)
            if isinstance(message, EmailMessage) and address in str(message["To"]):
                body = message.get_body(("plain",))
                found.append(f"{message['Subject']}\n{body.get_content() if body else ''}")
    return found

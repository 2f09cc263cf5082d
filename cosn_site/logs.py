"""What must not stand in a log, nor in the audit trail."""

import logging
import re

# Addresses whose last part is a secret: what follows these is left out.
_SECRET = re.compile(
    r"(/(?:newsletter|press/copies|cto-forums/(?:r|take|t)|membership/(?:renew|invitations|domains))/)[^/\s?\"']+"
)


def without_secrets(text: str) -> str:
    """The text with the secrets in its addresses left out."""
    return _SECRET.sub(r"\1…", text)


class WithoutSecrets(logging.Filter):
    """Lets every record pass, with the secrets in its addresses left out."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        safe = without_secrets(text)
        if safe != text:
            record.msg, record.args = safe, None
        return True

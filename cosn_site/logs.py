"""What must not stand in a log."""

import logging
import re

# Addresses whose last part is a secret: what follows these is left out.
_SECRET = re.compile(
    r"(/(?:newsletter|press/copies|cto-forums/r|membership/(?:renew|invitations|domains))/)[^/\s?\"']+"
)


class WithoutSecrets(logging.Filter):
    """Lets every record pass, with the secrets in its addresses left out."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        safe = _SECRET.sub(r"\1…", text)
        if safe != text:
            record.msg, record.args = safe, None
        return True

"""Secrets in the links of mails: made by the task that sends one, stored as a hash, so they stand in the mail only."""

import secrets
from hashlib import sha256

SECRET_BYTES = 24  # 192 bits


def new_secret() -> str:
    """A secret that cannot be guessed, fit for an address."""
    return secrets.token_urlsafe(SECRET_BYTES)


def hash_of(secret: str) -> str:
    """What is stored in place of the secret. It has enough bits that a plain hash will do."""
    return sha256(secret.encode()).hexdigest()

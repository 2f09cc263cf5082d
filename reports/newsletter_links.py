"""The secret in a subscriber's link.

It is made by the task that sends it and stored as a hash, so it stands nowhere but in the mail. Each mail's secret
takes the place of the one before.
"""

import secrets
from hashlib import sha256

from reports.models import Subscriber

SECRET_BYTES = 24  # 192 bits


def new_secret() -> str:
    """A secret that cannot be guessed, fit for an address."""
    return secrets.token_urlsafe(SECRET_BYTES)


def hash_of(secret: str) -> str:
    """What is stored in place of the secret. It has enough bits that a plain hash will do."""
    return sha256(secret.encode()).hexdigest()


def renew_secret(*, subscriber: Subscriber) -> str:
    """A new secret for the subscriber's link. The one before stops working."""
    secret = new_secret()
    subscriber.token_hash = hash_of(secret)
    subscriber.save(update_fields=["token_hash"])
    return secret


def find(secret: str) -> Subscriber | None:
    """Whose link this is; None for a secret that is nobody's (any more)."""
    return Subscriber.objects.filter(token_hash=hash_of(secret)).first()

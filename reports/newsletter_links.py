"""The secret in a subscriber's link.

Made and kept as `members.links` says. Each mail's secret takes the place of the one before.
"""

from members.links import hash_of, new_secret
from reports.models import Subscriber


def renew_secret(*, subscriber: Subscriber) -> str:
    """A new secret for the subscriber's link. The one before stops working."""
    secret = new_secret()
    subscriber.token_hash = hash_of(secret)
    subscriber.save(update_fields=["token_hash"])
    return secret


def find(secret: str) -> Subscriber | None:
    """Whose link this is; None for a secret that is nobody's (any more)."""
    return Subscriber.objects.filter(token_hash=hash_of(secret)).first()

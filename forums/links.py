"""The secret part of the link to one's registration: signed, and stored nowhere.

It names the registration, not the person: who hands theirs on keeps a link to what was theirs, and the colleague gets
another one.
"""

from django.conf import settings
from django.core import signing
from django.urls import reverse

from forums.models import Registration

_SALT = "forums.registration"


def token_of(registration: Registration) -> str:
    """The part of the address that proves whoever has it got our letter."""
    return signing.Signer(salt=_SALT).sign(str(registration.pk))


def registration_of(token: str) -> Registration | None:
    """Whose link it is, with its forum, seating and person; None for one that is not ours, or was changed."""
    try:
        key = signing.Signer(salt=_SALT).unsign(token)
    except signing.BadSignature:
        return None
    rows = Registration.objects.select_related("forum__seating", "forum__series", "person", "team", "organization")
    return rows.filter(pk=key).first()


def link_to(registration: Registration) -> str:
    """The whole address of a registration's page, for a letter."""
    return f"{settings.SITE_URL}{reverse('forums:registration', args=[token_of(registration)])}"

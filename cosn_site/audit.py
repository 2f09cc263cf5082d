"""Who did what: the words that go with the rows of the audit trail."""

import pghistory
from django.contrib.auth.base_user import AbstractBaseUser


def audited(verb: str, *, by: AbstractBaseUser | None) -> pghistory.context:
    """A context in which every audit row names the verb and the actor (nobody, for what the system does by itself)."""
    return pghistory.context(verb=verb, **({"user": by.pk} if by else {}))

"""What all verbs share: who did what, and how a verb says no."""

import pghistory
from django.contrib.auth.base_user import AbstractBaseUser


class StepRefused(Exception):
    """A step that makes no sense now. `sentence` says why and what to do, for the person who tried."""

    sentence = "This cannot be done now."

    def __init__(self, sentence: str = "") -> None:
        self.sentence = sentence or self.sentence
        super().__init__(self.sentence)


def audited(verb: str, *, by: AbstractBaseUser | None) -> pghistory.context:
    """A context in which every audit row names the verb and the actor (nobody, for what the system does by itself)."""
    return pghistory.context(verb=verb, **({"user": by.pk} if by else {}))

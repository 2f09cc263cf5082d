"""What all verbs share: who did what, and how a verb says no."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import pghistory
from django.contrib.auth.base_user import AbstractBaseUser

_running: ContextVar[str] = ContextVar("the verb that runs", default="")


class StepRefused(Exception):
    """A step that makes no sense now. `sentence` says why and what to do, for the person who tried."""

    sentence = "This cannot be done now."

    def __init__(self, sentence: str = "") -> None:
        self.sentence = sentence or self.sentence
        super().__init__(self.sentence)


class ReasonMissing(StepRefused):
    """A step that is taken for a reason, which is kept or told to somebody, was given none."""


def reason_given(reason: str, *, otherwise: str) -> str:
    """The reason without the space around it. Where there is none, raises `ReasonMissing` with this sentence."""
    reason = reason.strip()
    if not reason:
        raise ReasonMissing(otherwise)
    return reason


@contextmanager
def audited(verb: str, *, by: AbstractBaseUser | None) -> Iterator[None]:
    """A context in which every audit row names the verb and the actor (nobody, for what the system does by itself).

    A verb that takes other verbs' steps on its way is the one that the rows name.
    """
    named = _running.get() or verb
    token = _running.set(named)
    try:
        with pghistory.context(verb=named, **({"user": by.pk} if by else {})):
            yield
    finally:
        _running.reset(token)

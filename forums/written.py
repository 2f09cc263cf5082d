"""What the page of a forum says of the forum itself, written once for as long as it stays the same.

Drawing an agenda costs more than reading it. What was drawn is kept by its whole content, so a change of anything is a
new page at once, in every process. What depends on the reader, or on the seats, is not kept.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from forums.dossier import Dossier
from forums.panel import Phase
from forums.structured_data import event

KEPT = 64  # forums, in the phases of their life


@dataclass(frozen=True, slots=True)
class Written:
    """Pieces of the page, as markup."""

    head: str
    rest: str
    structured_data: str


@dataclass(frozen=True, slots=True)
class _Asked:
    """Two that ask for the same content ask for the same page."""

    content: tuple[Any, ...]
    phase: Phase
    has_begun: bool
    dossier: Dossier = field(compare=False)


def written(dossier: Dossier, phase: Phase, *, has_begun: bool) -> Written:
    """The pieces for this forum in this phase. Written anew while DEBUG, when templates change too."""
    asked = _Asked(dossier.content, phase, has_begun, dossier)
    return _write(asked) if settings.DEBUG else _kept(asked)


def _write(asked: _Asked) -> Written:
    forum = asked.dossier.forum
    return Written(
        head=render_to_string("forums/detail_head.html", {"forum": forum, "has_begun": asked.has_begun}),
        rest=render_to_string("forums/detail_rest.html", {"forum": forum, "dossier": asked.dossier}),
        structured_data=event(forum, asked.phase),
    )


_kept = lru_cache(maxsize=KEPT)(_write)

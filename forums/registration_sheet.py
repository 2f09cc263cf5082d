"""What the form of a registration is made of: the forum with its chairs, where its reader works, and what is asked.

One statement for all of it, because when a forum opens everybody sends the form in the same minute.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, Model, OuterRef, Subquery
from django.db.models.functions import JSONObject

from cosn_site.prepared import Prepared, columns, instance
from forums.models import Forum, Question, Seating
from forums.questions import asked_at_registration
from forums.registrants import workplace
from members.models import Organization, User


@dataclass(frozen=True, slots=True)
class Sheet:
    """The forum, with `forum.seating` where anybody has said how many chairs there are; and about its reader."""

    forum: Forum
    organization: Organization | None
    questions: Sequence[Question]


def _object(names: Sequence[str]) -> JSONObject:
    return JSONObject(**{name: F(name) for name in names})


_FORUM, _SEATING, _QUESTION = columns(Forum, without=["body"]), columns(Seating), columns(Question)
_ORGANIZATION = [name for name in columns(Organization) if name in {"id", "name", "state"}]
_sheet = Prepared(
    "sheet_of_a_registration",
    ["text", "bigint"],
    lambda slug, reader: (
        Forum.objects.published()
        .filter(slug=slug)
        .order_by()
        .values_list(
            *_FORUM,
            *(f"seating__{name}" for name in _SEATING),
            Subquery(workplace(reader).values(row=_object(_ORGANIZATION))),
            ArraySubquery(asked_at_registration(OuterRef("pk")).values(row=_object(_QUESTION))),
        )
    ),
)


def sheet_for(slug: str, reader: User | None) -> Sheet | None:
    """The sheet of the announced forum at this address, for a reader or for somebody not known yet. One statement."""
    for row in _sheet(slug, reader.pk if reader is not None else 0):
        *values, workplace, asked = row
        forum = instance(Forum, _FORUM, values[: len(_FORUM)])
        if values[len(_FORUM)] is not None:
            forum.seating = instance(Seating, _SEATING, values[len(_FORUM) :])
        return Sheet(
            forum,
            _from_object(Organization, _ORGANIZATION, workplace) if workplace else None,
            [_from_object(Question, _QUESTION, one) for one in asked],
        )
    return None


def _from_object[M: Model](model: type[M], names: Sequence[str], found: Mapping[str, Any]) -> M:
    return instance(model, names, [found[name] for name in names])

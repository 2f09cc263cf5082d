"""Who points to a row: every foreign key in the house, whatever floor it is on, found by the models themselves.

A merge moves them all, so a table that is added upstairs tomorrow is moved too.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from allauth.usersessions.models import UserSession
from django.db import IntegrityError, models, transaction
from pghistory.models import Event

from members.models import Merge

# What is not moved: the record of merges, and sessions, which end.
STAYS: tuple[type[models.Model], ...] = (Merge, UserSession)
# Rows of a table that stay with the merged row, because the kept one has its own: by `Reference.name`.
_STAYING: dict[str, Callable[[models.Model], models.Q]] = {}


def let_stay(name: str, beside: Callable[[models.Model], models.Q]) -> None:
    """For an upper floor: of this reference, the rows that cannot stand beside those of the kept row stay where they
    are. A rule of the merge has settled by then which of them count."""
    _STAYING[name] = beside


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key of some model to the model asked about."""

    field: models.ForeignKey[Any, Any]

    @property
    def model(self) -> type[models.Model]:
        return self.field.model

    @property
    def name(self) -> str:
        """Such as members.Seat.person."""
        return f"{self.model._meta.label}.{self.field.name}"

    @property
    def words(self) -> str:
        """Such as “seats (person)”."""
        return f"{self.model._meta.verbose_name_plural} ({self.field.verbose_name})"

    @property
    def is_by_link_table(self) -> bool:
        """Whether the rows are those of a many-to-many field, such as a person’s groups."""
        return bool(self.model._meta.auto_created)

    def rows(self, row: models.Model) -> models.QuerySet[Any]:
        """Those that point to this row."""
        return self.model._base_manager.filter(**{self.field.name: row})  # noqa: SLF001 - no row may hide

    def moving(self, kept: models.Model, merged: models.Model) -> models.QuerySet[Any]:
        """Those of the merged row that move to the kept one."""
        beside = _STAYING.get(self.name)
        return self.rows(merged).exclude(beside(kept)) if beside else self.rows(merged)


def references_to(model: type[models.Model]) -> Iterator[Reference]:
    """Every foreign key to the model; but for history, which says how things were."""
    for relation in model._meta.get_fields(include_hidden=True):
        if not (relation.auto_created and isinstance(relation, models.ManyToOneRel)):
            continue
        source = relation.related_model
        if source._meta.proxy or not source._meta.managed or issubclass(source, (Event, *STAYS)):
            continue
        yield Reference(relation.field)


class InTheWay(Exception):
    """Rows of this reference cannot be moved: the row that is kept has its own."""

    def __init__(self, reference: Reference) -> None:
        super().__init__(reference.name)
        self.reference = reference


def keys_to_move(kept: models.Model, merged: models.Model) -> dict[str, list[Any]]:
    """The keys of all rows that point to the merged one, by `Reference.name`."""
    found = {}
    for reference in references_to(type(kept)):
        keys = list(reference.moving(kept, merged).order_by("pk").values_list("pk", flat=True))
        if keys:
            found[reference.name] = keys
    return found


def move(kept: models.Model, merged: models.Model) -> None:
    """Let all that points to the merged row point to the kept one. Raises InTheWay."""
    for reference in references_to(type(kept)):
        rows = reference.moving(kept, merged)
        if reference.is_by_link_table:
            _drop_doubles(reference, kept, merged)
        try:
            with transaction.atomic():
                rows.update(**{reference.field.name: kept})
        except IntegrityError as error:
            raise InTheWay(reference) from error


def _drop_doubles(reference: Reference, kept: models.Model, merged: models.Model) -> None:
    """What both have by a many-to-many field, the kept one has already."""
    others = [
        field.name
        for field in reference.model._meta.concrete_fields
        if field.is_relation and field.name != reference.field.name
    ]
    for name in others:
        reference.rows(merged).filter(**{f"{name}__in": reference.rows(kept).values(name)}).delete()

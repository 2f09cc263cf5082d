"""Queries that are asked on every request: their SQL is compiled once a process and planned once a connection.

Django compiles a queryset into SQL each time it is used, and PostgreSQL plans it each time. For the handful of queries
behind every download and every page (the session, the person, their rights, the report) that costs more than the
answer itself: docs/performance.md has the figures. The queryset stays the source, written with the ORM like any other;
nothing of an answer is kept.

A query is prepared under a name of its own in the server session, so a pooler in front of PostgreSQL must pool
sessions, or know prepared statements.
"""

import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from django.db import connection
from django.db.models import AutoField, Model, QuerySet
from django.db.models.sql.compiler import SQLCompiler

from cosn_site.statements import ask

Row = tuple[Any, ...]

# Stand-ins while the SQL is compiled. No column holds such values, so they are told apart from real constants.
_STAND_INS: dict[str, Callable[[int], Any]] = {
    "bigint": lambda place: -9_100_000_000_000_000_000 - place,
    "text": lambda place: f"\x00stand-in-{place}",
}


class Prepared:
    """A SELECT of tuples with parameters, asked often.

    `types` are the PostgreSQL types of the parameters ("bigint" or "text"); `build` makes the queryset from them and
    must end in `values_list`. Calling the object asks the query and gives the rows.
    """

    def __init__(self, name: str, types: Sequence[str], build: Callable[..., QuerySet[Any, Row]]) -> None:
        self._name = name
        self._types = tuple(types)
        self._build = build
        self._compiled = threading.local()  # Django's compiler keeps the thread's connection

    def __call__(self, *values: Any) -> list[Row]:
        """The rows for these values. One statement."""
        if not hasattr(self._compiled, "sql"):
            self._compile()
        rows = ask(self._name, ", ".join(self._types), self._compiled.sql, list(values), writes=False)
        converters = self._compiled.converters
        return list(map(tuple, self._compiled.compiler.apply_converters(rows, converters))) if converters else rows

    def _compile(self) -> None:
        stand_ins = {_STAND_INS[kind](place): f"${place + 1}" for place, kind in enumerate(self._types)}
        compiler: SQLCompiler = self._build(*stand_ins).query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        pieces = [
            stand_ins[value] if isinstance(value, int | str) and value in stand_ins else _literal(value)
            for value in parameters
        ]
        self._compiled.compiler = compiler
        self._compiled.converters = compiler.get_converters([column for column, *_ in compiler.select])
        self._compiled.sql = sql % tuple(pieces)


class PreparedInsert[M: Model]:
    """An INSERT of one row, done often: what `row.save()` does for a new row, without signals.

    `returning` names the fields that the database may have filled in by itself. The row must be of this very model, not
    of a child of it.
    """

    def __init__(self, name: str, model: type[M], *, returning: Sequence[str] = ()) -> None:
        self._name = name
        self._model = model
        self._returning = (model._meta.pk.attname, *returning)
        fields = [field for field in model._meta.concrete_fields if not isinstance(field, AutoField)]
        self._fields = [field for field in fields if not field.generated]
        self._sql = ""

    def __call__(self, row: M) -> None:
        """Write the row. One statement. IntegrityError as `save` raises it."""
        if not self._sql:
            self._compile()
        found = ask(self._name, self.types, self._sql, self.values(row))
        for name, value in zip(self._returning, found[0], strict=True):
            setattr(row, name, value)
        row._state.adding, row._state.db = False, connection.alias  # noqa: SLF001 - as Model.save() leaves it

    def values(self, row: M) -> list[Any]:
        """The parameters for a row, in the order of `holders`."""
        return [field.get_db_prep_save(field.pre_save(row, add=True), connection) for field in self._fields]

    @cached_property
    def types(self) -> str:
        """The PostgreSQL types of the parameters."""
        return ", ".join(str(field.db_type(connection)) for field in self._fields)

    def holders(self) -> dict[str, str]:
        """By column, the parameter that stands for it."""
        return {str(field.column): f"${place}" for place, field in enumerate(self._fields, start=1)}

    def literals(self, row: M) -> dict[str, str]:
        """By column, what a row has there, as SQL."""
        return {str(field.column): _literal(value) for field, value in zip(self._fields, self.values(row), strict=True)}

    def _compile(self) -> None:
        quote, meta = connection.ops.quote_name, self._model._meta
        column: dict[str, Any] = {field.attname: field.column for field in meta.concrete_fields}
        names = ", ".join(quote(column[field.attname]) for field in self._fields)
        holders = ", ".join(f"${place + 1}" for place in range(len(self._fields)))
        back = ", ".join(quote(column[name]) for name in self._returning)
        self._sql = f"INSERT INTO {quote(meta.db_table)} ({names}) VALUES ({holders}) RETURNING {back}"  # noqa: S608


def _literal(value: Any) -> str:
    with connection.cursor() as cursor:
        return cursor.mogrify("%s", [value]).decode()


def columns(model: type[Model], *, without: Sequence[str] = ()) -> list[str]:
    """The attribute names of a model's columns, but for some; the others are read when they are asked for."""
    return [field.attname for field in model._meta.concrete_fields if field.attname not in without]


def instance[M: Model](model: type[M], names: Sequence[str], values: Sequence[Any]) -> M:
    """The row as a model instance; columns that are not among the names are deferred."""
    return model.from_db("default", names, values)

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
from typing import Any

from django.db import connection
from django.db.models import Model, QuerySet
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
        rows = ask(self._name, ", ".join(self._types), self._compiled.sql, list(values))
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


def _literal(value: Any) -> str:
    with connection.cursor() as cursor:
        return cursor.mogrify("%s", [value]).decode()


def columns(model: type[Model], *, without: Sequence[str] = ()) -> list[str]:
    """The attribute names of a model's columns, but for some; the others are read when they are asked for."""
    return [field.attname for field in model._meta.concrete_fields if field.attname not in without]


def instance[M: Model](model: type[M], names: Sequence[str], values: Sequence[Any]) -> M:
    """The row as a model instance; columns that are not among the names are deferred."""
    return model.from_db("default", names, values)

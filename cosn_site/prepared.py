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
from weakref import WeakKeyDictionary

from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.sql.compiler import SQLCompiler

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
        self._local = threading.local()
        self._on: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()

    def __call__(self, *values: Any) -> list[Row]:
        """The rows for these values. One statement."""
        connection.ensure_connection()
        holders = ", ".join(["%s"] * len(self._types))
        with connection.cursor() as cursor:
            if connection.connection not in self._on:
                # outside Django's own cursor, so that a log of statements shows what was asked, not the preparation
                with connection.connection.cursor() as plain:
                    plain.execute(self._prepare_statement(plain))
                self._on[connection.connection] = True
            cursor.execute(f"EXECUTE {self._name} ({holders})", values)
            rows = cursor.fetchall()
        compiler, converters = self._compiled()
        return list(map(tuple, compiler.apply_converters(rows, converters))) if converters else rows

    def _compiled(self) -> tuple[SQLCompiler, dict[int, Any]]:
        if not hasattr(self._local, "compiled"):
            self._local.sql = self._compile()
        return self._local.compiled

    def _compile(self) -> tuple[str, tuple[Any, ...]]:
        stand_ins = [_STAND_INS[kind](place) for place, kind in enumerate(self._types)]
        compiler = self._build(*stand_ins).query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        self._local.compiled = compiler, compiler.get_converters([column for column, *_ in compiler.select])
        return sql, tuple(parameters)

    def _prepare_statement(self, cursor: Any) -> str:
        sql, parameters = self._compile()
        stand_ins = {_STAND_INS[kind](place): f"${place + 1}" for place, kind in enumerate(self._types)}
        pieces = [
            stand_ins[value] if isinstance(value, int | str) and value in stand_ins else _literal(cursor, value)
            for value in parameters
        ]
        types = f" ({', '.join(self._types)})" if self._types else ""
        return f"PREPARE {self._name}{types} AS {sql % tuple(pieces)}"


def _literal(cursor: Any, value: Any) -> str:
    return cursor.mogrify("%s", [value]).decode()


def columns(model: type[Model], *, without: Sequence[str] = ()) -> list[str]:
    """The attribute names of a model's columns, but for some; the others are read when they are asked for."""
    return [field.attname for field in model._meta.concrete_fields if field.attname not in without]


def instance[M: Model](model: type[M], names: Sequence[str], values: Sequence[Any]) -> M:
    """The row as a model instance; columns that are not among the names are deferred."""
    return model.from_db("default", names, values)

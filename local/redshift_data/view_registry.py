"""How a system view is described: its columns, and rows that the catalog or DuckDB makes."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from local.redshift_data.catalog import (
    SYSTEM_VIEW,
    SYSTEM_VIEWS,
    Catalog,
    Column,
    Table,
    quoted,
)
from local.redshift_data.dialect.types import RedshiftType

Row = Sequence[Any]
Rows = Callable[[Catalog], Iterable[Row]]


def system_view(
    schema: str, name: str, /, *, where: str = "", **columns: RedshiftType
) -> Callable[[Rows], Rows]:
    """Register a view by the rows that the catalog makes; a Sql among them is an expression.

    Of longer rows, which serve several views, the first values are taken. `where` is a condition
    on what the expressions yield.
    """

    def register(rows: Rows) -> Rows:
        def describe(catalog: Catalog) -> Table:
            query = _listed(columns, rows(catalog))
            filtered = f"SELECT * FROM ({query}) WHERE {where}" if where else query
            return _view(schema, name, columns, filtered)

        SYSTEM_VIEWS[schema, name] = describe
        return rows

    return register


def stored_view(schema: str, name: str, table: str, /, **columns: RedshiftType) -> None:
    """Register a view that shows what a table of DuckDB holds."""
    shown = ", ".join(map(quoted, columns))
    made = _view(schema, name, columns, f"SELECT {shown} FROM {table}")
    SYSTEM_VIEWS[schema, name] = lambda _: made


class Sql(str):
    """An expression for DuckDB where a view has a value that the catalog does not know."""

    __slots__ = ()


def _view(schema: str, name: str, columns: dict[str, RedshiftType], query: str) -> Table:
    made = tuple(Column(key, type_) for key, type_ in columns.items())
    return Table(name, made, schema, SYSTEM_VIEW, f"({query})")


def _listed(columns: dict[str, RedshiftType], rows: Iterable[Row]) -> str:
    written = [f"({', '.join(map(literal, row[: len(columns)]))})" for row in rows]
    shown = ", ".join(
        f"CAST(c{at} AS {type_.duckdb}) AS {quoted(name)}"
        for at, (name, type_) in enumerate(columns.items())
    )
    names = ", ".join(f"c{at}" for at in range(len(columns)))
    ending = "" if written else " WHERE false"
    written = written or [f"({', '.join('NULL' for _ in columns)})"]
    return f"SELECT {shown} FROM (VALUES {', '.join(written)}) AS v({names}){ending}"


def literal(value: Any) -> str:
    """Write a value for DuckDB."""
    if isinstance(value, Sql):
        return str(value)
    if value is None:
        return "NULL"
    if isinstance(value, (bool, int)):
        return str(value).lower()
    escaped = str(value).replace("'", "''")
    return f"'{escaped}'"

"""What names mean at one place in a query, and what an expression there compiles to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from local.redshift_data.catalog import Catalog, Table, quoted
from local.redshift_data.dialect.types import UNKNOWN, RedshiftType
from local.redshift_data.errors import StatementError


@dataclass(frozen=True)
class Compiled:
    """An expression in DuckDB's SQL, whose DuckDB type is always `type.duckdb`."""

    sql: str
    type: RedshiftType
    literal: str | None = None


NULL = Compiled("NULL", UNKNOWN)


@dataclass(frozen=True)
class Source:
    """One item of a FROM clause: its name in the query and its columns in order."""

    name: str
    columns: Mapping[str, RedshiftType]
    hidden: frozenset[str] = frozenset()
    """Columns joined by USING, which an earlier source already shows."""

    def column(self, name: str) -> Compiled:
        """Return a column; the name must be there."""
        return Compiled(f"{quoted(self.name)}.{quoted(name)}", self.columns[name])

    def visible(self) -> Iterator[str]:
        """Yield what `*` shows of it."""
        return (name for name in self.columns if name not in self.hidden)


@dataclass
class Reads:
    """The catalog a statement was compiled against, and which of its entries it used."""

    catalog: Catalog
    found: dict[tuple[str, str | None], Table | None] = field(default_factory=dict)

    def table(self, name: str, schema: str | None = None) -> Table:
        """Return a table and remember that the translation depends on it."""
        table = self.catalog.find(name, schema)
        self.found[name, schema] = table
        if table is None:
            raise StatementError(f'relation "{name}" does not exist')
        return table

    def still_hold(self, catalog: Catalog) -> bool:
        """Whether compiling against another catalog would give the same."""
        return all(catalog.find(*key) == table for key, table in self.found.items())


@dataclass
class Scope:
    """The names that an expression can use: its own sources first, then the outer query's."""

    reads: Reads
    sources: list[Source] = field(default_factory=list)
    outer: "Scope | None" = None
    queries: dict[str, Mapping[str, RedshiftType]] = field(default_factory=dict)
    """Columns of the queries that WITH names."""
    partial_super: bool = True
    """Whether paths into a SUPER value are allowed here."""

    def inner(self) -> "Scope":
        """Return the scope of a subquery."""
        return Scope(self.reads, [], self, dict(self.queries), self.partial_super)

    def resolve(self, parts: Sequence[str]) -> tuple[Compiled, Sequence[str]]:
        """Return the column that a dotted name starts with, and the rest of the name."""
        scope: Scope | None = self
        while scope:
            if found := scope.resolve_here(parts):
                return found
            scope = scope.outer
        raise StatementError(f'column "{".".join(parts)}" does not exist')

    def source(self, name: str) -> Source:
        """Return the source of that name in this very query."""
        for source in self.sources:
            if source.name == name:
                return source
        raise StatementError(f'missing FROM-clause entry for table "{name}"')

    def resolve_here(self, parts: Sequence[str]) -> tuple[Compiled, Sequence[str]] | None:
        """Resolve without the outer query; None where the name is not of this one."""
        first, *rest = parts
        owners = [s for s in self.sources if first in s.columns and first not in s.hidden]
        if rest:
            for source in self.sources:
                if source.name == first and rest[0] in source.columns:
                    return source.column(rest[0]), rest[1:]
        if len(owners) > 1:
            raise StatementError(f'column reference "{first}" is ambiguous')
        return (owners[0].column(first), rest) if owners else None


def name_of(identifier: exp.Expr | str) -> str:
    """Fold an identifier to lower case, quoted or not, as Redshift does by default."""
    return (identifier if isinstance(identifier, str) else identifier.name).lower()

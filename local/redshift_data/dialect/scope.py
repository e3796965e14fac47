"""What names mean at one place in a query, and what an expression there compiles to."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlglot import exp

from local.redshift_data.catalog import LATE_VIEW, Catalog, Column, Origin, Table, quoted
from local.redshift_data.dialect.types import UNKNOWN, RedshiftType
from local.redshift_data.errors import StatementError


@dataclass(frozen=True)
class Compiled:
    """An expression in DuckDB's SQL, whose DuckDB type is always `type.duckdb`."""

    sql: str
    type: RedshiftType
    literal: str | None = None
    origin: Origin | None = None
    """Where the value comes from, if it is a column and nothing else."""


NULL = Compiled("NULL", UNKNOWN)


@dataclass(frozen=True)
class Source:
    """One item of a FROM clause: its name in the query and its columns in order."""

    name: str
    columns: Mapping[str, Column]
    hidden: frozenset[str] = frozenset()
    """Columns joined by USING, which another source shows."""
    expressions: Mapping[str, str] = field(default_factory=dict)
    """DuckDB's SQL of columns that are not simply of that name in that item."""
    within: str = ""
    """The subquery that shows its columns as `source.column`, once SUPER is unnested beside it."""
    unnested: str = ""
    """The name of the values, where it iterates over a SUPER value."""

    def column(self, name: str) -> Compiled:
        """Return a column; the name must be there."""
        column = self.columns[name]
        sql = self.expressions.get(name) or f"{quoted(self.name)}.{quoted(name)}"
        if self.within:
            sql = f"{quoted(self.within)}.{quoted(f'{self.name}.{name}')}"
        return Compiled(sql, column.type, origin=column.origin)

    def visible(self) -> Iterator[str]:
        """Yield what `*` shows of it."""
        return (name for name in self.columns if name not in self.hidden)


@dataclass
class Reads:
    """The catalog a statement was compiled against, and which of its entries it used."""

    catalog: Catalog
    found: dict[tuple[str, str | None], Table | None] = field(default_factory=dict)
    expanding: set[str] = field(default_factory=set)
    """The late-binding views whose queries are being compiled."""
    lasting: bool = True
    """Whether nothing else of the catalog was looked at."""

    def table(self, name: str, schema: str | None = None) -> Table:
        """Return a table or view to read, a late-binding one as its tables are now."""
        table = self.entry(name, schema)
        if table.kind == LATE_VIEW:
            # The cycle scope -> views -> scope is broken at the call.
            from local.redshift_data.dialect.views import late_binding  # noqa: PLC0415

            return late_binding(table, self)
        return table

    def entry(self, name: str, schema: str | None = None) -> Table:
        """Return a table as the catalog has it; remember that the translation depends on it."""
        table = self.catalog.find(name, schema)
        self.found[name, schema] = table
        if table is None:
            raise StatementError(f'relation "{name}" does not exist')
        return table

    def still_hold(self, catalog: Catalog) -> bool:
        """Whether compiling against another catalog would give the same."""
        return self.lasting and all(
            catalog.find(*key) == table for key, table in self.found.items()
        )


@dataclass(frozen=True)
class GroupedValue:
    """A SUPER value that a query groups by: the SQL of one of a group, and of what tells groups."""

    shown: str
    key: str


@dataclass
class Scope:
    """The names that an expression can use: its own sources first, then the outer query's."""

    reads: Reads
    sources: list[Source] = field(default_factory=list)
    outer: "Scope | None" = None
    queries: dict[str, Mapping[str, Column]] = field(default_factory=dict)
    """Columns of the queries that WITH names."""
    partial_super: bool = True
    """Whether paths into a SUPER value are allowed here."""
    aliases: dict[str, Compiled] = field(default_factory=dict)
    """The select list's aliases so far: a column of that name comes first."""
    correlated: int = 0
    """How many references lead from this query to one around it."""
    joining: bool = False
    """Whether the condition of an ON clause is being compiled."""
    grouped: Mapping[str, GroupedValue] = field(default_factory=dict)
    """The SUPER values that the query groups by, by the SQL of each row's value."""

    def grouped_value(self, value: Compiled) -> Compiled:
        """Return a value as it can be shown beside GROUP BY."""
        grouped = self.grouped.get(value.sql)
        return Compiled(grouped.shown, value.type) if grouped else value

    def group_key(self, value: Compiled) -> str | None:
        """Return what to group by for a value as it is shown."""
        found = (group.key for group in self.grouped.values() if group.shown == value.sql)
        return next(found, None)

    @contextmanager
    def every_row(self) -> Iterator[None]:
        """Compile an aggregate's argument, where each row's value counts."""
        grouped, self.grouped = self.grouped, {}
        try:
            yield
        finally:
            self.grouped = grouped

    def inner(self) -> "Scope":
        """Return the scope of a subquery."""
        return Scope(self.reads, [], self, dict(self.queries), self.partial_super)

    def resolve(self, parts: Sequence[str]) -> tuple[Compiled, Sequence[str]]:
        """Return the column that a dotted name starts with, and the rest of the name."""
        if found := self.resolve_here(parts):
            return found
        if alias := self.aliases.get(parts[0]):
            return alias, parts[1:]
        scope, inner = self.outer, [self]
        while scope:
            if found := scope.resolve_here(parts):
                _correlate(scope, inner)
                return found
            inner.append(scope)
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


def _correlate(owner: Scope, inner: Sequence[Scope]) -> None:
    """Note a reference to an outer query; refuses those that Redshift cannot decorrelate."""
    blocks = [scope for scope in inner if scope.sources]
    if owner.joining or len(blocks) > 1:
        raise StatementError("This type of correlated subquery pattern is not supported yet")
    for scope in inner:
        scope.correlated += 1


def name_of(identifier: exp.Expr | str) -> str:
    """Fold an identifier to lower case, quoted or not, as Redshift does by default."""
    return (identifier if isinstance(identifier, str) else identifier.name).lower()

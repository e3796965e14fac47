"""The catalog's entries: tables and views with their columns, schemas, users and privileges."""

from dataclasses import dataclass, field

from local.redshift_data.dialect.types import RedshiftType
from local.redshift_data.errors import StatementError

ADMINISTRATOR = "admin"
PUBLIC = "public"
TABLE, VIEW, LATE_VIEW, MATERIALIZED_VIEW, SYSTEM_VIEW = (
    "table",
    "view",
    "late-binding view",
    "materialized view",
    "system view",
)


@dataclass(frozen=True)
class Origin:
    """The table's or view's column that a result column shows as it is."""

    schema: str
    table: str
    column: str
    not_null: bool = False


@dataclass(frozen=True)
class Identity:
    """How an IDENTITY column numbers its rows."""

    seed: int
    step: int
    by_default: bool
    """Whether INSERT may give a value of its own."""


@dataclass(frozen=True)
class Column:
    """A column; the default is an expression in DuckDB's SQL, if there is one."""

    name: str
    type: RedshiftType
    not_null: bool = False
    default: str | None = None
    origin: Origin | None = field(default=None, compare=False)
    """Known in results only, and no part of what a column is."""
    identity: Identity | None = None
    encoding: str = ""
    """The compression that the statement names; empty where Redshift chooses."""
    default_text: str | None = None
    """The default as Redshift's SQL."""


@dataclass(frozen=True)
class Layout:
    """How Redshift would spread and sort a table's rows; nothing here depends on it."""

    diststyle: str = "AUTO"
    distkey: str = ""
    sort_style: str = "AUTO"
    """AUTO, NONE, COMPOUND or INTERLEAVED."""
    sortkey: tuple[str, ...] = ()
    encode_auto: bool = True
    backup: bool = True


@dataclass(frozen=True)
class Constraint:
    """A key that is declared, and not enforced."""

    name: str
    kind: str
    """PRIMARY KEY, UNIQUE or FOREIGN KEY."""
    columns: tuple[str, ...]
    references: str = ""
    """A foreign key's table, by its name in DuckDB."""
    referenced: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A table or view, and where DuckDB keeps it."""

    name: str
    columns: tuple[Column, ...]
    schema: str = PUBLIC
    kind: str = TABLE
    stored: str = ""
    """Its name or query for DuckDB, where it is not `schema.name`; it survives a rename."""
    layout: Layout = Layout()
    constraints: tuple[Constraint, ...] = ()
    owner: str = ADMINISTRATOR
    definition: str = ""
    """A view's query, in Redshift's SQL."""
    filling: str = ""
    """A materialised view's query, in DuckDB's SQL."""
    bases: tuple[str, ...] = ()
    """What a view depends on, by names in DuckDB."""
    base_columns: tuple[str, ...] = ()
    """Of a view: its query's own names of columns. Of a materialised view: what a refresh needs."""
    path: tuple[str, ...] = ()
    """Where a view's query looks for names."""

    @property
    def sql(self) -> str:
        """What stands for it in DuckDB's SQL."""
        return self.stored or f"{self.schema}.{quoted(self.name)}"

    @property
    def is_temporary(self) -> bool:
        """Whether it ends with its session."""
        return self.schema == "temp"

    @property
    def is_view(self) -> bool:
        """Whether reading it runs a query."""
        return self.kind in (VIEW, LATE_VIEW)

    def shown(self) -> dict[str, Column]:
        """Return its columns by name, as a query that reads it shows them."""
        return {c.name: Column(c.name, c.type, origin=self._origin(c)) for c in self.columns}

    def _origin(self, column: Column) -> Origin:
        return Origin(self.schema, self.name, column.name, column.not_null)

    def column(self, name: str) -> Column:
        """Return a column by name; raises StatementError where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise StatementError(f'column "{name}" of relation "{self.name}" does not exist')

    def check_writable(self) -> "Table":
        """Return the table; raises StatementError for what no statement can change rows of."""
        if self.kind == SYSTEM_VIEW:
            raise StatementError(f"permission denied: {self.name} is a system table")
        if self.is_view:
            raise StatementError("cannot change rows of a view")
        if self.kind == MATERIALIZED_VIEW:
            raise StatementError("cannot change rows of a materialized view")
        return self


@dataclass(frozen=True)
class Schema:
    """A schema, and which one of DuckDB's it is."""

    name: str
    owner: str
    stored: str


@dataclass(frozen=True)
class User:
    """A database user; whether there is a password is known, not which."""

    name: str
    id: int
    superuser: bool = False
    createdb: bool = False
    password: bool = True
    valid_until: str | None = None
    connection_limit: str = "UNLIMITED"
    syslog_access: str = "RESTRICTED"
    session_timeout: int = 0


@dataclass(frozen=True)
class Grant:
    """One privilege of one user, group or role; roles granted are privileges too."""

    grantee_kind: str
    """user, group, role or public."""
    grantee: str
    privilege: str
    object_kind: str
    object_name: str
    with_option: bool = False


def quoted(name: str) -> str:
    """Quote an identifier for DuckDB."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'

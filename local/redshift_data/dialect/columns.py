"""Reads column definitions and keys, each by the rules of CREATE TABLE's page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from local.redshift_data.catalog import TABLE, Column, Constraint, Identity, Table
from local.redshift_data.dialect.conversions import assign
from local.redshift_data.dialect.expressions import compile_expression
from local.redshift_data.dialect.layout import MOST_COLUMNS, read_encoding
from local.redshift_data.dialect.names import SYSTEM_COLUMNS
from local.redshift_data.dialect.scope import Reads, Scope
from local.redshift_data.dialect.syntax import parse, read
from local.redshift_data.dialect.temporal import NOW, STATEMENT_NOW
from local.redshift_data.dialect.types import RedshiftType, from_node
from local.redshift_data.dialect.words import Words
from local.redshift_data.errors import NotEmulated, StatementError

_ATTRIBUTES = (
    "DEFAULT", "IDENTITY", "GENERATED", "ENCODE", "DISTKEY", "SORTKEY", "COLLATE", "NOT", "NULL",
    "UNIQUE", "PRIMARY KEY", "REFERENCES", "CHECK", "CONSTRAINT",
)  # fmt: skip
_SENSITIVE, _INSENSITIVE = ("CASE_SENSITIVE", "CS"), ("CASE_INSENSITIVE", "CI")


@dataclass
class Definitions:
    """What a list of columns and keys has said so far."""

    reads: Reads
    columns: list[Column] = field(default_factory=list)
    constraints: list[Constraint] = field(default_factory=list)
    distkeys: list[str] = field(default_factory=list)
    sortkeys: list[str] = field(default_factory=list)
    like: Table | None = None
    own: tuple[str, ...] = ()
    """The columns of the table that its foreign keys may reference: its own."""

    def checked_columns(self) -> tuple[Column, ...]:
        """Return the columns, those of a primary key NOT NULL; raises StatementError."""
        check_columns(self.columns)
        keys = {name for c in self.constraints if c.kind == "PRIMARY KEY" for name in c.columns}
        known = {column.name for column in self.columns}
        for constraint in self.constraints:
            for name in constraint.columns:
                if name not in known:
                    raise StatementError(f'column "{name}" named in key does not exist')
        return tuple(replace(c, not_null=c.not_null or c.name in keys) for c in self.columns)


def check_columns(columns: Sequence[Column]) -> None:
    """Raise StatementError for columns that no table can have."""
    found = [column.name for column in columns]
    for name in found:
        if found.count(name) > 1:
            raise StatementError(f'column "{name}" specified more than once')
        if name in SYSTEM_COLUMNS:
            raise StatementError(f'column name "{name}" conflicts with a system column name')
    if len(columns) > MOST_COLUMNS:
        raise StatementError(f"tables can have at most {MOST_COLUMNS} columns")


def read_definitions(words: Words, reads: Reads, table: str) -> Definitions:
    """Read `(column or key or LIKE, ...)`; the table's name is for what names its keys."""
    found = Definitions(reads)
    words.expect("(")
    _read_entry(words, found, table)
    while words.take(","):
        _read_entry(words, found, table)
    words.expect(")")
    return found


def _read_entry(words: Words, found: Definitions, table: str) -> None:
    if words.take("LIKE"):
        _read_like(words, found)
    elif words.ahead("CONSTRAINT", "PRIMARY KEY", "UNIQUE", "FOREIGN KEY"):
        add_constraint(found.constraints, read_constraint(words, found.reads, table))
    else:
        found.columns.append(read_column(words, found, table))


def _read_like(words: Words, found: Definitions) -> None:
    """Copy another table's columns; defaults come along only where they are asked for."""
    parent = found.reads.table(*words.table_name())
    if parent.kind != TABLE:
        raise NotEmulated(f"LIKE a {parent.kind}")
    with_defaults = False
    if option := words.one_of("INCLUDING", "EXCLUDING"):
        words.expect("DEFAULTS")
        with_defaults = option == "INCLUDING"
    for column in parent.columns:
        # An identity column's numbers belong to its own table.
        if column.identity:
            raise NotEmulated("LIKE a table with an IDENTITY column")
        kept = column if with_defaults else replace(column, default=None, default_text=None)
        found.columns.append(kept)
    found.like = parent


@dataclass(frozen=True)
class Reading:
    """What the attributes of a column are read from, and where its keys go."""

    words: Words
    found: Definitions
    table: str


def read_column(words: Words, found: Definitions, table: str) -> Column:
    """Read a column with its attributes; its keys go to the list of definitions."""
    reading = Reading(words, found, table)
    column = Column(words.new_name(), read_type(words.source(*_ATTRIBUTES)))
    nulls = set[bool]()
    while attribute := words.one_of(*_ATTRIBUTES):
        if attribute in ("NOT", "NULL"):
            if attribute == "NOT":
                words.expect("NULL")
            nulls.add(attribute == "NOT")
            column = replace(column, not_null=attribute == "NOT" or column.identity is not None)
        elif attribute == "CONSTRAINT":
            raise NotEmulated("the name of a column's constraint")
        elif attribute == "CHECK":
            raise StatementError('syntax error at or near "CHECK"')
        else:
            column = _ATTRIBUTE_READERS[attribute](reading, column)
    if len(nulls) > 1:
        raise StatementError(f'conflicting NULL/NOT NULL declarations for column "{column.name}"')
    return column


def read_type(text: str) -> RedshiftType:
    """Return the type that a text names; raises StatementError or NotEmulated."""
    select = parse(read(f"SELECT CAST(NULL AS {text})"))
    found = select.expressions[0] if isinstance(select, exp.Select) else None
    if not isinstance(found, exp.Cast):
        raise StatementError(f'syntax error at or near "{text}"')
    return from_node(found.to)


def _default(reading: Reading, column: Column) -> Column:
    text = reading.words.source(*_ATTRIBUTES)
    return replace(
        column, default=compile_default(text, column, reading.found.reads), default_text=text
    )


def compile_default(text: str, column: Column, reads: Reads) -> str:
    """Return a default as DuckDB's SQL: variable-free, and of the column's type."""
    statement = read(f"SELECT {text}")
    if statement.parameters:
        raise NotEmulated("a parameter in a default")
    tree = parse(statement)
    if not isinstance(tree, exp.Select) or len(tree.expressions) != 1:
        raise StatementError(f'syntax error at or near "{text}"')
    value = tree.expressions[0]
    if value.find(exp.Query):
        raise StatementError("cannot use subquery in default expression")
    if value.find(exp.Column):
        raise StatementError("cannot use column references in default expression")
    # DuckDB works it out by itself, knowing the transaction's time only.
    written = assign(compile_expression(value, Scope(reads)), column)
    return f"({written.replace(STATEMENT_NOW, NOW)})"


def _identity(reading: Reading, column: Column) -> Column:
    return _numbered(reading.words, reading.found, column, by_default=False)


def _generated(reading: Reading, column: Column) -> Column:
    reading.words.expect("BY", "DEFAULT", "AS", "IDENTITY")
    return _numbered(reading.words, reading.found, column, by_default=True)


def _numbered(words: Words, found: Definitions, column: Column, *, by_default: bool) -> Column:
    if column.type.name not in ("int4", "int8"):
        raise StatementError(f'identity column "{column.name}" must be of type INT or BIGINT')
    others = [other.identity for other in found.columns if other.identity]
    if any(other.by_default == by_default for other in others):
        raise NotEmulated("a table with two IDENTITY columns of one kind")
    seed = step = 1
    if words.take("("):
        seed = words.number()
        words.expect(",")
        step = words.number()
        words.expect(")")
    if step == 0:
        raise NotEmulated("an IDENTITY step of 0")
    return replace(column, identity=Identity(seed, step, by_default), not_null=True)


def _encode(reading: Reading, column: Column) -> Column:
    return replace(column, encoding=read_encoding(reading.words, column.type))


def _distkey(reading: Reading, column: Column) -> Column:
    reading.found.distkeys.append(column.name)
    return column


def _sortkey(reading: Reading, column: Column) -> Column:
    reading.found.sortkeys.append(column.name)
    return column


def _collate(reading: Reading, column: Column) -> Column:
    if column.type.name not in ("varchar", "bpchar", "super"):
        raise StatementError(f"collations are not supported by type {column.type.family}")
    if reading.words.one_of(*_INSENSITIVE):
        raise NotEmulated("COLLATE CASE_INSENSITIVE")
    if not reading.words.one_of(*_SENSITIVE):
        raise reading.words.unexpected()
    return column


def _primary(reading: Reading, column: Column) -> Column:
    add_constraint(reading.found.constraints, _key("PRIMARY KEY", (column.name,), reading.table))
    return column


def _unique(reading: Reading, column: Column) -> Column:
    add_constraint(reading.found.constraints, _key("UNIQUE", (column.name,), reading.table))
    return column


def _references(reading: Reading, column: Column) -> Column:
    add_constraint(
        reading.found.constraints,
        _foreign(reading.words, reading.found.reads, (column.name,), reading.table),
    )
    return column


_ATTRIBUTE_READERS: dict[str, Callable[[Reading, Column], Column]] = {
    "DEFAULT": _default,
    "IDENTITY": _identity,
    "GENERATED": _generated,
    "ENCODE": _encode,
    "DISTKEY": _distkey,
    "SORTKEY": _sortkey,
    "COLLATE": _collate,
    "PRIMARY KEY": _primary,
    "UNIQUE": _unique,
    "REFERENCES": _references,
}


def read_constraint(words: Words, reads: Reads, table: str) -> Constraint:
    """Read `[CONSTRAINT name] UNIQUE (..) | PRIMARY KEY (..) | FOREIGN KEY (..) REFERENCES ..`."""
    name = words.new_name() if words.take("CONSTRAINT") else ""
    if kind := words.one_of("PRIMARY KEY", "UNIQUE"):
        made = _key(kind, words.names(), table)
    else:
        words.expect("FOREIGN KEY")
        columns = words.names()
        words.expect("REFERENCES")
        made = _foreign(words, reads, columns, table)
    return replace(made, name=name or made.name)


def _key(kind: str, columns: tuple[str, ...], table: str) -> Constraint:
    # PostgreSQL's default names, by which ALTER TABLE DROP CONSTRAINT knows them.
    ending = "pkey" if kind == "PRIMARY KEY" else f"{'_'.join(columns)}_key"
    return Constraint(f"{table}_{ending}", kind, columns)


def _foreign(words: Words, reads: Reads, columns: tuple[str, ...], table: str) -> Constraint:
    target = reads.table(*words.table_name()).check_writable()
    referenced = words.names() if words.ahead("(") else _primary_key(target)
    for name in referenced:
        target.column(name)
    if len(referenced) != len(columns):
        raise StatementError(
            "number of referencing and referenced columns for foreign key disagree"
        )
    keys = [set(c.columns) for c in target.constraints if c.kind != "FOREIGN KEY"]
    if set(referenced) not in keys:
        raise StatementError(
            "there is no unique constraint matching given keys "
            f'for referenced table "{target.name}"'
        )
    name = f"{table}_{'_'.join(columns)}_fkey"
    return Constraint(name, "FOREIGN KEY", columns, target.sql, referenced)


def _primary_key(target: Table) -> tuple[str, ...]:
    for constraint in target.constraints:
        if constraint.kind == "PRIMARY KEY":
            return constraint.columns
    raise StatementError(f'there is no primary key for referenced table "{target.name}"')


def add_constraint(constraints: list[Constraint], made: Constraint) -> None:
    """Add a key to a table's; raises StatementError for a second primary key."""
    if made.kind == "PRIMARY KEY" and any(c.kind == "PRIMARY KEY" for c in constraints):
        table = made.name.removesuffix("_pkey")
        raise StatementError(f'multiple primary keys for table "{table}" are not allowed')
    if any(c.name == made.name for c in constraints):
        raise StatementError(f'constraint "{made.name}" already exists')
    constraints.append(made)

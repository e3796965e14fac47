"""ALTER TABLE, by the rules of its page in the Redshift Database Developer Guide."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from local.redshift_data.catalog import (
    LATE_VIEW,
    MATERIALIZED_VIEW,
    Column,
    Table,
    quoted,
)
from local.redshift_data.dialect.appending import append
from local.redshift_data.dialect.column_changes import DropColumn, RenameColumn
from local.redshift_data.dialect.columns import (
    Definitions,
    add_constraint,
    check_columns,
    read_column,
    read_constraint,
    read_type,
)
from local.redshift_data.dialect.plans import (
    Outcome,
    Plan,
    Session,
    Values,
    change_catalog,
    refuse_in_block,
)
from local.redshift_data.dialect.relayout import encode, lay_out, with_columns
from local.redshift_data.dialect.scope import Reads
from local.redshift_data.dialect.syntax import Text
from local.redshift_data.dialect.table_storage import definition, rebuilt
from local.redshift_data.dialect.users import find_user
from local.redshift_data.dialect.words import Words
from local.redshift_data.errors import NotEmulated, StatementError

_ENCODED_FOR_GOOD = ("bytedict", "runlength", "text255", "text32k")


@dataclass(frozen=True)
class AlterTable:
    """Puts another definition in a table's place, after what DuckDB has to do for it."""

    before: Table
    after: Table
    statements: tuple[str, ...] = ()
    alone: str = ""
    """The statement's name, where it must not share a transaction."""

    def run(self, session: Session, values: Values) -> Outcome:
        """Change DuckDB's table and the catalog."""
        del values
        if self.alone:
            refuse_in_block(session, self.alone)
        for statement in self.statements:
            session.connection.execute(statement)
        change_catalog(session, session.catalog.with_table(self.after))
        return Outcome()


@dataclass(frozen=True)
class Resize:
    """Changes the length of a VARCHAR or VARBYTE column."""

    table: Table
    column: Column

    def run(self, session: Session, values: Values) -> Outcome:
        """Note the new length; DuckDB keeps text without one."""
        del values
        refuse_in_block(session, "ALTER TABLE ALTER COLUMN")
        name, size = quoted(self.column.name), self.column.type.size
        length = "strlen" if self.column.type.name == "varchar" else "octet_length"
        longer = session.connection.execute(
            f"SELECT 1 FROM {self.table.sql} WHERE {length}({name}) > {size} LIMIT 1"
        ).fetchone()
        if longer:
            raise StatementError("target column size should be different")
        after = with_columns(self.table, [self.column])
        change_catalog(session, session.catalog.with_table(after))
        return Outcome()


@dataclass(frozen=True)
class Rename:
    """Gives a table or view another name; DuckDB's stays, so that views on it do."""

    table: Table
    name: str

    def run(self, session: Session, values: Values) -> Outcome:
        """Rename it in the catalog."""
        del values
        table = replace(self.table, stored=self.table.sql)
        schema = "pg_temp" if table.is_temporary else table.schema
        if session.catalog.find(self.name, schema):
            raise StatementError(f'relation "{self.name}" already exists')
        change_catalog(session, session.catalog.renamed(table, self.name))
        return Outcome()


@dataclass(frozen=True)
class Give:
    """Makes another user the owner."""

    table: Table
    owner: str

    def run(self, session: Session, values: Values) -> Outcome:
        """Note the owner; it must be a user."""
        del values
        find_user(session.catalog, self.owner)
        change_catalog(session, session.catalog.with_table(replace(self.table, owner=self.owner)))
        return Outcome()


@dataclass(frozen=True)
class Reading:
    """What a change of a table is read from."""

    words: Words
    reads: Reads
    table: Table


def alter_table(text: Text, reads: Reads) -> Plan:
    """Read ALTER TABLE name and what is to change."""
    words = Words(text)
    words.expect("ALTER", "TABLE")
    table = reads.entry(*words.table_name())
    if table.kind == "table":
        for phrase, read_change in _CHANGES.items():
            if words.take(*phrase):
                return _whole(words, read_change(Reading(words, reads, table)))
    elif table.kind in ("view", LATE_VIEW):
        # "You can also specify a view name ... to rename a view or change its owner."
        for phrase in (("RENAME", "TO"), ("OWNER", "TO")):
            if words.take(*phrase):
                return _whole(words, _CHANGES[phrase](Reading(words, reads, table)))
    if table.kind == MATERIALIZED_VIEW:
        raise StatementError("ALTER TABLE of a materialized view is not supported")
    raise NotEmulated("this ALTER TABLE")


def _whole(words: Words, plan: Plan) -> Plan:
    words.end()
    return plan


def _rename_to(reading: Reading) -> Plan:
    name = reading.words.new_name()
    if name.startswith("#") and not reading.table.is_temporary:
        raise StatementError("a permanent table cannot be renamed to a temporary table's name")
    return Rename(reading.table, name)


def _rename_column(reading: Reading) -> Plan:
    table = reading.table
    old = table.column(reading.words.identifier())
    reading.words.expect("TO")
    name = reading.words.new_name()
    check_columns([*table.columns, Column(name, old.type)])
    return RenameColumn(table, old.name, name)


def _owner_to(reading: Reading) -> Plan:
    return Give(reading.table, reading.words.quoted_name())


def _add(reading: Reading) -> Plan:
    if reading.words.ahead("CONSTRAINT", "PRIMARY KEY", "UNIQUE", "FOREIGN KEY"):
        return _add_constraint(reading)
    reading.words.take("COLUMN")
    found, table = Definitions(reading.reads), reading.table
    column = read_column(reading.words, found, table.name)
    if found.constraints or found.distkeys or found.sortkeys or column.identity:
        raise StatementError("ALTER TABLE ADD COLUMN cannot add a key or an IDENTITY column")
    if column.name in {other.name for other in table.columns}:
        raise StatementError(f'column "{column.name}" of relation "{table.name}" already exists')
    check_columns([*table.columns, column])
    if column.not_null and not column.default:
        raise StatementError("ALTER TABLE ADD COLUMN defined as NOT NULL must have a default")
    after = replace(table, columns=(*table.columns, column))
    if column.not_null:
        return AlterTable(table, after, rebuilt(table, after))
    statement = f"ALTER TABLE {table.sql} ADD COLUMN {definition(column)}"
    return AlterTable(table, after, (statement,))


def _add_constraint(reading: Reading) -> Plan:
    made = read_constraint(reading.words, reading.reads, reading.table.name)
    for name in made.columns:
        if made.kind == "PRIMARY KEY" and not reading.table.column(name).not_null:
            raise StatementError(f'column "{name}" of a primary key must be NOT NULL')
        reading.table.column(name)
    constraints = list(reading.table.constraints)
    add_constraint(constraints, made)
    return AlterTable(reading.table, replace(reading.table, constraints=tuple(constraints)))


def _drop_constraint(reading: Reading) -> Plan:
    name = reading.words.identifier()
    cascade = reading.words.one_of("CASCADE", "RESTRICT") == "CASCADE"
    if name not in {c.name for c in reading.table.constraints}:
        raise StatementError(f'constraint "{name}" does not exist')
    (dropped,) = (c for c in reading.table.constraints if c.name == name)
    referencing = reading.reads.catalog.referencing(reading.table)
    if any(set(c.referenced) == set(dropped.columns) for _, c in referencing):
        if cascade:
            raise NotEmulated("DROP CONSTRAINT ... CASCADE of a referenced key")
        raise StatementError(f"cannot drop constraint {name} because other objects depend on it")
    kept = tuple(c for c in reading.table.constraints if c.name != name)
    return AlterTable(reading.table, replace(reading.table, constraints=kept))


def _drop(reading: Reading) -> Plan:
    reading.words.take("COLUMN")
    column = reading.table.column(reading.words.identifier())
    cascade = reading.words.one_of("CASCADE", "RESTRICT") == "CASCADE"
    if len(reading.table.columns) == 1:
        raise StatementError("cannot drop the only column of the table")
    if column.name in (reading.table.layout.distkey, *reading.table.layout.sortkey):
        raise StatementError(f"cannot drop column {column.name}: it is a distkey or sortkey column")
    if column.identity:
        raise NotEmulated("DROP of an IDENTITY column")
    return DropColumn(reading.table, column.name, cascade)


def _alter(reading: Reading) -> Plan:
    """Read ALTER COLUMN ... TYPE, or the changes of layout that one statement can combine."""
    if reading.words.take("COLUMN"):
        column = reading.table.column(reading.words.identifier())
        if reading.words.take("TYPE"):
            return _resize(reading.words.rest(), reading.table, column)
        reading.words.expect("ENCODE")
        return AlterTable(reading.table, encode(reading.words, reading.table, column))
    after = lay_out(reading.words, reading.table)
    while reading.words.take(",", "ALTER"):
        after = lay_out(reading.words, after)
    return AlterTable(reading.table, after)


def _resize(written: str, table: Table, column: Column) -> Plan:
    type_ = read_type(written)
    if column.type.name not in ("varchar", "varbyte") or type_.name != column.type.name:
        raise StatementError(f'cannot alter type of column "{column.name}"')
    if column.encoding in _ENCODED_FOR_GOOD:
        raise StatementError(
            f'cannot alter column "{column.name}" with encoding type "{column.encoding}"'
        )
    if column.default:
        raise StatementError(f'cannot alter column "{column.name}" with a default value')
    if any(column.name in c.columns for c in table.constraints):
        raise StatementError(f'cannot alter column "{column.name}" that is part of a key')
    return Resize(table, replace(column, type=type_))


_CHANGES: dict[tuple[str, ...], Callable[[Reading], Plan]] = {
    ("RENAME", "TO"): _rename_to,
    ("RENAME", "COLUMN"): _rename_column,
    ("OWNER", "TO"): _owner_to,
    ("ADD",): _add,
    ("DROP", "CONSTRAINT"): _drop_constraint,
    ("DROP",): _drop,
    ("ALTER",): _alter,
    ("APPEND", "FROM"): lambda reading: append(reading.words, reading.reads, reading.table),
}

"""ALTER TABLE APPEND: moves every row of one table into another."""

from dataclasses import dataclass

from local.redshift_data.catalog import Column, Table, quoted
from local.redshift_data.dialect.layout import encoding_of
from local.redshift_data.dialect.plans import Outcome, Plan, Session, Values, refuse_in_block
from local.redshift_data.dialect.scope import Reads
from local.redshift_data.dialect.words import Words
from local.redshift_data.errors import StatementError


@dataclass(frozen=True)
class Append:
    """Moves rows; columns that only the target has take their defaults."""

    target: Table
    source: Table
    columns: tuple[str, ...]

    def run(self, session: Session, values: Values) -> Outcome:
        """Insert the source's rows and empty it."""
        del values
        refuse_in_block(session, "ALTER TABLE APPEND")
        listed = ", ".join(quoted(name) for name in self.columns)
        session.connection.execute(
            f"INSERT INTO {self.target.sql} ({listed}) SELECT {listed} FROM {self.source.sql}"
        )
        session.connection.execute(f"DELETE FROM {self.source.sql}")
        return Outcome()


def append(words: Words, reads: Reads, target: Table) -> Plan:
    """Read APPEND FROM source [IGNOREEXTRA | FILLTARGET], and compare the two tables."""
    source = reads.table(*words.table_name()).check_writable()
    option = words.one_of("IGNOREEXTRA", "FILLTARGET")
    if target.is_temporary or source.is_temporary:
        raise StatementError("ALTER TABLE APPEND needs permanent tables")
    if target == source:
        raise StatementError("source and target of ALTER TABLE APPEND must be different tables")
    if _placing(target) != _placing(source):
        raise StatementError("ALTER TABLE APPEND needs tables of one distribution and sort key")
    ours = {c.name: c for c in target.columns if not _generated(c)}
    theirs = {c.name: c for c in source.columns if not _generated(c)}
    _check_extra(target, source, ours, theirs, option)
    shared = [name for name in ours if name in theirs]
    for name in shared:
        if _attributes(ours[name], target) != _attributes(theirs[name], source):
            raise StatementError(f'column "{name}" differs between source and target')
    return Append(target, source, tuple(shared))


def _generated(column: Column) -> bool:
    return column.identity is not None and not column.identity.by_default


def _check_extra(
    target: Table,
    source: Table,
    ours: dict[str, Column],
    theirs: dict[str, Column],
    option: str | None,
) -> None:
    """Raise StatementError for columns of one table that the option does not allow for."""
    if any(map(_generated, target.columns)) and any(map(_generated, source.columns)):
        raise StatementError("ALTER TABLE APPEND cannot append an identity column")
    if len(theirs.keys() - ours.keys()) + any(map(_generated, source.columns)) and (
        option != "IGNOREEXTRA"
    ):
        raise StatementError("source has columns that the target has not: use IGNOREEXTRA")
    if len(ours.keys() - theirs.keys()) + any(map(_generated, target.columns)) and (
        option != "FILLTARGET"
    ):
        raise StatementError("target has columns that the source has not: use FILLTARGET")


def _placing(table: Table) -> tuple[object, ...]:
    layout = table.layout
    return layout.diststyle, layout.distkey, layout.sort_style, layout.sortkey


def _attributes(column: Column, table: Table) -> tuple[object, ...]:
    return column.type, column.not_null, encoding_of(column, table)

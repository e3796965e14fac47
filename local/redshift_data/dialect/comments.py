"""COMMENT ON: kept, and shown as remarks by the system views."""

from dataclasses import dataclass, replace

from local.redshift_data.catalog import LATE_VIEW, TABLE, Table
from local.redshift_data.dialect.plans import Outcome, Plan, Session, Values, change_catalog
from local.redshift_data.dialect.scope import Reads
from local.redshift_data.dialect.syntax import Text
from local.redshift_data.dialect.words import Words
from local.redshift_data.errors import NotEmulated, StatementError


@dataclass(frozen=True)
class Comment:
    """Sets or removes a comment."""

    key: tuple[str, ...]
    text: str | None

    def run(self, session: Session, values: Values) -> Outcome:
        """Remember it."""
        del values
        comments = {k: v for k, v in session.catalog.comments.items() if k != self.key}
        if self.text is not None:
            comments[self.key] = self.text
        change_catalog(session, replace(session.catalog, comments=comments))
        return Outcome()


def comment(text: Text, reads: Reads) -> Plan:
    """Read COMMENT ON TABLE | VIEW | COLUMN | SCHEMA | DATABASE | CONSTRAINT ... IS."""
    words = Words(text)
    words.expect("COMMENT", "ON")
    kind = words.one_of("TABLE", "VIEW", "COLUMN", "SCHEMA", "DATABASE", "CONSTRAINT")
    if not kind:
        raise words.unexpected()
    key = _key(kind, words, reads)
    words.expect("IS")
    said = None if words.take("NULL") else words.string()
    words.end()
    return Comment(key, said)


def _key(kind: str, words: Words, reads: Reads) -> tuple[str, ...]:
    if kind == "SCHEMA":
        return "schema", reads.catalog.schema(words.identifier()).name
    if kind == "DATABASE":
        name = words.identifier()
        if name != reads.catalog.database:
            raise NotEmulated("a comment on another database")
        return "database", name
    if kind == "CONSTRAINT":
        name = words.identifier()
        words.expect("ON")
        table = _table(words.table_name(), reads)
        if name not in {constraint.name for constraint in table.constraints}:
            raise StatementError(f'constraint "{name}" does not exist')
        return "constraint", table.schema, table.name, name
    if kind == "COLUMN":
        return _column(words, reads)
    table = _table(words.table_name(), reads)
    if (kind == "TABLE") != (table.kind == TABLE):
        raise StatementError(f'"{table.name}" is not a {kind.lower()}')
    # A view's comment is shown where a table's is.
    return "table", table.schema, table.name


def _column(words: Words, reads: Reads) -> tuple[str, ...]:
    parts = [words.identifier()]
    while words.take("."):
        parts.append(words.identifier())
    *schema, name, column = ("", *parts)
    table = _table((name, schema[-1] or None), reads)
    if table.kind == LATE_VIEW:
        raise StatementError("comments on columns of late-binding views are not supported")
    return "column", table.schema, table.name, table.column(column).name


def _table(name: tuple[str, str | None], reads: Reads) -> Table:
    table = reads.entry(*name)
    if table.is_temporary:
        raise NotEmulated("a comment on a temporary table")
    return table

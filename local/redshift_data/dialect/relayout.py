"""ALTER TABLE of encodings, distribution and sort keys."""

from collections.abc import Iterable
from dataclasses import replace

from local.redshift_data.catalog import Column, Table
from local.redshift_data.dialect.layout import check_key, check_sortkey, encoding_of, read_encoding
from local.redshift_data.dialect.words import Words
from local.redshift_data.errors import StatementError


def with_columns(table: Table, changed: Iterable[Column]) -> Table:
    """Return a table with these columns in the places of those of the same names."""
    by_name = {column.name: column for column in changed}
    return replace(table, columns=tuple(by_name.get(c.name, c) for c in table.columns))


def encode(words: Words, table: Table, column: Column) -> Table:
    """Read `encoding [, ALTER COLUMN name ENCODE encoding ...]` for one column and others."""
    changed: dict[str, Column] = {}
    while True:
        if table.layout.sort_style == "INTERLEAVED":
            raise StatementError("cannot alter encoding of a table with an interleaved sort key")
        if column.name in changed:
            raise StatementError(f'column "{column.name}" is altered more than once')
        encoding = read_encoding(words, column.type)
        if encoding == encoding_of(column, table):
            raise StatementError(f'column "{column.name}" is already encoded "{encoding}"')
        changed[column.name] = replace(column, encoding=encoding)
        if not words.take(",", "ALTER", "COLUMN"):
            break
        column = table.column(words.identifier())
        words.expect("ENCODE")
    # The other columns keep what they have.
    kept = [
        changed.get(c.name) or replace(c, encoding=encoding_of(c, table) or "")
        for c in table.columns
    ]
    after = with_columns(table, kept)
    return replace(after, layout=replace(after.layout, encode_auto=False))


def lay_out(words: Words, table: Table) -> Table:
    """Read one change of distribution, sort key or ENCODE AUTO."""
    layout = table.layout
    if words.take("ENCODE", "AUTO"):
        return replace(table, layout=replace(layout, encode_auto=True))
    if words.take("DISTSTYLE", "KEY"):
        words.expect("DISTKEY")
        return _distribute(table, words.identifier())
    if words.take("DISTKEY"):
        return _distribute(table, words.identifier())
    if words.take("DISTSTYLE"):
        style = words.one_of("ALL", "EVEN", "AUTO")
        if not style:
            raise words.unexpected()
        _refuse_interleaved(table, style)
        return replace(table, layout=replace(layout, diststyle=style, distkey=""))
    return _sort(words, table)


def _sort(words: Words, table: Table) -> Table:
    layout, by_name = table.layout, {column.name: column for column in table.columns}
    words.take("COMPOUND")
    words.expect("SORTKEY")
    if table.is_temporary:
        raise StatementError("ALTER SORTKEY is not supported for temporary tables")
    if words.take("NONE"):
        return replace(table, layout=replace(layout, sort_style="NONE", sortkey=()))
    if words.take("AUTO"):
        return replace(table, layout=replace(layout, sort_style="AUTO"))
    sortkey = words.names()
    check_sortkey("COMPOUND", sortkey, by_name)
    return replace(table, layout=replace(layout, sort_style="COMPOUND", sortkey=sortkey))


def _distribute(table: Table, name: str) -> Table:
    _refuse_interleaved(table, "KEY")
    check_key(name, {column.name: column for column in table.columns}, "DISTKEY")
    return replace(table, layout=replace(table.layout, diststyle="KEY", distkey=name))


def _refuse_interleaved(table: Table, style: str) -> None:
    if style == "AUTO":
        return
    if table.layout.sort_style == "INTERLEAVED":
        raise StatementError("ALTER DISTSTYLE is not supported for interleaved sort keys")
    if table.is_temporary and style in ("ALL", "EVEN"):
        raise StatementError("ALTER DISTSTYLE is not supported for temporary tables")

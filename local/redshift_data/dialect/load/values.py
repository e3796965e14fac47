"""The SQL that turns a field's text, as read from a file, into a column's value."""

from local.redshift_data.catalog import Column
from local.redshift_data.dialect.conversions import assign, cast
from local.redshift_data.dialect.load.moments import MOMENTS, moment
from local.redshift_data.dialect.load.options import CopyOptions
from local.redshift_data.dialect.macros.raising import raising
from local.redshift_data.dialect.scope import Compiled
from local.redshift_data.dialect.types import SUPER, UNKNOWN
from local.redshift_data.errors import NotEmulated

_WHITE = "' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13)"
_FROM_ANY_TEXT = (
    "int2", "int4", "int8", "float4", "float8", "numeric", "bool", "date", "timestamp",
    "timestamptz", "time", "timetz",
)  # fmt: skip


def value(at: int, column: Column, options: CopyOptions) -> str:
    """Return the value for a column of the field c<at>; raises NotEmulated for some types."""
    field = f"c{at}"
    if column.type == SUPER:
        # Escapes are undone as JSON_PARSE does it, so that a text is written one way.
        return f"CAST(rs_unescaped(CAST({field} AS VARCHAR)) AS JSON)"
    if column.type.is_text:
        return _text(field, column, options)
    if column.type.name not in _FROM_ANY_TEXT:
        raise NotEmulated(f"COPY into {column.type.spelled}")
    # "Empty fields for other data types, such as INT, are always loaded with NULL."
    filled = f"nullif({field}, '')"
    if options.format != "json":
        filled = f"nullif(trim({field}, {_WHITE}), '')"
    if column.type in MOMENTS:
        return moment(filled, column.type, options)
    if column.type.name == "numeric" and not options.has("ROUNDEC"):
        # COPY cuts digits off where INSERT rounds.
        filled = f"rs_truncate({filled}, {column.type.scale})"
    return cast(Compiled(filled, UNKNOWN), column.type).sql


def _text(field: str, column: Column, options: CopyOptions) -> str:
    text = field
    if options.has("TRIMBLANKS") and column.type.name == "varchar":
        text = f"rtrim({text}, {_WHITE})"
    if options.has("BLANKSASNULL"):
        text = f"CASE WHEN trim({field}, {_WHITE}) <> '' THEN {text} END"
    elif options.has("EMPTYASNULL"):
        text = f"nullif({text}, '')"
    if options.has("TRUNCATECOLUMNS"):
        text = f"rs_load_cut({text}, {column.type.size})"
    if column.type.name != "varchar":
        return assign(Compiled(text, UNKNOWN), column)
    too_long = raising(f"'value too long for type {column.type.spelled}'")
    return f"CASE WHEN strlen({text}) > {column.type.size} THEN {too_long} ELSE {text} END"

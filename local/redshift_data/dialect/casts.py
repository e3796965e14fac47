"""CONVERT and TRY_CAST, by the guide's list of pairs that can be converted."""

from sqlglot import exp

from local.redshift_data.dialect.conversions import as_text, cast, settle
from local.redshift_data.dialect.expressions import compile_expression, redshift_keyword
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.syntax import only
from local.redshift_data.dialect.types import RedshiftType, from_node
from local.redshift_data.errors import NotEmulated, StatementError

_INTEGERS = ("int2", "int4", "int8")
_NUMBERS = (*_INTEGERS, "numeric", "float4", "float8")
_TEXTS = ("bpchar", "varchar")
_TIMES = ("timestamp", "timestamptz", "date", "time", "timetz")
_PAIRS: dict[str, tuple[str, ...]] = {
    "bool": (*_INTEGERS, "super"),
    **dict.fromkeys(_INTEGERS, ("bool", *_NUMBERS, *_TEXTS, "super")),
    **dict.fromkeys(("numeric", "float4", "float8"), (*_NUMBERS, *_TEXTS, "super")),
    **dict.fromkeys(_TEXTS, (*_NUMBERS, *_TEXTS, *_TIMES, "super")),
    "timestamp": (*_TEXTS, "timestamptz", "date", "time"),
    "timestamptz": (*_TEXTS, "timestamp", "date", "time", "timetz"),
    "date": (*_TEXTS, "timestamp", "timestamptz"),
    "time": _TEXTS,
    "timetz": _TEXTS,
}
"""What TRY_CAST converts; a pair that is not here is an error and not NULL."""


@redshift_keyword("TRY_CAST")
@compile_expression.register
def _try_cast(node: exp.TryCast, scope: Scope) -> Compiled:
    only(node, "this", "to", "safe")
    value, target = settle(compile_expression(node.this, scope)), from_node(node.to)
    if value.type.name == "super":
        raise NotEmulated("TRY_CAST of SUPER: CAST gives NULL as well where it fails")
    if target.name != value.type.name and target.name not in _PAIRS.get(value.type.name, ()):
        raise StatementError(f"cannot cast type {value.type.spelled} to {target.spelled}")
    return _tried(value, target)


def _tried(value: Compiled, target: RedshiftType) -> Compiled:
    if value.type.is_text and target.name in _NUMBERS:
        checked = f"rs_try_{'integer' if target.is_integer else 'number'}({value.sql})"
        return Compiled(f"TRY_CAST({checked} AS {target.duckdb})", target)
    if value.type.is_number and target.name in _NUMBERS and not value.type.is_float:
        return Compiled(f"TRY_CAST({value.sql} AS {target.duckdb})", target)
    if value.type.is_text and target.name in _TIMES:
        raise NotEmulated("TRY_CAST of text to a date or time")
    if value.type.is_float:
        raise NotEmulated("TRY_CAST of a floating-point number")
    return cast(as_text(value), target) if target.name in _TEXTS else cast(value, target)

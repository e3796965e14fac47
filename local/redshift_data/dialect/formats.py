"""TO_CHAR, TO_NUMBER, TO_DATE and TO_TIMESTAMP: values by templates that are constants."""

from sqlglot import exp

from local.redshift_data.dialect import date_formats, number_formats
from local.redshift_data.dialect.arguments import (
    Arguments,
    expect,
    text_argument,
    text_constant,
)
from local.redshift_data.dialect.conversions import as_text, cast
from local.redshift_data.dialect.date_reading import pieces
from local.redshift_data.dialect.expressions import compile_expression, redshift_function
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.types import DATE, TIMESTAMP, TIMESTAMPTZ
from local.redshift_data.errors import NotEmulated, StatementError


@redshift_function("TO_CHAR")
def _to_char(arguments: Arguments, scope: Scope) -> Compiled:
    expect("TO_CHAR", arguments, 2)
    value = compile_expression(arguments[0], scope)
    format_ = text_constant(arguments[1])
    if value.type.is_number:
        return number_formats.formatted(value, format_)
    if value.type.is_moment:
        return date_formats.formatted(value, format_)
    # An untyped literal may be a number as well as a date.
    raise NotEmulated(f"TO_CHAR of {value.type.spelled}: cast it to a timestamp or a number")


@redshift_function("TO_NUMBER")
def _to_number(arguments: Arguments, scope: Scope) -> Compiled:
    expect("TO_NUMBER", arguments, 2)
    text = text_argument(arguments[0], scope)
    return number_formats.read_number(text, text_constant(arguments[1]))


@redshift_function("TO_DATE")
def _to_date(arguments: Arguments, scope: Scope) -> Compiled:
    read = _read("TO_DATE", arguments, scope)
    return Compiled(f"CAST({read} AS DATE)", DATE)


@redshift_function("TO_TIMESTAMP")
def _to_timestamp(arguments: Arguments, scope: Scope) -> Compiled:
    text = _text("TO_TIMESTAMP", arguments, scope).sql
    read = _read("TO_TIMESTAMP", arguments, scope)
    # "If this argument is left as empty", it is the first moment of the year 1.
    sql = f"CASE WHEN {text} = '' THEN TIMESTAMP '0001-01-01' ELSE {read} END"
    return cast(Compiled(sql, TIMESTAMP), TIMESTAMPTZ)


def _text(name: str, arguments: Arguments, scope: Scope) -> Compiled:
    expect(name, arguments, 2, 3)
    value = compile_expression(arguments[0], scope)
    return as_text(value) if value.type.is_moment else text_argument(arguments[0], scope)


def _read(name: str, arguments: Arguments, scope: Scope) -> str:
    text = _text(name, arguments, scope)
    found = pieces(text, text_constant(arguments[1]))
    strict = "true" if any(map(_is_true, arguments[2:])) else "false"
    return f"rs_read_date({found}, {text.sql}, {strict})"


def _is_true(node: exp.Expr) -> bool:
    if not isinstance(node, exp.Boolean):
        raise StatementError("is_strict must be TRUE or FALSE")
    return bool(node.this)

"""Aggregates over sorted rows: LISTAGG, MEDIAN and the percentiles, with WITHIN GROUP."""

from collections.abc import Callable, Sequence

from sqlglot import exp

from local.redshift_data.dialect.aggregates import aggregate, aggregated, aggregates_in
from local.redshift_data.dialect.arguments import Arguments, expect, text_constant
from local.redshift_data.dialect.conversions import as_text
from local.redshift_data.dialect.expressions import compile_expression, redshift_keyword
from local.redshift_data.dialect.numerics import from_units, units
from local.redshift_data.dialect.ordering import direction
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.select_lists import refuse_super
from local.redshift_data.dialect.syntax import only
from local.redshift_data.dialect.types import (
    DATE,
    FLOAT8,
    LONGEST_VARCHAR,
    TIMESTAMP,
    WIDEST_NUMERIC,
    as_numeric,
    numeric,
    varchar,
)
from local.redshift_data.errors import NotEmulated, StatementError

Order = Sequence[exp.Ordered]
SortedAggregate = Callable[[Arguments, Order, Scope, str], Compiled]
WITHIN_GROUP: dict[str, SortedAggregate] = {}
_SORT_BASED = ("LISTAGG", "MEDIAN", "PERCENTILE_CONT")
_MOST_ARGUMENTS = 2


def _sorted_aggregate(name: str) -> Callable[[SortedAggregate], SortedAggregate]:
    def register(function: SortedAggregate) -> SortedAggregate:
        WITHIN_GROUP[name] = function
        aggregate(name)(lambda arguments, scope, over: function(arguments, (), scope, over))
        return function

    return register


@redshift_keyword("WITHIN GROUP")
@compile_expression.register
def _within_group(node: exp.WithinGroup, scope: Scope) -> Compiled:
    return within_group(node, scope, "")


def within_group(node: exp.WithinGroup, scope: Scope, over: str) -> Compiled:
    """Compile a call with WITHIN GROUP, plain or over a window."""
    only(node, "this", "expression")
    name = str(node.this.this).upper()
    if name not in WITHIN_GROUP or name == "MEDIAN":
        raise StatementError(f"WITHIN GROUP is not allowed for function {name.lower()}")
    return WITHIN_GROUP[name](node.this.expressions, node.expression.expressions, scope, over)


def check_sort_based(node: exp.Select) -> None:
    """Refuse sort-based aggregates with different orders, or beside a DISTINCT aggregate."""
    clauses = (node.args.get(clause) for clause in ("having", "order", "qualify"))
    places = [*node.expressions, *(clause for clause in clauses if clause)]
    calls = [call for place in places for call in aggregates_in(place)]
    orders = {order for call in calls if (order := _order_of(call))}
    if len(orders) > 1:
        raise StatementError(
            "within group ORDER BY clauses for aggregate functions must be the same"
        )
    sorting = [call for call in calls if str(call.this).upper() in _SORT_BASED]
    distinct = [c for c in calls if c not in sorting and isinstance(_first(c), exp.Distinct)]
    if sorting and distinct:
        raise StatementError(
            f"{sorting[0].this.upper()} cannot be used with other distinct aggregate functions"
        )


def _first(call: exp.Anonymous) -> exp.Expr | None:
    return call.expressions[0] if call.expressions else None


def _order_of(call: exp.Anonymous) -> str:
    if str(call.this).upper() == "MEDIAN":
        return exp.Ordered(this=call.expressions[0].copy(), nulls_first=False).sql("redshift")
    if isinstance(call.parent, exp.WithinGroup) and str(call.this).upper() in _SORT_BASED:
        return ", ".join(o.sql("redshift") for o in call.parent.expression.expressions)
    return ""


@_sorted_aggregate("LISTAGG")
def _listagg(arguments: Arguments, order: Order, scope: Scope, over: str) -> Compiled:
    distinct = bool(arguments) and isinstance(arguments[0], exp.Distinct)
    if distinct:
        arguments = arguments[0].expressions
    expect("LISTAGG", arguments, 1, _MOST_ARGUMENTS)
    value = as_text(aggregated(arguments[0], "listagg", scope))
    sorting = [(compile_expression(o.this, scope), direction(o)) for o in order]
    refuse_super("ORDER BY of LISTAGG", *(key for key, _ in sorting))
    keys = ", ".join(key.sql + way for key, way in sorting)
    sorted_by = f" ORDER BY {keys}" if keys else ""
    # "NULL values and empty strings are ignored."
    listed = f"list({value.sql}{sorted_by}) FILTER (WHERE {value.sql} <> ''){over}"
    delimiter = text_constant(arguments[1]).replace("'", "''") if len(arguments) > 1 else ""
    members = f"rs_first_of_each({listed})" if distinct else listed
    return Compiled(f"rs_listed({members}, '{delimiter}')", varchar(LONGEST_VARCHAR))


@_sorted_aggregate("MEDIAN")
def _median(arguments: Arguments, order: Order, scope: Scope, over: str) -> Compiled:
    del order
    expect("MEDIAN", arguments, 1)
    return _interpolated("median", arguments[0], (5, 1), scope, over)


@_sorted_aggregate("PERCENTILE_CONT")
def _percentile_cont(arguments: Arguments, order: Order, scope: Scope, over: str) -> Compiled:
    by, share = _percentile("PERCENTILE_CONT", arguments, order)
    return _interpolated(
        "percentile_cont", by.this, share, scope, over, "DESC" if _falls(by) else ""
    )


@_sorted_aggregate("PERCENTILE_DISC")
def _percentile_disc(arguments: Arguments, order: Order, scope: Scope, over: str) -> Compiled:
    if not over:
        raise StatementError("PERCENTILE_DISC must be a window function or APPROXIMATE")
    by, (share, places) = _percentile("PERCENTILE_DISC", arguments, order)
    value = compile_expression(by.this, scope)
    members = _sorted_list(value.sql, "DESC" if _falls(by) else "", value, over)
    return Compiled(f"rs_percentile_disc({members}, {share}, {10**places})", value.type)


def _falls(by: exp.Ordered) -> bool:
    return bool(by.args.get("desc"))


def _percentile(
    name: str, arguments: Arguments, order: Order
) -> tuple[exp.Ordered, tuple[int, int]]:
    """Return the one sort key, and the share as an integer and its decimal places."""
    expect(name, arguments, 1)
    if len(order) != 1:
        raise StatementError(f"{name} needs WITHIN GROUP (ORDER BY expression)")
    only(order[0], "this", "desc", "nulls_first")
    share = arguments[0]
    if not isinstance(share, exp.Literal) or share.is_string or "e" in str(share.this).lower():
        raise NotEmulated(f"{name} of other than a decimal constant")
    whole, _, fraction = str(share.this).partition(".")
    digits = int(whole + fraction)
    if digits > 10 ** len(fraction):
        raise StatementError(f"{name.lower()}: percentile must be between 0 and 1")
    return order[0], (digits, len(fraction))


def _sorted_list(sql: str, way: str, value: Compiled, over: str) -> str:
    listed = f"list({sql}) FILTER (WHERE {value.sql} IS NOT NULL){over}"
    return f"list_sort({listed}, 'DESC')" if way else f"list_sort({listed})"


def _interpolated(  # noqa: PLR0913, PLR0917 - the value and how it is ranked
    name: str, node: exp.Expr, share: tuple[int, int], scope: Scope, over: str, way: str = ""
) -> Compiled:
    value = compile_expression(node, scope) if over else aggregated(node, name, scope)
    digits, places = share
    if value.type.is_float:
        members = _sorted_list(f"CAST({value.sql} AS DOUBLE)", way, value, over)
        return Compiled(f"rs_percentile_double({members}, {digits}, {10**places})", FLOAT8)
    integers, back = _as_integers(name, value, places)
    members = _sorted_list(integers, way, value, over)
    return back(f"rs_percentile({members}, {digits}, {10**places})")


def _as_integers(name: str, value: Compiled, places: int) -> tuple[str, Callable[[str], Compiled]]:
    """Return a value as an integer that can be interpolated exactly, and the way back."""
    if value.type == DATE:
        days = f"CAST({value.sql} - DATE '1970-01-01' AS HUGEINT)"
        return days, lambda sql: Compiled(f"(DATE '1970-01-01' + CAST({sql} AS INTEGER))", DATE)
    if value.type == TIMESTAMP:
        instant = f"CAST(epoch_us({value.sql}) AS HUGEINT)"
        return instant, lambda sql: Compiled(f"make_timestamp(CAST({sql} AS BIGINT))", TIMESTAMP)
    if not value.type.is_integer and value.type.name != "numeric":
        raise NotEmulated(f"{name} of {value.type.spelled}")
    exact = as_numeric(value.type)
    # As many places as the value or the percentile has: what the guide's examples print.
    scale = max(exact.scale, places)
    type_ = numeric(min(exact.size - exact.scale + scale, WIDEST_NUMERIC), scale)
    wider = f"{units(Compiled(f'CAST({value.sql} AS {exact.duckdb})', exact))}"
    return f"{wider} * {10 ** (scale - exact.scale)}", lambda sql: Compiled(
        from_units(sql, type_), type_
    )

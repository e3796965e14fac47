"""Window functions and the OVER clause, with Redshift's rule that some need a frame."""

from collections.abc import Callable

from sqlglot import exp

from local.redshift_data.dialect.aggregates import AGGREGATES
from local.redshift_data.dialect.arguments import Arguments, expect
from local.redshift_data.dialect.conversions import settle
from local.redshift_data.dialect.expressions import (
    allow_keywords,
    compile_as,
    compile_expression,
)
from local.redshift_data.dialect.frames import frame
from local.redshift_data.dialect.ordering import direction
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.select_lists import refuse_super
from local.redshift_data.dialect.sorted_aggregates import WITHIN_GROUP, within_group
from local.redshift_data.dialect.syntax import only
from local.redshift_data.dialect.types import FLOAT8, INT4, INT8, RedshiftType
from local.redshift_data.errors import NotEmulated, StatementError

_RANKS: dict[str, RedshiftType] = {
    "ROW_NUMBER": INT8,
    "RANK": INT4,
    "DENSE_RANK": INT8,
    "CUME_DIST": FLOAT8,
    "PERCENT_RANK": FLOAT8,
}
_VALUES = ("FIRST_VALUE", "LAST_VALUE", "NTH_VALUE")
_NEIGHBOURS = ("LAG", "LEAD")
_PARTITIONED_ONLY = (*WITHIN_GROUP, "RATIO_TO_REPORT")
_OTHERS: dict[str, Callable[[Arguments, Scope, str], Compiled]] = {}

allow_keywords(*_RANKS, *_VALUES, *_NEIGHBOURS, "NTILE", "RATIO_TO_REPORT")
allow_keywords("IGNORE NULLS", "RESPECT NULLS")


@compile_expression.register
def _window(node: exp.Window, scope: Scope) -> Compiled:
    only(node, "this", "partition_by", "order", "spec", "over")
    nulls, call = _nulls(node.this)
    within = call if isinstance(call, exp.WithinGroup) else None
    called = within.this if within else call
    if not isinstance(called, exp.Anonymous):
        raise NotEmulated(f"window function {called.sql(dialect='redshift')}")
    name = str(called.this).upper()
    _check(name, node, nulls)
    over = f" OVER ({_definition(node, scope)})"
    if within:
        return within_group(within, scope, over)
    if name in AGGREGATES:
        return _aggregate(name, called.expressions, scope, over)
    return _call(name, called.expressions, scope, f"{nulls}){over}")


def _nulls(node: exp.Expr) -> tuple[str, exp.Expr]:
    """Return IGNORE NULLS as it stands inside the call's parentheses, and the call."""
    if isinstance(node, exp.IgnoreNulls):
        return " IGNORE NULLS", node.this
    return "", node.this if isinstance(node, exp.RespectNulls) else node


def _check(name: str, node: exp.Window, nulls: str) -> None:
    ordered, framed = bool(node.args.get("order")), bool(node.args.get("spec"))
    if name in _PARTITIONED_ONLY and (ordered or framed):
        raise StatementError(f"window function {name.lower()} takes only PARTITION BY")
    takes_frame = name in AGGREGATES or name in _VALUES
    if takes_frame and ordered and not framed:
        raise StatementError(
            "Aggregate window functions with an ORDER BY clause require a frame clause"
        )
    if framed and not takes_frame:
        raise StatementError(f"window function {name.lower()} does not take a frame clause")
    if name in _NEIGHBOURS and not ordered:
        raise StatementError(f"window function {name.lower()} requires an ORDER BY clause")
    if nulls and name not in (*_VALUES, *_NEIGHBOURS):
        raise StatementError(f"IGNORE NULLS is not allowed for function {name.lower()}")


def _aggregate(name: str, arguments: Arguments, scope: Scope, over: str) -> Compiled:
    if name != "LISTAGG" and any(isinstance(each, exp.Distinct) for each in arguments):
        raise StatementError("DISTINCT is not supported in window functions")
    if any(each.find(exp.Window) for each in arguments):
        raise StatementError("window function calls may not be nested")
    return AGGREGATES[name](arguments, scope, over)


def _call(name: str, arguments: Arguments, scope: Scope, end: str) -> Compiled:
    if any(each.find(exp.Window) for each in arguments):
        raise StatementError("window function calls may not be nested")
    if type_ := _RANKS.get(name):
        expect(name, arguments, 0)
        return Compiled(f"CAST({name.lower()}({end} AS {type_.duckdb})", type_)
    if name == "NTILE":
        expect(name, arguments, 1)
        groups = compile_as(arguments[0], scope, "int8", "int4", "int2")
        return Compiled(f"CAST(ntile({groups.sql}{end} AS BIGINT)", INT8)
    if name == "RATIO_TO_REPORT":
        return _ratio(arguments, scope, end)
    return _of_a_row(name, arguments, scope, end)


def _ratio(arguments: Arguments, scope: Scope, end: str) -> Compiled:
    expect("RATIO_TO_REPORT", arguments, 1)
    value = compile_expression(arguments[0], scope)
    if not value.type.is_number:
        raise NotEmulated(f"RATIO_TO_REPORT of {value.type.spelled}: cast it first")
    total = f"CAST(sum({value.sql}{end} AS DOUBLE)"
    return Compiled(f"(CAST({value.sql} AS DOUBLE) / {total})", FLOAT8)


def _of_a_row(name: str, arguments: Arguments, scope: Scope, end: str) -> Compiled:
    if name not in (*_VALUES, *_NEIGHBOURS):
        raise NotEmulated(f"window function {name}")
    counts = {"NTH_VALUE": (2,), "FIRST_VALUE": (1,), "LAST_VALUE": (1,)}.get(name, (1, 2))
    expect(name, arguments, *counts)
    node = arguments[0]
    if isinstance(node, exp.IgnoreNulls | exp.RespectNulls):
        nulls, node = _nulls(node)
        end = nulls + end
    value = settle(compile_expression(node, scope))
    offsets = (compile_as(each, scope, "int8", "int4", "int2").sql for each in arguments[1:])
    offset = "".join(f", {sql}" for sql in offsets)
    return Compiled(f"{name.lower()}({value.sql}{offset}{end}", value.type)


def _definition(node: exp.Window, scope: Scope) -> str:
    clauses = []
    if keys := node.args.get("partition_by"):
        written = (_varying(key, scope, "partition by") for key in keys)
        clauses.append(f"PARTITION BY {', '.join(written)}")
    if order := node.args.get("order"):
        written = (_varying(o.this, scope, "order by") + direction(o) for o in order.expressions)
        clauses.append(f"ORDER BY {', '.join(written)}")
    if spec := node.args.get("spec"):
        clauses.append(frame(spec))
    return " ".join(clauses)


def _varying(key: exp.Expr, scope: Scope, clause: str) -> str:
    """Compile a key: "neither constants nor constant expressions can be used"."""
    if not key.find(exp.Column, exp.Anonymous, exp.Query, exp.Placeholder):
        raise StatementError(f"constant expressions are not supported in {clause} clauses")
    value = compile_expression(key, scope)
    refuse_super(f"{clause.upper()} of a window", value)
    return value.sql

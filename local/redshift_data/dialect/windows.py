"""Window functions and the OVER clause, with Redshift's rule that some need a frame."""

from collections.abc import Sequence

from sqlglot import exp

from local.redshift_data.dialect.aggregates import AGGREGATES
from local.redshift_data.dialect.arguments import constant, expect
from local.redshift_data.dialect.conversions import settle
from local.redshift_data.dialect.expressions import compile_expression
from local.redshift_data.dialect.queries import direction
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.syntax import only
from local.redshift_data.dialect.types import INT8
from local.redshift_data.errors import NotEmulated, StatementError

_RANKS = ("ROW_NUMBER", "RANK", "DENSE_RANK")
_VALUES = ("FIRST_VALUE", "LAST_VALUE")
_NEIGHBOURS = ("LAG", "LEAD")


@compile_expression.register
def _window(node: exp.Window, scope: Scope) -> Compiled:
    only(node, "this", "partition_by", "order", "spec", "over")
    call, ignoring = _call(node.this)
    name = str(call.this).upper()
    framed = node.args.get("spec") is not None
    _check_frame(name, ordered=bool(node.args.get("order")), framed=framed)
    over = f" OVER ({_definition(node, scope)})"
    if any(isinstance(argument, exp.Distinct) for argument in call.expressions):
        raise StatementError("DISTINCT is not supported in window functions")
    if name in AGGREGATES and not ignoring:
        return AGGREGATES[name](call.expressions, scope, over)
    if name in _RANKS and not ignoring:
        expect(name, call.expressions, 0)
        return Compiled(f"{name.lower()}(){over}", INT8)
    return _of_a_row(name, call.expressions, scope, ignoring + ")" + over)


def _call(node: exp.Expr) -> tuple[exp.Anonymous, str]:
    """Return the function called, and IGNORE NULLS as it stands inside its parentheses."""
    ignoring = ""
    if isinstance(node, exp.IgnoreNulls | exp.RespectNulls):
        ignoring = " IGNORE NULLS" if isinstance(node, exp.IgnoreNulls) else ""
        node = node.this
    if not isinstance(node, exp.Anonymous):
        raise NotEmulated(f"window function {node.sql(dialect='redshift')}")
    return node, ignoring


def _check_frame(name: str, *, ordered: bool, framed: bool) -> None:
    takes_frame = name in AGGREGATES or name in _VALUES
    if takes_frame and ordered and not framed:
        raise StatementError(
            "Aggregate window functions with an ORDER BY clause require a frame clause"
        )
    if framed and not takes_frame:
        raise StatementError(f"window function {name.lower()} does not take a frame clause")
    if name in _NEIGHBOURS and not ordered:
        raise StatementError(f"window function {name.lower()} requires an ORDER BY clause")


def _of_a_row(name: str, arguments: Sequence[exp.Expr], scope: Scope, end: str) -> Compiled:
    if name not in (*_VALUES, *_NEIGHBOURS):
        raise NotEmulated(f"window function {name}")
    expect(name, arguments, *((1,) if name in _VALUES else (1, 2)))
    node = arguments[0]
    if isinstance(node, exp.IgnoreNulls | exp.RespectNulls):
        end = (" IGNORE NULLS" if isinstance(node, exp.IgnoreNulls) else "") + end
        node = node.this
    value = settle(compile_expression(node, scope))
    offset = "".join(f", {constant(argument)}" for argument in arguments[1:])
    return Compiled(f"{name.lower()}({value.sql}{offset}{end}", value.type)


def _definition(node: exp.Window, scope: Scope) -> str:
    clauses = []
    if keys := node.args.get("partition_by"):
        written = (compile_expression(key, scope).sql for key in keys)
        clauses.append(f"PARTITION BY {', '.join(written)}")
    if order := node.args.get("order"):
        written = (compile_expression(o.this, scope).sql + direction(o) for o in order.expressions)
        clauses.append(f"ORDER BY {', '.join(written)}")
    if spec := node.args.get("spec"):
        clauses.append(_frame(spec))
    return " ".join(clauses)


def _frame(spec: exp.WindowSpec) -> str:
    only(spec, "kind", "start", "start_side", "end", "end_side")
    if spec.args["kind"] != "ROWS":
        raise StatementError("only ROWS frames are supported")
    start = _bound(spec, "start")
    if not spec.args.get("end"):
        return f"ROWS {start}"
    return f"ROWS BETWEEN {start} AND {_bound(spec, 'end')}"


def _bound(spec: exp.WindowSpec, which: str) -> str:
    bound, side = spec.args[which], spec.args.get(f"{which}_side") or ""
    written = bound if isinstance(bound, str) else str(constant(bound))
    return f"{written} {side}".strip()

"""What functions expect of their arguments."""

from collections.abc import Sequence

from sqlglot import exp

from local.redshift_data.dialect.conversions import settle
from local.redshift_data.dialect.expressions import compile_expression
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.errors import NotEmulated, StatementError

Arguments = Sequence[exp.Expr]


def expect(name: str, arguments: Arguments, *counts: int) -> None:
    """Refuse a call with a number of arguments that the function does not have."""
    if len(arguments) not in counts:
        raise StatementError(f"function {name.lower()} does not take {len(arguments)} arguments")


def text_argument(node: exp.Expr, scope: Scope) -> Compiled:
    """Compile an argument that must be text; a SUPER value must be cast first."""
    value = settle(compile_expression(node, scope))
    if not value.type.is_text:
        raise NotEmulated(f"a text function on {value.type.spelled}: cast it first")
    return value


def constant(node: exp.Expr) -> int:
    """Return a whole number that must stand in the statement itself."""
    if isinstance(node, exp.Neg):
        return -constant(node.this)
    if isinstance(node, exp.Literal) and not node.is_string and str(node.this).isdigit():
        return int(str(node.this))
    raise NotEmulated(f"{node.sql(dialect='redshift')} where a constant integer is expected")


def text_constant(node: exp.Expr) -> str:
    """Return a text that must stand in the statement itself."""
    if isinstance(node, exp.Literal) and node.is_string:
        return str(node.this)
    raise NotEmulated(f"{node.sql(dialect='redshift')} where a text constant is expected")

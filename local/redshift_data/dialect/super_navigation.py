"""Compiles columns, and the paths into SUPER values that start with one."""

from collections.abc import Sequence
from itertools import takewhile

from sqlglot import exp

from local.redshift_data.dialect.expressions import compile_expression
from local.redshift_data.dialect.scope import Compiled, Scope, name_of
from local.redshift_data.dialect.syntax import only
from local.redshift_data.dialect.types import SUPER
from local.redshift_data.errors import NotEmulated, StatementError


@compile_expression.register
def _column(node: exp.Column, scope: Scope) -> Compiled:
    only(node, "this", "table", "db", "catalog")
    return navigate(node, scope)


def navigate(node: exp.Expr, scope: Scope) -> Compiled:
    """Compile a column, or the path into a SUPER column that starts with one."""
    # What follows an index is an attribute, whatever it is called.
    until_index = takewhile(lambda step: not isinstance(step, int), path_of(node))
    names = [str(step) for step in until_index]
    column, rest = scope.resolve(names)
    steps = _attributes(node, scope)[len(names) - len(rest) :]
    if not steps:
        return scope.grouped_value(column)
    if column.type != SUPER:
        raise StatementError(f'column "{".".join(names)}" does not exist')
    if not scope.partial_super:
        raise StatementError(
            "Partial reference of SUPER column is not supported in MERGE statement."
        )
    return scope.grouped_value(
        Compiled(f"rs_get({column.sql}, '{_json_path(steps)}')", SUPER),
    )


compile_expression.register(exp.Dot, navigate)
compile_expression.register(exp.Bracket, navigate)


def path_of(node: exp.Expr) -> list[str | int]:
    """Return the names and array indices of a path; refuses what is none."""
    return [step if isinstance(step, int) else name_of(step) for step in _steps(node)]


def _attributes(node: exp.Expr, scope: Scope) -> list[str | int]:
    """Return a path with its names in the case that the session's setting has them in."""
    if not scope.reads.catalog.case_sensitive_super:
        return path_of(node)
    return [step if isinstance(step, int) else _as_written(step) for step in _steps(node)]


def _as_written(name: exp.Expr) -> str:
    if name.args.get("quoted") and name.name != name.name.lower():
        raise NotEmulated("a quoted SUPER attribute with enable_case_sensitive_super_attribute")
    return name.name


def _steps(node: exp.Expr) -> list[exp.Expr | int]:
    if isinstance(node, exp.Column | exp.Table):
        return list(node.parts)
    if isinstance(node, exp.Dot):
        return [*_steps(node.this), node.expression]
    if isinstance(node, exp.Bracket) and len(node.expressions) == 1:
        return [*_steps(node.this), _index(node)]
    raise NotEmulated(f"navigation {node.sql(dialect='redshift')}")


def _index(node: exp.Bracket) -> int:
    index = node.expressions[0]
    if isinstance(index, exp.Literal) and not index.is_string:
        # sqlglot shifts indices between dialects; the offset says by how much.
        return int(index.this) - int(node.args.get("offset") or 0)
    raise NotEmulated("an array index that is not a constant")


def _json_path(steps: Sequence[str | int]) -> str:
    if any(isinstance(step, str) and ('"' in step or "\\" in step) for step in steps):
        raise NotEmulated("a SUPER attribute with a quote or a backslash")
    written = "".join(f"[{s}]" if isinstance(s, int) else f'."{s}"' for s in steps)
    return "$" + written.replace("'", "''")

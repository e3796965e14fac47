"""Compiles expressions; a node without a rule here or in a sibling module is refused."""

from collections.abc import Callable, Sequence
from functools import singledispatch
from typing import TypeVar

from sqlglot import exp

from local.redshift_data.dialect.conversions import cast, cast_unrounded, coerce, common_type
from local.redshift_data.dialect.scope import NULL, Compiled, Scope
from local.redshift_data.dialect.syntax import only
from local.redshift_data.dialect.types import (
    BOOL,
    INT4,
    INT8,
    NAME,
    TIMESTAMP,
    UNKNOWN,
    from_node,
    numeric,
)
from local.redshift_data.errors import NotEmulated, StatementError

LARGEST_INT4 = 2**31 - 1
LARGEST_INT8 = 2**63 - 1

Function = Callable[[Sequence[exp.Expr], Scope], Compiled]
Rule = TypeVar("Rule", bound=Callable[..., Compiled])
FUNCTIONS: dict[str, Function] = {}
KEYWORDS = set[str]()
"""Names on the allow-list that are words of the grammar: CAST, EXTRACT, SYSDATE."""


def redshift_function(*names: str) -> Callable[[Function], Function]:
    """Put a function on the allow-list under Redshift's names for it."""

    def register(function: Function) -> Function:
        FUNCTIONS.update(dict.fromkeys(names, function))
        return function

    return register


def allow_keywords(*names: str) -> None:
    """Put words on the allow-list whose rule stands elsewhere."""
    KEYWORDS.update(names)


def redshift_keyword(*names: str) -> Callable[[Rule], Rule]:
    """Put what is written with a syntax of its own on the allow-list, under these names."""

    def register(rule: Rule) -> Rule:
        allow_keywords(*names)
        return rule

    return register


@singledispatch
def compile_expression(node: exp.Expr, scope: Scope) -> Compiled:
    """Return the expression for DuckDB with its Redshift type; refuses what is not known."""
    del scope
    raise NotEmulated(f"expression {node.sql(dialect='redshift')}")


def compile_as(node: exp.Expr, scope: Scope, *types: str) -> Compiled:
    """Compile an operand that must have one of these types; an untyped one takes the first."""
    value = compile_expression(node, scope)
    if value.type.name in types:
        return value
    if value.type == UNKNOWN and types[0] in _TYPES_OF_OPERANDS:
        return coerce(value, _TYPES_OF_OPERANDS[types[0]])
    raise StatementError(f"{value.type.spelled} is not allowed in {node.sql(dialect='redshift')}")


def compile_condition(node: exp.Expr, scope: Scope) -> str:
    """Compile what must be true or false."""
    return compile_as(node, scope, "bool").sql


_TYPES_OF_OPERANDS = {"bool": BOOL, "timestamp": TIMESTAMP, "int4": INT4, "int8": INT8}


@compile_expression.register
def _literal(node: exp.Literal, scope: Scope) -> Compiled:
    del scope
    text = str(node.this)
    if node.is_string:
        escaped = text.replace("'", "''")
        return Compiled(f"'{escaped}'", UNKNOWN, text)
    if text.isdigit():
        return whole_number(text)
    if "e" in text.lower():
        raise NotEmulated("a number literal with an exponent")
    digits, _, fraction = text.partition(".")
    type_ = numeric(max(len(digits.lstrip("0")) + len(fraction), 1), len(fraction))
    return Compiled(f"CAST('{text}' AS {type_.duckdb})", type_)


def whole_number(text: str) -> Compiled:
    """Return a whole number, with its sign, in the least type from INTEGER on that holds it."""
    value = int(text)
    if -LARGEST_INT4 - 1 <= value <= LARGEST_INT4:
        return Compiled(f"CAST('{text}' AS INTEGER)", INT4, text)
    if -LARGEST_INT8 - 1 <= value <= LARGEST_INT8:
        return Compiled(f"CAST('{text}' AS BIGINT)", INT8, text)
    type_ = numeric(len(text.lstrip("-")), 0)
    return Compiled(f"CAST('{text}' AS {type_.duckdb})", type_)


@compile_expression.register
def _null(node: exp.Null, scope: Scope) -> Compiled:
    del node, scope
    return NULL


@compile_expression.register
def _boolean(node: exp.Boolean, scope: Scope) -> Compiled:
    del scope
    return Compiled("true" if node.this else "false", BOOL)


@compile_expression.register
def _parameter(node: exp.Placeholder, scope: Scope) -> Compiled:
    del scope
    if not node.this:
        raise StatementError('syntax error at or near "?"')
    return Compiled(f"${node.this}", UNKNOWN)


@compile_expression.register
def _parenthesis(node: exp.Paren, scope: Scope) -> Compiled:
    inner = compile_expression(node.this, scope)
    return Compiled(f"({inner.sql})", inner.type, inner.literal, inner.origin)


@redshift_keyword("CAST", "CONVERT")
@compile_expression.register
def _cast(node: exp.Cast, scope: Scope) -> Compiled:
    only(node, "this", "to")
    if type(node) is not exp.Cast:
        raise NotEmulated(node.sql(dialect="redshift"))
    target = from_node(node.to)
    if (
        target.is_float
        and isinstance(node.this, exp.Literal)
        and "e" in str(node.this.this).lower()
    ):
        return cast(Compiled(f"'{node.this.this}'", UNKNOWN), target)
    value = compile_expression(node.this, scope)
    if node.this.find(exp.Column):
        return cast_unrounded(value, target)
    return cast(value, target)


@redshift_keyword("CASE")
@compile_expression.register
def _case(node: exp.Case, scope: Scope) -> Compiled:
    only(node, "this", "ifs", "default")
    conditions = [_when(node.this, branch.this, scope) for branch in node.args["ifs"]]
    results = [compile_expression(branch.args["true"], scope) for branch in node.args["ifs"]]
    otherwise = node.args.get("default")
    default = compile_expression(otherwise, scope) if otherwise else NULL
    *results, default = unify([*results, default])
    pairs = zip(conditions, results, strict=True)
    whens = " ".join(f"WHEN {condition} THEN {result.sql}" for condition, result in pairs)
    return Compiled(f"CASE {whens} ELSE {default.sql} END", default.type)


def _when(subject: exp.Expr | None, test: exp.Expr, scope: Scope) -> str:
    if subject is None:
        return compile_condition(test, scope)
    return compile_condition(exp.EQ(this=subject.copy(), expression=test.copy()), scope)


def unify(values: Sequence[Compiled]) -> list[Compiled]:
    """Bring values that share one place to their common type."""
    common = UNKNOWN
    for value in values:
        common = common_type(common, value.type)
    return [coerce(value, common) for value in values]


@compile_expression.register
def _call(node: exp.Anonymous, scope: Scope) -> Compiled:
    name = str(node.this).upper()
    if name not in FUNCTIONS:
        raise NotEmulated(f"function {name}")
    return FUNCTIONS[name](node.expressions, scope)


@redshift_keyword("CURRENT_USER")
@compile_expression.register
def _current_user(node: exp.CurrentUser, scope: Scope) -> Compiled:
    only(node)
    del scope
    # A variable of the connection: the translation is shared by all users.
    return Compiled("CAST(coalesce(getvariable('redshift_user'), 'admin') AS VARCHAR)", NAME)

"""Compiles pattern matching: LIKE, SIMILAR TO, the operator ~ and the functions REGEXP_."""

from dataclasses import dataclass

from sqlglot import exp

from local.redshift_data.dialect.arguments import Arguments, expect, text_constant
from local.redshift_data.dialect.expressions import compile_expression, redshift_function
from local.redshift_data.dialect.regular_expressions import (
    RegularExpression,
    read_posix,
    read_similar_to,
)
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.syntax import only
from local.redshift_data.dialect.texts import count, string
from local.redshift_data.dialect.types import BOOL, INT4, LONGEST_VARCHAR, varchar
from local.redshift_data.errors import NotEmulated, StatementError


def _quoted(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"'{escaped}'"


@compile_expression.register
def _like(node: exp.Like, scope: Scope) -> Compiled:
    return _matches(node, scope)


@compile_expression.register
def _ilike(node: exp.ILike, scope: Scope) -> Compiled:
    return _matches(node, scope)


@compile_expression.register
def _escape(node: exp.Escape, scope: Scope) -> Compiled:
    escape = text_constant(node.expression)
    if len(escape) != 1:
        raise NotEmulated("ESCAPE with other than one character")
    if isinstance(node.this, exp.SimilarTo):
        return _similar(node.this, scope, escape)
    if not isinstance(node.this, exp.Like | exp.ILike):
        raise NotEmulated(node.sql(dialect="redshift"))
    return _matches(node.this, scope, escape)


def _matches(node: exp.Like | exp.ILike, scope: Scope, escape: str = "\\") -> Compiled:
    only(node, "this", "expression", "negate")
    text, pattern = _blanks_kept(node.this, scope), string(node.expression, scope)
    if pattern.type.name == "bpchar":
        raise NotEmulated("LIKE with a pattern of type CHAR: cast it first")
    first, second = text, pattern.sql
    if isinstance(node, exp.ILike):
        first, second, escape = f"rs_small({first})", f"rs_small({second})", escape.lower()
    matches = f"({first} LIKE {second} ESCAPE {_quoted(escape)})"
    return Compiled(f"(NOT {matches})" if node.args.get("negate") else matches, BOOL)


def _blanks_kept(node: exp.Expr, scope: Scope) -> str:
    """Return a text with a CHAR's padding, which patterns see and comparisons ignore."""
    text = string(node, scope)
    if text.type.name == "bpchar":
        return f"rpad({text.sql}, {text.type.size}, ' ')"
    return text.sql


@compile_expression.register
def _similar_to(node: exp.SimilarTo, scope: Scope) -> Compiled:
    return _similar(node, scope, "\\")


def _similar(node: exp.SimilarTo, scope: Scope, escape: str) -> Compiled:
    only(node, "this", "expression")
    found = read_similar_to(text_constant(node.expression), escape)
    text = _blanks_kept(node.this, scope)
    return Compiled(f"regexp_full_match({text}, {_quoted(found.pattern)}, 's')", BOOL)


@compile_expression.register
def _posix(node: exp.RegexpLike, scope: Scope) -> Compiled:
    only(node, "this", "expression")
    found = read_posix(text_constant(node.expression))
    text = _lines_checked(_blanks_kept(node.this, scope), found)
    return Compiled(f"regexp_matches({text}, {_quoted(found.pattern)})", BOOL)


def _lines_checked(text: str, found: RegularExpression) -> str:
    return f"rs_one_line({text})" if found.by_line else text


@dataclass(frozen=True)
class _Search:
    """What the functions REGEXP_ have in common: a text, a pattern and where to start."""

    text: Compiled
    sql: str
    pattern: str
    start: str
    groups: int


def _search(
    arguments: Arguments, scope: Scope, position: exp.Expr | None, parameters: exp.Expr | None
) -> _Search:
    options = text_constant(parameters) if parameters else ""
    if set(options) - set("ciep"):
        raise StatementError(f"invalid regular expression parameters: {options}")
    if {"c", "i"} <= set(options):
        raise NotEmulated("regular expression parameters c and i together")
    text = string(arguments[0], scope)
    found = read_posix(text_constant(arguments[1]), perl="p" in options)
    if found.longest_counts:
        raise NotEmulated("a search for alternatives that may both match at one place")
    start = count(position, scope) if position else "1"
    if found.anchored and start not in ("1", "CAST(1 AS INTEGER)"):
        raise NotEmulated(r"a search for ^ or \b from a position other than 1")
    pattern = _quoted(("(?i)" if "i" in options else "") + found.pattern)
    groups = found.groups if "e" in options else 0
    return _Search(text, _lines_checked(text.sql, found), pattern, start, groups)


def _given(arguments: Arguments, at: int) -> exp.Expr | None:
    return arguments[at] if len(arguments) > at else None


def _number(arguments: Arguments, at: int, default: str, scope: Scope) -> str:
    given = _given(arguments, at)
    return count(given, scope) if given else default


@redshift_function("REGEXP_COUNT")
def _count(arguments: Arguments, scope: Scope) -> Compiled:
    expect("REGEXP_COUNT", arguments, 2, 3, 4)
    found = _search(arguments, scope, _given(arguments, 2), _given(arguments, 3))
    sql = f"rs_regexp_count({found.sql}, {found.pattern}, {found.start})"
    return Compiled(f"CAST({sql} AS INTEGER)", INT4)


@redshift_function("REGEXP_SUBSTR")
def _substr(arguments: Arguments, scope: Scope) -> Compiled:
    expect("REGEXP_SUBSTR", arguments, 2, 3, 4, 5)
    found = _search(arguments, scope, _given(arguments, 2), _given(arguments, 4))
    occurrence = _number(arguments, 3, "1", scope)
    part = 1 if found.groups else 0
    sql = f"rs_regexp_substr({found.sql}, {found.pattern}, {found.start}, {occurrence}, {part})"
    return Compiled(sql, varchar(found.text.type.size))


@redshift_function("REGEXP_INSTR")
def _instr(arguments: Arguments, scope: Scope) -> Compiled:
    expect("REGEXP_INSTR", arguments, 2, 3, 4, 5, 6)
    found = _search(arguments, scope, _given(arguments, 2), _given(arguments, 5))
    if found.groups:
        raise NotEmulated("REGEXP_INSTR of a subexpression")
    occurrence = _number(arguments, 3, "1", scope)
    past = f"({_number(arguments, 4, '0', scope)} <> 0)"
    sql = f"rs_regexp_instr({found.sql}, {found.pattern}, {found.start}, {occurrence}, {past})"
    return Compiled(f"CAST({sql} AS INTEGER)", INT4)


@redshift_function("REGEXP_REPLACE")
def _replace(arguments: Arguments, scope: Scope) -> Compiled:
    expect("REGEXP_REPLACE", arguments, 2, 3, 4, 5)
    if isinstance(arguments[1], exp.Null):
        return Compiled("CAST(NULL AS VARCHAR)", varchar(LONGEST_VARCHAR))
    found = _search(arguments, scope, _given(arguments, 3), _given(arguments, 4))
    given = _given(arguments, 2)
    new = string(given, scope).sql if given else "''"
    sql = f"rs_regexp_replace({found.sql}, {found.pattern}, {new}, {found.start})"
    return Compiled(sql, varchar(LONGEST_VARCHAR))

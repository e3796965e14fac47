"""The allow-list of functions that find, compare and spell out characters."""

from sqlglot import exp

from local.redshift_data.dialect.arguments import Arguments, expect
from local.redshift_data.dialect.expressions import redshift_function
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.texts import count, string
from local.redshift_data.dialect.types import INT4, INT8, RedshiftType, varchar
from local.redshift_data.errors import NotEmulated, StatementError


@redshift_function("ASCII")
def _ascii(arguments: Arguments, scope: Scope) -> Compiled:
    expect("ASCII", arguments, 1)
    return Compiled(f"ascii({string(arguments[0], scope).sql})", INT4)


@redshift_function("CHR")
def _chr(arguments: Arguments, scope: Scope) -> Compiled:
    expect("CHR", arguments, 1)
    return Compiled(f"rs_chr({count(arguments[0], scope)})", RedshiftType("bpchar", 1))


@redshift_function("STRPOS")
def _strpos(arguments: Arguments, scope: Scope) -> Compiled:
    expect("STRPOS", arguments, 2)
    return _position(arguments[1], arguments[0], scope)


@redshift_function("CHARINDEX")
def _charindex(arguments: Arguments, scope: Scope) -> Compiled:
    expect("CHARINDEX", arguments, 2)
    return _position(arguments[0], arguments[1], scope)


@redshift_function("POSITION")
def _position_in(arguments: Arguments, scope: Scope) -> Compiled:
    if len(arguments) != 1 or not isinstance(arguments[0], exp.In):
        raise StatementError("syntax error: POSITION(substring IN string)")
    node = arguments[0]
    if node.args.get("query"):
        raise NotEmulated("POSITION in a subquery")
    where = node.args.get("field") or node.expressions[0]
    return _position(node.this, where, scope)


def _position(part: exp.Expr, text: exp.Expr, scope: Scope) -> Compiled:
    sql = f"strpos({string(text, scope).sql}, {string(part, scope).sql})"
    return Compiled(f"CAST({sql} AS INTEGER)", INT4)


@redshift_function("OCTETINDEX")
def _octetindex(arguments: Arguments, scope: Scope) -> Compiled:
    return _of_two("OCTETINDEX", arguments, scope)


@redshift_function("BPCHARCMP", "BTTEXT_PATTERN_CMP")
def _bpcharcmp(arguments: Arguments, scope: Scope) -> Compiled:
    return _of_two("BPCHARCMP", arguments, scope)


@redshift_function("DIFFERENCE")
def _difference(arguments: Arguments, scope: Scope) -> Compiled:
    return _of_two("DIFFERENCE", arguments, scope)


def _of_two(name: str, arguments: Arguments, scope: Scope) -> Compiled:
    expect(name, arguments, 2)
    first, second = (string(argument, scope).sql for argument in arguments)
    return Compiled(f"CAST(rs_{name.lower()}({first}, {second}) AS INTEGER)", INT4)


@redshift_function("SOUNDEX")
def _soundex(arguments: Arguments, scope: Scope) -> Compiled:
    expect("SOUNDEX", arguments, 1)
    return Compiled(f"rs_soundex({string(arguments[0], scope).sql})", varchar(4))


@redshift_function("STRTOL")
def _strtol(arguments: Arguments, scope: Scope) -> Compiled:
    expect("STRTOL", arguments, 2)
    text, base = string(arguments[0], scope).sql, count(arguments[1], scope)
    return Compiled(f"CAST(rs_strtol({text}, {base}) AS BIGINT)", INT8)

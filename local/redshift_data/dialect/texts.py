"""The allow-list of functions on text."""

from sqlglot import exp

from local.redshift_data.dialect.arguments import Arguments, constant, expect, text_argument
from local.redshift_data.dialect.conversions import as_text
from local.redshift_data.dialect.expressions import (
    compile_as,
    compile_expression,
    redshift_function,
    redshift_keyword,
)
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.syntax import only
from local.redshift_data.dialect.types import INT4, LONGEST_VARCHAR, varchar
from local.redshift_data.errors import NotEmulated


@redshift_function("UPPER")
def _upper(arguments: Arguments, scope: Scope) -> Compiled:
    return _same_text("upper", arguments, scope)


@redshift_function("LOWER")
def _lower(arguments: Arguments, scope: Scope) -> Compiled:
    return _same_text("lower", arguments, scope)


def _same_text(name: str, arguments: Arguments, scope: Scope) -> Compiled:
    expect(name, arguments, 1)
    text = text_argument(arguments[0], scope)
    return Compiled(f"{name}({text.sql})", varchar(text.type.size))


@redshift_function("LEN", "LENGTH", "CHAR_LENGTH", "CHARACTER_LENGTH", "TEXTLEN")
def _length(arguments: Arguments, scope: Scope) -> Compiled:
    expect("LENGTH", arguments, 1)
    text = text_argument(arguments[0], scope)
    return Compiled(f"CAST(length({text.sql}) AS INTEGER)", INT4)


@redshift_function("OCTET_LENGTH")
def _octet_length(arguments: Arguments, scope: Scope) -> Compiled:
    expect("OCTET_LENGTH", arguments, 1)
    text = text_argument(arguments[0], scope)
    if text.type.name == "bpchar":
        return Compiled(f"CAST({text.type.size} AS INTEGER)", INT4)
    return Compiled(f"CAST(strlen({text.sql}) AS INTEGER)", INT4)


@redshift_function("SUBSTR")
def _substr(arguments: Arguments, scope: Scope) -> Compiled:
    expect("SUBSTR", arguments, 2, 3)
    return _part(*arguments, scope=scope)


@redshift_keyword("SUBSTRING")
@compile_expression.register
def _substring(node: exp.Substring, scope: Scope) -> Compiled:
    only(node, "this", "start", "length")
    bounds = (node.args.get("start"), node.args.get("length"))
    return _part(node.this, *(bound for bound in bounds if bound), scope=scope)


def _part(text: exp.Expr, *bounds: exp.Expr, scope: Scope) -> Compiled:
    value = text_argument(text, scope)
    start, *length = (compile_as(b, scope, "int4", "int2", "int8").sql for b in bounds)
    # What Redshift does with a negative bound is not DuckDB's rule.
    checked = [f"rs_at_least({start}, 1)", *(f"rs_at_least({size}, 0)" for size in length)]
    return Compiled(f"substring({value.sql}, {', '.join(checked)})", varchar(value.type.size))


@redshift_function("LEFT")
def _left(arguments: Arguments, scope: Scope) -> Compiled:
    return _end("left", arguments, scope)


@redshift_function("RIGHT")
def _right(arguments: Arguments, scope: Scope) -> Compiled:
    return _end("right", arguments, scope)


def _end(name: str, arguments: Arguments, scope: Scope) -> Compiled:
    expect(name, arguments, 2)
    count = constant(arguments[1])
    if count < 0:
        raise NotEmulated(f"{name} of a negative number of characters")
    value = text_argument(arguments[0], scope)
    return Compiled(f"{name}({value.sql}, {count})", varchar(value.type.size))


@redshift_function("REPLACE")
def _replace(arguments: Arguments, scope: Scope) -> Compiled:
    expect("REPLACE", arguments, 3)
    text, *others = (text_argument(argument, scope) for argument in arguments)
    written = ", ".join(value.sql for value in (text, *others))
    return Compiled(f"replace({written})", varchar(LONGEST_VARCHAR))


@redshift_function("STRPOS")
def _strpos(arguments: Arguments, scope: Scope) -> Compiled:
    expect("STRPOS", arguments, 2)
    text, part = (text_argument(argument, scope) for argument in arguments)
    return Compiled(f"CAST(strpos({text.sql}, {part.sql}) AS INTEGER)", INT4)


@redshift_function("CONCAT")
def _concat(arguments: Arguments, scope: Scope) -> Compiled:
    expect("CONCAT", arguments, 2)
    first, second = (as_text(compile_expression(argument, scope)) for argument in arguments)
    size = varchar(first.type.size + second.type.size)
    return Compiled(f"({first.sql} || {second.sql})", size)


@redshift_function("BTRIM")
def _btrim(arguments: Arguments, scope: Scope) -> Compiled:
    return _trimmed("trim", arguments, scope)


@redshift_function("LTRIM")
def _ltrim(arguments: Arguments, scope: Scope) -> Compiled:
    return _trimmed("ltrim", arguments, scope)


@redshift_function("RTRIM")
def _rtrim(arguments: Arguments, scope: Scope) -> Compiled:
    return _trimmed("rtrim", arguments, scope)


@redshift_keyword("TRIM")
@compile_expression.register
def _trim(node: exp.Trim, scope: Scope) -> Compiled:
    only(node, "this", "expression", "position")
    names = {"LEADING": "ltrim", "TRAILING": "rtrim"}
    name = names.get(str(node.args.get("position") or "").upper(), "trim")
    return _trimmed(name, [node.this, node.expression][: 2 if node.expression else 1], scope)


def _trimmed(name: str, arguments: Arguments, scope: Scope) -> Compiled:
    expect(name, arguments, 1, 2)
    text, *characters = (text_argument(argument, scope) for argument in arguments)
    cut = characters[0].sql if characters else "' '"
    return Compiled(f"{name}({text.sql}, {cut})", varchar(text.type.size))


@redshift_function("MD5")
def _md5(arguments: Arguments, scope: Scope) -> Compiled:
    expect("MD5", arguments, 1)
    return Compiled(f"md5({text_argument(arguments[0], scope).sql})", varchar(32))


@redshift_function("SHA2")
def _sha2(arguments: Arguments, scope: Scope) -> Compiled:
    expect("SHA2", arguments, 2)
    if constant(arguments[1]) not in (0, 256):
        raise NotEmulated("SHA2 of other than 256 bits")
    return Compiled(f"sha256({text_argument(arguments[0], scope).sql})", varchar(128))

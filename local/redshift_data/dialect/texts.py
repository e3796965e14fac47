"""The allow-list of functions that make text of text."""

from sqlglot import exp

from local.redshift_data.dialect.arguments import Arguments, expect
from local.redshift_data.dialect.binary import text_bytes
from local.redshift_data.dialect.conversions import as_text, settle
from local.redshift_data.dialect.expressions import (
    compile_as,
    compile_expression,
    redshift_function,
    redshift_keyword,
)
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.syntax import only
from local.redshift_data.dialect.types import (
    INT4,
    LONGEST_VARCHAR,
    SUPER,
    RedshiftType,
    varbyte,
    varchar,
)
from local.redshift_data.errors import NotEmulated, StatementError

_WHOLE = ("int4", "int2", "int8")


def string(node: exp.Expr, scope: Scope) -> Compiled:
    """Compile an argument that is text or is implicitly converted to it."""
    value = compile_expression(node, scope)
    if value.type == SUPER:
        raise NotEmulated("a text function on SUPER: cast it first")
    return as_text(value)


def count(node: exp.Expr, scope: Scope) -> str:
    """Compile an argument that is a whole number."""
    return compile_as(node, scope, *_WHOLE).sql


def same_type(text: Compiled, longest: int = 0) -> RedshiftType:
    """Return CHAR or VARCHAR as the argument is, of its size or a larger one."""
    name = "bpchar" if text.type.name == "bpchar" else "varchar"
    return RedshiftType(name, max(1, min(longest or text.type.size, LONGEST_VARCHAR)))


@redshift_function("UPPER")
def _upper(arguments: Arguments, scope: Scope) -> Compiled:
    return _same_text("upper", arguments, scope)


@redshift_function("LOWER")
def _lower(arguments: Arguments, scope: Scope) -> Compiled:
    return _same_text("lower", arguments, scope)


def _same_text(name: str, arguments: Arguments, scope: Scope) -> Compiled:
    expect(name, arguments, 1)
    text = string(arguments[0], scope)
    return Compiled(f"{name}({text.sql})", same_type(text))


@redshift_function("INITCAP")
def _initcap(arguments: Arguments, scope: Scope) -> Compiled:
    expect("INITCAP", arguments, 1)
    text = string(arguments[0], scope)
    return Compiled(f"rs_initcap({text.sql})", varchar(text.type.size))


@redshift_function("LEN", "LENGTH", "CHAR_LENGTH", "CHARACTER_LENGTH", "TEXTLEN")
def _length(arguments: Arguments, scope: Scope) -> Compiled:
    expect("LENGTH", arguments, 1)
    value = compile_expression(arguments[0], scope)
    if value.type.name == "varbyte":
        return Compiled(f"CAST(octet_length({value.sql}) AS INTEGER)", INT4)
    return Compiled(f"CAST(length({string(arguments[0], scope).sql}) AS INTEGER)", INT4)


@redshift_function("OCTET_LENGTH")
def _octet_length(arguments: Arguments, scope: Scope) -> Compiled:
    expect("OCTET_LENGTH", arguments, 1)
    value = compile_expression(arguments[0], scope)
    if value.type.name == "varbyte":
        return Compiled(f"CAST(octet_length({value.sql}) AS INTEGER)", INT4)
    text = string(arguments[0], scope)
    if text.type.name == "bpchar":
        # With its padding, of which nothing is kept.
        return Compiled(f"CAST({text.type.size} + 0 * strlen({text.sql}) AS INTEGER)", INT4)
    return Compiled(f"CAST(strlen({text.sql}) AS INTEGER)", INT4)


@redshift_keyword("SUBSTRING")
@compile_expression.register
def _substring(node: exp.Substring, scope: Scope) -> Compiled:
    only(node, "this", "start", "length")
    return _part(
        [e for e in (node.this, node.args.get("start"), node.args.get("length")) if e], scope
    )


@redshift_function("SUBSTR")
def _part(arguments: Arguments, scope: Scope) -> Compiled:
    expect("SUBSTRING", arguments, 2, 3)
    value = compile_expression(arguments[0], scope)
    start, *size = (count(bound, scope) for bound in arguments[1:])
    bounds = ", ".join([start, *size])
    if value.type.name == "varbyte":
        name = "rs_bytes_part" if size else "rs_bytes_rest"
        return Compiled(f"{name}({value.sql}, {bounds})", varbyte(value.type.size))
    text = string(arguments[0], scope)
    name = "rs_part" if size else "rs_rest"
    return Compiled(f"{name}({text.sql}, {bounds})", varchar(text.type.size))


@redshift_function("LEFT")
def _left(arguments: Arguments, scope: Scope) -> Compiled:
    return _end("left", arguments, scope)


@redshift_function("RIGHT")
def _right(arguments: Arguments, scope: Scope) -> Compiled:
    return _end("right", arguments, scope)


def _end(name: str, arguments: Arguments, scope: Scope) -> Compiled:
    expect(name, arguments, 2)
    text = string(arguments[0], scope)
    return Compiled(f"rs_{name}({text.sql}, {count(arguments[1], scope)})", varchar(text.type.size))


@redshift_function("LPAD")
def _lpad(arguments: Arguments, scope: Scope) -> Compiled:
    return _padded("lpad", arguments, scope)


@redshift_function("RPAD")
def _rpad(arguments: Arguments, scope: Scope) -> Compiled:
    return _padded("rpad", arguments, scope)


def _padded(name: str, arguments: Arguments, scope: Scope) -> Compiled:
    expect(name, arguments, 2, 3)
    text, size = string(arguments[0], scope), count(arguments[1], scope)
    (fill,) = [string(argument, scope).sql for argument in arguments[2:]] or ["' '"]
    return Compiled(f"rs_{name}({text.sql}, {size}, {fill})", varchar(LONGEST_VARCHAR))


@redshift_function("REPEAT", "REPLICATE")
def _repeat(arguments: Arguments, scope: Scope) -> Compiled:
    expect("REPEAT", arguments, 2)
    text, times = string(arguments[0], scope), count(arguments[1], scope)
    return Compiled(f"rs_repeat({text.sql}, {times})", varchar(LONGEST_VARCHAR))


@redshift_function("REVERSE")
def _reverse(arguments: Arguments, scope: Scope) -> Compiled:
    expect("REVERSE", arguments, 1)
    text = string(arguments[0], scope)
    return Compiled(f"rs_reverse({text.sql})", varchar(text.type.size))


@redshift_function("REPLACE")
def _replace(arguments: Arguments, scope: Scope) -> Compiled:
    expect("REPLACE", arguments, 3)
    text, old, new = (string(argument, scope).sql for argument in arguments)
    return Compiled(f"replace({text}, {old}, {new})", varchar(LONGEST_VARCHAR))


@redshift_function("TRANSLATE")
def _translate(arguments: Arguments, scope: Scope) -> Compiled:
    expect("TRANSLATE", arguments, 3)
    text, old, new = (string(argument, scope) for argument in arguments)
    return Compiled(f"translate({text.sql}, {old.sql}, {new.sql})", varchar(LONGEST_VARCHAR))


@redshift_function("SPLIT_PART")
def _split_part(arguments: Arguments, scope: Scope) -> Compiled:
    expect("SPLIT_PART", arguments, 3)
    text, delimiter = string(arguments[0], scope), string(arguments[1], scope)
    position = count(arguments[2], scope)
    return Compiled(f"rs_split_part({text.sql}, {delimiter.sql}, {position})", same_type(text))


@redshift_function("QUOTE_IDENT")
def _quote_ident(arguments: Arguments, scope: Scope) -> Compiled:
    return _quoted("rs_quote_ident", arguments, scope)


@redshift_function("QUOTE_LITERAL")
def _quote_literal(arguments: Arguments, scope: Scope) -> Compiled:
    return _quoted("rs_quote_literal", arguments, scope)


def _quoted(name: str, arguments: Arguments, scope: Scope) -> Compiled:
    expect(name.removeprefix("rs_"), arguments, 1)
    text = string(arguments[0], scope)
    return Compiled(f"{name}({text.sql})", varchar(2 * text.type.size + 2))


@redshift_function("CONCAT")
def _concat(arguments: Arguments, scope: Scope) -> Compiled:
    expect("CONCAT", arguments, 2)
    first, second = (compile_expression(argument, scope) for argument in arguments)
    return concatenate(first, second)


def concatenate(left: Compiled, right: Compiled) -> Compiled:
    """Join two texts or two binary values; NULL where one is NULL."""
    if "varbyte" in (left.type.name, right.type.name):
        first, second = as_bytes(left), as_bytes(right)
        return Compiled(
            f"({first.sql} || {second.sql})", varbyte(first.type.size + second.type.size)
        )
    first, second = as_text(left), as_text(right)
    return Compiled(f"({first.sql} || {second.sql})", varchar(first.type.size + second.type.size))


def as_bytes(value: Compiled) -> Compiled:
    """Return a binary value; only an untyped literal becomes one by itself."""
    if value.type.name == "varbyte":
        return value
    if value.type.name == "unknown":
        return text_bytes(settle(value))
    raise StatementError(f"{value.type.spelled} where binary varying is expected: cast it first")


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
    arguments = [node.this, node.expression][: 2 if node.expression else 1]
    return _trimmed(name, arguments, scope)


def _trimmed(name: str, arguments: Arguments, scope: Scope) -> Compiled:
    expect(name, arguments, 1, 2)
    text, *characters = (string(argument, scope) for argument in arguments)
    cut = characters[0].sql if characters else "' '"
    # VARCHAR of CHAR as well: trimmed so, its padding is out of sight of LIKE.
    return Compiled(f"{name}({text.sql}, {cut})", varchar(text.type.size))

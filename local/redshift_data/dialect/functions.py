"""The allow-list of scalar functions on text, numbers and NULL."""

from collections.abc import Sequence

from sqlglot import exp

from local.redshift_data.dialect.conversions import as_text, coerce, settle
from local.redshift_data.dialect.expressions import (
    compile_as,
    compile_expression,
    redshift_function,
    unify,
)
from local.redshift_data.dialect.operators import compare
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.syntax import only
from local.redshift_data.dialect.types import (
    FLOAT8,
    INT4,
    LONGEST_VARCHAR,
    SUPER,
    UNKNOWN,
    varchar,
)
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


@redshift_function("COALESCE", "NVL")
def _coalesce(arguments: Arguments, scope: Scope) -> Compiled:
    values = unify([compile_expression(argument, scope) for argument in arguments])
    return Compiled(f"coalesce({', '.join(v.sql for v in values)})", values[0].type)


@redshift_function("GREATEST")
def _greatest(arguments: Arguments, scope: Scope) -> Compiled:
    return _extreme("greatest", arguments, scope)


@redshift_function("LEAST")
def _least(arguments: Arguments, scope: Scope) -> Compiled:
    return _extreme("least", arguments, scope)


def _extreme(name: str, arguments: Arguments, scope: Scope) -> Compiled:
    values = unify([compile_expression(argument, scope) for argument in arguments])
    if values[0].type == SUPER:
        raise NotEmulated(f"{name} of SUPER")
    return Compiled(f"{name}({', '.join(v.sql for v in values)})", values[0].type)


@redshift_function("NULLIF")
def _nullif(arguments: Arguments, scope: Scope) -> Compiled:
    expect("NULLIF", arguments, 2)
    value, other = (compile_expression(argument, scope) for argument in arguments)
    value = settle(value) if other.type == UNKNOWN else coerce(value, value.type)
    same = compare(value, "=", other)
    value = settle(value)
    return Compiled(f"CASE WHEN {same} THEN NULL ELSE {value.sql} END", value.type)


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


def constant(node: exp.Expr) -> int:
    """Return a whole number that must stand in the statement itself."""
    if isinstance(node, exp.Neg):
        return -constant(node.this)
    if isinstance(node, exp.Literal) and not node.is_string and str(node.this).isdigit():
        return int(str(node.this))
    raise NotEmulated(f"{node.sql(dialect='redshift')} where a constant integer is expected")


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


@redshift_function("ABS")
def _abs(arguments: Arguments, scope: Scope) -> Compiled:
    expect("ABS", arguments, 1)
    value = compile_as(arguments[0], scope, "int2", "int4", "int8", "float4", "float8", "numeric")
    return Compiled(f"abs({value.sql})", value.type)


@redshift_function("FLOOR")
def _floor(arguments: Arguments, scope: Scope) -> Compiled:
    return _whole("floor", arguments, scope)


@redshift_function("CEIL", "CEILING")
def _ceil(arguments: Arguments, scope: Scope) -> Compiled:
    return _whole("ceil", arguments, scope)


def _whole(name: str, arguments: Arguments, scope: Scope) -> Compiled:
    expect(name, arguments, 1)
    value = compile_expression(arguments[0], scope)
    if not value.type.is_float:
        raise NotEmulated(f"{name} of {value.type.spelled}: cast it to FLOAT first")
    return Compiled(f"{name}(CAST({value.sql} AS DOUBLE))", FLOAT8)


@redshift_function("ROUND")
def _round(arguments: Arguments, scope: Scope) -> Compiled:
    expect("ROUND", arguments, 1, 2)
    value = compile_expression(arguments[0], scope)
    if not value.type.is_float:
        raise NotEmulated(f"round of {value.type.spelled}: cast it to FLOAT first")
    digits = constant(arguments[1]) if len(arguments) > 1 else 0
    return Compiled(f"round(CAST({value.sql} AS DOUBLE), {digits})", FLOAT8)


@redshift_function("MOD")
def _mod(arguments: Arguments, scope: Scope) -> Compiled:
    expect("MOD", arguments, 2)
    return compile_expression(
        exp.Mod(this=arguments[0].copy(), expression=arguments[1].copy()), scope
    )


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

"""The allow-list of functions that choose among values."""

from local.redshift_data.dialect.arguments import Arguments, expect
from local.redshift_data.dialect.conversions import as_text, cast, coerce, common_type, settle
from local.redshift_data.dialect.expressions import compile_expression, redshift_function, unify
from local.redshift_data.dialect.operators import compare
from local.redshift_data.dialect.scope import NULL, Compiled, Scope
from local.redshift_data.dialect.types import SUPER, UNKNOWN, RedshiftType
from local.redshift_data.errors import NotEmulated, StatementError

_TEXTS = ("varchar", "bpchar")


@redshift_function("COALESCE", "NVL")
def _coalesce(arguments: Arguments, scope: Scope) -> Compiled:
    values = unify([compile_expression(argument, scope) for argument in arguments])
    return Compiled(f"coalesce({', '.join(v.sql for v in values)})", values[0].type)


@redshift_function("NVL2")
def _nvl2(arguments: Arguments, scope: Scope) -> Compiled:
    """Choose by whether a value is NULL; the first choice's type wins over another kind."""
    expect("NVL2", arguments, 3)
    value, present, missing = (compile_expression(argument, scope) for argument in arguments)
    if value.type == SUPER:
        raise NotEmulated("NVL2 of SUPER")
    present, missing = _nvl2_types(present, missing)
    sql = f"CASE WHEN {value.sql} IS NOT NULL THEN {present.sql} ELSE {missing.sql} END"
    return Compiled(sql, present.type)


def _nvl2_types(present: Compiled, missing: Compiled) -> tuple[Compiled, Compiled]:
    if NULL not in (present, missing):
        # A text constant counts as text here, as the guide's '2345' beside 1234 shows.
        present = settle(present)
    if present.type.name in _TEXTS and (missing.type.is_text or missing.type.is_number):
        written = as_text(missing)
        size = max(present.type.size, written.type.size)
        type_ = RedshiftType(present.type.name, size)
        return Compiled(present.sql, type_), Compiled(written.sql, type_)
    if present.type.is_number and missing.type.is_text and missing.type != UNKNOWN:
        return present, cast(missing, present.type)
    common = common_type(present.type, missing.type)
    return coerce(present, common), coerce(missing, common)


@redshift_function("DECODE")
def _decode(arguments: Arguments, scope: Scope) -> Compiled:
    """Choose by equality, where NULL equals NULL."""
    least = 3
    if len(arguments) < least:
        raise StatementError("DECODE takes a value and at least one pair")
    value = compile_expression(arguments[0], scope)
    compiled = [compile_expression(argument, scope) for argument in arguments[1:]]
    default = compiled.pop() if len(compiled) % 2 else NULL
    searches, results = compiled[::2], compiled[1::2]
    *results, default = unify([*results, default])
    pairs = zip(searches, results, strict=True)
    whens = " ".join(f"WHEN {_same(value, search)} THEN {result.sql}" for search, result in pairs)
    return Compiled(f"CASE {whens} ELSE {default.sql} END", default.type)


def _same(value: Compiled, search: Compiled) -> str:
    if SUPER in (value.type, search.type):
        raise NotEmulated("DECODE of SUPER: cast it first")
    if search == NULL:
        return f"{value.sql} IS NULL"
    both = f"({value.sql} IS NULL AND {search.sql} IS NULL)"
    return f"({compare(value, '=', search)} OR {both})"


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

"""Arithmetic on SUPER values by what they are; the result is SUPER, NULL of other than numbers."""

from sqlglot import exp

from local.redshift_data.dialect.arguments import Arguments
from local.redshift_data.dialect.arithmetic import OTHER_ARITHMETIC
from local.redshift_data.dialect.conversions import as_super
from local.redshift_data.dialect.expressions import FUNCTIONS, compile_expression
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.types import SUPER, UNKNOWN
from local.redshift_data.errors import NotEmulated

_OPERATIONS = {"+": "sum", "-": "difference", "*": "product", "/": "quotient", "%": "remainder"}
_FUNCTIONS = {"ABS": "abs", "FLOOR": "floor", "CEIL": "ceil", "CEILING": "ceil", "ROUND": "round"}


def _on_super(operator: str, left: Compiled, right: Compiled) -> Compiled | None:
    if SUPER not in (left.type, right.type):
        return None
    if operator not in _OPERATIONS:
        raise NotEmulated(f"operator {operator} on SUPER: cast it first")
    # A literal may be text, which + joins to text; it is no number beside SUPER.
    if operator != "+" and any(v.type == UNKNOWN and v.sql != "NULL" for v in (left, right)):
        raise NotEmulated(f"operator {operator} on SUPER and an untyped value: cast it first")
    operands = (_operand(value) for value in (left, right))
    return Compiled(f"rs_super_{_OPERATIONS[operator]}({', '.join(operands)})", SUPER)


def _operand(value: Compiled) -> str:
    known = value.type == SUPER or value.type.is_number or value.type.is_text
    if not known:
        raise NotEmulated(f"arithmetic on SUPER and {value.type.spelled}: cast it first")
    return as_super(value).sql


OTHER_ARITHMETIC.append(_on_super)


def _dynamic(name: str, macro: str) -> None:
    """Have a function of numbers take a SUPER value as well."""
    of_numbers = FUNCTIONS[name]

    def function(arguments: Arguments, scope: Scope) -> Compiled:
        if len(arguments) == 1 and not isinstance(arguments[0], exp.Literal):
            value = compile_expression(arguments[0], scope)
            if value.type == SUPER:
                return Compiled(f"{macro}({value.sql})", SUPER)
        return of_numbers(arguments, scope)

    FUNCTIONS[name] = function


for _name, _macro in _FUNCTIONS.items():
    _dynamic(_name, f"rs_super_{_macro}")

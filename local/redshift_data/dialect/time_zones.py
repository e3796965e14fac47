"""CONVERT_TIMEZONE, TIMEZONE and AT TIME ZONE."""

from sqlglot import exp

from local.redshift_data.dialect.arguments import Arguments, expect, text_argument
from local.redshift_data.dialect.conversions import cast
from local.redshift_data.dialect.expressions import (
    compile_expression,
    redshift_function,
    redshift_keyword,
)
from local.redshift_data.dialect.moments import moment, without_zone
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.syntax import only
from local.redshift_data.dialect.types import TIMESTAMP, TIMESTAMPTZ
from local.redshift_data.errors import NotEmulated


@redshift_function("CONVERT_TIMEZONE")
def _convert_timezone(arguments: Arguments, scope: Scope) -> Compiled:
    expect("CONVERT_TIMEZONE", arguments, 2, 3)
    *zones, last = arguments
    source, target = ["'UTC'", *(text_argument(zone, scope).sql for zone in zones)][-2:]
    value = moment(last, scope)
    if value.type == TIMESTAMPTZ and len(zones) > 1:
        raise NotEmulated("CONVERT_TIMEZONE of a TIMESTAMPTZ from another zone than UTC")
    utc = without_zone(value).sql
    if len(zones) > 1:
        utc = f"rs_zone_to_utc({utc}, {source})"
    return Compiled(f"rs_utc_to_zone({utc}, {target})", TIMESTAMP)


@redshift_function("TIMEZONE")
def _timezone(arguments: Arguments, scope: Scope) -> Compiled:
    expect("TIMEZONE", arguments, 2)
    return _in_zone(text_argument(arguments[0], scope), moment(arguments[1], scope))


@redshift_keyword("AT TIME ZONE")
@compile_expression.register
def _at_time_zone(node: exp.AtTimeZone, scope: Scope) -> Compiled:
    only(node, "this", "zone")
    return _in_zone(text_argument(node.args["zone"], scope), moment(node.this, scope))


def _in_zone(zone: Compiled, value: Compiled) -> Compiled:
    """Read a TIMESTAMP as of the zone, or show a TIMESTAMPTZ there."""
    if value.type == TIMESTAMPTZ:
        shown = f"rs_utc_to_zone({without_zone(value).sql}, {zone.sql})"
        return Compiled(shown, TIMESTAMP)
    read = f"rs_zone_to_utc({without_zone(value).sql}, {zone.sql})"
    return cast(Compiled(read, TIMESTAMP), TIMESTAMPTZ)

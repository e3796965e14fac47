"""What SUPER values are compared, grouped and sorted by."""

from local.redshift_data.dialect.conversions import settle
from local.redshift_data.dialect.scope import Compiled
from local.redshift_data.dialect.types import BOOL, SUPER
from local.redshift_data.errors import NotEmulated


def super_key(value: Compiled) -> str:
    """Return the text that is equal for equal values, SUPER or not; NULL for JSON's null."""
    if value.type == SUPER:
        return f"rs_super_key({value.sql})"
    if value.type.is_text:
        return f"('s' || rtrim({settle(value).sql}, ' '))"
    if value.type.is_number:
        return f"('n' || rs_number_key(CAST({value.sql} AS VARCHAR)))"
    if value.type == BOOL:
        return f"('b' || CAST({value.sql} AS VARCHAR))"
    raise NotEmulated(f"comparison of SUPER with {value.type.spelled}: cast it first")


def distinct_key(value: Compiled) -> str:
    """Return what tells a value from others: two SUPER values may be written differently."""
    return super_key(value) if value.type == SUPER else value.sql


def super_rank(value: Compiled) -> str:
    """Return what ORDER BY sorts a SUPER value by."""
    return f"rs_rank({value.sql})"

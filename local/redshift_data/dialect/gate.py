"""The way in: which statements are known, and what each one translates to."""

from collections.abc import Callable

from sqlglot import exp

from local.redshift_data import identity_views, system_views
from local.redshift_data.catalog import Catalog, Column
from local.redshift_data.dialect import (
    aggregates,
    arithmetic,
    bits,
    casts,
    changes,
    conditionals,
    datetimes,
    hashes,
    json_texts,
    memberships,
    merge,
    numbers,
    operators,
    patterns,
    searches,
    set_operations,
    sorted_aggregates,
    super_arithmetic,
    super_arrays,
    super_functions,
    super_navigation,
    super_objects,
    temporal,
    texts,
    varbytes,
    windows,
)
from local.redshift_data.dialect.conversions import numeric_text
from local.redshift_data.dialect.copy import copy
from local.redshift_data.dialect.definitions import reader_of
from local.redshift_data.dialect.maintenance import analyze, lock, vacuum
from local.redshift_data.dialect.plans import Bound, Change, Plan, Select
from local.redshift_data.dialect.queries import Query, compile_query, settled
from local.redshift_data.dialect.scope import Reads, Scope
from local.redshift_data.dialect.session_statements import STATEMENTS
from local.redshift_data.dialect.syntax import Text, parse, read
from local.redshift_data.dialect.tables import select_into
from local.redshift_data.dialect.unload import unload
from local.redshift_data.errors import NotEmulated, StatementError

RULES = (
    aggregates,
    arithmetic,
    bits,
    casts,
    conditionals,
    datetimes,
    hashes,
    json_texts,
    memberships,
    numbers,
    operators,
    patterns,
    searches,
    set_operations,
    sorted_aggregates,
    super_arithmetic,
    super_arrays,
    super_functions,
    super_navigation,
    super_objects,
    texts,
    varbytes,
    windows,
)
"""The modules whose import fills the allow-lists of expressions and functions."""
SYSTEM = (identity_views, system_views)
"""The modules whose import registers the system views."""

_READ_BY_WORD: dict[str, Callable[[Text, Reads], Plan]] = {
    "COPY": copy,
    "UNLOAD": unload,
    "MERGE": merge.merge,
    "LOCK": lock,
    "ANALYZE": analyze,
    "VACUUM": vacuum,
    **STATEMENTS,
}
_CHANGES: dict[type[exp.Expr], Callable[..., str]] = {
    exp.Insert: changes.insert,
    exp.Update: changes.update,
    exp.Delete: changes.delete,
    exp.Merge: merge.refuse_with,
}


def translate(sql: str, catalog: Catalog) -> tuple[Plan, Reads]:
    """Return the plan and what of the catalog it depends on; raises StatementError."""
    text = read(sql)
    reads = Reads(catalog)
    if not text.words:
        raise StatementError("syntax error at end of input")
    if define := reader_of(text.words):
        # Definitions look at schemas, users and roles too.
        reads.lasting = False
        return define(text, reads), reads
    if by_word := _READ_BY_WORD.get(text.words[0]):
        return by_word(text, reads), reads
    return _translate_tree(parse(text), text, reads), reads


def _translate_tree(tree: exp.Expr, text: Text, reads: Reads) -> Plan:
    scope = Scope(reads)
    if isinstance(tree, exp.Select) and tree.args.get("into"):
        return select_into(tree, text, reads)
    if isinstance(tree, exp.Query):
        return _select(settled(compile_query(tree, scope)), text)
    if compile_change := _CHANGES.get(type(tree)):
        return Change(Bound(compile_change(tree, scope), text.parameters))
    raise NotEmulated(f"statement {text.words[0]}")


def _select(query: Query, text: Text) -> Select:
    """Have DuckDB render what is a string in the answer, so that no digit is lost on the way."""
    shown = ", ".join(_shown(f"c{at}", column) for at, column in enumerate(query.columns))
    sql = f"SELECT {shown} FROM {query.relation()}"
    return Select(Bound(sql, text.parameters), query.columns)


def _shown(name: str, column: Column) -> str:
    if column.type.name == "bpchar":
        return f"rpad({name}, {column.type.size}, ' ')"
    if column.type.is_temporal or column.type.name == "interval":
        return temporal.shown(name, column.type)
    if column.type.name == "numeric":
        return numeric_text(name, column.type)
    if column.type.name == "super":
        return f"CAST({name} AS VARCHAR)"
    return name

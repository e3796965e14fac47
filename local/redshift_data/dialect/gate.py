"""The way in: which statements are known, and what each one translates to."""

from collections.abc import Callable

from sqlglot import exp

from local.redshift_data.catalog import Catalog, Column
from local.redshift_data.dialect import (
    aggregates,
    changes,
    conditionals,
    datetimes,
    ddl,
    merge,
    numbers,
    operators,
    super_functions,
    texts,
    windows,
)
from local.redshift_data.dialect.admin import create_user, grant, lock, maintain
from local.redshift_data.dialect.copy import copy
from local.redshift_data.dialect.plans import Bound, Change, Plan, Select
from local.redshift_data.dialect.queries import Query, compile_query, settled
from local.redshift_data.dialect.scope import Reads, Scope
from local.redshift_data.dialect.syntax import Text, parse, read
from local.redshift_data.errors import NotEmulated, StatementError

RULES = (aggregates, conditionals, datetimes, numbers, operators, super_functions, texts, windows)
"""The modules whose import fills the allow-lists of expressions and functions."""

_READ_BY_WORD: dict[str, Callable[[Text, Reads], Plan]] = {
    "COPY": copy,
    "GRANT": grant,
    "LOCK": lock,
    "ANALYZE": maintain,
    "VACUUM": maintain,
}
_CHANGES: dict[type[exp.Expr], Callable[..., str]] = {
    exp.Insert: changes.insert,
    exp.Update: changes.update,
    exp.Delete: changes.delete,
    exp.Merge: merge.merge,
}


def only_reads(sql: str) -> bool:
    """Whether a statement can run beside a writer: it is a query."""
    words = read(sql).words
    return bool(words) and words[0] in ("SELECT", "WITH", "(")


def translate(sql: str, catalog: Catalog) -> tuple[Plan, Reads]:
    """Return the plan and what of the catalog it depends on; raises StatementError."""
    text = read(sql)
    reads = Reads(catalog)
    if not text.words:
        raise StatementError("syntax error at end of input")
    if text.words[:2] == ("CREATE", "USER"):
        return create_user(text), reads
    if by_word := _READ_BY_WORD.get(text.words[0]):
        return by_word(text, reads), reads
    return _translate_tree(parse(text), text, reads), reads


def _translate_tree(tree: exp.Expr, text: Text, reads: Reads) -> Plan:
    scope = Scope(reads)
    if isinstance(tree, exp.Query):
        return _select(settled(compile_query(tree, scope)), text)
    if compile_change := _CHANGES.get(type(tree)):
        return Change(Bound(compile_change(tree, scope), text.parameters))
    if isinstance(tree, exp.Create):
        return ddl.create(tree, scope, text.parameters)
    if isinstance(tree, exp.Alter):
        return ddl.alter(tree, scope)
    if isinstance(tree, exp.Drop):
        return ddl.drop(tree, scope)
    raise NotEmulated(f"statement {text.words[0]}")


def _select(query: Query, text: Text) -> Select:
    """Have DuckDB render what is a string in the answer, so that no digit is lost on the way."""
    shown = ", ".join(_shown(f"c{at}", column) for at, column in enumerate(query.columns))
    sql = f"SELECT {shown} FROM {query.relation()}"
    return Select(Bound(sql, text.parameters), query.columns)


def _shown(name: str, column: Column) -> str:
    if column.type.name == "bpchar":
        return f"rpad({name}, {column.type.size}, ' ')"
    if column.type.is_moment or column.type.name in ("numeric", "super"):
        return f"CAST({name} AS VARCHAR)"
    return name

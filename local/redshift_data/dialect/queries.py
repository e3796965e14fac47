"""Compiles SELECT to one DuckDB query and its typed columns."""

from dataclasses import dataclass, replace
from functools import singledispatch

from sqlglot import exp

from local.redshift_data.catalog import Column, quoted
from local.redshift_data.dialect.conversions import coerce, settle
from local.redshift_data.dialect.expressions import compile_condition
from local.redshift_data.dialect.grouping import group_by
from local.redshift_data.dialect.labels import label
from local.redshift_data.dialect.ordering import order_by, rows
from local.redshift_data.dialect.outer_joins import compile_marked, is_marked
from local.redshift_data.dialect.relations import compile_from
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.select_lists import Item, select_list
from local.redshift_data.dialect.sorted_aggregates import check_sort_based
from local.redshift_data.dialect.super_grouping import group_rows, super_groups
from local.redshift_data.dialect.super_values import distinct_key
from local.redshift_data.dialect.syntax import only
from local.redshift_data.dialect.types import SUPER, UNKNOWN
from local.redshift_data.errors import NotEmulated, StatementError

__all__ = ["Query", "compile_query", "compile_with", "converted", "label", "settled"]


@dataclass(frozen=True)
class Query:
    """A query for DuckDB; types may still be unknown, as those of bare literals are."""

    sql: str
    columns: tuple[Column, ...]

    def by_name(self) -> dict[str, Column]:
        """Return its columns by name, for queries around it."""
        columns = {column.name: column for column in self.columns}
        if len(columns) != len(self.columns):
            raise NotEmulated("a subquery with two columns of one name")
        return columns

    def relation(self, alias: str = "r") -> str:
        """Return it as a FROM item with columns c0, c1 … whatever their names."""
        names = ", ".join(f"c{index}" for index in range(len(self.columns)))
        return f"({self.sql}) AS {alias}({names})"


@singledispatch
def compile_query(node: exp.Expr, scope: Scope) -> Query:
    """Compile anything that yields rows; the scope is the query's own and still empty."""
    del scope
    raise NotEmulated(f"query {node.sql(dialect='redshift')}")


@compile_query.register
def _parenthesised(node: exp.Subquery, scope: Scope) -> Query:
    only(node, "this")
    return compile_query(node.this, scope)


@compile_query.register
def _select(node: exp.Select, scope: Scope) -> Query:
    only(
        node, "with_", "expressions", "from_", "joins", "where", "group", "having",
        "order", "limit", "offset", "distinct", "qualify",
    )  # fmt: skip
    check_sort_based(node)
    with_ = compile_with(node, scope)
    where = node.args.get("where")
    marked = where is not None and is_marked(where)
    tables, filtered = compile_marked(node, scope) if marked else (compile_from(node, scope), "")
    if paths := super_groups(node, scope):
        filtered = filtered if marked else _condition("WHERE", node, scope)
        tables, filtered, marked = group_rows(f"{tables} {filtered}", paths, scope), "", True
    items = select_list(node, scope)
    clauses = [with_, "SELECT" + _distinct(node, items)]
    clauses.append(", ".join(f"{i.value.sql} AS {quoted(i.name)}" for i in items))
    if not marked:
        filtered = _condition("WHERE", node, scope)
    clauses += [tables, filtered, group_by(node, items, scope)]
    clauses += [_condition("HAVING", node, scope), _condition("QUALIFY", node, scope)]
    clauses += [order_by(node, items, scope), rows("LIMIT", node), rows("OFFSET", node)]
    _check_correlation(node, scope)
    columns = tuple(Column(i.name, i.value.type, origin=i.value.origin) for i in items)
    return Query(" ".join(clause for clause in clauses if clause), columns)


def compile_with(node: exp.Expr, scope: Scope) -> str:
    """Compile WITH, and have the scope know its queries; empty where there is none."""
    # The cycle queries -> named queries -> queries is broken at the call.
    from local.redshift_data.dialect import named_queries  # noqa: PLC0415

    return named_queries.compile_with(node, scope)


def _distinct(node: exp.Select, items: list[Item]) -> str:
    distinct = node.args.get("distinct")
    if not distinct:
        return ""
    if distinct.args.get("on"):
        raise StatementError("SELECT DISTINCT ON is not supported")
    only(distinct)
    if all(item.value.type != SUPER for item in items):
        return " DISTINCT"
    return f" DISTINCT ON ({', '.join(distinct_key(settle(item.value)) for item in items)})"


def _condition(keyword: str, node: exp.Select, scope: Scope) -> str:
    clause = node.args.get(keyword.lower())
    if not clause:
        return ""
    if keyword == "QUALIFY" and not _named_before_qualify(node):
        raise StatementError('syntax error at or near "QUALIFY"')
    sql = compile_condition(clause.this, scope)
    if keyword == "HAVING" and "rs_super_" in sql:
        raise NotEmulated("HAVING on SUPER: cast it first")
    return f"{keyword} {sql}"


def _named_before_qualify(node: exp.Select) -> bool:
    """Whether the relation has the alias that QUALIFY directly after FROM needs."""
    between = ("where", "group", "having")
    if any(node.args.get(clause) for clause in between) or not node.args.get("from_"):
        return True
    last = (node.args.get("joins") or [node.args["from_"]])[-1]
    return bool(last.this.alias) or bool(last.args.get("on") or last.args.get("using"))


def _check_correlation(node: exp.Select, scope: Scope) -> None:
    """Refuse window functions in a subquery with references to the query around it."""
    if scope.correlated and any(True for _ in node.find_all(exp.Window)):
        raise StatementError("This type of correlated subquery pattern is not supported yet")


def converted(query: Query, columns: tuple[Column, ...]) -> str:
    """Return the query with its columns implicitly converted and renamed."""
    values = [
        f"{settle(coerce(Compiled(f'c{at}', have.type), want.type)).sql} AS {quoted(want.name)}"
        for at, (have, want) in enumerate(zip(query.columns, columns, strict=True))
    ]
    return f"(SELECT {', '.join(values)} FROM {query.relation()})"


def settled(query: Query) -> Query:
    """Give bare literals their type, text, where the query's result is stored or shown."""
    if all(column.type != UNKNOWN for column in query.columns):
        return query
    columns = tuple(replace(c, type=settle(Compiled("", c.type)).type) for c in query.columns)
    return Query(converted(query, columns), columns)

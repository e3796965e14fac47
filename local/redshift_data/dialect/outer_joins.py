"""The outer-join operator (+) in WHERE conditions."""

from collections.abc import Iterator

from sqlglot import exp

from local.redshift_data.dialect.expressions import compile_condition
from local.redshift_data.dialect.relations import compile_item
from local.redshift_data.dialect.scope import Scope, Source, name_of
from local.redshift_data.errors import NotEmulated, StatementError


def is_marked(node: exp.Expr) -> bool:
    """Whether a column in a condition has the operator."""
    return any(_marked(node))


def _marked(node: exp.Expr) -> Iterator[exp.Column]:
    for column in node.find_all(exp.Column):
        if column.args.get("join_mark"):
            yield column


def compile_marked(node: exp.Select, scope: Scope) -> tuple[str, str]:
    """Compile FROM and WHERE of a query with the operator; returns both clauses."""
    joins = node.args.get("joins") or []
    if any(
        join.args.get(part) for join in joins for part in ("side", "kind", "on", "using", "method")
    ):
        raise StatementError("(+) cannot be used in a query with FROM clause join syntax")
    items = [node.args["from_"].this, *(join.this for join in joins)]
    written = {}
    for item in items:
        sql = compile_item(item, scope)
        written[scope.sources[-1].name] = sql
    conditions = node.args["where"].this
    conjuncts = list(conditions.flatten()) if isinstance(conditions, exp.And) else [conditions]
    joined, kept = _by_table(conjuncts, scope)
    from_ = ", ".join(sql for name, sql in written.items() if name not in joined)
    if not from_:
        raise NotEmulated("(+) on every table of a query")
    if len(written) - len(joined) > 1:
        from_ = from_.replace(", ", " CROSS JOIN ", len(written) - len(joined) - 1)
    for name, marked in joined.items():
        on = " AND ".join(compile_condition(_unmarked(each), scope) for each in marked)
        from_ += f" LEFT JOIN {written[name]} ON {on}"
    where = " AND ".join(compile_condition(each, scope) for each in kept)
    return f"FROM {from_}", f"WHERE {where}" if where else ""


def _by_table(
    conjuncts: list[exp.Expr], scope: Scope
) -> tuple[dict[str, list[exp.Expr]], list[exp.Expr]]:
    joined: dict[str, list[exp.Expr]] = {}
    kept = []
    preserved: dict[str, str] = {}
    for conjunct in conjuncts:
        if not is_marked(conjunct):
            kept.append(conjunct)
            continue
        if conjunct.find(exp.Or, exp.In):
            raise StatementError("Outer join operator (+) not allowed in operand of OR or IN.")
        names = {_table(column, scope) for column in _marked(conjunct)}
        others = {_table(c, scope) for c in conjunct.find_all(exp.Column)} - names
        if len(names) != 1 or conjunct.find(exp.Query):
            raise NotEmulated("(+) on several tables in one condition")
        (name,) = names
        joined.setdefault(name, []).append(conjunct)
        for other in others:
            if preserved.setdefault(name, other) != other:
                raise StatementError("A table may be outer joined to at most one other table.")
    if any(other in joined for other in preserved.values()):
        raise NotEmulated("(+) on a table that is outer joined itself")
    return joined, kept


def _table(column: exp.Column, scope: Scope) -> str:
    if column.table:
        return scope.source(name_of(column.table)).name
    name = name_of(column.this)
    owners: list[Source] = [source for source in scope.sources if name in source.columns]
    if len(owners) != 1:
        raise StatementError(f'column reference "{name}" is missing or ambiguous')
    return owners[0].name


def _unmarked(node: exp.Expr) -> exp.Expr:
    plain = node.copy()
    for column in list(_marked(plain)):
        column.set("join_mark", None)
    return plain

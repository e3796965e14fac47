"""MERGE, by the rules of its page in the Redshift Database Developer Guide."""

from sqlglot import exp

from local.redshift_data.catalog import Table, quoted
from local.redshift_data.dialect.changes import (
    as_source,
    assignments,
    chosen_columns,
    target_table,
)
from local.redshift_data.dialect.conversions import assign
from local.redshift_data.dialect.expressions import compile_condition, compile_expression
from local.redshift_data.dialect.scope import Scope, Source, name_of
from local.redshift_data.dialect.syntax import only
from local.redshift_data.errors import NotEmulated, StatementError

_CLAUSES = 2


def merge(node: exp.Merge, scope: Scope) -> str:
    """Compile MERGE INTO a table USING another with both WHEN clauses."""
    only(node, "this", "using", "on", "whens")
    target = target_table(node.this, scope)
    source_sql, source = _source(node.args["using"], target, scope)
    scope.sources += [as_source(target), source]
    scope.partial_super = False
    on = _match(node.args["on"], scope)
    matched, unmatched = _both_clauses(node.args["whens"].expressions)
    return (
        f"MERGE INTO {target.sql} AS {quoted(target.name)} USING {source_sql} ON {on} "
        f"WHEN MATCHED THEN {_matched(matched, target, scope)} "
        f"WHEN NOT MATCHED THEN {_unmatched(unmatched, target, source, scope)}"
    )


def _source(node: exp.Expr, target: Table, scope: Scope) -> tuple[str, Source]:
    if not isinstance(node, exp.Table):
        raise NotEmulated("MERGE from a subquery: put it into a temporary table first")
    only(node, "this", "db", "alias")
    table = scope.reads.table(name_of(node.this), name_of(node.db) if node.db else None)
    if table == target:
        raise StatementError("Target and source of MERGE must be different tables")
    alias = name_of(node.alias or node.this)
    return f"{table.sql} AS {quoted(alias)}", Source(alias, as_source(table).columns)


def _match(node: exp.Expr, scope: Scope) -> str:
    """Compile the match condition: equal predicates, joined by AND."""
    conditions = list(node.flatten()) if isinstance(node, exp.And) else [node]
    for condition in conditions:
        if not isinstance(condition.unnest(), exp.EQ):
            raise NotEmulated("a MERGE condition other than equality")
    return compile_condition(node, scope)


def _both_clauses(whens: list[exp.Expr]) -> tuple[exp.Expr, exp.Expr]:
    for when in whens:
        if when.args.get("condition"):
            raise StatementError('syntax error at or near "AND"')
        only(when, "matched", "then")
    matched = [when.args["then"] for when in whens if when.args.get("matched")]
    unmatched = [when.args["then"] for when in whens if not when.args.get("matched")]
    if len(whens) != _CLAUSES or len(matched) != 1:
        raise StatementError("MERGE needs one WHEN MATCHED and one WHEN NOT MATCHED clause")
    return matched[0], unmatched[0]


def _matched(then: exp.Expr, target: Table, scope: Scope) -> str:
    if isinstance(then, exp.Update):
        only(then, "expressions")
        return f"UPDATE SET {assignments(then, target, scope)}"
    if isinstance(then, exp.Var) and then.name.upper() == "DELETE":
        return "DELETE"
    raise NotEmulated(f"WHEN MATCHED THEN {then.sql(dialect='redshift')}")


def _unmatched(then: exp.Expr, target: Table, source: Source, scope: Scope) -> str:
    if not isinstance(then, exp.Insert) or not isinstance(then.expression, exp.Tuple):
        raise NotEmulated(f"WHEN NOT MATCHED THEN {then.sql(dialect='redshift')}")
    only(then, "this", "expression")
    listed = [name_of(column) for column in then.this.expressions] if then.this else []
    columns = chosen_columns(target, listed)
    values = then.expression.expressions
    if len(values) != len(columns):
        raise StatementError("INSERT has not as many expressions as target columns")
    of_source = Scope(scope.reads, [source], None, {}, partial_super=False)
    pairs = zip(values, columns, strict=True)
    written = (assign(compile_expression(value, of_source), column) for value, column in pairs)
    names = ", ".join(quoted(column.name) for column in columns)
    return f"INSERT ({names}) VALUES ({', '.join(written)})"

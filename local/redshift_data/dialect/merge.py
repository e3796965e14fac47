"""MERGE, by the rules of its page in the Redshift Database Developer Guide."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from local.redshift_data.catalog import Table, quoted
from local.redshift_data.dialect.changes import (
    as_source,
    assigned,
    assignments,
    chosen_columns,
    owners,
    target_table,
    value_or_default,
)
from local.redshift_data.dialect.expressions import compile_condition
from local.redshift_data.dialect.plans import Bound, Change, Outcome, Plan, Session, Values
from local.redshift_data.dialect.queries import Query, compile_query, settled
from local.redshift_data.dialect.scope import Reads, Scope, Source, name_of
from local.redshift_data.dialect.syntax import Text, only, parse, tokenize
from local.redshift_data.errors import NotEmulated, StatementError

_SIMPLIFIED = ("REMOVE", "DUPLICATES")
_PLACEHOLDER = " WHEN MATCHED THEN DELETE"
"""Stands for REMOVE DUPLICATES, which the parser does not know."""
_STAGED = "temp.rs_merged"


@dataclass(frozen=True)
class Merged:
    """What every MERGE names."""

    target: Table
    source_sql: str
    source: Source
    on: str


@dataclass(frozen=True)
class RemoveDuplicates:
    """Replaces the target's matching rows by the source's rows, one for one."""

    stage: Bound
    check: Bound
    delete: Bound
    insert: Bound

    def run(self, session: Session, values: Values) -> Outcome:
        """Return how many rows the source had: each is now in the target."""
        self.stage.execute(session, values)
        if self.check.execute(session, values).fetchone():
            raise StatementError("Found multiple matches to update the same tuple.")
        self.delete.execute(session, values)
        counted = self.insert.execute(session, values).fetchone()
        session.connection.execute(f"DROP TABLE {_STAGED}")
        return Outcome(changed=int(counted[0]) if counted else 0)


def merge(text: Text, reads: Reads) -> Plan:
    """Compile MERGE INTO a table USING another, with both WHEN clauses or simplified."""
    scope = Scope(reads, partial_super=False)
    if text.words[-len(_SIMPLIFIED) :] == _SIMPLIFIED:
        last = [token for token in tokenize(text.sql) if token.text.upper() in _SIMPLIFIED]
        tree = parse(replace(text, sql=text.sql[: last[-2].start] + _PLACEHOLDER))
        return _remove_duplicates(_expect_merge(tree), scope, text.parameters)
    return Change(Bound(_merge(_expect_merge(parse(text)), scope), text.parameters))


def refuse_with(node: exp.Merge, scope: Scope) -> str:
    """Refuse MERGE behind WITH."""
    del node, scope
    raise StatementError('syntax error at or near "MERGE"')


def _expect_merge(tree: exp.Expr) -> exp.Merge:
    if not isinstance(tree, exp.Merge):
        raise StatementError("syntax error in MERGE")
    only(tree, "this", "using", "on", "whens")
    return tree


def _merge(node: exp.Merge, scope: Scope) -> str:
    merged = _named(node, scope)
    matched, unmatched = _both_clauses(node.args["whens"].expressions)
    return (
        f"MERGE INTO {merged.target.sql} AS {quoted(merged.target.name)} "
        f"USING {merged.source_sql} ON {merged.on} "
        f"WHEN MATCHED THEN {_matched(matched, merged.target, scope)} "
        f"WHEN NOT MATCHED THEN {_unmatched(unmatched, merged, scope)}"
    )


def _named(node: exp.Merge, scope: Scope) -> Merged:
    target = target_table(node.this, scope)
    source_sql, source = _source(node.args["using"], target, scope)
    scope.sources += [as_source(target), source]
    return Merged(target, source_sql, source, _match(node.args["on"], scope))


def _source(node: exp.Expr, target: Table, scope: Scope) -> tuple[str, Source]:
    if isinstance(node, exp.Subquery):
        only(node, "this", "alias")
        return _subquery(node, target, scope)
    if not isinstance(node, exp.Table):
        raise NotEmulated(f"MERGE USING {node.sql(dialect='redshift')}")
    only(node, "this", "db", "alias")
    table = scope.reads.table(name_of(node.this), name_of(node.db) if node.db else None)
    if table == target:
        raise StatementError("Target and source of MERGE must be different tables")
    if target.sql in table.bases:
        raise _uses_target()
    alias = name_of(node.alias or node.this)
    return f"{table.sql} AS {quoted(alias)}", as_source(table, alias)


def _subquery(node: exp.Subquery, target: Table, scope: Scope) -> tuple[str, Source]:
    if not node.alias:
        raise StatementError("subquery in FROM must have an alias")
    only(node.args["alias"], "this")
    for named in node.find_all(exp.Table):
        schema = name_of(named.db) if named.db else None
        if scope.reads.catalog.find(name_of(named.this), schema) == target:
            raise _uses_target()
    query = settled(compile_query(node.this, Scope(scope.reads)))
    alias = name_of(node.alias)
    return f"({query.sql}) AS {quoted(alias)}", Source(alias, query.by_name())


def _uses_target() -> StatementError:
    return StatementError("Source view/subquery in Merge statement cannot reference target table.")


def _match(node: exp.Expr, scope: Scope) -> str:
    """Compile the match condition: equal predicates of both tables, joined by AND."""
    conditions = list(node.flatten()) if isinstance(node, exp.And) else [node]
    target, source = (each.name for each in scope.sources)
    for condition in conditions:
        equality = condition.unnest()
        if not isinstance(equality, exp.EQ):
            raise NotEmulated("a MERGE condition other than equality")
        sides = [owners(side, scope) for side in (equality.this, equality.expression)]
        if {target} not in sides or {source} not in sides:
            raise NotEmulated("a MERGE condition that does not compare both tables")
    return compile_condition(node, scope)


def _both_clauses(whens: Sequence[exp.Expr]) -> tuple[exp.Expr, exp.Expr]:
    for when in whens:
        if when.args.get("condition"):
            raise StatementError('syntax error at or near "AND"')
        only(when, "matched", "then")
    matched = [when.args["then"] for when in whens if when.args.get("matched")]
    unmatched = [when.args["then"] for when in whens if not when.args.get("matched")]
    if len(matched) != 1 or len(unmatched) != 1:
        raise StatementError("MERGE needs one WHEN MATCHED and one WHEN NOT MATCHED clause")
    return matched[0], unmatched[0]


def _matched(then: exp.Expr, target: Table, scope: Scope) -> str:
    if isinstance(then, exp.Update):
        only(then, "expressions")
        return f"UPDATE SET {assignments(then, target, scope)}"
    if isinstance(then, exp.Var) and then.name.upper() == "DELETE":
        return "DELETE"
    raise StatementError(f"syntax error: WHEN MATCHED THEN {then.sql(dialect='redshift')}")


def _unmatched(then: exp.Expr, merged: Merged, scope: Scope) -> str:
    if not isinstance(then, exp.Insert):
        raise StatementError(f"syntax error: WHEN NOT MATCHED THEN {then.sql(dialect='redshift')}")
    only(then, "this", "expression")
    listed, values = _inserted(then)
    columns = chosen_columns(merged.target, listed)
    if len(values) > len(columns):
        raise StatementError("INSERT has more expressions than target columns")
    if len(values) < len(columns):
        raise StatementError("INSERT has more target columns than expressions")
    of_source = Scope(scope.reads, [merged.source], partial_super=False)
    pairs = zip(values, columns, strict=True)
    written = (value_or_default(value, column, of_source) for value, column in pairs)
    names = ", ".join(quoted(column.name) for column in columns)
    return f"INSERT ({names}) VALUES ({', '.join(written)})"


def _inserted(then: exp.Insert) -> tuple[list[str], list[exp.Expr]]:
    """Return the columns listed, none for all of them, and the values."""
    if isinstance(then.expression, exp.Tuple):
        return [name_of(column) for column in then.this.expressions], then.expression.expressions
    # Without a list of columns, VALUES reads like a call of a function.
    (call,) = then.this.expressions if isinstance(then.this, exp.Tuple) else (then.this,)
    if isinstance(call, exp.Anonymous) and name_of(call) == "values":
        return [], call.expressions
    raise NotEmulated(f"WHEN NOT MATCHED THEN {then.sql(dialect='redshift')}")


def _remove_duplicates(node: exp.Merge, scope: Scope, parameters: tuple[str, ...]) -> Plan:
    if len(node.args["whens"].expressions) != 1:
        raise StatementError('syntax error at or near "REMOVE"')
    merged = _named(node, scope)
    target, source = merged.target, merged.source
    if len(source.columns) != len(target.columns):
        raise StatementError("Target and source of MERGE must have as many columns")
    names = ", ".join(quoted(column.name) for column in target.columns)
    staged = f"{_STAGED} AS {quoted(source.name)}"
    joined = f"{target.sql} AS {quoted(target.name)} JOIN {staged} ON {merged.on}"
    row = f"{quoted(target.name)}.rowid"
    rows = assigned(
        Query(f"SELECT * FROM {_STAGED}", tuple(source.columns.values())), target.columns
    )
    return RemoveDuplicates(
        Bound(f"CREATE TEMP TABLE rs_merged AS SELECT * FROM {merged.source_sql}", parameters),
        Bound(f"SELECT 1 FROM {joined} GROUP BY {row} HAVING count(*) > 1 LIMIT 1", parameters),
        Bound(f"DELETE FROM {target.sql} WHERE rowid IN (SELECT {row} FROM {joined})", parameters),
        Bound(f"INSERT INTO {target.sql} ({names}) {rows}", parameters),
    )

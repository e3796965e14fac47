"""PIVOT and UNPIVOT: rows to columns and columns to rows."""

from collections.abc import Iterator, Sequence

from sqlglot import exp

from local.redshift_data.catalog import Column, quoted
from local.redshift_data.dialect.conversions import coerce, common_type
from local.redshift_data.dialect.expressions import allow_keywords, compile_expression
from local.redshift_data.dialect.macros.raising import raising
from local.redshift_data.dialect.relations import compile_item, renamed
from local.redshift_data.dialect.scope import Compiled, Scope, Source, name_of
from local.redshift_data.dialect.select_lists import refuse_super
from local.redshift_data.dialect.syntax import only
from local.redshift_data.dialect.types import UNKNOWN, varchar
from local.redshift_data.errors import NotEmulated, StatementError

_AGGREGATES = ("COUNT", "SUM", "MIN", "MAX", "AVG")
allow_keywords("PIVOT", "UNPIVOT", "INCLUDE NULLS")


def compile_pivot(node: exp.Expr, scope: Scope) -> tuple[str, Source]:
    """Compile a FROM item with PIVOT or UNPIVOT to a subquery and its source."""
    (pivot, *more) = node.args["pivots"]
    if more or len(pivot.args["fields"]) != 1:
        raise StatementError("PIVOT and UNPIVOT cannot be applied to one another")
    only(
        pivot, "expressions", "fields", "unpivot", "include_nulls", "alias", "columns",
        "pivot_column_naming",
    )  # fmt: skip
    plain = node.copy()
    plain.set("pivots", None)
    inner = Scope(scope.reads, [], None, dict(scope.queries))
    from_ = f"FROM {compile_item(plain, inner)}"
    compile_rows = _unpivoted if pivot.args.get("unpivot") else _pivoted
    sql, columns = compile_rows(pivot, from_, inner)
    by_name = {column.name: column for column in columns}
    if len(by_name) != len(columns):
        raise NotEmulated("PIVOT or UNPIVOT with two columns of one name")
    alias = pivot.args.get("alias")
    name = name_of(alias.this) if alias else f"pivot {len(scope.sources)}"
    source = Source(name, by_name)
    listed = [name_of(c) for c in alias.args.get("columns") or []] if alias else []
    return f"({sql})", renamed(source, listed) if listed else source


def _pivoted(pivot: exp.Pivot, from_: str, scope: Scope) -> tuple[str, list[Column]]:
    (call,) = pivot.expressions
    aggregate, suffix = call.unalias(), f"_{name_of(call.alias)}" if call.alias else ""
    if not isinstance(aggregate, exp.Anonymous) or aggregate.this.upper() not in _AGGREGATES:
        raise StatementError("PIVOT needs a call of COUNT, SUM, MIN, MAX or AVG")
    (field,) = pivot.args["fields"]
    used = {name_of(c.this) for each in (aggregate, field.this) for c in each.find_all(exp.Column)}
    groups = [
        (name, s.column(name)) for s in scope.sources for name in s.visible() if name not in used
    ]
    refuse_super("an implicit group of PIVOT", *(value for _, value in groups))
    matches = [
        (_value_name(value) + suffix, _match(field.this, value)) for value in field.expressions
    ]
    shown = [(name, compile_expression(_when(aggregate, match), scope)) for name, match in matches]
    columns = [Column(name, value.type) for name, value in (*groups, *shown)]
    listed = ", ".join(f"{value.sql} AS {quoted(name)}" for name, value in (*groups, *shown))
    keys = ", ".join(value.sql for _, value in groups)
    grouped = f" GROUP BY {keys} HAVING {_some([m for _, m in matches], scope)}" if groups else ""
    return f"SELECT {listed} {from_}{grouped}", columns


def _value_name(value: exp.Expr) -> str:
    if isinstance(value, exp.PivotAlias):
        return name_of(value.args["alias"])
    if isinstance(value, exp.Null):
        return "null"
    if isinstance(value, exp.Literal):
        if str(value.this) != str(value.this).lower():
            raise NotEmulated("PIVOT by a constant with capitals and without an alias")
        return str(value.this)
    if value.find(exp.Column, exp.Query):
        raise StatementError("PIVOT IN list values cannot be column references or subqueries")
    return "?column?"


def _match(column: exp.Expr, value: exp.Expr) -> exp.Expr:
    plain = value.this if isinstance(value, exp.PivotAlias) else value
    if isinstance(plain, exp.Null):
        return exp.Is(this=column.copy(), expression=exp.Null())
    return exp.EQ(this=column.copy(), expression=plain.copy())


def _when(aggregate: exp.Anonymous, match: exp.Expr) -> exp.Expr:
    """Return the aggregate of the rows that match."""
    (argument,) = aggregate.expressions
    distinct = isinstance(argument, exp.Distinct)
    inner = argument.expressions[0] if distinct else argument
    counted = exp.Literal.number(1) if isinstance(inner, exp.Star) else inner.copy()
    case: exp.Expr = exp.Case(ifs=[exp.If(this=match.copy(), true=counted)])
    return exp.Anonymous(
        this=aggregate.this, expressions=[exp.Distinct(expressions=[case]) if distinct else case]
    )


def _some(matches: Sequence[exp.Expr], scope: Scope) -> str:
    """Fail for a group without any of the values: the guide does not say whether it is shown."""
    conditions = " OR ".join(compile_expression(match, scope).sql for match in matches)
    unknown = raising("'not emulated locally: PIVOT of rows with none of the listed values'")
    return f"CASE WHEN bool_or(coalesce({conditions}, false)) THEN true ELSE {unknown} END"


def _unpivoted(pivot: exp.Pivot, from_: str, scope: Scope) -> tuple[str, list[Column]]:
    (field,) = pivot.args["fields"]
    if len(pivot.expressions) != 1 or not isinstance(field.this, exp.Identifier):
        raise StatementError("UNPIVOT needs one value column and one name column")
    value_name, label_name = name_of(pivot.expressions[0]), name_of(field.this)
    inputs = [_input(each, scope) for each in field.expressions]
    names = {value.this.name.lower() for value in _columns(field)}
    kept = [(n, s.column(n)) for s in scope.sources for n in s.visible() if n not in names]
    type_ = UNKNOWN
    for _, value in inputs:
        type_ = common_type(type_, value.type)
    label_type = varchar(max(len(label.encode()) for label, _ in inputs))
    columns = [*(Column(name, value.type, origin=value.origin) for name, value in kept)]
    columns += [Column(label_name, label_type), Column(value_name, type_)]
    prefix = "".join(f"{value.sql} AS {quoted(name)}, " for name, value in kept)
    every = bool(pivot.args.get("include_nulls"))
    rows = []
    for label, value in inputs:
        text = label.replace("'", "''")
        shown = f"CAST('{text}' AS VARCHAR) AS {quoted(label_name)}, {coerce(value, type_).sql} AS {quoted(value_name)}"
        where = "" if every else f" WHERE {value.sql} IS NOT NULL"
        rows.append(f"SELECT {prefix}{shown} {from_}{where}")
    return " UNION ALL ".join(rows), columns


def _columns(field: exp.In) -> Iterator[exp.Column]:
    for each in field.expressions:
        column = each.this if isinstance(each, exp.PivotAlias) else each
        if not isinstance(column, exp.Column):
            raise StatementError("UNPIVOT IN list must contain only column references")
        yield column


def _input(each: exp.Expr, scope: Scope) -> tuple[str, Compiled]:
    column = each.this if isinstance(each, exp.PivotAlias) else each
    if not isinstance(column, exp.Column):
        raise StatementError("UNPIVOT IN list must contain only column references")
    alias = each.args["alias"] if isinstance(each, exp.PivotAlias) else column.this
    return name_of(alias), compile_expression(column, scope)

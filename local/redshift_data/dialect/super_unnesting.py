"""Compiles the FROM items that iterate over a SUPER array or over an object's attributes.

The rows so far become a subquery that unnests in its select list: a lateral join would copy the
outer row, with the whole document, to each element of it.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from local.redshift_data.catalog import Column, quoted
from local.redshift_data.dialect.expressions import compile_condition
from local.redshift_data.dialect.partiql import Unnesting
from local.redshift_data.dialect.scope import Compiled, Scope, Source, name_of
from local.redshift_data.dialect.super_navigation import navigate, path_of
from local.redshift_data.dialect.syntax import only
from local.redshift_data.dialect.types import INT8, LONGEST_VARCHAR, SUPER, varchar
from local.redshift_data.errors import NotEmulated, StatementError

ROWS = "rows so far"
"""The name of the subquery that the FROM items before become."""
_PATH = quoted("unnested path")


def as_unnesting(node: exp.Expr, scope: Scope) -> Unnesting | None:
    """Return a FROM item as an iteration, if its name leads into a source and not to a table."""
    if isinstance(node, Unnesting):
        return node
    if not isinstance(node, exp.Table) or not _leads_into_source(node, scope):
        return None
    only(node, "this", "alias", "db", "catalog")
    only(node.args.get("alias") or exp.TableAlias(), "this")
    if not node.alias:
        raise NotEmulated("unnesting without an alias")
    first, *rest = (part.copy() for part in node.parts)
    path: exp.Expr = exp.Column(this=rest[0], table=first) if rest else exp.Column(this=first)
    for step in rest[1:]:
        path = exp.Dot(this=path, expression=step)
    return Unnesting(this=path, value=exp.to_identifier(node.alias))


def _leads_into_source(node: exp.Table, scope: Scope) -> bool:
    if not isinstance(node.this, exp.Identifier | exp.Dot):
        return False
    first, *rest = (str(part) for part in path_of(node))
    here: Scope | None = scope
    while here:
        for source in here.sources:
            if first == source.unnested or (rest and source.name == first):
                return True
        here = here.outer
    return False


def unnest(sql: str, node: Unnesting, join: exp.Join | None, scope: Scope) -> str:
    """Return FROM with the rows so far unnested once more, and add what that yields to the scope.

    `sql` is FROM with the earlier items, empty where there are none.
    """
    path = navigate(node.this, scope)
    if path.type != SUPER:
        raise StatementError(f"{path.type.spelled} cannot be unnested")
    if node.args.get("unpivot") and not sql:
        raise StatementError("correlated unpivoting is not supported")
    kept = _kept_without_elements(join, scope)
    lists = _lists(_PATH, unpivot=bool(node.args.get("unpivot")))
    source, values = _yielded(node, [_unnested(each, kept=kept) for each in lists])
    # The path is followed once: macros have their argument several times.
    pathed = wrapped_rows(sql, [f"{path.sql} AS {_PATH}"], scope)
    return _iterated(pathed, source, values, scope) + _condition(join, scope, kept=kept)


def _kept_without_elements(join: exp.Join | None, scope: Scope) -> bool:
    """Whether a row with nothing to iterate over stays, as LEFT JOIN has it."""
    if join is None:
        return False
    only(join, "this", "side", "kind", "on")
    side = join.side.upper()
    if side in ("RIGHT", "FULL"):
        raise StatementError("SUPER is not supported in right joins or full outer joins")
    if side and not scope.sources:
        raise NotEmulated("an outer join of nothing with SUPER")
    return side == "LEFT"


def _lists(value: str, *, unpivot: bool) -> tuple[str, str]:
    """Return the list of values, and that of their positions or names."""
    if unpivot:
        return f"rs_members({value})", f"rs_names({value})"
    return f"rs_unnested({value})", f"range(CAST(json_array_length({value}) AS BIGINT))"


def _unnested(values: str, *, kept: bool) -> str:
    if not kept:
        return f"unnest({values})"
    return f"unnest(CASE WHEN len({values}) > 0 THEN {values} ELSE [NULL] END)"


def _yielded(node: Unnesting, lists: Sequence[str]) -> tuple[Source, list[Compiled]]:
    """Return the source that the iteration makes, and its columns' SQL."""
    position_type = varchar(LONGEST_VARCHAR) if node.args.get("unpivot") else INT8
    columns = [Column(name_of(node.args["value"]), SUPER)]
    # JSON's null is NULL, as it is where a path leads to it.
    values = [Compiled(f"CAST(nullif({lists[0]}, 'null') AS JSON)", SUPER)]
    if position := node.args.get("position"):
        columns.append(Column(name_of(position), position_type))
        values.append(Compiled(lists[1], position_type))
    alias = node.args.get("alias")
    name = name_of(alias) if alias else f"{columns[0].name} of"
    unnested = "" if alias else columns[0].name
    by_name = {column.name: column for column in columns}
    if len(by_name) != len(columns):
        raise StatementError(f'column reference "{columns[0].name}" is ambiguous')
    return Source(name, by_name, unnested=unnested), values


def _iterated(sql: str, added: Source, values: Sequence[Compiled], scope: Scope) -> str:
    """Return FROM with a row for each value, and add their source to the scope."""
    if any(added.name == other.name for other in scope.sources):
        raise StatementError(f'table name "{added.name}" specified more than once')
    pairs = zip(added.columns, values, strict=True)
    shown = [f"{value.sql} AS {quoted(f'{added.name}.{name}')}" for name, value in pairs]
    wrapped = wrapped_rows(sql, shown, scope)
    scope.sources.append(replace(added, within=ROWS))
    return wrapped


def wrapped_rows(sql: str, added: Sequence[str], scope: Scope) -> str:
    """Return FROM a subquery that shows every source's columns and what is added."""
    kept = [
        f"{source.column(name).sql} AS {quoted(f'{source.name}.{name}')}"
        for source in scope.sources
        for name in source.columns
    ]
    scope.sources[:] = [replace(source, within=ROWS) for source in scope.sources]
    return f"FROM (SELECT {', '.join([*kept, *added])} {sql}) AS {quoted(ROWS)}"


def _condition(join: exp.Join | None, scope: Scope, *, kept: bool) -> str:
    on = join.args.get("on") if join else None
    if on is None or (isinstance(on, exp.Boolean) and on.this):
        return ""
    if kept:
        raise NotEmulated("LEFT JOIN of SUPER with a condition other than TRUE")
    return f" JOIN (SELECT 1) AS one ON {compile_condition(on, scope)}"


def refuse_unnesting_of(names: Sequence[str], node: exp.Expr) -> None:
    """Refuse to iterate over what recursive common table expressions yield."""
    for select in node.find_all(exp.Select):
        from_, joins = select.args.get("from_"), select.args.get("joins") or []
        items = [clause.this for clause in (*([from_] if from_ else []), *joins)]
        tables = [i for i in items if isinstance(i, exp.Table) and not i.db]
        aliases = {name_of(t.alias_or_name) for t in tables if name_of(t.this) in names}
        paths = [i.this if isinstance(i, Unnesting) else i for i in items]
        if any(path_of(p)[0] in aliases for p in paths if _is_path(p)):
            raise StatementError("unnesting of a recursive CTE is not supported")


def _is_path(node: exp.Expr) -> bool:
    return isinstance(node, exp.Column | exp.Dot | exp.Bracket) or (
        isinstance(node, exp.Table) and bool(node.db)
    )

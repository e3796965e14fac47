"""Compiles SELECT, set operations and WITH to one DuckDB query and its typed columns."""

from dataclasses import dataclass
from functools import singledispatch

from sqlglot import exp

from local.redshift_data.catalog import Column, quoted
from local.redshift_data.dialect.conversions import coerce, common_type, settle
from local.redshift_data.dialect.expressions import compile_condition, compile_expression
from local.redshift_data.dialect.relations import compile_from
from local.redshift_data.dialect.scope import Compiled, Scope, name_of
from local.redshift_data.dialect.syntax import only
from local.redshift_data.dialect.types import INT8, SUPER, UNKNOWN, RedshiftType
from local.redshift_data.errors import NotEmulated, StatementError


@dataclass(frozen=True)
class Query:
    """A query for DuckDB; types may still be unknown, as those of bare literals are."""

    sql: str
    columns: tuple[Column, ...]

    def by_name(self) -> dict[str, RedshiftType]:
        """Return its columns' types, for queries around it."""
        types = {column.name: column.type for column in self.columns}
        if len(types) != len(self.columns):
            raise NotEmulated("a subquery with two columns of one name")
        return types

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


@dataclass(frozen=True)
class Item:
    """One entry of a select list."""

    name: str
    value: Compiled


@compile_query.register
def _select(node: exp.Select, scope: Scope) -> Query:
    only(
        node, "with_", "expressions", "from_", "joins", "where", "group", "having",
        "order", "limit", "offset", "distinct", "qualify",
    )  # fmt: skip
    clauses = [_with(node, scope)]
    tables = compile_from(node, scope)
    items = _select_list(node, scope)
    clauses.append("SELECT" + _distinct(node, items))
    clauses.append(", ".join(f"{i.value.sql} AS {quoted(i.name)}" for i in items))
    clauses += [tables, _condition("WHERE", node, scope), _group(node, items, scope)]
    clauses += [_condition("HAVING", node, scope), _condition("QUALIFY", node, scope)]
    clauses += [_order(node, items, scope), _rows("LIMIT", node), _rows("OFFSET", node)]
    columns = tuple(Column(item.name, item.value.type) for item in items)
    return Query(" ".join(clause for clause in clauses if clause), columns)


def _with(node: exp.Expr, scope: Scope) -> str:
    with_ = node.args.get("with_")
    if not with_:
        return ""
    only(with_, "expressions")
    written = []
    for named in with_.expressions:
        only(named, "this", "alias")
        name = name_of(named.alias)
        query = settled(compile_query(named.this, scope.inner()))
        scope.queries[name] = query.by_name()
        written.append(f"{quoted(name)} AS ({query.sql})")
    return "WITH " + ", ".join(written)


def _select_list(node: exp.Select, scope: Scope) -> list[Item]:
    items: list[Item] = []
    for entry in node.expressions:
        inner = entry.this if isinstance(entry, exp.Column) else entry
        if isinstance(inner, exp.Star):
            only(inner)
            items += _star(entry, scope)
        elif isinstance(entry, exp.Alias):
            items.append(Item(name_of(entry.alias), compile_expression(entry.this, scope)))
        else:
            items.append(Item(label(entry), compile_expression(entry, scope)))
    return items


def _star(entry: exp.Expr, scope: Scope) -> list[Item]:
    table = entry.args.get("table")
    sources = [scope.source(name_of(table))] if table else scope.sources
    return [Item(name, source.column(name)) for source in sources for name in source.visible()]


def label(node: exp.Expr) -> str:
    """Name a select-list entry without an alias as Redshift does."""
    if isinstance(node, exp.Cast) and not isinstance(node.this, exp.Literal):
        return label(node.this)
    if isinstance(node, exp.Column | exp.Dot):
        return name_of(node.parts[-1] if isinstance(node, exp.Column) else node.expression)
    if isinstance(node, exp.Window | exp.Paren | exp.Bracket):
        return label(node.this)
    if isinstance(node, exp.Anonymous):
        return name_of(node)
    return _LABELS.get(type(node), "?column?")


_LABELS: dict[type[exp.Expr], str] = {
    exp.Case: "case",
    exp.Extract: "date_part",
    exp.Substring: "substring",
    exp.Trim: "btrim",
    exp.CurrentUser: "current_user",
}


def _distinct(node: exp.Select, items: list[Item]) -> str:
    distinct = node.args.get("distinct")
    if not distinct:
        return ""
    only(distinct)
    _refuse_super("DISTINCT", *(item.value for item in items))
    return " DISTINCT"


def _refuse_super(where: str, *values: Compiled) -> None:
    if any(value.type == SUPER for value in values):
        raise NotEmulated(f"{where} on SUPER: cast it first")


def _condition(keyword: str, node: exp.Select, scope: Scope) -> str:
    clause = node.args.get(keyword.lower())
    return f"{keyword} {compile_condition(clause.this, scope)}" if clause else ""


def _group(node: exp.Select, items: list[Item], scope: Scope) -> str:
    group = node.args.get("group")
    if not group:
        return ""
    only(group, "expressions")
    keys = [_group_key(key, items, scope) for key in group.expressions]
    _refuse_super("GROUP BY", *keys)
    return "GROUP BY " + ", ".join(key.sql for key in keys)


def _group_key(key: exp.Expr, items: list[Item], scope: Scope) -> Compiled:
    position = _position(key, items)
    if position:
        return Compiled(str(position), items[position - 1].value.type)
    # A column of that name comes first, then the select list's alias.
    name = _bare_name(key)
    aliased = [item.value for item in items if item.name == name]
    if aliased and not any(name in source.columns for source in scope.sources):
        return aliased[0]
    return compile_expression(key, scope)


def _position(key: exp.Expr, items: list[Item]) -> int:
    if not isinstance(key, exp.Literal) or key.is_string:
        return 0
    position = int(str(key.this))
    if not 1 <= position <= len(items):
        raise StatementError(f"position {position} is not in select list")
    return position


def _bare_name(node: exp.Expr) -> str | None:
    if isinstance(node, exp.Column) and len(node.parts) == 1:
        return name_of(node.parts[0])
    return None


def _order(node: exp.Expr, items: list[Item], scope: Scope | None) -> str:
    order = node.args.get("order")
    if not order:
        return ""
    only(order, "expressions")
    return "ORDER BY " + ", ".join(_order_key(key, items, scope) for key in order.expressions)


def _order_key(ordered: exp.Ordered, items: list[Item], scope: Scope | None) -> str:
    position = _position(ordered.this, items) or _named_position(ordered.this, items)
    if position:
        key = Compiled(str(position), items[position - 1].value.type)
    elif scope:
        key = compile_expression(ordered.this, scope)
    else:
        raise StatementError("ORDER BY of a set operation must name a result column")
    _refuse_super("ORDER BY", key)
    return key.sql + direction(ordered)


def _named_position(node: exp.Expr, items: list[Item]) -> int:
    name = _bare_name(node)
    return next((at for at, item in enumerate(items, start=1) if item.name == name), 0)


def direction(ordered: exp.Ordered) -> str:
    """Return the direction with where NULLs go: last ascending, first descending."""
    only(ordered, "this", "desc", "nulls_first")
    way = " DESC" if ordered.args.get("desc") else " ASC"
    return way + (" NULLS FIRST" if ordered.args.get("nulls_first") else " NULLS LAST")


def _rows(keyword: str, node: exp.Expr) -> str:
    clause = node.args.get(keyword.lower())
    if not clause:
        return ""
    only(clause, "expression")
    count = clause.expression
    if isinstance(count, exp.Literal) and not count.is_string:
        return f"{keyword} {int(str(count.this))}"
    if isinstance(count, exp.Placeholder):
        return f"{keyword} {coerce(Compiled(f'${count.this}', UNKNOWN), INT8).sql}"
    raise NotEmulated(f"{keyword} of an expression")


def _set_operation(node: exp.SetOperation, scope: Scope) -> Query:
    only(node, "with_", "this", "expression", "distinct", "order", "limit", "offset")
    clauses = [_with(node, scope)]
    # DuckDB's parameters of each side keep their own scope; WITH is shared.
    left = compile_query(node.this, scope.inner())
    right = compile_query(node.expression, scope.inner())
    if len(left.columns) != len(right.columns):
        raise StatementError("each UNION query must have the same number of columns")
    pairs = zip(left.columns, right.columns, strict=True)
    columns = tuple(Column(a.name, common_type(a.type, b.type)) for a, b in pairs)
    if node.args.get("distinct") is not False:
        _refuse_super(node.key.upper(), *(Compiled("", c.type) for c in columns))
    items = [Item(c.name, Compiled(quoted(c.name), c.type)) for c in columns]
    if not isinstance(node, exp.Union) and not node.args.get("distinct"):
        raise StatementError(f"{node.key.upper()} ALL is not supported")
    operator = node.key.upper() + ("" if node.args.get("distinct") else " ALL")
    clauses += [converted(left, columns), operator, converted(right, columns)]
    clauses += [_order(node, items, None), _rows("LIMIT", node), _rows("OFFSET", node)]
    return Query(" ".join(clause for clause in clauses if clause), columns)


for _kind in (exp.Union, exp.Intersect, exp.Except):
    compile_query.register(_kind, _set_operation)


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
    columns = tuple(Column(c.name, settle(Compiled("", c.type)).type) for c in query.columns)
    return Query(converted(query, columns), columns)

"""What a select-list entry without an alias is called."""

from sqlglot import exp

from local.redshift_data.dialect.scope import name_of
from local.redshift_data.dialect.types import from_node, interval_type

_LABELS: dict[type[exp.Expr], str] = {
    exp.Extract: "date_part",
    exp.Substring: "substring",
    exp.CurrentUser: "current_user",
    exp.CurrentDate: "date",
    exp.CurrentTimestamp: "timestamp",
    exp.AtTimeZone: "timezone",
}
_CALLS = {
    "dateadd": "date_add",
    "datediff": "date_diff",
    "date_part": "pgdate_part",
    "nvl": "coalesce",
}
_TRIMS = {"LEADING": "ltrim", "TRAILING": "rtrim"}
_NO_NAME = "?column?"
_WRAPPERS = (
    exp.Window, exp.WithinGroup, exp.IgnoreNulls, exp.RespectNulls,
    exp.Paren, exp.Bracket, exp.Cast,
)  # fmt: skip


def label(node: exp.Expr) -> str:
    """Name a select-list entry without an alias as Redshift does."""
    if isinstance(node, exp.Anonymous) and name_of(node) == "getdate":
        # On its own; within a cast the guide prints its name.
        return "timestamp"
    return _strong_name(node) or _weak_name(node)


def _strong_name(node: exp.Expr) -> str:
    """Return the name of a column or a call, which a cast around it keeps."""
    if isinstance(node, exp.Column | exp.Dot):
        return name_of(node.parts[-1] if isinstance(node, exp.Column) else node.expression)
    if isinstance(node, exp.Anonymous):
        return _call_name(node)
    if isinstance(node, exp.Case):
        return _strong_name(node.args.get("default") or exp.Null())
    if isinstance(node, _WRAPPERS):
        return _strong_name(node.this)
    if isinstance(node, exp.Trim):
        return _TRIMS.get(str(node.args.get("position") or "").upper(), "btrim")
    return _LABELS.get(type(node), "")


def _call_name(node: exp.Anonymous) -> str:
    """Name a call; some become CASE, which has the name of what it falls back on."""
    name = name_of(node)
    if name == "nullif" and node.expressions:
        return _strong_name(node.expressions[0])
    if name == "decode":
        return _strong_name(node.expressions[-1]) if len(node.expressions) % 2 == 0 else ""
    return _CALLS.get(name, name)


def _weak_name(node: exp.Expr) -> str:
    if isinstance(node, exp.Case) or (
        isinstance(node, exp.Anonymous) and name_of(node) in ("decode", "nullif")
    ):
        return "case"
    if isinstance(node, exp.Paren):
        return _weak_name(node.this)
    if isinstance(node, exp.Interval) and node.args.get("unit"):
        return interval_type(node.args["unit"]).name
    if isinstance(node, exp.Cast):
        # The type's own name: CAST(2008 AS CHAR(4)) is shown as bpchar.
        return "text" if node.to.this == exp.DType.TEXT else from_node(node.to).name
    return _NO_NAME

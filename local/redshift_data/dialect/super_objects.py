"""OBJECT_TRANSFORM, which keeps some paths of an object and sets others."""

from collections.abc import Mapping, Sequence

from sqlglot import exp

from local.redshift_data.dialect.arguments import text_constant
from local.redshift_data.dialect.expressions import compile_expression, redshift_keyword
from local.redshift_data.dialect.scope import Compiled, Scope
from local.redshift_data.dialect.super_arrays import super_value
from local.redshift_data.dialect.super_functions import super_argument
from local.redshift_data.dialect.syntax import only
from local.redshift_data.dialect.types import SUPER
from local.redshift_data.errors import NotEmulated, StatementError

Path = tuple[str, ...]


@redshift_keyword("OBJECT_TRANSFORM")
@compile_expression.register
def _object_transform(node: exp.ObjectTransform, scope: Scope) -> Compiled:
    only(node, "this", "keep", "set_")
    value = super_argument(compile_expression(node.this, scope))
    kept, pairs = node.args.get("keep") or [], node.args.get("set_") or []
    if len(pairs) % 2:
        raise StatementError("OBJECT_TRANSFORM needs a value for each path")
    if not kept and not pairs:
        return Compiled(value, SUPER)
    if not kept:
        raise NotEmulated("OBJECT_TRANSFORM with SET alone")
    members = {path: _kept(value, path) for path in _paths(kept)}
    values = (super_value(each, scope, "OBJECT_TRANSFORM") for each in pairs[1::2])
    members |= zip(_paths(pairs[::2]), values, strict=True)
    written = _object(members, ())
    is_object = f"json_type({value}) = 'OBJECT'"
    return Compiled(f"CASE WHEN {is_object} THEN {written} ELSE {value} END", SUPER)


def _paths(nodes: Sequence[exp.Expr]) -> list[Path]:
    paths = [_path(text_constant(node)) for node in nodes]
    for path in paths:
        if any(other != path and other[: len(path)] == path for other in paths):
            raise NotEmulated("OBJECT_TRANSFORM with a path inside of another")
    return paths


def _path(text: str) -> Path:
    """Read `"a"."b"`."""
    names = text[1:-1].split('"."')
    quoted = text.startswith('"') and text.endswith('"') and len(text) > len('""')
    if not quoted or any(not name or '"' in name or "\\" in name for name in names):
        raise StatementError(f"invalid path {text}")
    return tuple(names)


def _kept(value: str, path: Path) -> str:
    steps = "".join(f'."{name}"' for name in path).replace("'", "''")
    return f"CAST(rs_extract({value}, '${steps}') AS JSON)"


def _object(members: Mapping[Path, str], below: Path) -> str:
    """Return the object of the members below a path, in the order of their first mention.

    Members that are not in the input are left out.
    """
    here = {path: sql for path, sql in members.items() if path[: len(below)] == below}
    names = dict.fromkeys(path[len(below)] for path in here)
    values = []
    for name in names:
        path = (*below, name)
        values.append(here[path] if path in here else _object(members, path))
    keys = ", ".join(f"'{name.replace(chr(39), chr(39) * 2)}'" for name in names)
    return f"rs_object_of([{keys}], CAST([{', '.join(values)}] AS JSON[]))"

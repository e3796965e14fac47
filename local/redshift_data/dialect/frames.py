"""The frame of a window: so many rows before and after the current one."""

from sqlglot import exp

from local.redshift_data.dialect.arguments import constant
from local.redshift_data.dialect.syntax import only
from local.redshift_data.errors import StatementError

_CURRENT = "CURRENT ROW"
_UNBOUNDED = "UNBOUNDED"


def frame(spec: exp.WindowSpec) -> str:
    """Compile ROWS; without BETWEEN the current row is the other end."""
    only(spec, "kind", "start", "start_side", "end", "end_side")
    if spec.args["kind"].upper() != "ROWS":
        raise StatementError("only ROWS frames are supported")
    start = _bound(spec, "start")
    end = _bound(spec, "end") if spec.args.get("end") else (_CURRENT, 0.0)
    if not spec.args.get("end") and start[1] > 0:
        start, end = end, start
    if start[1] > end[1]:
        raise StatementError("the frame's starting boundary is greater than its ending boundary")
    if start[0] == "UNBOUNDED FOLLOWING" or end[0] == "UNBOUNDED PRECEDING":
        raise StatementError(f"the frame cannot start or end at {start[0]} AND {end[0]}")
    return f"ROWS BETWEEN {start[0]} AND {end[0]}"


def _bound(spec: exp.WindowSpec, which: str) -> tuple[str, float]:
    """Return a bound as it is written, and its offset from the current row."""
    bound, side = spec.args[which], str(spec.args.get(f"{which}_side") or "").upper()
    if isinstance(bound, str) and bound.upper() == _CURRENT:
        return _CURRENT, 0.0
    sign = -1 if side == "PRECEDING" else 1
    if isinstance(bound, str):
        return f"{_UNBOUNDED} {side}", sign * float("inf")
    rows = constant(bound)
    if rows < 0:
        raise StatementError("frame offset must not be negative")
    return f"{rows} {side}", sign * float(rows)

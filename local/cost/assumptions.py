"""What is assumed where the template says nothing: a table of values and of how each is told."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from pathlib import Path

TABLE = Path(__file__).parent / "assumptions.toml"


@dataclass(frozen=True)
class Work:
    """What an invocation takes: seconds of waiting, and of a whole processor for each event."""

    seconds: Decimal
    an_event: Decimal


@dataclass(frozen=True)
class Assumptions:
    """The values of the table; `functions` has the invocations' work, `told` the sentences."""

    row_bytes: Decimal
    lake_share: Decimal
    warehouse_share: Decimal
    types: Decimal
    read_seconds: Decimal
    load_seconds: Decimal
    check_seconds: Decimal
    log_bytes: Decimal
    log_share: Decimal
    metrics_when_well: Decimal
    metrics_in_all: Decimal
    method_metrics: Decimal
    trace_share: Decimal
    polls: Decimal
    step_days: Decimal
    functions: Mapping[str, Work]
    told: tuple[str, ...]


def assumptions() -> Assumptions:
    """Read the table, which has each value once."""
    content = tomllib.loads(TABLE.read_text(encoding="utf-8"), parse_float=Decimal)
    functions = {
        name: Work(Decimal(work["seconds"]), Decimal(work["microseconds"]) / 1_000_000)
        for name, work in content.pop("functions").items()
    }
    names = {field.name for field in fields(Assumptions)} - {"functions", "told"}
    values = {name: Decimal(content[name]["value"]) for name in names}
    told = tuple(about["says"].format(**about) for about in content.values())
    return Assumptions(**values, functions=functions, told=told)

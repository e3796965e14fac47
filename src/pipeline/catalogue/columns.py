"""Columns of facts tables: what a property of an event becomes in the warehouse."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Role = Literal["dimension", "measure"]
Kind = Literal["string", "integer", "number", "boolean", "timestamp"]
SQL_TYPES: Mapping[str, str] = {
    "integer": "BIGINT",
    "number": "DOUBLE PRECISION",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMPTZ",
}


@dataclass(frozen=True)
class Threshold:
    """Bounds of a measure, in its own unit, beyond which a value is an anomaly."""

    above: float | None = None
    below: float | None = None

    def crossed_by(self, value: float) -> bool:
        """Tell whether a value lies beyond one of the bounds."""
        return (self.above is not None and value > self.above) or (
            self.below is not None and value < self.below
        )


@dataclass(frozen=True)
class Column:
    """One typed column of a facts table, from a property or computed by the prepare steps."""

    name: str
    path: str
    kind: Kind
    role: Role
    max_bytes: int
    description: str = ""
    unit: str | None = None
    computed: bool = False
    threshold: Threshold | None = None
    outliers: bool = False
    values: tuple[str, ...] = ()
    percentiles: bool = False

    @property
    def sql_type(self) -> str:
        """Redshift's type of this column."""
        return SQL_TYPES.get(self.kind) or f"VARCHAR({self.max_bytes})"

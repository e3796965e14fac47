"""Redshift's column types: how they are spelled, stored in DuckDB and described to clients."""

from dataclasses import dataclass

from sqlglot import exp

from local.redshift_data.errors import NotEmulated, StatementError

LONGEST_VARCHAR = 65_535
LONGEST_CHAR = 4_096
LONGEST_VARBYTE = 16_777_216
WIDEST_NUMERIC = 38
LARGEST_SCALE = 37
DIGITS_OF_64_BITS = 19
"""A NUMERIC of up to so many digits is stored as an integer of 64 bits."""

_DUCKDB = {
    "int2": "SMALLINT",
    "int4": "INTEGER",
    "int8": "BIGINT",
    "float4": "FLOAT",
    "float8": "DOUBLE",
    "bool": "BOOLEAN",
    "varchar": "VARCHAR",
    "bpchar": "VARCHAR",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMPTZ",
    "time": "TIME",
    "timetz": "TIME",
    "intervaly2m": "INTEGER",
    "intervald2s": "BIGINT",
    "interval": "INTERVAL",
    "varbyte": "BLOB",
    "super": "JSON",
    "unknown": "VARCHAR",
}
_SPELLED = {
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "float4": "real",
    "float8": "double precision",
    "bool": "boolean",
    "varchar": "character varying",
    "bpchar": "character",
    "date": "date",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "time": "time without time zone",
    "timetz": "time with time zone",
    "intervaly2m": "interval year to month",
    "intervald2s": "interval day to second",
    "varbyte": "binary varying",
    "super": "super",
}


@dataclass(frozen=True)
class RedshiftType:
    """A type by its pg_type name; size is bytes of text or digits of a numeric."""

    name: str
    size: int = 0
    scale: int = 0

    @property
    def duckdb(self) -> str:
        """The DuckDB type that holds its values: SUPER is JSON text, which keeps digits."""
        if self.name == "numeric":
            return f"DECIMAL({self.size},{self.scale})"
        return _DUCKDB[self.name]

    @property
    def family(self) -> str:
        """The name without a size, as in svv_columns."""
        return _SPELLED.get(self.name, self.name)

    @property
    def spelled(self) -> str:
        """The name in messages."""
        if self.name == "numeric":
            return f"numeric({self.size},{self.scale})"
        sized = self.name in ("varchar", "bpchar", "varbyte")
        return f"{self.family}({self.size})" if sized else self.family

    @property
    def is_text(self) -> bool:
        """Whether values are strings."""
        return self.name in ("varchar", "bpchar", "unknown")

    @property
    def is_integer(self) -> bool:
        """Whether values are whole by type."""
        return self.name in ("int2", "int4", "int8")

    @property
    def is_float(self) -> bool:
        """Whether values are binary floating point."""
        return self.name in ("float4", "float8")

    @property
    def is_number(self) -> bool:
        """Whether arithmetic applies."""
        return self.is_integer or self.is_float or self.name == "numeric"

    @property
    def is_moment(self) -> bool:
        """Whether values are dates or timestamps."""
        return self.name in ("date", "timestamp", "timestamptz")

    @property
    def is_time_of_day(self) -> bool:
        """Whether values are times without a date; a TIMETZ is kept as its time in UTC."""
        return self.name in ("time", "timetz")

    @property
    def is_interval(self) -> bool:
        """Whether values are durations: whole months, or microseconds."""
        return self.name in ("intervaly2m", "intervald2s")

    @property
    def is_temporal(self) -> bool:
        """Whether values are moments, times of day or durations."""
        return self.is_moment or self.is_time_of_day or self.is_interval


INT2 = RedshiftType("int2")
INT4 = RedshiftType("int4")
INT8 = RedshiftType("int8")
FLOAT4 = RedshiftType("float4")
FLOAT8 = RedshiftType("float8")
BOOL = RedshiftType("bool")
DATE = RedshiftType("date")
TIMESTAMP = RedshiftType("timestamp")
TIMESTAMPTZ = RedshiftType("timestamptz")
TIME = RedshiftType("time")
TIMETZ = RedshiftType("timetz")
YEAR_TO_MONTH = RedshiftType("intervaly2m", 2)
DAY_TO_SECOND = RedshiftType("intervald2s", 4, 6)
"""Sizes of interval types say the last unit kept, the scale the digits of a second."""
INTERVAL = RedshiftType("interval")
"""An interval literal without a qualifier, which only date arithmetic takes."""
SUPER = RedshiftType("super")
UNKNOWN = RedshiftType("unknown")
"""A string literal, a parameter or NULL: it takes the type of what it meets."""
NAME = RedshiftType("varchar", 128)

_PLAIN = {
    "SMALLINT": INT2,
    "INT": INT4,
    "BIGINT": INT8,
    "FLOAT": FLOAT4,
    "DOUBLE": FLOAT8,
    "BOOLEAN": BOOL,
    "DATE": DATE,
    "TIMESTAMP": TIMESTAMP,
    "TIMESTAMPTZ": TIMESTAMPTZ,
    "TIME": TIME,
    "TIMETZ": TIMETZ,
    "SUPER": SUPER,
}
_DIGITS_OF_INTEGER = {"int2": 5, "int4": 10, "int8": 19}


def varchar(size: int) -> RedshiftType:
    """Return VARCHAR of so many bytes, at least 1 and at most what Redshift has."""
    return RedshiftType("varchar", max(1, min(size, LONGEST_VARCHAR)))


def varbyte(size: int) -> RedshiftType:
    """Return VARBYTE of so many bytes, at least 1 and at most what Redshift has."""
    return RedshiftType("varbyte", max(1, min(size, LONGEST_VARBYTE)))


def numeric(precision: int, scale: int) -> RedshiftType:
    """Return NUMERIC(precision, scale); raises StatementError where Redshift has none."""
    if not 1 <= precision <= WIDEST_NUMERIC or not 0 <= scale <= min(precision, LARGEST_SCALE):
        raise StatementError(f"NUMERIC precision {precision} and scale {scale} out of range")
    return RedshiftType("numeric", precision, scale)


def as_numeric(type_: RedshiftType) -> RedshiftType:
    """Return the NUMERIC that holds every value of an integer type."""
    return type_ if type_.name == "numeric" else numeric(_DIGITS_OF_INTEGER[type_.name], 0)


def from_node(node: exp.DataType) -> RedshiftType:
    """Return the type that a DDL column or a cast names; refuses what is not known."""
    kind = node.this.name if hasattr(node.this, "name") else str(node.this)
    sizes = [size.name.upper() for size in node.expressions]
    if isinstance(node.this, exp.Interval) or (kind in _PLAIN and not sizes):
        return _PLAIN.get(kind) or interval_type(node.this.args["unit"])
    if kind in ("VARCHAR", "NVARCHAR", "TEXT"):
        # TEXT without a length is VARCHAR(256) on Redshift.
        return _sized("varchar", sizes, 256, LONGEST_VARCHAR)
    if kind in ("CHAR", "NCHAR"):
        return _sized("bpchar", sizes, 1, LONGEST_CHAR)
    if kind == "BPCHAR":
        return _sized("bpchar", sizes, 256, LONGEST_CHAR)
    if kind == "VARBINARY":
        return _sized("varbyte", sizes, 64_000, LONGEST_VARBYTE)
    if kind == "DECIMAL":
        precision, scale, *_ = [*map(int, sizes), 0, 0] if sizes else (18, 0)
        return numeric(precision, scale)
    raise NotEmulated(f"type {node.sql(dialect='redshift')}")


_QUALIFIERS = {
    "YEAR": ("intervaly2m", 1),
    "MONTH": ("intervaly2m", 2),
    "YEAR TO MONTH": ("intervaly2m", 2),
    "DAY": ("intervald2s", 1),
    "HOUR": ("intervald2s", 2),
    "MINUTE": ("intervald2s", 3),
    "SECOND": ("intervald2s", 4),
    "DAY TO HOUR": ("intervald2s", 2),
    "DAY TO MINUTE": ("intervald2s", 3),
    "DAY TO SECOND": ("intervald2s", 4),
    "HOUR TO MINUTE": ("intervald2s", 3),
    "HOUR TO SECOND": ("intervald2s", 4),
    "MINUTE TO SECOND": ("intervald2s", 4),
}


def interval_type(qualifier: exp.Expr) -> RedshiftType:
    """Return the type that a qualifier as DAY TO SECOND (3) names: its last unit counts."""
    if qualifier.name not in _QUALIFIERS:
        raise StatementError(f'syntax error at or near "{qualifier.name}"')
    name, last = _QUALIFIERS[qualifier.name]
    if not qualifier.name.endswith("SECOND"):
        return RedshiftType(name, last)
    scale = int(qualifier.expressions[0].name) if qualifier.expressions else DAY_TO_SECOND.scale
    if scale > DAY_TO_SECOND.scale:
        raise StatementError(f"interval({scale}) precision must be between 0 and 6")
    return RedshiftType(name, last, scale)


def _sized(name: str, sizes: list[str], default: int, longest: int) -> RedshiftType:
    size = default if not sizes else longest if sizes[0] == "MAX" else int(sizes[0])
    if not 1 <= size <= longest:
        raise StatementError(f"length for type {name} must be between 1 and {longest}")
    return RedshiftType(name, size)

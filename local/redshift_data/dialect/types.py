"""Redshift's column types: how they are spelled, stored in DuckDB and described to clients."""

from dataclasses import dataclass

from sqlglot import exp

from local.redshift_data.errors import NotEmulated, StatementError

LONGEST_VARCHAR = 65_535
LONGEST_CHAR = 4_096
WIDEST_NUMERIC = 38

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
        return f"{self.family}({self.size})" if self.name in ("varchar", "bpchar") else self.family

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


INT2 = RedshiftType("int2")
INT4 = RedshiftType("int4")
INT8 = RedshiftType("int8")
FLOAT4 = RedshiftType("float4")
FLOAT8 = RedshiftType("float8")
BOOL = RedshiftType("bool")
DATE = RedshiftType("date")
TIMESTAMP = RedshiftType("timestamp")
TIMESTAMPTZ = RedshiftType("timestamptz")
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
    "SUPER": SUPER,
}
_DIGITS_OF_INTEGER = {"int2": 5, "int4": 10, "int8": 19}


def varchar(size: int) -> RedshiftType:
    """Return VARCHAR of so many bytes, at least 1 and at most what Redshift has."""
    return RedshiftType("varchar", max(1, min(size, LONGEST_VARCHAR)))


def numeric(precision: int, scale: int) -> RedshiftType:
    """Return NUMERIC(precision, scale); raises StatementError where Redshift has none."""
    if not 1 <= precision <= WIDEST_NUMERIC or not 0 <= scale <= precision:
        raise StatementError(f"NUMERIC precision {precision} and scale {scale} out of range")
    return RedshiftType("numeric", precision, scale)


def as_numeric(type_: RedshiftType) -> RedshiftType:
    """Return the NUMERIC that holds every value of an integer type."""
    return type_ if type_.name == "numeric" else numeric(_DIGITS_OF_INTEGER[type_.name], 0)


def from_node(node: exp.DataType) -> RedshiftType:
    """Return the type that a DDL column or a cast names; refuses what is not known."""
    kind = node.this.name if hasattr(node.this, "name") else str(node.this)
    sizes = [size.name.upper() for size in node.expressions]
    if kind in _PLAIN and not sizes:
        return _PLAIN[kind]
    if kind in ("VARCHAR", "NVARCHAR", "TEXT"):
        # TEXT without a length is VARCHAR(256) on Redshift.
        return _sized("varchar", sizes, 256, LONGEST_VARCHAR)
    if kind in ("CHAR", "NCHAR"):
        return _sized("bpchar", sizes, 1, LONGEST_CHAR)
    if kind == "DECIMAL":
        precision, scale, *_ = [*map(int, sizes), 0, 0] if sizes else (18, 0)
        return numeric(precision, scale)
    raise NotEmulated(f"type {node.sql(dialect='redshift')}")


def _sized(name: str, sizes: list[str], default: int, longest: int) -> RedshiftType:
    size = default if not sizes else longest if sizes[0] == "MAX" else int(sizes[0])
    if not 1 <= size <= longest:
        raise StatementError(f"length for type {name} must be between 1 and {longest}")
    return RedshiftType(name, size)

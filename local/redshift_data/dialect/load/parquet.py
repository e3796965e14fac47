"""Loads Parquet files: columns by position, each of the very type that the table has."""

import bz2
import gzip
from collections.abc import Sequence
from pathlib import Path

import duckdb

from local.redshift_data.catalog import Column
from local.redshift_data.dialect.conversions import assign
from local.redshift_data.dialect.load.sources import Object
from local.redshift_data.dialect.load.staging import Target
from local.redshift_data.dialect.scope import Compiled
from local.redshift_data.dialect.types import LONGEST_VARCHAR, SUPER, varchar
from local.redshift_data.errors import NotEmulated, StatementError

_SCHEMAS = {
    "SMALLINT": "int2",
    "INTEGER": "int4",
    "BIGINT": "int8",
    "FLOAT": "float4",
    "DOUBLE": "float8",
    "BOOLEAN": "bool",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP_NS": "timestamp",
    "TIMESTAMP_MS": "timestamp",
    "TIMESTAMP_S": "timestamp",
}
_NOT_AS_JSON = ("DATE", "TIME", "BLOB", "INTERVAL", "UUID")


def load_parquet(
    connection: duckdb.DuckDBPyConnection, target: Target, objects: Sequence[Object], folder: Path
) -> int:
    """Return how many rows went in; raises StatementError for another number or type of columns."""
    count = 0
    for at, each in enumerate(objects):
        path = folder / f"{at:06}.parquet"
        path.write_bytes(_unpacked(each))
        values = ", ".join(_values(connection, target, each.url, path))
        names = ", ".join(f"c{number}" for number in range(len(target.columns)))
        sql = f"SELECT {values} FROM read_parquet('{path}') AS r({names})"
        counted = connection.execute(f"{target.insert} {sql}").fetchone()
        count += int(counted[0]) if counted else 0
    return count


def _unpacked(each: Object) -> bytes:
    if each.url.endswith(".gz"):
        return gzip.decompress(each.body)
    if each.url.endswith(".bz2"):
        return bz2.decompress(each.body)
    if each.url.endswith(".snappy"):
        raise NotEmulated("COPY of a file packed with snappy")
    return each.body


def _values(
    connection: duckdb.DuckDBPyConnection, target: Target, url: str, path: Path
) -> list[str]:
    with connection.cursor() as apart:
        try:
            found = apart.execute(f"DESCRIBE SELECT * FROM read_parquet('{path}')").fetchall()
        except duckdb.Error as error:
            raise StatementError(f"Spectrum Scan Error: {url} is no Parquet file") from error
    if len(found) != len(target.columns) and not target.options.has("FILLRECORD"):
        raise StatementError(
            f"Number of columns in parquet file ({len(found)}) "
            f"does not match the number of columns in table ({len(target.columns)})"
        )
    if len(found) != len(target.columns):
        raise NotEmulated("COPY of PARQUET with FILLRECORD")
    pairs = enumerate(zip(found, target.columns, strict=True))
    return [_value(at, str(have[1]), column, target, url) for at, (have, column) in pairs]


def _value(at: int, schema: str, column: Column, target: Target, url: str) -> str:
    name = column.type.name
    if column.type == SUPER:
        return _as_super(at, schema, target)
    if schema == "VARCHAR" and column.type.is_text:
        return assign(Compiled(f"c{at}", varchar(LONGEST_VARCHAR)), column)
    exact = schema.replace(" ", "") == column.type.duckdb if name == "numeric" else False
    if exact or _SCHEMAS.get(schema) == name:
        return f"CAST(c{at} AS {column.type.duckdb})"
    if schema == "TIMESTAMP WITH TIME ZONE":
        raise NotEmulated("COPY of a Parquet timestamp in UTC")
    raise StatementError(
        f"Spectrum Scan Error: File '{url}' has an incompatible Parquet schema for column "
        f"'{column.name}'. Column type: {column.type.spelled.upper()}, "
        f"Parquet schema: {schema.lower()}"
    )


def _as_super(at: int, schema: str, target: Target) -> str:
    if schema == "JSON":
        return f"CAST(c{at} AS JSON)"
    if not target.options.has("SERIALIZETOJSON"):
        raise StatementError("COPY of PARQUET into a SUPER column needs SERIALIZETOJSON")
    if any(kind in schema for kind in _NOT_AS_JSON):
        raise NotEmulated(f"COPY of Parquet {schema.lower()} into SUPER")
    return f"CAST(to_json(c{at}) AS JSON)"

"""A column's properties as the API shows them, in a result and in a table's description."""

from typing import Any

from local.redshift_data.catalog import Column, Origin, Table
from local.redshift_data.dialect.types import RedshiftType

_PRECISION = {
    "int2": (5, 0),
    "int4": (10, 0),
    "int8": (19, 0),
    "float4": (8, 8),
    "float8": (17, 17),
    "bool": (1, 0),
    "date": (13, 0),
    "timestamp": (29, 6),
    "timestamptz": (35, 6),
    "time": (15, 6),
    "timetz": (21, 6),
    "intervaly2m": (49, 6),
    "intervald2s": (49, 6),
}
_NOWHERE = Origin("", "", "")


def of_result(column: Column) -> dict[str, Any]:
    """Return the ColumnMetadata of a result's column."""
    origin, type_ = column.origin or _NOWHERE, column.type
    precision, scale = _precision(type_)
    return {
        "isCaseSensitive": type_.is_text or type_.name == "super",
        "isCurrency": False,
        "isSigned": type_.is_number,
        "label": column.name,
        "length": 0,
        "name": column.name,
        "nullable": 0 if origin.not_null else 1,
        "precision": precision,
        "scale": scale,
        "schemaName": _schema_name(origin.schema),
        "tableName": origin.table,
        "typeName": type_.name,
    }


def of_table(column: Column, table: Table) -> dict[str, Any]:
    """Return the ColumnMetadata of a table's column, without a label as the guide prints it."""
    precision, scale = _precision(column.type)
    described: dict[str, Any] = {
        # The guide prints false for a text column here, and true in a result.
        "isCaseSensitive": False,
        "isCurrency": False,
        "isSigned": column.type.is_number,
        "length": precision,
        "name": column.name,
        "nullable": 0 if column.not_null else 1,
        "precision": precision,
        "scale": scale,
        "schemaName": _schema_name(table.schema),
        "tableName": table.name,
        "typeName": column.type.name,
    }
    if column.default_text is not None:
        described["columnDefault"] = column.default_text
    return described


def _precision(type_: RedshiftType) -> tuple[int, int]:
    return _PRECISION.get(type_.name, (type_.size, type_.scale))


def _schema_name(schema: str) -> str:
    # Redshift numbers the schemas of temporary tables; here a session sees its own only.
    return "pg_temp_1" if schema == "temp" else schema

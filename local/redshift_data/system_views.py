"""The system views of tables, columns and schemas, computed from the catalog.

Only the columns that can be true here are there: a query for another one fails.
"""

from collections.abc import Iterator

from local.redshift_data.catalog import (
    MATERIALIZED_VIEW,
    SYSTEM_SCHEMAS,
    SYSTEM_USER,
    TABLE,
    Catalog,
    Column,
    Table,
)
from local.redshift_data.dialect.layout import encoding_of, sort_position
from local.redshift_data.dialect.types import BOOL, INT4, NAME, RedshiftType, numeric, varchar
from local.redshift_data.dialect.views import current_columns
from local.redshift_data.view_registry import Row, Sql, system_view

_REMARKS = varchar(256)
_YES_NO = varchar(3)
_INTEGER_BITS = {"int2": 16, "int4": 32, "int8": 64}
_FLOAT_BITS = {"float4": 24, "float8": 53}
_ROWS = numeric(38, 0)


def _type_of(table: Table) -> str:
    return "TABLE" if table.kind == TABLE else "VIEW"


def _remark(catalog: Catalog, *key: str) -> str | None:
    return catalog.comments.get(key)


def _columns(catalog: Catalog) -> Iterator[tuple[Table, int, Column]]:
    for table in catalog.tables():
        for at, column in enumerate(current_columns(table, catalog), start=1):
            yield table, at, column


def _length(type_: RedshiftType) -> int | None:
    return type_.size if type_.is_text else None


def _precision(type_: RedshiftType) -> int | None:
    if type_.name == "numeric":
        return type_.size
    return _INTEGER_BITS.get(type_.name) or _FLOAT_BITS.get(type_.name)


def _scale(type_: RedshiftType) -> int | None:
    if type_.name == "numeric":
        return type_.scale
    return 0 if type_.is_integer else None


def _nullable(column: Column) -> str:
    return "NO" if column.not_null else "YES"


@system_view(
    "pg_catalog", "svv_tables",
    table_catalog=NAME, table_schema=NAME, table_name=NAME, table_type=NAME, remarks=_REMARKS,
)  # fmt: skip
@system_view(
    "information_schema", "tables",
    table_catalog=NAME, table_schema=NAME, table_name=NAME, table_type=NAME,
)  # fmt: skip
def _tables(catalog: Catalog) -> Iterator[Row]:
    for t in catalog.tables():
        kind = "BASE TABLE" if t.kind == TABLE else "VIEW"
        remark = _remark(catalog, "table", t.schema, t.name)
        yield catalog.database, t.schema, t.name, kind, remark


@system_view(
    "pg_catalog", "svv_redshift_tables",
    database_name=NAME, schema_name=NAME, table_name=NAME, table_type=NAME, remarks=NAME,
    table_owner=NAME,
)  # fmt: skip
@system_view(
    "pg_catalog", "svv_all_tables",
    database_name=NAME, schema_name=NAME, table_name=NAME, table_type=NAME, remarks=_REMARKS,
)  # fmt: skip
def _redshift_tables(catalog: Catalog) -> Iterator[Row]:
    for t in catalog.tables():
        remark = _remark(catalog, "table", t.schema, t.name)
        yield catalog.database, t.schema, t.name, _type_of(t), remark, t.owner


@system_view(
    "pg_catalog", "svv_columns",
    table_catalog=NAME, table_schema=NAME, table_name=NAME, column_name=NAME,
    ordinal_position=INT4, is_nullable=_YES_NO, data_type=NAME,
    character_maximum_length=INT4, numeric_precision=INT4, numeric_scale=INT4, remarks=_REMARKS,
)  # fmt: skip
@system_view(
    "pg_catalog", "svv_all_columns",
    database_name=NAME, schema_name=NAME, table_name=NAME, column_name=NAME,
    ordinal_position=INT4, is_nullable=_YES_NO, data_type=NAME,
    character_maximum_length=INT4, numeric_precision=INT4, numeric_scale=INT4, remarks=_REMARKS,
)  # fmt: skip
@system_view(
    "information_schema", "columns",
    table_catalog=NAME, table_schema=NAME, table_name=NAME, column_name=NAME,
    ordinal_position=INT4, is_nullable=_YES_NO, data_type=NAME,
    character_maximum_length=INT4, numeric_precision=INT4, numeric_scale=INT4,
)  # fmt: skip
def _all_columns(catalog: Catalog) -> Iterator[Row]:
    for t, at, c in _columns(catalog):
        yield (
            catalog.database, t.schema, t.name, c.name, at, _nullable(c), c.type.family,
            _length(c.type), _precision(c.type), _scale(c.type),
            _remark(catalog, "column", t.schema, t.name, c.name),
        )  # fmt: skip


@system_view(
    "pg_catalog", "svv_redshift_columns",
    database_name=NAME, schema_name=NAME, table_name=NAME, column_name=NAME,
    ordinal_position=INT4, is_nullable=_YES_NO, encoding=NAME, distkey=BOOL, sortkey=INT4,
    remarks=_REMARKS,
)  # fmt: skip
def _redshift_columns(catalog: Catalog) -> Iterator[Row]:
    for t, at, c in _columns(catalog):
        yield (
            catalog.database, t.schema, t.name, c.name, at, _nullable(c), _encoding(c, t),
            c.name == t.layout.distkey, sort_position(c, t.layout),
            _remark(catalog, "column", t.schema, t.name, c.name),
        )  # fmt: skip


def _encoding(column: Column, table: Table) -> str | None:
    return encoding_of(column, table) if table.kind in (TABLE, MATERIALIZED_VIEW) else "none"


@system_view(
    "pg_catalog", "pg_table_def",
    schemaname=NAME, tablename=NAME, column=NAME, type=NAME,
    encoding=RedshiftType("bpchar", 32), distkey=BOOL, sortkey=INT4, notnull=BOOL,
)  # fmt: skip
def _pg_table_def(catalog: Catalog) -> Iterator[Row]:
    """Yield the columns of tables in the search path, where "pg_temp" is too."""
    tables = [t for t in catalog.tables() if t.schema in catalog.path() and t.kind == TABLE]
    for t in [*tables, *catalog.temporary.values()]:
        for c in t.columns:
            yield (
                "pg_temp" if t.is_temporary else t.schema, t.name, c.name, c.type.spelled,
                encoding_of(c, t), c.name == t.layout.distkey, sort_position(c, t.layout),
                c.not_null,
            )  # fmt: skip


@system_view("pg_catalog", "pg_tables", schemaname=NAME, tablename=NAME, tableowner=NAME)
def _pg_tables(catalog: Catalog) -> Iterator[Row]:
    for t in catalog.tables():
        if t.kind == TABLE:
            yield t.schema, t.name, t.owner


@system_view("pg_catalog", "pg_views", schemaname=NAME, viewname=NAME, viewowner=NAME)
def _pg_views(catalog: Catalog) -> Iterator[Row]:
    for t in catalog.tables():
        if t.kind != TABLE:
            yield t.schema, t.name, t.owner


@system_view("information_schema", "views", table_catalog=NAME, table_schema=NAME, table_name=NAME)
def _views(catalog: Catalog) -> Iterator[Row]:
    for t in catalog.tables():
        if t.kind != TABLE:
            yield catalog.database, t.schema, t.name


@system_view("pg_catalog", "pg_namespace", nspname=NAME, nspowner=INT4)
def _pg_namespace(catalog: Catalog) -> Iterator[Row]:
    return iter(_schemas(catalog))


@system_view(
    "pg_catalog", "svv_redshift_schemas",
    database_name=NAME, schema_name=NAME, schema_owner=INT4, schema_type=varchar(16),
)  # fmt: skip
@system_view(
    "pg_catalog", "svv_all_schemas",
    database_name=NAME, schema_name=NAME, schema_owner=INT4, schema_type=NAME,
    source_database=NAME, schema_option=_REMARKS,
)  # fmt: skip
def _redshift_schemas(catalog: Catalog) -> Iterator[Row]:
    for name, owner in _schemas(catalog):
        yield catalog.database, name, owner, "local", None, None


def _schemas(catalog: Catalog) -> list[tuple[str, int | None]]:
    """Return schemas with their owners' numbers; a caller that is no database user has none."""
    ids = {user.name: user.id for user in catalog.users.values()}
    owners = {schema.name: ids.get(schema.owner) for schema in catalog.schemas.values()}
    return sorted({**owners, **dict.fromkeys(SYSTEM_SCHEMAS, 1)}.items())


@system_view(
    "information_schema", "schemata", catalog_name=NAME, schema_name=NAME, schema_owner=NAME
)
def _schemata(catalog: Catalog) -> Iterator[Row]:
    owners = {schema.name: schema.owner for schema in catalog.schemas.values()}
    for name, _ in _schemas(catalog):
        yield catalog.database, name, owners.get(name, SYSTEM_USER)


@system_view(
    "information_schema", "table_constraints",
    constraint_catalog=NAME, constraint_schema=NAME, constraint_name=NAME, table_catalog=NAME,
    table_schema=NAME, table_name=NAME, constraint_type=NAME,
)  # fmt: skip
def _table_constraints(catalog: Catalog) -> Iterator[Row]:
    for t in catalog.tables():
        for c in t.constraints:
            yield (
                catalog.database, t.schema, c.name, catalog.database, t.schema, t.name, c.kind,
            )  # fmt: skip


@system_view(
    "pg_catalog", "svv_table_info", where="tbl_rows > 0",
    database=NAME, schema=NAME, table=NAME, diststyle=NAME, sortkey1=NAME, max_varchar=INT4,
    sortkey1_enc=RedshiftType("bpchar", 32), sortkey_num=INT4, tbl_rows=_ROWS,
)  # fmt: skip
def _svv_table_info(catalog: Catalog) -> Iterator[Row]:
    """Yield tables' layouts; the view "doesn't return any information for empty tables"."""
    for t in catalog.tables():
        if t.kind in (TABLE, MATERIALIZED_VIEW):
            yield (
                catalog.database, t.schema, t.name, _diststyle(t), _first_sortkey(t),
                max((c.type.size for c in t.columns if c.type.name == "varchar"), default=0),
                _first_encoding(t), len(t.layout.sortkey), Sql(f"(SELECT count(*) FROM {t.sql})"),
            )  # fmt: skip


def _diststyle(table: Table) -> str:
    layout = table.layout
    if layout.diststyle == "AUTO":
        # "Amazon Redshift initially assigns the ALL distribution style to a small table."
        return "AUTO(ALL)"
    return f"KEY({layout.distkey})" if layout.diststyle == "KEY" else layout.diststyle


def _first_sortkey(table: Table) -> str | None:
    first = table.layout.sortkey[0] if table.layout.sortkey else None
    if table.layout.sort_style != "AUTO":
        return first
    return f"AUTO(SORTKEY({first}))" if first else "AUTO(SORTKEY)"


def _first_encoding(table: Table) -> str | None:
    if not table.layout.sortkey:
        return None
    return encoding_of(table.column(table.layout.sortkey[0]), table)


@system_view(
    "pg_catalog", "svv_mv_info",
    database_name=RedshiftType("bpchar", 128), schema_name=RedshiftType("bpchar", 128),
    user_name=RedshiftType("bpchar", 128), name=RedshiftType("bpchar", 128),
    autorefresh=RedshiftType("bpchar", 1),
)  # fmt: skip
def _svv_mv_info(catalog: Catalog) -> Iterator[Row]:
    for t in catalog.tables():
        if t.kind == MATERIALIZED_VIEW:
            yield catalog.database, t.schema, t.owner, t.name, "f"


@system_view(
    "pg_catalog", "stv_mv_info",
    db_name=RedshiftType("bpchar", 128), schema=RedshiftType("bpchar", 128),
    name=RedshiftType("bpchar", 128), owner_user_name=RedshiftType("bpchar", 128),
    autorefresh=RedshiftType("bpchar", 1),
)  # fmt: skip
def _stv_mv_info(catalog: Catalog) -> Iterator[Row]:
    for database, schema, owner, name, automatic in _svv_mv_info(catalog):
        yield database, schema, name, owner, automatic

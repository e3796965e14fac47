"""The API's operations on databases, schemas, tables and columns."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from local.redshift_data import columns
from local.redshift_data.callers import Caller
from local.redshift_data.catalog import SYSTEM_VIEWS, Catalog, Table, is_like
from local.redshift_data.dialect.views import current_columns
from local.redshift_data.engine import Engine
from local.redshift_data.errors import ValidationException
from local.redshift_data.results import offset_of, token_of
from local.redshift_data.statements import Target
from local.redshift_data.validation import Body, target_of

Answer = dict[str, Any]
Item = TypeVar("Item")
_ENTRIES_PER_PAGE = 1_000
_INTERNAL_SCHEMA = "pg_internal"
"""Has nothing in it that a user could see, and is listed by AWS."""


class MetadataOperations:
    """Answers from the catalog that the last commit left."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._databases = set[str]()

    async def list_databases(self, body: Body, caller: Caller) -> Answer:
        """List the one database, under every name that it was asked for by."""
        self._databases.add(target_of(body, caller).database)
        return _paged("Databases", sorted(self._databases), body, str)

    async def list_schemas(self, body: Body, caller: Caller) -> Answer:
        """List the schemas whose name a pattern matches."""
        catalog, pattern = self._catalog(body, caller), body.get("SchemaPattern") or "%"
        names = [*catalog.schema_names(pattern)]
        if is_like(_INTERNAL_SCHEMA, pattern):
            names.append(_INTERNAL_SCHEMA)
        return _paged("Schemas", sorted(names), body, str)

    async def list_tables(self, body: Body, caller: Caller) -> Answer:
        """List tables and views by schema and name."""
        catalog = self._catalog(body, caller)
        schema, table = body.get("SchemaPattern") or "%", body.get("TablePattern") or "%"
        found = sorted(_matching(catalog, schema, table), key=_place)
        return _paged("Tables", found, body, _listed)

    async def describe_table(self, body: Body, caller: Caller) -> Answer:
        """List the columns of one table, or of all that the schema and the name fit."""
        catalog = self._catalog(body, caller)
        schema, name = body.get("Schema"), body.get("Table")
        found = [
            (column, table)
            for table in sorted(_matching(catalog, "%", "%"), key=_place)
            if schema in (None, table.schema) and name in (None, table.name)
            for column in current_columns(table, catalog)
        ]
        told = _paged("ColumnList", found, body, lambda pair: columns.of_table(*pair))
        return {**told, "TableName": name} if name else told

    def _catalog(self, body: Body, caller: Caller) -> Catalog:
        target = target_of(body, caller)
        _check_database(body, target)
        self._databases.add(target.database)
        return self._engine.catalog


def _check_database(body: Body, target: Target) -> None:
    if body.get("ConnectedDatabase") not in (None, "", target.database):
        raise ValidationException("not emulated locally: ConnectedDatabase other than Database")


def _matching(catalog: Catalog, schema: str, table: str) -> Iterator[Table]:
    yield from catalog.tables(schema, table)
    for (system_schema, name), describe in SYSTEM_VIEWS.items():
        if is_like(system_schema, schema) and is_like(name, table):
            yield describe(catalog)


def _place(table: Table) -> tuple[str, str]:
    return table.schema, table.name


def _listed(table: Table) -> dict[str, str]:
    return {"name": table.name, "schema": table.schema, "type": _type_of(table)}


def _type_of(table: Table) -> str:
    """Return one of the types that the service model names."""
    if (table.schema, table.name) in SYSTEM_VIEWS:
        return "SYSTEM TABLE"
    return "TABLE" if table.kind == "table" else "VIEW"


def _paged(member: str, found: Sequence[Item], body: Body, shown: Callable[[Item], Any]) -> Answer:
    start = offset_of(body.get("NextToken"))
    end = start + (body.get("MaxResults") or _ENTRIES_PER_PAGE)
    told: Answer = {member: [shown(item) for item in found[start:end]]}
    return {**told, "NextToken": token_of(end)} if end < len(found) else told

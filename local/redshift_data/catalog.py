"""What exists in the database in Redshift's terms, as one immutable value."""

import fnmatch
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from local.redshift_data.catalog_entries import (
    ADMINISTRATOR,
    LATE_VIEW,
    MATERIALIZED_VIEW,
    PUBLIC,
    SYSTEM_VIEW,
    TABLE,
    VIEW,
    Column,
    Constraint,
    Grant,
    Identity,
    Layout,
    Origin,
    Schema,
    Table,
    User,
    quoted,
)
from local.redshift_data.errors import StatementError

__all__ = [
    "ADMINISTRATOR",
    "LATE_VIEW",
    "MATERIALIZED_VIEW",
    "PUBLIC",
    "SYSTEM_SCHEMAS",
    "SYSTEM_USER",
    "SYSTEM_VIEW",
    "SYSTEM_VIEWS",
    "TABLE",
    "VIEW",
    "Catalog",
    "Column",
    "Constraint",
    "Grant",
    "Identity",
    "Layout",
    "Origin",
    "Schema",
    "Table",
    "User",
    "default_of",
    "is_like",
    "quoted",
]

Key = TypeVar("Key")
Value = TypeVar("Value")
ADMINISTRATOR_ID = 100
SYSTEM_USER = "rdsdb"
_FIRST_SCHEMAS = {PUBLIC: Schema(PUBLIC, SYSTEM_USER, PUBLIC)}
_FIRST_USERS = {
    SYSTEM_USER: User(SYSTEM_USER, 1, superuser=True, createdb=True),
    ADMINISTRATOR: User(ADMINISTRATOR, ADMINISTRATOR_ID, superuser=True, createdb=True),
}
SYSTEM_SCHEMAS = ("pg_catalog", "information_schema")
SYSTEM_VIEWS: dict[tuple[str, str], Callable[["Catalog"], Table]] = {}
"""What describes a catalog in a query, by schema and name."""


@dataclass(frozen=True)
class Catalog:
    """One state of the catalog; a change makes another, so that a rollback is to forget it."""

    permanent: Mapping[tuple[str, str], Table] = field(default_factory=dict)
    """By schema and name."""
    temporary: Mapping[str, Table] = field(default_factory=dict)
    schemas: Mapping[str, Schema] = field(default_factory=lambda: _FIRST_SCHEMAS)
    users: Mapping[str, User] = field(default_factory=lambda: _FIRST_USERS)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Each group's members."""
    roles: Mapping[str, str] = field(default_factory=dict)
    """Each role's owner."""
    grants: frozenset[Grant] = frozenset()
    comments: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    """By kind, then schema, table and column as far as the kind has them."""
    user: str = ADMINISTRATOR
    database: str = "dev"
    search_path: tuple[str, ...] = ("$user", PUBLIC)
    case_sensitive_super: bool = False
    """Whether names of SUPER attributes are read as they are written."""

    def for_session(self, session: "Catalog") -> "Catalog":
        """Return this catalog as a session sees it: with its tables, user and search path."""
        return replace(
            self,
            temporary=session.temporary,
            user=session.user,
            database=session.database,
            search_path=session.search_path,
            case_sensitive_super=session.case_sensitive_super,
        )

    def with_path(self, search_path: tuple[str, ...]) -> "Catalog":
        """Return it with another search path."""
        return replace(self, search_path=search_path)

    def with_case_sensitive_super(self, setting: str | None) -> "Catalog":
        """Return it with the setting enable_case_sensitive_super_attribute."""
        return replace(self, case_sensitive_super=setting == "on")

    def lasting(self) -> "Catalog":
        """Return it without what belongs to one session."""
        return self.for_session(Catalog())

    def find(self, name: str, schema: str | None = None) -> Table | None:
        """Return what a name means: a temporary table first, then along the search path."""
        if schema is not None:
            return self._in(schema, name)
        if name in self.temporary:
            return self.temporary[name]
        return next((found for each in self.path() if (found := self._in(each, name))), None)

    def _in(self, schema: str, name: str) -> Table | None:
        if schema == "pg_temp":
            return self.temporary.get(name)
        if describe := SYSTEM_VIEWS.get((schema, name)):
            return describe(self)
        return self.permanent.get((schema, name))

    def path(self) -> tuple[str, ...]:
        """Return the schemas searched: pg_catalog comes first unless the setting names it."""
        wanted = (self.user if name == "$user" else name for name in self.search_path)
        exists = (*self.schemas, *SYSTEM_SCHEMAS)
        path = tuple(name for name in wanted if name in exists)
        return path if "pg_catalog" in path else ("pg_catalog", *path)

    def current_schema(self) -> str:
        """Return where a new table goes; raises StatementError where the path is empty."""
        for name in self.path():
            if name in self.schemas:
                return name
        raise StatementError("no schema has been selected to create in")

    def schema(self, name: str) -> Schema:
        """Return a schema; raises StatementError where there is none."""
        if name not in self.schemas:
            raise StatementError(f'schema "{name}" does not exist')
        return self.schemas[name]

    def schema_names(self, pattern: str = "%") -> list[str]:
        """Return every schema's name that a LIKE pattern matches, in order."""
        return sorted(n for n in (*self.schemas, *SYSTEM_SCHEMAS) if is_like(n, pattern))

    def tables(self, schema: str = "%", table: str = "%") -> list[Table]:
        """Return the tables and views whose schema and name LIKE patterns match, in order."""
        every = [self.permanent[key] for key in sorted(self.permanent)]
        return [t for t in every if is_like(t.schema, schema) and is_like(t.name, table)]

    def dependents(self, table: Table) -> list[Table]:
        """Return the views that are bound to a table or view."""
        return [other for other in self.permanent.values() if table.sql in other.bases]

    def referencing(self, table: Table) -> Iterator[tuple[Table, Constraint]]:
        """Yield the foreign keys of other tables that reference a table."""
        for other in self.permanent.values():
            for constraint in other.constraints:
                if constraint.references == table.sql and other.sql != table.sql:
                    yield other, constraint

    def with_table(self, table: Table) -> "Catalog":
        """Return the catalog with a table added or replaced."""
        if table.is_temporary:
            return replace(self, temporary={**self.temporary, table.name: table})
        columns = {column.name for column in table.columns}
        at = ("column", table.schema, table.name)
        return replace(
            self,
            permanent={**self.permanent, (table.schema, table.name): table},
            comments=_kept(self.comments, lambda key: key[:3] != at or key[3] in columns),
        )

    def with_new(self, table: Table) -> "Catalog":
        """Return the catalog with a new table or view, and what its owner's defaults grant."""
        if table.is_temporary:
            return self.with_table(table)
        defaults = (default_of("", table.owner), default_of(table.schema, table.owner))
        granted = {
            replace(g, object_kind="table", object_name=f"{table.schema}.{table.name}")
            for g in self.grants
            if g.object_kind == "default" and g.object_name in defaults
        }
        return replace(self.with_table(table), grants=self.grants | granted)

    def without_table(self, table: Table) -> "Catalog":
        """Return the catalog without a table, its comments and the privileges on it."""
        if table.is_temporary:
            return replace(self, temporary=_without(self.temporary, table.name))
        name = f"{table.schema}.{table.name}"
        return replace(
            self,
            permanent=_without(self.permanent, (table.schema, table.name)),
            comments=_kept(self.comments, lambda key: key[1:3] != (table.schema, table.name)),
            grants=frozenset(
                g for g in self.grants if (g.object_kind, g.object_name) != ("table", name)
            ),
        )

    def renamed(self, table: Table, name: str) -> "Catalog":
        """Return the catalog with another name for a table, its comments and privileges."""
        moved = replace(table, name=name)
        if table.is_temporary:
            return self.without_table(table).with_table(moved)
        old, new = (f"{table.schema}.{each}" for each in (table.name, name))
        return replace(
            self.without_table(table).with_table(moved),
            comments={
                (*k[:2], name, *k[3:]) if k[1:3] == (table.schema, table.name) else k: text
                for k, text in self.comments.items()
            },
            grants=frozenset(
                replace(g, object_name=new)
                if (g.object_kind, g.object_name) == ("table", old)
                else g
                for g in self.grants
            ),
        )

    def free_place(self, stored: str) -> str:
        """Return a name for DuckDB like this one that nothing uses yet."""
        taken = {t.sql for t in (*self.permanent.values(), *self.temporary.values())}
        taken |= {schema.stored for schema in self.schemas.values()}
        candidates = (stored, *(f'{stored[:-1]}~{n}"' for n in range(2, len(taken) + 3)))
        return next(name for name in candidates if name not in taken)


def _without(mapping: Mapping[Key, Value], key: Key) -> dict[Key, Value]:
    return {k: v for k, v in mapping.items() if k != key}


def _kept(mapping: Mapping[Key, Value], keep: Callable[[Key], bool]) -> dict[Key, Value]:
    return {k: v for k, v in mapping.items() if keep(k)}


def default_of(schema: str, user: str) -> str:
    """Return the name under which a user's default privileges are kept; "" is every schema."""
    return f"{schema}:{user}"


def is_like(text: str, pattern: str) -> bool:
    """Whether a text matches a LIKE pattern of `%` and `_`, case and all."""
    escaped = pattern.replace("[", "[[]").replace("*", "[*]").replace("?", "[?]")
    return fnmatch.fnmatchcase(text, escaped.replace("%", "*").replace("_", "?"))

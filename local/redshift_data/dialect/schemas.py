"""CREATE, ALTER and DROP SCHEMA."""

from dataclasses import dataclass, replace

from local.redshift_data.catalog import PUBLIC, SYSTEM_SCHEMAS, Catalog, Schema, Table, quoted
from local.redshift_data.dialect.dropping import drop_with_dependents
from local.redshift_data.dialect.plans import Outcome, Plan, Session, Values, change_catalog
from local.redshift_data.dialect.scope import Reads
from local.redshift_data.dialect.syntax import Text
from local.redshift_data.dialect.users import find_user
from local.redshift_data.dialect.words import Words
from local.redshift_data.errors import NotEmulated, StatementError


@dataclass(frozen=True)
class CreateSchema:
    """Makes a schema; without an owner named it is the user's."""

    name: str
    owner: str | None
    if_not_exists: bool

    def run(self, session: Session, values: Values) -> Outcome:
        """Create it in DuckDB, under a name that a rename leaves as it is."""
        del values
        catalog = session.catalog
        if self.name in (*catalog.schemas, *SYSTEM_SCHEMAS):
            if self.if_not_exists:
                return Outcome()
            raise StatementError(f'schema "{self.name}" already exists')
        if self.owner is not None:
            find_user(catalog, self.owner)
        stored = catalog.free_place(quoted(f"schema {self.name}"))
        session.connection.execute(f"CREATE SCHEMA {stored}")
        made = Schema(self.name, self.owner or catalog.user, stored)
        schemas = {**catalog.schemas, self.name: made}
        change_catalog(session, replace(catalog, schemas=schemas))
        return Outcome()


@dataclass(frozen=True)
class AlterSchema:
    """Renames a schema or gives it to another user."""

    name: str
    new_name: str | None = None
    owner: str | None = None

    def run(self, session: Session, values: Values) -> Outcome:
        """Change it in the catalog alone."""
        del values
        catalog = session.catalog
        schema = catalog.schema(self.name)
        if self.owner is not None:
            find_user(catalog, self.owner)
            made = {**catalog.schemas, self.name: replace(schema, owner=self.owner)}
            change_catalog(session, replace(catalog, schemas=made))
        if self.new_name is not None:
            if schema.name == PUBLIC:
                raise NotEmulated("ALTER SCHEMA public RENAME")
            if self.new_name in (*catalog.schemas, *SYSTEM_SCHEMAS):
                raise StatementError(f'schema "{self.new_name}" already exists')
            change_catalog(session, _renamed(catalog, schema, self.new_name))
        return Outcome()


def _renamed(catalog: Catalog, schema: Schema, name: str) -> Catalog:
    """Move everything in a schema along with its name."""
    old = schema.name
    schemas = {key: value for key, value in catalog.schemas.items() if key != old}
    grants = frozenset(
        replace(g, object_name=_moved(g.object_kind, g.object_name, old, name))
        for g in catalog.grants
    )
    return replace(
        catalog,
        schemas={**schemas, name: replace(schema, name=name)},
        permanent={
            (name if key[0] == old else key[0], key[1]): _in_schema(table, old, name)
            for key, table in catalog.permanent.items()
        },
        comments={
            (key[0], name, *key[2:]) if key[1] == old else key: text
            for key, text in catalog.comments.items()
        },
        grants=grants,
    )


def _in_schema(table: Table, old: str, name: str) -> Table:
    return replace(table, schema=name) if table.schema == old else table


def _moved(kind: str, object_name: str, old: str, name: str) -> str:
    if kind == "schema" and object_name == old:
        return name
    if kind == "table" and object_name.startswith(f"{old}."):
        return name + object_name[len(old) :]
    return object_name


@dataclass(frozen=True)
class DropSchemas:
    """Drops schemas; with CASCADE what is in them too."""

    names: tuple[str, ...]
    if_exists: bool
    cascade: bool

    def run(self, session: Session, values: Values) -> Outcome:
        """Drop them in DuckDB and in the catalog."""
        del values
        for name in self.names:
            if name in session.catalog.schemas or not self.if_exists:
                self._drop(session, session.catalog.schema(name))
        return Outcome()

    def _drop(self, session: Session, schema: Schema) -> None:
        if schema.name == PUBLIC:
            raise NotEmulated("DROP SCHEMA public")
        inside = [t for t in session.catalog.permanent.values() if t.schema == schema.name]
        if inside and not self.cascade:
            raise StatementError(
                f"cannot drop schema {schema.name} because other objects depend on it"
            )
        for table in inside:
            drop_with_dependents(session, table)
        session.connection.execute(f"DROP SCHEMA {schema.stored}")
        catalog = session.catalog
        schemas = {key: value for key, value in catalog.schemas.items() if key != schema.name}
        change_catalog(session, replace(catalog, schemas=schemas))


def create_schema(text: Text, reads: Reads) -> Plan:
    """Read CREATE SCHEMA [IF NOT EXISTS] name [AUTHORIZATION user] [QUOTA UNLIMITED]."""
    del reads
    words = Words(text)
    words.expect("CREATE", "SCHEMA")
    if_not_exists = words.take("IF", "NOT", "EXISTS")
    name = None if words.ahead("AUTHORIZATION") else words.new_name()
    owner = words.quoted_name() if words.take("AUTHORIZATION") else None
    if words.take("QUOTA") and not words.take("UNLIMITED"):
        raise NotEmulated("a schema's QUOTA")
    if not words.done:
        raise NotEmulated("CREATE SCHEMA with what it is to contain")
    name = name or str(owner)
    if name.startswith("pg_"):
        raise StatementError(f'unacceptable schema name "{name}"')
    return CreateSchema(name, owner, if_not_exists)


def alter_schema(text: Text, reads: Reads) -> Plan:
    """Read ALTER SCHEMA name RENAME TO | OWNER TO."""
    del reads
    words = Words(text)
    words.expect("ALTER", "SCHEMA")
    name = words.identifier()
    if words.take("RENAME"):
        words.expect("TO")
        plan = AlterSchema(name, new_name=words.new_name())
    elif words.take("OWNER"):
        words.expect("TO")
        plan = AlterSchema(name, owner=words.quoted_name())
    else:
        raise NotEmulated("ALTER SCHEMA other than RENAME or OWNER")
    words.end()
    return plan


def drop_schema(text: Text, reads: Reads) -> Plan:
    """Read DROP SCHEMA [IF EXISTS] name, ... [CASCADE | RESTRICT]."""
    del reads
    words = Words(text)
    words.expect("DROP", "SCHEMA")
    if_exists = words.take("IF", "EXISTS")
    names = [words.identifier()]
    while words.take(","):
        names.append(words.identifier())
    if words.take("DROP"):
        raise NotEmulated("DROP SCHEMA ... DROP EXTERNAL DATABASE")
    cascade = words.one_of("CASCADE", "RESTRICT") == "CASCADE"
    words.end()
    return DropSchemas(tuple(names), if_exists, cascade)

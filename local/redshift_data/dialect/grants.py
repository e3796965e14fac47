"""GRANT and REVOKE: privileges are remembered and shown, and nothing here is held to them."""

from dataclasses import dataclass, replace

from local.redshift_data.catalog import SYSTEM_VIEW, Catalog, Grant
from local.redshift_data.dialect.groups import check_role
from local.redshift_data.dialect.plans import Outcome, Plan, Session, Values, change_catalog
from local.redshift_data.dialect.scope import Reads
from local.redshift_data.dialect.syntax import Text
from local.redshift_data.dialect.users import check_group, find_user
from local.redshift_data.dialect.words import Words
from local.redshift_data.errors import NotEmulated, StatementError

_PRIVILEGES = {
    "table": ("SELECT", "INSERT", "UPDATE", "DELETE", "DROP", "REFERENCES", "ALTER", "TRUNCATE"),
    "schema": ("CREATE", "USAGE", "ALTER", "DROP"),
    "database": ("CREATE", "USAGE", "TEMPORARY", "TEMP", "ALTER"),
}
_SYSTEM_PRIVILEGES = frozenset(
    (
        "CREATE USER", "DROP USER", "ALTER USER", "CREATE SCHEMA", "DROP SCHEMA",
        "ALTER DEFAULT PRIVILEGES", "ACCESS CATALOG", "ACCESS SYSTEM TABLE", "CREATE TABLE",
        "DROP TABLE", "ALTER TABLE", "CREATE OR REPLACE VIEW", "DROP VIEW", "CREATE ROLE",
        "DROP ROLE", "TRUNCATE TABLE", "VACUUM", "ANALYZE", "CANCEL",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Subject:
    """Who is given a privilege."""

    kind: str
    name: str
    with_option: bool = False

    def check(self, catalog: Catalog) -> None:
        """Raise StatementError where there is no such user, group or role."""
        if self.kind == "user":
            find_user(catalog, self.name)
        elif self.kind == "group":
            check_group(catalog, self.name)
        elif self.kind == "role":
            check_role(catalog, self.name)


@dataclass(frozen=True)
class Objects:
    """What privileges are on; every table of a schema where only that is named."""

    kind: str
    names: tuple[str, ...]
    schemas: tuple[str, ...] = ()

    def found(self, catalog: Catalog) -> tuple[str, ...]:
        """Return the objects' names; raises StatementError for a schema that is not there."""
        if not self.schemas:
            return self.names
        schemas = [catalog.schema(name).name for name in self.schemas]
        tables = (table for table in catalog.tables() if table.schema in schemas)
        return tuple(f"{table.schema}.{table.name}" for table in tables)


@dataclass(frozen=True)
class Change:
    """Gives privileges or takes them."""

    privileges: tuple[str, ...]
    objects: Objects
    subjects: tuple[Subject, ...]
    gives: bool
    only_option: bool = False

    def run(self, session: Session, values: Values) -> Outcome:
        """Remember or forget them."""
        del values
        catalog = session.catalog
        for subject in self.subjects:
            subject.check(catalog)
        grants = {_key(grant): grant for grant in catalog.grants}
        for name in self.objects.found(catalog):
            for subject in self.subjects:
                for privilege in self.privileges:
                    self._apply(grants, subject, privilege, name)
        change_catalog(session, replace(catalog, grants=frozenset(grants.values())))
        return Outcome()

    def _apply(
        self, grants: dict[tuple[str, ...], Grant], subject: Subject, privilege: str, name: str
    ) -> None:
        made = Grant(
            subject.kind, subject.name, privilege, self.objects.kind, name, subject.with_option
        )
        old = grants.get(_key(made))
        if self.gives:
            grants[_key(made)] = replace(
                made, with_option=made.with_option or bool(old and old.with_option)
            )
        elif old and self.only_option:
            grants[_key(made)] = replace(old, with_option=False)
        else:
            grants.pop(_key(made), None)


def _key(grant: Grant) -> tuple[str, ...]:
    return (
        grant.grantee_kind, grant.grantee, grant.privilege, grant.object_kind, grant.object_name
    )  # fmt: skip


def grant(text: Text, reads: Reads) -> Plan:
    """Read GRANT privileges ON objects TO subjects, GRANT ROLE and GRANT of system privileges."""
    words = Words(text)
    words.expect("GRANT")
    privileges, objects = _what(words, reads)
    words.expect("TO")
    return Change(privileges, objects, read_subjects(words, objects, gives=True), gives=True)


def revoke(text: Text, reads: Reads) -> Plan:
    """Read REVOKE [GRANT OPTION FOR] privileges ON objects FROM subjects."""
    words = Words(text)
    words.expect("REVOKE")
    only_option = words.take("GRANT", "OPTION", "FOR") or words.take("ADMIN", "OPTION", "FOR")
    privileges, objects = _what(words, reads)
    words.expect("FROM")
    subjects = read_subjects(words, objects, gives=False)
    return Change(privileges, objects, subjects, gives=False, only_option=only_option)


def _what(words: Words, reads: Reads) -> tuple[tuple[str, ...], Objects]:
    if words.take("ROLE"):
        names = [words.identifier()]
        while words.take(","):
            words.take("ROLE")
            names.append(words.identifier())
        for name in names:
            check_role(reads.catalog, name)
        return ("USAGE",), Objects("role", tuple(names))
    phrases = read_privileges(words)
    if words.ahead("TO", "FROM"):
        return _system(phrases), Objects("system", ("",))
    if words.take("FOR"):
        raise NotEmulated("scoped permissions")
    words.expect("ON")
    objects = _objects(words, reads)
    return allowed_on(phrases, objects.kind), objects


def read_privileges(words: Words) -> list[str]:
    """Read privileges: some system privileges have several words."""
    if words.take("ALL"):
        words.take("PRIVILEGES")
        if words.ahead("("):
            raise NotEmulated("column-level privileges")
        return ["ALL"]
    found = [_phrase(words)]
    while words.take(","):
        found.append(_phrase(words))
    return found


def _phrase(words: Words) -> str:
    read = [words.identifier().upper()]
    if words.ahead("("):
        raise NotEmulated("column-level privileges")
    while not words.done and not words.ahead(",", "ON", "TO", "FROM", "FOR"):
        read.append(words.identifier().upper())
    return " ".join(read)


def _system(phrases: list[str]) -> tuple[str, ...]:
    for phrase in phrases:
        if phrase not in _SYSTEM_PRIVILEGES:
            raise NotEmulated(f"system privilege {phrase}")
    return tuple(phrases)


def allowed_on(phrases: list[str], kind: str) -> tuple[str, ...]:
    """Return the privileges that a statement gives on a kind of object; raises StatementError."""
    if phrases == ["ALL"]:
        return tuple(p for p in _PRIVILEGES[kind] if p != "TEMP")
    for phrase in phrases:
        if phrase not in _PRIVILEGES[kind]:
            raise StatementError(f"invalid privilege type {phrase} for {kind}")
    return tuple("TEMPORARY" if phrase == "TEMP" else phrase for phrase in phrases)


def _objects(words: Words, reads: Reads) -> Objects:
    if words.take("ALL", "TABLES", "IN", "SCHEMA"):
        return Objects("table", (), _names(words))
    if words.take("SCHEMA"):
        names = _names(words)
        for name in names:
            reads.catalog.schema(name)
        return Objects("schema", names)
    if words.take("DATABASE"):
        return Objects("database", _names(words))
    if kind := words.one_of(
        "FUNCTION", "PROCEDURE", "LANGUAGE", "MODEL", "DATASHARE", "EXTERNAL", "COPY", "TEMPLATE"
    ):
        raise NotEmulated(f"privileges on {kind}")
    words.take("TABLE")
    tables = [_table(words, reads)]
    while words.take(","):
        tables.append(_table(words, reads))
    return Objects("table", tuple(tables))


def _names(words: Words) -> tuple[str, ...]:
    names = [words.identifier()]
    while words.take(","):
        names.append(words.identifier())
    return tuple(names)


def _table(words: Words, reads: Reads) -> str:
    table = reads.entry(*words.table_name())
    schema = "pg_catalog" if table.kind == SYSTEM_VIEW else table.schema
    return f"{schema}.{table.name}"


def read_subjects(words: Words, objects: Objects, *, gives: bool) -> tuple[Subject, ...]:
    """Read who gets or loses privileges, up to the statement's end."""
    found = [_subject(words, objects)]
    while words.take(","):
        found.append(_subject(words, objects))
    if not gives:
        words.one_of("RESTRICT", "CASCADE")
    words.end()
    return tuple(found)


def _subject(words: Words, objects: Objects) -> Subject:
    if words.take("ROLE"):
        return Subject("role", words.identifier())
    if objects.kind == "system":
        raise StatementError("system permissions can only be granted to roles")
    if words.take("GROUP"):
        return Subject("group", words.identifier())
    if words.take("PUBLIC"):
        return Subject("public", "public")
    name = words.quoted_name()
    option = ("WITH", "ADMIN" if objects.kind == "role" else "GRANT", "OPTION")
    return Subject("user", name, words.take(*option))

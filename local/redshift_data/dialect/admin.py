"""Users, grants, locks and maintenance: names are checked, and users are remembered."""

from dataclasses import dataclass

from local.redshift_data import catalog
from local.redshift_data.dialect.plans import Checked, Outcome, Plan, Session, Values
from local.redshift_data.dialect.scope import Reads
from local.redshift_data.dialect.syntax import Text
from local.redshift_data.dialect.words import Words
from local.redshift_data.errors import NotEmulated, StatementError

_ON_TABLES = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "DROP", "ALTER")
_ON_SCHEMA = ("USAGE", "CREATE")
_ON_DATABASE = ("TEMPORARY", "TEMP", "CREATE", "USAGE")
_PUBLIC = "public"


@dataclass(frozen=True)
class CreateUser:
    """Adds a database user."""

    name: str

    def run(self, session: Session, values: Values) -> Outcome:
        """Add it to pg_user; it must not be there yet."""
        del values
        if self.name in session.catalog.users:
            raise StatementError(f'user "{self.name}" already exists')
        catalog.save_user(session.connection, self.name)
        session.catalog = session.catalog.with_user(self.name)
        return Outcome()


@dataclass(frozen=True)
class Grant:
    """Gives privileges, which nothing here checks."""

    grantees: tuple[str, ...]

    def run(self, session: Session, values: Values) -> Outcome:
        """Check that the users exist."""
        del values
        for name in self.grantees:
            if name not in session.catalog.users:
                raise StatementError(f'user "{name}" does not exist')
        return Outcome()


def create_user(text: Text) -> Plan:
    """Read CREATE USER name PASSWORD DISABLE."""
    words = Words(text)
    words.expect("CREATE", "USER")
    name = words.quoted_name()
    words.take("WITH")
    words.expect("PASSWORD")
    if not words.take("DISABLE"):
        raise NotEmulated("CREATE USER with a password")
    words.end()
    return CreateUser(name)


def grant(text: Text, reads: Reads) -> Plan:
    """Read GRANT privileges ON tables, a schema or a database TO users."""
    words = Words(text)
    words.expect("GRANT")
    privileges = _privileges(words)
    words.expect("ON")
    allowed = _securable(words, reads)
    for privilege in privileges:
        if privilege not in (*allowed, "ALL"):
            raise StatementError(f"invalid privilege type {privilege}")
    words.expect("TO")
    return Grant(_grantees(words))


def _privileges(words: Words) -> list[str]:
    if words.take("ALL"):
        words.take("PRIVILEGES")
        return ["ALL"]
    found = [words.identifier().upper()]
    while words.take(","):
        found.append(words.identifier().upper())
    return found


def _securable(words: Words, reads: Reads) -> tuple[str, ...]:
    """Read what the privileges are on, and return which ones there are for it."""
    if words.take("ALL", "TABLES", "IN", "SCHEMA"):
        _schemas(words)
        return _ON_TABLES
    if words.take("SCHEMA"):
        _schemas(words)
        return _ON_SCHEMA
    if words.take("DATABASE"):
        words.identifier()
        return _ON_DATABASE
    words.take("TABLE")
    _tables(words, reads)
    return _ON_TABLES


def _schemas(words: Words) -> None:
    name = words.identifier()
    if name != _PUBLIC:
        raise StatementError(f'schema "{name}" does not exist')


def _tables(words: Words, reads: Reads) -> None:
    reads.table(*words.table_name())
    while words.take(","):
        reads.table(*words.table_name())


def _grantees(words: Words) -> tuple[str, ...]:
    names = []
    while True:
        if words.one_of("ROLE", "GROUP"):
            raise NotEmulated("GRANT to a role or group")
        if not words.take("PUBLIC"):
            names.append(words.quoted_name())
        if not words.take(","):
            break
    words.end()
    return tuple(names)


def lock(text: Text, reads: Reads) -> Plan:
    """Read LOCK; the lock itself is the writer's, which a batch with LOCK waits for first."""
    words = Words(text)
    words.expect("LOCK")
    words.take("TABLE")
    _tables(words, reads)
    words.end()
    return Checked()


def maintain(text: Text, reads: Reads) -> Plan:
    """Read ANALYZE [table] or VACUUM [FULL | SORT ONLY | DELETE ONLY] [table]."""
    words = Words(text)
    alone = "VACUUM" if words.take("VACUUM") else ""
    if alone:
        for kind in (("FULL",), ("SORT", "ONLY"), ("DELETE", "ONLY"), ("REINDEX",)):
            words.take(*kind)
    else:
        words.expect("ANALYZE")
    if not words.done:
        reads.table(*words.table_name())
    words.end()
    return Checked(alone)

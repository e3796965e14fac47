"""CREATE, ALTER and DROP USER; passwords are checked by Redshift's rules and then forgotten."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from local.redshift_data.catalog import (
    ADMINISTRATOR,
    PUBLIC,
    SYSTEM_USER,
    Catalog,
    Grant,
    Schema,
    Table,
    User,
)
from local.redshift_data.dialect.plans import Outcome, Plan, Session, Values, change_catalog
from local.redshift_data.dialect.scope import Reads
from local.redshift_data.dialect.syntax import Text
from local.redshift_data.dialect.words import Words
from local.redshift_data.errors import NotEmulated, StatementError

_HASHED = re.compile(r"md5[0-9a-fA-F]{32}|sha256\|.+", re.DOTALL)
_SHORTEST, _LONGEST = 8, 64
_CHARACTERS = re.compile(r"""[!-~]+""")
_FORBIDDEN = re.compile(r"""['"\\/@]""")
_LEAST_TIMEOUT, _GREATEST_TIMEOUT = 60, 1_728_000


@dataclass(frozen=True)
class CreateUser:
    """Adds a database user."""

    user: User
    groups: tuple[str, ...] = ()

    def run(self, session: Session, values: Values) -> Outcome:
        """Add it; neither a user nor a role may have the name yet."""
        del values
        catalog, name = session.catalog, self.user.name
        if name in catalog.users or name in catalog.roles:
            raise StatementError(f'user "{name}" already exists')
        number = max(other.id for other in catalog.users.values()) + 1
        users = {**catalog.users, name: replace(self.user, id=number)}
        groups = dict(catalog.groups)
        for group in self.groups:
            check_group(catalog, group)
            groups[group] = (*groups[group], name)
        change_catalog(session, replace(catalog, users=users, groups=groups))
        return Outcome()


@dataclass(frozen=True)
class AlterUser:
    """Changes what is known of a user."""

    name: str
    change: Callable[[User], User]

    def run(self, session: Session, values: Values) -> Outcome:
        """Change it; the system's own user cannot be."""
        del values
        catalog = session.catalog
        user = find_user(catalog, self.name)
        if user.name == SYSTEM_USER:
            raise StatementError(f"cannot alter user {SYSTEM_USER}")
        made = self.change(user)
        if made.superuser and not made.password:
            raise StatementError("cannot disable a superuser's password")
        users = {**catalog.users, self.name: made}
        change_catalog(session, replace(catalog, users=users))
        return Outcome()


@dataclass(frozen=True)
class RenameUser:
    """Gives a user another name, everywhere that the catalog mentions it."""

    name: str
    new_name: str

    def run(self, session: Session, values: Values) -> Outcome:
        """Rename it; the password goes, as it does on Redshift."""
        del values
        catalog = session.catalog
        user = find_user(catalog, self.name)
        if user.name in (SYSTEM_USER, catalog.user):
            raise StatementError("session user may not be renamed")
        if self.new_name in catalog.users or self.new_name in catalog.roles:
            raise StatementError(f'user "{self.new_name}" already exists')
        change_catalog(session, self._renamed(catalog, user))
        return Outcome()

    def _renamed(self, catalog: Catalog, user: User) -> Catalog:
        def name(owner: str) -> str:
            return self.new_name if owner == self.name else owner

        def owned(thing: Table) -> Table:
            return replace(thing, owner=name(thing.owner))

        def of_schema(schema: Schema) -> Schema:
            return replace(schema, owner=name(schema.owner))

        users = {key: value for key, value in catalog.users.items() if key != self.name}
        grants = (
            replace(g, grantee=name(g.grantee)) if g.grantee_kind == "user" else g
            for g in catalog.grants
        )
        return replace(
            catalog,
            users={**users, self.new_name: replace(user, name=self.new_name, password=False)},
            groups={key: tuple(map(name, found)) for key, found in catalog.groups.items()},
            roles={role: name(owner) for role, owner in catalog.roles.items()},
            permanent={key: owned(table) for key, table in catalog.permanent.items()},
            schemas={key: of_schema(schema) for key, schema in catalog.schemas.items()},
            grants=frozenset(grants),
        )


@dataclass(frozen=True)
class DropUsers:
    """Removes users that own nothing and have no privilege."""

    names: tuple[str, ...]
    if_exists: bool

    def run(self, session: Session, values: Values) -> Outcome:
        """Remove them, from their groups too."""
        del values
        for name in self.names:
            if name in session.catalog.users or not self.if_exists:
                find_user(session.catalog, name)
                _check_droppable(session.catalog, name)
                change_catalog(session, _without_user(session.catalog, name))
        return Outcome()


def _check_droppable(catalog: Catalog, name: str) -> None:
    if name in (SYSTEM_USER, ADMINISTRATOR, catalog.user):
        raise StatementError(f"user {name} cannot be dropped")
    owners = {table.owner for table in catalog.permanent.values()}
    owners |= {schema.owner for schema in catalog.schemas.values()}
    if name in owners | set(catalog.roles.values()):
        raise StatementError(f'user "{name}" can\'t be dropped because the user owns some object')
    if any(_is_privilege_of(grant, name) for grant in catalog.grants):
        raise StatementError(
            f'user "{name}" can\'t be dropped because the user has a privilege on some object'
        )


def _is_privilege_of(grant: Grant, name: str) -> bool:
    return (grant.grantee_kind, grant.grantee) == ("user", name)


def _without_user(catalog: Catalog, name: str) -> Catalog:
    groups = {
        key: tuple(member for member in members if member != name)
        for key, members in catalog.groups.items()
    }
    users = {key: user for key, user in catalog.users.items() if key != name}
    return replace(catalog, users=users, groups=groups)


def find_user(catalog: Catalog, name: str) -> User:
    """Return a user; raises StatementError where there is none."""
    if name not in catalog.users:
        raise StatementError(f'user "{name}" does not exist')
    return catalog.users[name]


def check_group(catalog: Catalog, name: str) -> None:
    """Raise StatementError where there is no such group."""
    if name not in catalog.groups:
        raise StatementError(f'group "{name}" does not exist')


def create_user(text: Text, reads: Reads) -> Plan:
    """Read CREATE USER name [WITH] PASSWORD ... with its options."""
    del reads
    words = Words(text)
    words.expect("CREATE", "USER")
    name = words.quoted_name()
    if name.upper() == PUBLIC.upper():
        raise StatementError(f'user name "{name}" is reserved')
    words.take("WITH")
    words.expect("PASSWORD")
    user = User(name, 0, password=_password(words))
    groups: list[str] = []
    while not words.done:
        if words.take("IN", "GROUP"):
            groups.append(words.identifier())
            while words.take(","):
                groups.append(words.identifier())
        else:
            user = _option(words)(user)
    if user.superuser and not user.password:
        raise StatementError("cannot disable a superuser's password")
    return CreateUser(user, tuple(groups))


def _password(words: Words) -> bool:
    """Read a password; returns whether there is one after that."""
    if words.take("DISABLE"):
        return False
    text = words.string()
    if not _HASHED.fullmatch(text):
        _check_password(text)
    return True


def _check_password(text: str) -> None:
    """Raise StatementError for a clear text that is no password on Redshift."""
    if not _SHORTEST <= len(text) <= _LONGEST:
        raise StatementError("password must be 8 to 64 characters in length")
    if not all(re.search(pattern, text) for pattern in ("[A-Z]", "[a-z]", "[0-9]")):
        raise StatementError(
            "password must contain at least one uppercase letter, "
            "one lowercase letter, and one number"
        )
    if not _CHARACTERS.fullmatch(text) or _FORBIDDEN.search(text):
        raise StatementError("password contains a character that is not allowed")


def _option(words: Words) -> Callable[[User], User]:
    """Read one option; returns what it does to a user."""
    if flag := words.one_of("CREATEDB", "NOCREATEDB"):
        return lambda user: replace(user, createdb=flag == "CREATEDB")
    if power := words.one_of("CREATEUSER", "NOCREATEUSER"):
        return lambda user: replace(user, superuser=power == "CREATEUSER")
    if words.take("SYSLOG", "ACCESS"):
        access = words.one_of("RESTRICTED", "UNRESTRICTED")
        if not access:
            raise words.unexpected()
        return lambda user: replace(user, syslog_access=str(access))
    if words.take("VALID", "UNTIL"):
        moment = words.string()
        return lambda user: replace(user, valid_until=moment)
    if words.take("CONNECTION", "LIMIT"):
        limit = "UNLIMITED" if words.take("UNLIMITED") else str(words.number())
        return lambda user: replace(user, connection_limit=limit)
    if words.take("SESSION", "TIMEOUT"):
        seconds = words.number()
        if not _LEAST_TIMEOUT <= seconds <= _GREATEST_TIMEOUT:
            raise StatementError("SESSION TIMEOUT must be between 60 and 1728000 seconds")
        return lambda user: replace(user, session_timeout=seconds)
    raise NotEmulated(f"a user's {words.next().text.upper()}")


def alter_user(text: Text, reads: Reads) -> Plan:
    """Read ALTER USER name [WITH] options, or RENAME TO."""
    del reads
    words = Words(text)
    words.expect("ALTER", "USER")
    name = words.quoted_name()
    if words.take("RENAME"):
        words.expect("TO")
        plan = RenameUser(name, words.quoted_name())
        words.end()
        return plan
    words.take("WITH")
    changes = [_alteration(words)]
    while not words.done:
        words.take(",")
        changes.append(_alteration(words))

    def change(user: User) -> User:
        for each in changes:
            user = each(user)
        return user

    return AlterUser(name, change)


def _alteration(words: Words) -> Callable[[User], User]:
    if words.take("PASSWORD"):
        enabled = _password(words)
        return lambda user: replace(user, password=enabled)
    if words.take("RESET", "SESSION", "TIMEOUT"):
        return lambda user: replace(user, session_timeout=0)
    return _option(words)


def drop_user(text: Text, reads: Reads) -> Plan:
    """Read DROP USER [IF EXISTS] name, ..."""
    del reads
    words = Words(text)
    words.expect("DROP", "USER")
    if_exists = words.take("IF", "EXISTS")
    names = [words.quoted_name()]
    while words.take(","):
        names.append(words.quoted_name())
    words.end()
    return DropUsers(tuple(names), if_exists)

"""CREATE, ALTER and DROP GROUP, CREATE, ALTER and DROP ROLE."""

from dataclasses import dataclass, replace

from local.redshift_data.catalog import Catalog, Grant
from local.redshift_data.dialect.plans import Outcome, Plan, Session, Values, change_catalog
from local.redshift_data.dialect.scope import Reads
from local.redshift_data.dialect.syntax import Text
from local.redshift_data.dialect.users import check_group, find_user
from local.redshift_data.dialect.words import Words
from local.redshift_data.errors import NotEmulated, StatementError


@dataclass(frozen=True)
class CreateGroup:
    """Makes a group of users."""

    name: str
    members: tuple[str, ...]

    def run(self, session: Session, values: Values) -> Outcome:
        """Create it; its members must exist."""
        del values
        catalog = session.catalog
        if self.name in catalog.groups:
            raise StatementError(f'group "{self.name}" already exists')
        for member in self.members:
            find_user(catalog, member)
        groups = {**catalog.groups, self.name: self.members}
        change_catalog(session, replace(catalog, groups=groups))
        return Outcome()


@dataclass(frozen=True)
class AlterGroup:
    """Adds users to a group, drops them from it, or renames it."""

    name: str
    added: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    new_name: str | None = None

    def run(self, session: Session, values: Values) -> Outcome:
        """Change it, and the privileges of a renamed one with it."""
        del values
        catalog = session.catalog
        check_group(catalog, self.name)
        for member in (*self.added, *self.dropped):
            find_user(catalog, member)
        kept = [m for m in catalog.groups[self.name] if m not in self.dropped]
        name = self.new_name or self.name
        groups = {key: value for key, value in catalog.groups.items() if key != self.name}
        if name in groups:
            raise StatementError(f'group "{name}" already exists')
        groups[name] = tuple(dict.fromkeys((*kept, *self.added)))
        grants = _renamed(catalog.grants, "group", self.name, name)
        change_catalog(session, replace(catalog, groups=groups, grants=grants))
        return Outcome()


@dataclass(frozen=True)
class DropGroup:
    """Removes a group that has no privilege."""

    name: str

    def run(self, session: Session, values: Values) -> Outcome:
        """Remove it; its members stay."""
        del values
        catalog = session.catalog
        check_group(catalog, self.name)
        if any((g.grantee_kind, g.grantee) == ("group", self.name) for g in catalog.grants):
            raise StatementError(
                f'group "{self.name}" can\'t be dropped because the group has a privilege '
                "on some object"
            )
        groups = {key: value for key, value in catalog.groups.items() if key != self.name}
        change_catalog(session, replace(catalog, groups=groups))
        return Outcome()


@dataclass(frozen=True)
class CreateRole:
    """Makes a role; the user is its owner."""

    name: str

    def run(self, session: Session, values: Values) -> Outcome:
        """Create it; neither a role nor a user may have the name."""
        del values
        catalog = session.catalog
        if self.name in catalog.roles or self.name in catalog.users:
            raise StatementError(f'role "{self.name}" already exists')
        roles = {**catalog.roles, self.name: catalog.user}
        change_catalog(session, replace(catalog, roles=roles))
        return Outcome()


@dataclass(frozen=True)
class AlterRole:
    """Renames a role or gives it to another user."""

    name: str
    new_name: str | None
    owner: str | None

    def run(self, session: Session, values: Values) -> Outcome:
        """Change it, and the privileges of a renamed one with it."""
        del values
        catalog = session.catalog
        owner = self.owner or check_role(catalog, self.name)
        find_user(catalog, owner)
        name = self.new_name or self.name
        roles = {key: value for key, value in catalog.roles.items() if key != self.name}
        if name in roles or name in catalog.users:
            raise StatementError(f'role "{name}" already exists')
        grants = frozenset(
            replace(g, object_name=name)
            if (g.object_kind, g.object_name) == ("role", self.name)
            else g
            for g in _renamed(catalog.grants, "role", self.name, name)
        )
        change_catalog(session, replace(catalog, roles={**roles, name: owner}, grants=grants))
        return Outcome()


@dataclass(frozen=True)
class DropRole:
    """Removes a role; with FORCE whatever was granted to it or with it goes too."""

    name: str
    force: bool

    def run(self, session: Session, values: Values) -> Outcome:
        """Remove it."""
        del values
        catalog = session.catalog
        check_role(catalog, self.name)
        granted = [g for g in catalog.grants if g.object_kind == "role"]
        if not self.force:
            _check_unused(self.name, granted)
        grants = frozenset(
            g
            for g in catalog.grants
            if (g.grantee_kind, g.grantee) != ("role", self.name)
            and (g.object_kind, g.object_name) != ("role", self.name)
        )
        roles = {key: value for key, value in catalog.roles.items() if key != self.name}
        change_catalog(session, replace(catalog, roles=roles, grants=grants))
        return Outcome()


def _check_unused(name: str, granted: list[Grant]) -> None:
    to_others = [g for g in granted if g.object_name == name]
    if any(g.grantee_kind == "user" for g in to_others):
        raise StatementError("cannot drop this role since it has been granted on a user")
    inherited = [g for g in granted if (g.grantee_kind, g.grantee) == ("role", name)]
    if to_others or inherited:
        raise StatementError("cannot drop this role since it depends on another role")


def _renamed(grants: frozenset[Grant], kind: str, old: str, new: str) -> frozenset[Grant]:
    return frozenset(
        replace(g, grantee=new) if (g.grantee_kind, g.grantee) == (kind, old) else g for g in grants
    )


def check_role(catalog: Catalog, name: str) -> str:
    """Return a role's owner; raises StatementError where there is no such role."""
    if name not in catalog.roles:
        raise StatementError(f'role "{name}" does not exist')
    return catalog.roles[name]


def _user_names(words: Words) -> tuple[str, ...]:
    names = [words.quoted_name()]
    while words.take(","):
        names.append(words.quoted_name())
    return tuple(names)


def create_group(text: Text, reads: Reads) -> Plan:
    """Read CREATE GROUP name [[WITH] USER name, ...]."""
    del reads
    words = Words(text)
    words.expect("CREATE", "GROUP")
    name = words.new_name()
    if name.startswith("__"):
        raise StatementError(f'group name "{name}" is reserved')
    members: tuple[str, ...] = ()
    if not words.done:
        words.take("WITH")
        words.expect("USER")
        members = _user_names(words)
    words.end()
    return CreateGroup(name, members)


def alter_group(text: Text, reads: Reads) -> Plan:
    """Read ALTER GROUP name ADD USER | DROP USER | RENAME TO."""
    del reads
    words = Words(text)
    words.expect("ALTER", "GROUP")
    name = words.identifier()
    if words.take("ADD", "USER"):
        plan = AlterGroup(name, added=_user_names(words))
    elif words.take("DROP", "USER"):
        plan = AlterGroup(name, dropped=_user_names(words))
    else:
        words.expect("RENAME", "TO")
        plan = AlterGroup(name, new_name=words.new_name())
    words.end()
    return plan


def drop_group(text: Text, reads: Reads) -> Plan:
    """Read DROP GROUP name."""
    del reads
    words = Words(text)
    words.expect("DROP", "GROUP")
    plan = DropGroup(words.identifier())
    words.end()
    return plan


def create_role(text: Text, reads: Reads) -> Plan:
    """Read CREATE ROLE name."""
    del reads
    words = Words(text)
    words.expect("CREATE", "ROLE")
    plan = CreateRole(words.new_name())
    if words.take("EXTERNALID"):
        raise NotEmulated("EXTERNALID")
    words.end()
    return plan


def alter_role(text: Text, reads: Reads) -> Plan:
    """Read ALTER ROLE name [WITH] RENAME TO | OWNER TO."""
    del reads
    words = Words(text)
    words.expect("ALTER", "ROLE")
    name = words.identifier()
    words.take("WITH")
    new_name = owner = None
    if words.take("RENAME"):
        words.expect("TO")
        new_name = words.new_name()
    elif words.take("OWNER"):
        words.expect("TO")
        owner = words.quoted_name()
    else:
        raise NotEmulated("ALTER ROLE other than RENAME or OWNER")
    words.end()
    return AlterRole(name, new_name, owner)


def drop_role(text: Text, reads: Reads) -> Plan:
    """Read DROP ROLE name [FORCE | RESTRICT]."""
    del reads
    words = Words(text)
    words.expect("DROP", "ROLE")
    name = words.identifier()
    force = words.one_of("FORCE", "RESTRICT") == "FORCE"
    words.end()
    return DropRole(name, force)

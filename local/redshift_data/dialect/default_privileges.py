"""ALTER DEFAULT PRIVILEGES: what is granted on each table or view that a user makes from now on."""

from local.redshift_data.catalog import default_of
from local.redshift_data.dialect.grants import (
    Change,
    Objects,
    allowed_on,
    read_privileges,
    read_subjects,
)
from local.redshift_data.dialect.plans import Plan
from local.redshift_data.dialect.scope import Reads
from local.redshift_data.dialect.syntax import Text
from local.redshift_data.dialect.users import find_user
from local.redshift_data.dialect.words import Words
from local.redshift_data.errors import NotEmulated


def alter_default_privileges(text: Text, reads: Reads) -> Plan:
    """Read [FOR USER users] [IN SCHEMA schemas] and GRANT or REVOKE of privileges ON TABLES."""
    words = Words(text)
    words.expect("ALTER", "DEFAULT", "PRIVILEGES")
    users = _names(words) if words.take("FOR", "USER") else [reads.catalog.user]
    schemas = _names(words) if words.take("IN", "SCHEMA") else [""]
    for user in users if users != [reads.catalog.user] else []:
        find_user(reads.catalog, user)
    for schema in filter(None, schemas):
        reads.catalog.schema(schema)
    gives = words.take("GRANT")
    if not gives:
        words.expect("REVOKE")
    only_option = not gives and words.take("GRANT", "OPTION", "FOR")
    privileges = read_privileges(words)
    words.expect("ON")
    if kind := words.one_of("FUNCTIONS", "PROCEDURES"):
        raise NotEmulated(f"default privileges on {kind}")
    words.expect("TABLES")
    words.expect("TO" if gives else "FROM")
    objects = Objects("default", tuple(default_of(s, u) for s in schemas for u in users))
    subjects = read_subjects(words, objects, gives=gives)
    allowed = allowed_on(privileges, "table")
    return Change(allowed, objects, subjects, gives=gives, only_option=only_option)


def _names(words: Words) -> list[str]:
    names = [words.quoted_name()]
    while words.take(","):
        names.append(words.quoted_name())
    return names

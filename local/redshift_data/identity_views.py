"""The system views of users, groups, roles and privileges, and of what COPY could not load."""

from collections.abc import Iterator

from local.redshift_data.catalog import Catalog, Grant, User
from local.redshift_data.dialect.types import (
    BOOL,
    INT4,
    INT8,
    NAME,
    TIMESTAMP,
    RedshiftType,
)
from local.redshift_data.view_registry import Row, stored_view, system_view

_HIDDEN = "********"


def _char(size: int) -> RedshiftType:
    return RedshiftType("bpchar", size)


def _users(catalog: Catalog) -> list[User]:
    return sorted(catalog.users.values(), key=lambda user: user.id)


@system_view(
    "pg_catalog", "pg_user",
    usename=NAME, usesysid=INT4, usecreatedb=BOOL, usesuper=BOOL, usecatupd=BOOL, passwd=NAME,
)  # fmt: skip
def _pg_user(catalog: Catalog) -> Iterator[Row]:
    for u in _users(catalog):
        # Only the system's own user may change catalog tables.
        yield u.name, u.id, u.createdb, u.superuser, u.name == "rdsdb", _HIDDEN


@system_view(
    "pg_catalog", "pg_user_info",
    usename=NAME, usesysid=INT4, usecreatedb=BOOL, usesuper=BOOL, usecatupd=BOOL, passwd=NAME,
    useconnlimit=NAME,
)  # fmt: skip
def _pg_user_info(catalog: Catalog) -> Iterator[Row]:
    limits = {user.name: user.connection_limit for user in _users(catalog)}
    for row in _pg_user(catalog):
        yield *row, limits[row[0]]


@system_view("pg_catalog", "pg_group", groname=NAME)
def _pg_group(catalog: Catalog) -> Iterator[Row]:
    return ((name,) for name in catalog.groups)


@system_view("pg_catalog", "svv_roles", role_name=NAME, role_owner=NAME)
def _svv_roles(catalog: Catalog) -> Iterator[Row]:
    return iter(catalog.roles.items())


@system_view("pg_catalog", "svv_user_grants", user_name=NAME, role_name=NAME, admin_option=BOOL)
def _svv_user_grants(catalog: Catalog) -> Iterator[Row]:
    for g in _granted(catalog, "role"):
        if g.grantee_kind == "user":
            yield g.grantee, g.object_name, g.with_option


@system_view("pg_catalog", "svv_role_grants", role_name=NAME, granted_role_name=NAME)
def _svv_role_grants(catalog: Catalog) -> Iterator[Row]:
    for g in _granted(catalog, "role"):
        if g.grantee_kind == "role":
            yield g.grantee, g.object_name


@system_view(
    "pg_catalog", "svv_relation_privileges",
    namespace_name=NAME, relation_name=NAME, privilege_type=NAME, identity_name=NAME,
    identity_type=NAME, admin_option=BOOL,
)  # fmt: skip
def _svv_relation_privileges(catalog: Catalog) -> Iterator[Row]:
    for g in _granted(catalog, "table"):
        schema, _, name = g.object_name.partition(".")
        yield schema, name, g.privilege, g.grantee, g.grantee_kind, g.with_option


@system_view(
    "pg_catalog", "svv_schema_privileges",
    namespace_name=NAME, privilege_type=NAME, identity_name=NAME, identity_type=NAME,
    admin_option=BOOL,
)  # fmt: skip
def _svv_schema_privileges(catalog: Catalog) -> Iterator[Row]:
    for g in _granted(catalog, "schema"):
        yield g.object_name, g.privilege, g.grantee, g.grantee_kind, g.with_option


@system_view(
    "pg_catalog", "svv_default_privileges",
    schema_name=NAME, object_type=NAME, owner_name=NAME, owner_type=NAME, privilege_type=NAME,
    grantee_name=NAME, grantee_type=NAME, admin_option=BOOL,
)  # fmt: skip
def _svv_default_privileges(catalog: Catalog) -> Iterator[Row]:
    for g in _granted(catalog, "default"):
        schema, _, owner = g.object_name.partition(":")
        yield (
            schema or None, "RELATION", owner, "user", g.privilege, g.grantee, g.grantee_kind,
            g.with_option,
        )  # fmt: skip


@system_view(
    "pg_catalog", "svv_system_privileges",
    system_privilege=NAME, identity_name=NAME, identity_type=NAME,
)  # fmt: skip
def _svv_system_privileges(catalog: Catalog) -> Iterator[Row]:
    for g in _granted(catalog, "system"):
        yield g.privilege, g.grantee, g.grantee_kind


def _granted(catalog: Catalog, kind: str) -> list[Grant]:
    found = (grant for grant in catalog.grants if grant.object_kind == kind)
    return sorted(found, key=lambda g: (g.object_name, g.grantee, g.privilege))


stored_view(
    "pg_catalog", "sys_load_error_detail", "redshift.load_errors",
    start_time=TIMESTAMP, file_name=_char(256), line_number=INT8, column_name=_char(127),
    column_type=_char(10), column_length=_char(10), position=INT4, error_code=INT4,
    error_message=_char(512),
)  # fmt: skip

"""The statements that define things, by the words that they begin with."""

from collections.abc import Callable, Sequence

from local.redshift_data.dialect.alter import alter_table
from local.redshift_data.dialect.comments import comment
from local.redshift_data.dialect.default_privileges import alter_default_privileges
from local.redshift_data.dialect.dropping import drop_table, truncate
from local.redshift_data.dialect.grants import grant, revoke
from local.redshift_data.dialect.groups import (
    alter_group,
    alter_role,
    create_group,
    create_role,
    drop_group,
    drop_role,
)
from local.redshift_data.dialect.materialized_views import (
    alter_materialized_view,
    create_materialized_view,
    refresh,
)
from local.redshift_data.dialect.plans import Plan
from local.redshift_data.dialect.schemas import alter_schema, create_schema, drop_schema
from local.redshift_data.dialect.scope import Reads
from local.redshift_data.dialect.syntax import Text
from local.redshift_data.dialect.tables import create_table
from local.redshift_data.dialect.users import alter_user, create_user, drop_user
from local.redshift_data.dialect.views import create_view, drop_materialized_view, drop_view

Reader = Callable[[Text, Reads], Plan]
DEFINITIONS: dict[tuple[str, ...], Reader] = {
    ("CREATE", "TABLE"): create_table,
    ("CREATE", "TEMP"): create_table,
    ("CREATE", "TEMPORARY"): create_table,
    ("CREATE", "LOCAL"): create_table,
    ("CREATE", "VIEW"): create_view,
    ("CREATE", "OR", "REPLACE", "VIEW"): create_view,
    ("CREATE", "MATERIALIZED", "VIEW"): create_materialized_view,
    ("CREATE", "SCHEMA"): create_schema,
    ("CREATE", "USER"): create_user,
    ("CREATE", "GROUP"): create_group,
    ("CREATE", "ROLE"): create_role,
    ("ALTER", "DEFAULT", "PRIVILEGES"): alter_default_privileges,
    ("ALTER", "TABLE"): alter_table,
    ("ALTER", "SCHEMA"): alter_schema,
    ("ALTER", "MATERIALIZED", "VIEW"): alter_materialized_view,
    ("DROP", "TABLE"): drop_table,
    ("DROP", "VIEW"): drop_view,
    ("DROP", "MATERIALIZED", "VIEW"): drop_materialized_view,
    ("DROP", "SCHEMA"): drop_schema,
    ("ALTER", "USER"): alter_user,
    ("ALTER", "GROUP"): alter_group,
    ("ALTER", "ROLE"): alter_role,
    ("DROP", "USER"): drop_user,
    ("DROP", "GROUP"): drop_group,
    ("DROP", "ROLE"): drop_role,
    ("GRANT",): grant,
    ("REVOKE",): revoke,
    ("COMMENT",): comment,
    ("REFRESH",): refresh,
    ("TRUNCATE",): truncate,
}


def reader_of(words: Sequence[str]) -> Reader | None:
    """Return what reads a statement that begins with these words."""
    return next(
        (reader for start, reader in DEFINITIONS.items() if tuple(words[: len(start)]) == start),
        None,
    )

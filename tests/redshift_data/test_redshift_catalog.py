"""The catalog by itself: names, schemas, privileges and what is written of a change."""

from dataclasses import replace

import duckdb
import pytest

from local.redshift_data.catalog import (
    Catalog,
    Column,
    Constraint,
    Grant,
    Identity,
    Layout,
    Schema,
    Table,
    User,
    is_like,
)
from local.redshift_data.catalog_storage import load, prepare_storage, save
from local.redshift_data.dialect.gate import SYSTEM
from local.redshift_data.dialect.names import cut_name, is_plain_name
from local.redshift_data.dialect.types import INT4, INT8, numeric, varchar
from local.redshift_data.errors import StatementError

ONE = Table("t", (Column("n", INT4),))
TWO = Table("t", (Column("m", INT4),), "second", stored='"schema second"."t"')
CATALOG = Catalog(
    permanent={("public", "t"): ONE, ("second", "t"): TWO},
    schemas={**Catalog().schemas, "second": Schema("second", "admin", '"schema second"')},
)


def test_a_bare_name_is_found_along_the_search_path() -> None:
    assert CATALOG.find("t") == ONE
    assert CATALOG.find("t", "second") == TWO
    assert CATALOG.with_path(("second", "public")).find("t") == TWO
    assert replace(CATALOG, user="second").find("t") == TWO
    assert CATALOG.with_path(()).find("t") is None


def test_a_temporary_table_comes_first() -> None:
    mine = Table("t", (), "temp")
    seen = CATALOG.with_table(mine)
    assert seen.find("t") == mine
    assert seen.find("t", "pg_temp") == mine
    assert seen.find("t", "public") == ONE
    assert seen.lasting() == CATALOG
    assert CATALOG.for_session(seen) == seen


def test_new_things_go_to_the_first_schema_that_exists() -> None:
    assert CATALOG.current_schema() == "public"
    assert CATALOG.with_path(("nowhere", "second")).current_schema() == "second"
    with pytest.raises(StatementError, match="no schema has been selected to create in"):
        CATALOG.with_path(("nowhere",)).current_schema()


def test_system_views_are_always_searched() -> None:
    assert SYSTEM
    assert CATALOG.with_path(()).find("svv_tables")
    assert CATALOG.find("tables", "information_schema")
    assert CATALOG.find("tables") is None


def test_schemas_and_tables_are_listed_by_pattern() -> None:
    assert CATALOG.schema_names() == ["information_schema", "pg_catalog", "public", "second"]
    assert CATALOG.schema_names("s%") == ["second"]
    assert CATALOG.tables("%", "t") == [ONE, TWO]
    assert CATALOG.tables("public") == [ONE]


@pytest.mark.parametrize(
    ("text", "pattern", "matches"),
    [
        ("abc", "a%", True),
        ("abc", "_b_", True),
        ("abc", "A%", False),
        ("a*c", "a*c", True),
        ("abc", "a*c", False),
        ("a[b", "a[b", True),
    ],
)
def test_patterns_are_those_of_like(text: str, pattern: str, *, matches: bool) -> None:
    assert is_like(text, pattern) is matches


def test_dropping_a_table_takes_its_privileges_and_comments() -> None:
    mine = Grant("user", "admin", "SELECT", "table", "public.t")
    other = Grant("user", "admin", "SELECT", "table", "second.t")
    comments = {("table", "public", "t"): "gone", ("column", "second", "t", "m"): "stays"}
    catalog = replace(CATALOG, grants=frozenset({mine, other}), comments=comments)
    left = catalog.without_table(ONE)
    assert left.grants == {other}
    assert left.comments == {("column", "second", "t", "m"): "stays"}
    renamed = catalog.renamed(ONE, "u")
    assert replace(mine, object_name="public.u") in renamed.grants
    assert renamed.comments["table", "public", "u"] == "gone"


def test_the_catalog_is_read_back_as_it_was_written() -> None:
    table = Table(
        "full",
        (
            Column("id", INT8, not_null=True, identity=Identity(1, 2, by_default=True)),
            Column("v", varchar(9), default="'x'", default_text="'x'", encoding="lzo"),
            Column("d", numeric(8, 2)),
        ),
        layout=Layout("KEY", "id", "COMPOUND", ("id", "v"), encode_auto=False),
        constraints=(Constraint("full_fk", "FOREIGN KEY", ("id",), "public.t", ("n",)),),
        bases=("public.t",),
        path=("public",),
    )
    full = replace(
        CATALOG.with_table(table),
        users={**CATALOG.users, "IAMR:x": User("IAMR:x", 101, session_timeout=60)},
        groups={"g": ("IAMR:x",)},
        roles={"r": "admin"},
        grants=frozenset({Grant("role", "r", "SELECT", "table", "public.t", with_option=True)}),
        comments={("column", "public", "full", "v"): "said"},
    )
    with duckdb.connect() as connection:
        prepare_storage(connection)
        save(connection, Catalog(), full)
        assert load(connection) == full
        save(connection, full, CATALOG)
        assert load(connection) == CATALOG


@pytest.mark.parametrize(
    ("word", "plain"),
    [("a1$_", True), ("#t", True), ("größe", True), ("1a", False), ("select", False)],
)
def test_reserved_and_odd_words_are_no_names(word: str, *, plain: bool) -> None:
    assert is_plain_name(word) is plain


def test_names_are_cut_at_a_character() -> None:
    assert cut_name("é" * 64) == "é" * 63

import pytest

from local.redshift_data.catalog import Catalog, Column, Table
from local.redshift_data.dialect.gate import translate
from local.redshift_data.dialect.locking import only_reads
from local.redshift_data.dialect.syntax import read
from local.redshift_data.dialect.types import INT4, RedshiftType, numeric, varchar
from local.redshift_data.errors import StatementError

THINGS = Table("things", (Column("n", INT4), Column("name", varchar(8))))
CATALOG = Catalog({("public", "things"): THINGS})


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT :a, :b, :a", ("a", "b")),
        ("SELECT x::INT, ':a', \":b\" -- :c", ()),
        ("SELECT /* :a */ :type::DATE", ("type",)),
        ("SELECT :1, :_x9", ("1", "_x9")),
        ("SELECT 'it''s :a', 'b\\' :a'", ()),
    ],
)
def test_parameters_are_read_from_tokens(sql: str, names: tuple[str, ...]) -> None:
    assert read(sql).parameters == names


def test_parameters_are_numbered_in_the_text() -> None:
    assert read("SELECT :from, :end, :from").sql == "SELECT :bound0, :bound1, :bound0"


@pytest.mark.parametrize(
    ("sql", "reads"),
    [
        ("SELECT 1", True),
        ("-- why\nWITH a AS (SELECT 1) SELECT * FROM a", True),
        ("INSERT INTO things SELECT 1, 'a'", False),
        ("LOCK things", False),
        ("CREATE TEMP TABLE t (n INT)", False),
    ],
)
def test_only_queries_run_beside_a_writer(sql: str, *, reads: bool) -> None:
    assert only_reads(sql) is reads


def test_a_translation_holds_while_its_tables_do() -> None:
    _, reads = translate("SELECT n FROM things", CATALOG)
    assert reads.still_hold(
        Catalog({("public", "things"): THINGS, ("public", "other"): Table("other", ())})
    )
    assert not reads.still_hold(
        Catalog({("public", "things"): Table("things", THINGS.columns[:1])})
    )
    assert not reads.still_hold(CATALOG.with_table(Table("things", THINGS.columns, "temp")))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT n FROM things TABLESAMPLE (10)",
        "SELECT n::STRING FROM things",
        "SELECT SUM(n) FILTER (WHERE n > 1) FROM things",
        "SELECT DISTINCT ON (n) n FROM things",
        "SELECT [1, 2]",
        "SELECT name ->> 'a' FROM things",
        "SELECT name ~* 'a' FROM things",
        "INSERT INTO things SELECT 1, 'a' ON CONFLICT DO NOTHING",
        "INSERT INTO things (n) VALUES (1) RETURNING n",
        "UPDATE things SET n = 1 FROM things t",
        "ALTER TABLE things ADD COLUMN a INT, ADD COLUMN b INT",
        "CREATE TABLE a (n INT CHECK (n > 0))",
        "CREATE TABLE a (n JSONB)",
        "CREATE USER u PASSWORD 'secret'",
        "CALL procedure()",
        "COMMIT",
    ],
)
def test_what_has_no_rule_is_refused(sql: str) -> None:
    with pytest.raises(StatementError):
        translate(sql, CATALOG)


@pytest.mark.parametrize(
    ("type_", "spelled", "duckdb"),
    [
        (varchar(64), "character varying(64)", "VARCHAR"),
        (RedshiftType("bpchar", 2), "character(2)", "VARCHAR"),
        (numeric(38, 0), "numeric(38,0)", "DECIMAL(38,0)"),
        (RedshiftType("super"), "super", "JSON"),
    ],
)
def test_types_are_spelled_for_both_sides(type_: RedshiftType, spelled: str, duckdb: str) -> None:
    assert (type_.spelled, type_.duckdb) == (spelled, duckdb)


@pytest.mark.parametrize(("precision", "scale"), [(0, 0), (39, 0), (5, 6)])
def test_numeric_stays_within_38_digits(precision: int, scale: int) -> None:
    with pytest.raises(StatementError):
        numeric(precision, scale)

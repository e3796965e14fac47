"""Redshift's semantics, statement by statement, through a real boto3 client."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.redshift_data.testing import Warehouse, running

DAY = "'2013-01-02T10:59:30.25Z'::TIMESTAMPTZ"


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Warehouse]:
    with running() as warehouse:
        warehouse.execute(
            "CREATE TABLE facts (carrier VARCHAR(4), time TIMESTAMPTZ, n BIGINT, i INTEGER, "
            "f DOUBLE PRECISION, m DECIMAL(5,2), code CHAR(4))"
        )
        warehouse.execute(
            "INSERT INTO facts VALUES ('UA', '2013-01-01T10:10:00Z', 3, 3, 0.5, 1.25, 'ab'), "
            "('UA', '2013-01-01T10:50:00Z', 4, 4, 1.5, 2.25, 'ab  '), "
            "('DL', '2013-01-02T00:00:00Z', NULL, -7, NULL, NULL, NULL)"
        )
        warehouse.execute("CREATE TABLE documents (data SUPER)")
        warehouse.execute(
            "INSERT INTO documents VALUES (JSON_PARSE('"
            '{"carrier": "UA", "key": "5", "n": 9007199254740993, "half": 1.5, "none": null, '
            '"items": [{"x": 1}, 2], "Camel": 1}\'))'
        )
        yield warehouse


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("7 / 2", 3),
        ("-7 / 2", -3),
        ("-7 % 2", -1),
        ("1.5 + 1", "2.5"),
        ("1.5 * 1.5", "2.25"),
        ("1::FLOAT / 4", 0.25),
        ("'a' || NULL", None),
        ("NULLIF(1, 1)", None),
        ("NVL(NULL, 3)", 3),
        ("LEN('é')", 1),
        ("OCTET_LENGTH('é')", 2),
        ("'abcdef'::VARCHAR(3)", "abc"),
        ("'a_b' LIKE 'a\\\\_b'", True),
        ("'axb' LIKE 'a\\\\_b'", False),
        ("SUBSTRING('abcdef', 2, 3)", "bcd"),
        ("UPPER('é') || LOWER('A')", "Éa"),
        ("2 BETWEEN 1 AND 3", True),
        ("CASE 2 WHEN 1 THEN 'a' ELSE 'b' END", "b"),
        ("(SELECT MAX(i) FROM facts)", 4),
        (f"DATE_TRUNC('minute', {DAY})", "2013-01-02 10:59:00+00"),
        (f"DATE_TRUNC('week', {DAY})", "2012-12-31 00:00:00+00"),
        (f"DATE_TRUNC('month', {DAY})", "2013-01-01 00:00:00+00"),
        (f"EXTRACT(EPOCH FROM {DAY})", 1357124370.25),
        (f"DATEDIFF(hour, {DAY}, '2013-01-02 11:00:00'::TIMESTAMP)", 1),
        (f"CONVERT_TIMEZONE('America/New_York', {DAY})", "2013-01-02 05:59:30.25"),
        (
            f'TO_CHAR({DAY}, \'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\')',
            "2013-01-02T10:59:30.250000Z",
        ),
        ("'2013-01-02T10:00:00+0530'::TIMESTAMPTZ", "2013-01-02 04:30:00+00"),
    ],
)
def test_an_expression_has_redshift_s_value(
    warehouse: Warehouse, expression: str, expected: Any
) -> None:
    assert warehouse.value(f"SELECT {expression}") == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("COUNT(*)", 3),
        ("COUNT(n)", 2),
        ("COUNT(DISTINCT carrier)", 2),
        ("SUM(i)", 0),
        ("SUM(n)", 7),
        ("SUM(m)", "3.50"),
        ("SUM(f)", 2.0),
        ("AVG(n)", 3),
        ("AVG(i)", 0),
        ("AVG(f)", 1.0),
        ("MIN(time)", "2013-01-01 10:10:00+00"),
        ("MAX(carrier)", "UA"),
    ],
)
def test_an_aggregate_has_redshift_s_type(
    warehouse: Warehouse, expression: str, expected: Any
) -> None:
    assert warehouse.value(f"SELECT {expression} FROM facts") == expected


def test_groups_come_by_position(warehouse: Warehouse) -> None:
    rows = warehouse.rows(
        "SELECT DATE_TRUNC('hour', time) AS bucket, carrier, COUNT(*), AVG(f) FROM facts "
        "WHERE time >= CAST(:from_time AS TIMESTAMPTZ) AND carrier IN (:f0, :f1) "
        "GROUP BY 1, 2 ORDER BY 1, 2 LIMIT 10001",
        from_time="2013-01-01T00:00:00Z",
        f0="UA",
        f1="DL",
    )
    assert rows == [
        ["2013-01-01 10:00:00+00", "UA", 2, 1.0],
        ["2013-01-02 00:00:00+00", "DL", 1, None],
    ]


def test_nulls_sort_as_the_largest(warehouse: Warehouse) -> None:
    assert warehouse.rows("SELECT n FROM facts ORDER BY n") == [[3], [4], [None]]
    assert warehouse.rows("SELECT n FROM facts ORDER BY n DESC") == [[None], [4], [3]]


def test_char_is_padded_and_compares_without_padding(warehouse: Warehouse) -> None:
    rows = warehouse.rows("SELECT code, LEN(code) FROM facts WHERE code = 'ab' LIMIT 1")
    assert rows == [["ab  ", 2]]


def test_windows_count_within_their_partition(warehouse: Warehouse) -> None:
    rows = warehouse.rows(
        "SELECT i, ROW_NUMBER() OVER (PARTITION BY carrier ORDER BY time DESC), "
        "FIRST_VALUE(i) OVER (PARTITION BY carrier ORDER BY time "
        "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM facts ORDER BY 1"
    )
    assert rows == [[-7, 1, -7], [3, 2, 3], [4, 1, 3]]


def test_an_ordered_aggregate_window_needs_a_frame(warehouse: Warehouse) -> None:
    error = warehouse.error("SELECT SUM(i) OVER (ORDER BY time) FROM facts")
    assert error.endswith("require a frame clause")


def test_queries_nest_and_combine(warehouse: Warehouse) -> None:
    rows = warehouse.rows(
        "WITH ua AS (SELECT i FROM facts WHERE carrier = 'UA') "
        "SELECT ua.i, 'ua' AS kind FROM ua LEFT JOIN facts USING (i) UNION ALL "
        "SELECT i, 'other' FROM facts f WHERE NOT EXISTS (SELECT 1 FROM ua WHERE ua.i = f.i) "
        "ORDER BY 1"
    )
    assert rows == [[-7, "other"], [3, "ua"], [4, "ua"]]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("data.carrier", '"UA"'),
        ('data."key"::INT', 5),
        ("data.n", "9007199254740993"),
        ("data.n::BIGINT", 9007199254740993),
        ("data.half::FLOAT", 1.5),
        ("data.carrier::VARCHAR(8)", "UA"),
        ("data.items[0].x::INT", 1),
        ("documents.data.items[1]", "2"),
        ("data.missing.deeper[3]", None),
        ("data.carrier::INT", None),
        ("data.none IS NULL", True),
        ("data.camel", None),
        ("data.carrier = 'UA'", True),
        ("data.n = '5'", False),
        ("JSON_TYPEOF(data.items)", "array"),
    ],
)
def test_super_navigates_laxly(warehouse: Warehouse, expression: str, expected: Any) -> None:
    assert warehouse.value(f"SELECT {expression} FROM documents") == expected


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (
            '{"z": 9007199254740993, "a" : 0.1234567890123456789}',
            '{"z":9007199254740993,"a":0.1234567890123456789}',
        ),
        ('{"b":"white  space , kept", "a":[1, 2.50]}', '{"b":"white  space , kept","a":[1,2.50]}'),
        ('{"text": "NaN ,] \\" é"}', '{"text":"NaN ,] \\" é"}'),
        (" [ ] ", "[]"),
    ],
)
def test_super_keeps_digits_and_key_order(warehouse: Warehouse, text: str, kept: str) -> None:
    assert warehouse.value("SELECT JSON_SERIALIZE(JSON_PARSE(:text))", text=text) == kept


def test_null_serialises_to_the_text_null(warehouse: Warehouse) -> None:
    assert warehouse.value("SELECT JSON_SERIALIZE(JSON_PARSE(CAST(NULL AS VARCHAR)))") == "null"


@pytest.mark.parametrize(("text", "can"), [("'{}'", True), ("'{'", False), ("''", False)])
def test_what_json_can_be_parsed_can_be_asked(
    warehouse: Warehouse, text: str, *, can: bool
) -> None:
    assert warehouse.value(f"SELECT CAN_JSON_PARSE({text})") is can
    parsed = f"CASE WHEN CAN_JSON_PARSE({text}) THEN JSON_PARSE({text}) END"
    assert warehouse.value(f"SELECT {parsed} IS NULL") is not can


def test_whether_null_can_be_parsed_is_null(warehouse: Warehouse) -> None:
    assert warehouse.value("SELECT CAN_JSON_PARSE(CAST(NULL AS VARCHAR))") is None


@pytest.mark.parametrize("text", ['{"a":1,}', '{"a":NaN}', "{bad", '{"a":1} x', '"' + "x" * 65_535])
def test_what_is_no_json_is_not_parsed(warehouse: Warehouse, text: str) -> None:
    assert warehouse.error("SELECT JSON_PARSE(:text)", text=text).startswith("ERROR: JSON")


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("SELECT 1 / 0", "division by zero"),
        ("SELECT SUM(n) FROM (SELECT 9223372036854775807 AS n UNION ALL SELECT 1) t", "Numeric"),
        ("SELECT 2147483647 + 1", "Numeric data overflow (addition)"),
        ("SELECT nope FROM facts", 'column "nope" does not exist'),
        ("SELECT carrier, COUNT(*) FROM facts", 'column "carrier" must appear in the GROUP BY'),
        ("SELECT 'x'::INT", 'invalid input syntax for integer: "x"'),
        ("SELECT '2013-13-45'::TIMESTAMPTZ", 'date/time field value out of range: "2013-13-45"'),
        ("INSERT INTO facts (carrier) VALUES ('ééé')", "value too long for type character vary"),
        ("INSERT INTO facts (i) SELECT carrier FROM facts", 'column "i" is of type integer but'),
        ("CREATE TABLE facts (n INT)", 'Relation "facts" already exists'),
        ("DROP TABLE nope", 'relation "nope" does not exist'),
        ("DELETE FROM facts f", 'syntax error at or near "f"'),
        ('GRANT SELECT ON TABLE facts TO "nobody"', 'user "nobody" does not exist'),
        ("LOCK nope", 'relation "nope" does not exist'),
        ("SELECT 1; SELECT 2", "Invalid operation"),
    ],
)
def test_an_error_has_redshift_s_words(warehouse: Warehouse, sql: str, error: str) -> None:
    assert warehouse.error(sql).startswith(f"ERROR: {error}")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT STRING_AGG(carrier, ',') FROM facts",
        "SELECT read_csv('/etc/passwd')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT INTERVAL '1 day'",
        "SELECT 1e5",
        "SELECT ROUND(n) FROM facts",
        "SELECT TO_CHAR(time, 'SSSS') FROM facts",
        "SELECT * FROM facts FOR UPDATE",
        "SELECT data.n / 5 FROM documents",
        "SELECT data FROM documents ORDER BY data",
        "CREATE INDEX i ON facts (n)",
        "CREATE TABLE odd (v GEOMETRY)",
        "SET timezone TO 'America/New_York'",
        "BEGIN",
    ],
)
def test_what_is_not_known_is_refused(warehouse: Warehouse, sql: str) -> None:
    assert warehouse.error(sql).startswith("ERROR: not emulated locally: ")


def test_keys_are_not_unique_but_not_null(warehouse: Warehouse) -> None:
    warehouse.batch("CREATE TABLE keyed (k INT, PRIMARY KEY (k))", "INSERT INTO keyed VALUES (1)")
    assert warehouse.execute("INSERT INTO keyed VALUES (1)")["Status"] == "FINISHED"
    error = warehouse.error("INSERT INTO keyed VALUES (NULL)")
    assert error == "ERROR: Cannot insert a NULL value into column k"


def test_columns_are_added_and_widened(warehouse: Warehouse) -> None:
    warehouse.execute("CREATE TABLE grown (v VARCHAR(2))")
    warehouse.execute("ALTER TABLE grown ADD COLUMN w VARCHAR(8)")
    warehouse.execute("ALTER TABLE grown ALTER COLUMN v TYPE VARCHAR(4)")
    assert warehouse.execute("INSERT INTO grown (v) VALUES ('abcd')")["Status"] == "FINISHED"
    columns = warehouse.rows(
        "SELECT column_name, data_type, character_maximum_length FROM svv_columns "
        "WHERE table_schema = 'public' AND table_name = 'grown' ORDER BY ordinal_position"
    )
    assert columns == [["v", "character varying", 4], ["w", "character varying", 8]]
    error = warehouse.error("SELECT 1", "ALTER TABLE grown ALTER COLUMN v TYPE VARCHAR(9)")
    assert error.endswith("cannot run inside a transaction block")


def test_a_table_made_by_a_query_takes_its_types(warehouse: Warehouse) -> None:
    warehouse.execute("CREATE TABLE made AS SELECT carrier, SUM(n) AS total FROM facts GROUP BY 1")
    types = warehouse.rows(
        "SELECT data_type, character_maximum_length, numeric_precision FROM svv_columns "
        "WHERE table_name = 'made' ORDER BY ordinal_position"
    )
    assert types == [["character varying", 4, None], ["bigint", None, 64]]


def test_users_are_created_once_and_granted(warehouse: Warehouse) -> None:
    create = 'CREATE USER "IAMR:Reader-Role" PASSWORD DISABLE'
    assert warehouse.execute(create)["Status"] == "FINISHED"
    assert warehouse.error(create) == 'ERROR: user "IAMR:Reader-Role" already exists'
    for grant in (
        "SELECT, INSERT ON TABLE facts, documents",
        "SELECT ON ALL TABLES IN SCHEMA public",
        "USAGE ON SCHEMA public",
        'TEMP ON DATABASE "dev"',
    ):
        described = warehouse.execute(f'GRANT {grant} TO "IAMR:Reader-Role"')
        assert described["Status"] == "FINISHED"


def test_maintenance_checks_its_table(warehouse: Warehouse) -> None:
    assert warehouse.execute("ANALYZE facts")["Status"] == "FINISHED"
    assert warehouse.execute("VACUUM facts")["Status"] == "FINISHED"
    assert warehouse.error("VACUUM nope") == 'ERROR: relation "nope" does not exist'


def test_a_translation_follows_the_table_it_was_made_for(warehouse: Warehouse) -> None:
    insert = "INSERT INTO changing VALUES ('abc')"
    warehouse.batch("CREATE TABLE changing (v VARCHAR(3))", insert)
    warehouse.batch("DROP TABLE changing", "CREATE TABLE changing (v VARCHAR(2))")
    assert "value too long" in warehouse.error(insert)

from collections.abc import Iterator
from typing import Any

import pytest

from local.redshift_data.testing import Warehouse, running


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Warehouse]:
    with running() as warehouse:
        yield warehouse


def parsed(warehouse: Warehouse, expression: str, json: str) -> Any:
    """Return an expression's value over `j`, a SUPER column."""
    return warehouse.value(f"SELECT {expression} FROM (SELECT JSON_PARSE(:json) AS j) t", json=json)


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("j", '{"p":2.50,"a":[0.12345678901234567890,1e5],"n":12345678901234567890123}'),
        ("j.p", "2.50"),
        ("j.a", "[0.12345678901234567890,1e5]"),
        ("j.a[0]", "0.12345678901234567890"),
        ("j.a[1]", "1e5"),
        ("j.n", "12345678901234567890123"),
    ],
)
def test_numbers_keep_their_digits_on_every_path(
    warehouse: Warehouse, path: str, shown: str
) -> None:
    json = '{"p": 2.50, "a": [0.12345678901234567890, 1e5], "n": 12345678901234567890123}'
    assert parsed(warehouse, path, json) == shown


@pytest.mark.parametrize(
    ("json", "shown"),
    [
        (r'{"a\u0062": "\u00e9\n\/"}', '{"ab":"é\\n/"}'),
        (r'["\ud83d\ude00", 1.50]', '["😀",1.50]'),
        (r'["\\", "\""]', r'["\\","\""]'),
    ],
)
def test_escapes_are_undone(warehouse: Warehouse, json: str, shown: str) -> None:
    assert parsed(warehouse, "j", json) == shown


@pytest.mark.parametrize(
    ("json", "can"),
    [
        ('{"a": 1, "b": {"a": 2}, "c": [{"a": 1}, {"a": 2}]}', True),
        ('{"b": {"a": 1, "a": 2}}', False),
        (r'{"a": 1, "\u0061": 2}', False),
        ('{"text": "\\"a\\": 1, \\"a\\": ,nan :inf ,]"}', True),
        ("[" * 1000 + "]" * 1000, True),
        ("[" * 1001 + "]" * 1001, False),
        ("[" + "[]," * 2000 + "{}]", True),
        ("[inf]", False),
        ("-Infinity", False),
        ('"' + "x" * 65_533 + '"', True),
        ('"' + "x" * 65_534 + '"', False),
    ],
)
def test_what_super_can_hold_can_be_asked(warehouse: Warehouse, json: str, *, can: bool) -> None:
    assert warehouse.value("SELECT CAN_JSON_PARSE(:json)", json=json) is can
    described = warehouse.execute(
        "SELECT JSON_TYPEOF(JSON_PARSE(:json))", Parameters=[{"name": "json", "value": json}]
    )
    assert (described["Status"] == "FINISHED") is can


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("0.50::SUPER", "0.50"),
        ("(-0.5)::SUPER", "-0.5"),
        ("5::SUPER", "5"),
        ("TRUE::SUPER", "true"),
        ("'say \"é\"'::SUPER", '"say \\"é\\""'),
        ("2.22::FLOAT::SUPER", "2.22e+0"),
        ("0.001::FLOAT::SUPER", "1e-3"),
        ("(-1234.5)::FLOAT::SUPER", "-1.2345e+3"),
        ("NULL::SUPER", None),
    ],
)
def test_scalars_become_super(warehouse: Warehouse, expression: str, shown: str | None) -> None:
    assert warehouse.value(f"SELECT {expression}") == shown


@pytest.mark.parametrize(
    ("json", "type_", "value"),
    [
        ('" 12 "', "INT", 12),
        ("5.0", "INT", 5),
        ("true", "INT", 1),
        ("3000000000", "INT", None),
        ('"1.5"', "FLOAT", 1.5),
        ("true", "FLOAT", None),
        ("2.5", "DECIMAL(10,3)", "2.500"),
        ("123456", "DECIMAL(5,2)", None),
        ('"yes"', "BOOL", True),
        ("0", "BOOL", False),
        ("1.0", "BOOL", None),
        ("true", "VARCHAR", "true"),
        ("2.50", "VARCHAR", "2.50"),
        ("{}", "VARCHAR", None),
        ('"2024-02-30"', "DATE", None),
        ('"2024-02-29 10:11:12"', "TIMESTAMP", "2024-02-29 10:11:12"),
        ('"2024-02-29T10:11:12+02"', "TIMESTAMPTZ", "2024-02-29 08:11:12+00"),
        ("20240229", "DATE", None),
    ],
)
def test_a_cast_of_super_is_lax(warehouse: Warehouse, json: str, type_: str, value: Any) -> None:
    assert parsed(warehouse, f"j::{type_}", json) == value


@pytest.mark.parametrize(
    ("expression", "json"),
    [
        ("j::INT", "2.5"),
        ("j::DECIMAL(5,1)", "2.25"),
        ("j::DATE", '"03/15/2024"'),
        ("j / 2", "7"),
        ("j < ARRAY(2)", "[1]"),
        ("ARRAY_SORT(j)", "[[2],[1]]"),
        ("NVL(j, 1)", "1"),
        ("ARRAY_CONCAT(j, j)[0]", "[1]"),
        ("LISTAGG('x') WITHIN GROUP (ORDER BY j)", "1"),
        ("SUBARRAY(j, -1)", "[1]"),
        ("OBJECT('a', 1, 'a', j)", "1"),
        ("MAX(j)", "1"),
        ("RANK() OVER (ORDER BY j)", "1"),
        ("j LIKE 'a%'", '"ab"'),
        ("UPPER(j)", '"ab"'),
        ("j = CURRENT_DATE", '"2024-01-01"'),
        ("IS_ARRAY('[]')", "1"),
    ],
)
def test_what_the_guide_does_not_say_is_refused(
    warehouse: Warehouse, expression: str, json: str
) -> None:
    error = warehouse.error(f"SELECT {expression} FROM (SELECT JSON_PARSE('{json}') AS j) t")
    assert error.startswith("ERROR: not emulated locally: ")


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        ("1", "1.0", True),
        ("100", "1e2", True),
        ("-1.25", "-1.250", True),
        ("12345678901234567890.1", "12345678901234567890.2", False),
        ('"a"', '"a  "', True),
        ('"1"', "1", False),
        ("[1, [2.0]]", "[1.0, [2]]", True),
        ('{"a": 1, "b": [2]}', '{"b": [2.00], "a": 1}', True),
        ('{"a": 1}', '{"A": 1}', False),
        ("null", "null", None),
    ],
)
def test_values_are_equal_by_what_they_are(
    warehouse: Warehouse, left: str, right: str, equal: Any
) -> None:
    sql = "SELECT JSON_PARSE(:a) = JSON_PARSE(:b), JSON_PARSE(:a) <> JSON_PARSE(:b)"
    opposite = None if equal is None else not equal
    assert warehouse.rows(sql, a=left, b=right) == [[equal, opposite]]


def test_numbers_sort_whatever_their_length(warehouse: Warehouse) -> None:
    numbers = [
        "-10",
        "-9.5",
        "-1e-3",
        "0",
        "0.001",
        "1.5",
        "9",
        "10",
        "1e20",
        "123456789012345678901",
    ]
    shuffled = ",".join(sorted(numbers))
    rows = warehouse.rows(
        "SELECT n FROM (SELECT JSON_PARSE(:j) AS j) t, t.j AS n ORDER BY n", j=f"[{shuffled}]"
    )
    assert [n for (n,) in rows] == numbers


def test_super_is_text_to_a_client(warehouse: Warehouse) -> None:
    described = warehouse.execute("SELECT 'a'::SUPER AS s, NULL::SUPER AS n")
    result = warehouse.client.get_statement_result(Id=described["Id"])
    assert result["Records"] == [[{"stringValue": '"a"'}, {"isNull": True}]]
    assert [column["typeName"] for column in result["ColumnMetadata"]] == ["super", "super"]


def test_each_row_of_a_table_is_its_own_value(warehouse: Warehouse) -> None:
    rows = warehouse.rows(
        "SELECT ARRAY_DISTINCT(j), ARRAY_POSITION(j, 2), ARRAY(j, k) FROM "
        "(SELECT JSON_PARSE('[1, 2, 1]') AS j, 'x' AS k UNION ALL SELECT JSON_PARSE('[2, 2]'), 'y' "
        "UNION ALL SELECT NULL, 'z') t ORDER BY k"
    )
    assert rows == [
        ["[1,2]", 1, '[[1,2,1],"x"]'],
        ["[2]", 0, '[[2,2],"y"]'],
        [None, None, '[null,"z"]'],
    ]


def test_names_of_attributes_have_a_case_where_a_session_says_so(warehouse: Warehouse) -> None:
    sql = 'SELECT t.j.camelCase.X FROM (SELECT JSON_PARSE(\'{"camelCase": {"X": 1}}\') AS j) t'
    assert warehouse.value(sql) is None
    described = warehouse.batch("SET enable_case_sensitive_super_attribute TO true", sql)
    result = warehouse.client.get_statement_result(Id=described["SubStatements"][1]["Id"])
    assert result["Records"] == [[{"stringValue": "1"}]]
    assert result["ColumnMetadata"][0]["label"] == "x"
    assert warehouse.value(sql) is None

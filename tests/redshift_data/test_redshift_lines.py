"""JSON Lines go to DuckDB's reader only where it keeps what is written."""

import json
from random import Random

import pytest

from local.redshift_data.catalog import Column, Table
from local.redshift_data.dialect.load.lines import is_read_as_written
from local.redshift_data.dialect.load.options import JSON, CopyOptions
from local.redshift_data.dialect.load.staging import Target
from local.redshift_data.dialect.types import (
    FLOAT4,
    FLOAT8,
    INT8,
    SUPER,
    RedshiftType,
    numeric,
    varchar,
)
from local.redshift_data.testing import MemoryObjects, running

TEXT = varchar(40)
COPY = "COPY kept FROM 's3://lake/m' IAM_ROLE DEFAULT MANIFEST JSON 'auto'"


def target(type_: RedshiftType) -> Target:
    columns = (Column("a", type_),)
    return Target(Table("kept", columns), columns, CopyOptions(format=JSON, json="auto"))


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ('{"a":1.5}', TEXT),
        ('{"a":10}', TEXT),
        ('{"a":100.25}', TEXT),
        ('{"a":"1.50"}', TEXT),
        ('{"b":1.50,"a":"x"}', TEXT),
        (r'{"a":"{\"b\":2.50}"}', SUPER),
        ('{"a":"NaN, Infinity"}', TEXT),
        ('{"a":"a comma, } too"}', TEXT),
        ('{"a":1.50}', FLOAT8),
        ('{"a":519.47368421052636}', FLOAT8),
        ('{"a" : -0.1234567890123456789}', FLOAT8),
        ('{"a":519.47368421052636}', FLOAT4),
        ('{"a":1e5}', FLOAT8),
        ('{"a":-1.5E-07}', FLOAT8),
        ('{"a": 12345678901234567}', FLOAT8),
        ('{"a":12345678901234567.5}', FLOAT8),
        ('{"a":-0.0}', FLOAT8),
    ],
)
def test_what_is_kept_goes_the_quick_way(text: str, type_: RedshiftType) -> None:
    assert is_read_as_written(text.encode(), target(type_))


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ('{"a":1.50}', TEXT),
        ('{"a" : 1.50}', TEXT),
        ('{"a":-0}', TEXT),
        ('{"a":0.00001}', TEXT),
        ('{"a":{"b":1}}', TEXT),
        ('{"b":1.50,"a":"x"}', SUPER),
        ('{"a":[1.5, 2.50]}', SUPER),
        (r'{"a\\":2.50}', SUPER),
        ('{"a":12345678901234567}', INT8),
        ('{"a":1e5}', INT8),
        ('{"a":-0}', FLOAT8),
        ('{"a":-0}', FLOAT4),
        ('{"a":1.5,"b":1e5}', FLOAT8),
        ('{"b":519.47368421052636}', FLOAT8),
        ('{"ba":519.47368421052636}', FLOAT8),
        (r'{"\"a":519.47368421052636}', FLOAT8),
        ('{"a":519.47368421052636}', TEXT),
        ('{"a":519.47368421052636}', INT8),
        ('{"a":519.47368421052636}', numeric(38, 20)),
        ('{"a":12345678901234567}', numeric(38, 20)),
        ('{"a":519.47368421052636}', SUPER),
        ('{"a":"x",}', TEXT),
        ('{"a":NaN}', FLOAT8),
    ],
)
def test_what_would_be_rewritten_does_not(text: str, type_: RedshiftType) -> None:
    assert not is_read_as_written(text.encode(), target(type_))


NUMBERS = [
    *("0.1234567890123456789", "2.2250738585072014", "179769313486231.57081452742373"),
    *("1e5", "1E+05", "1e23", "-1.5e-07", "8.442911973260991817e129", "0.000001", "-0.0", "-0e0"),
    *("9007199254740993", "-9007199254740993", "9007199254740992.99999999999999"),
    *("9223372036854775808", "18446744073709551616", "-123456789012345678901234567890"),
    *("1.7976931348623157e308", "-1.7976931348623157e308", "2.2250738585072011e-308"),
    *("5e-324", "2.4703282292062328e-324", "2e-324", "1" + "0" * 308, "0." + "0" * 320 + "12345"),
]


@pytest.mark.parametrize("detour", ["", ',"b":1e5'])
def test_a_double_is_read_to_the_bit_on_either_way(detour: str) -> None:
    dice = Random(5)  # noqa: S311 (repeatable, not secret)
    numbers = [repr(dice.uniform(-1, 1) * 10 ** dice.randrange(-9, 40)) for _ in range(900)]
    numbers += NUMBERS
    text = "\n".join(f'{{"a":{number}{detour}}}' for number in numbers).encode()
    assert is_read_as_written(text, target(FLOAT8)) is not bool(detour)
    objects = MemoryObjects()
    entries = [{"url": "s3://lake/1", "mandatory": True}]
    objects.objects["lake", "m"] = json.dumps({"entries": entries}).encode()
    objects.objects["lake", "1"] = text
    with running(objects=objects) as warehouse:
        warehouse.execute("CREATE TABLE kept (a DOUBLE PRECISION)")
        assert warehouse.execute(COPY)["Status"] == "FINISHED"
        found = [row[0].hex() for row in warehouse.rows("SELECT a FROM kept")]
    assert sorted(found) == sorted(float(number).hex() for number in numbers)


def test_digits_are_kept_on_either_way() -> None:
    objects = MemoryObjects()
    entries = [{"url": "s3://lake/1", "mandatory": True}]
    objects.objects["lake", "m"] = json.dumps({"entries": entries}).encode()
    objects.objects["lake", "1"] = b'{"a":1.50,"s":{"n":2.50}}\n{"a":"x","s":null}\n'
    with running(objects=objects) as warehouse:
        warehouse.execute("CREATE TABLE kept (a VARCHAR(8), s SUPER)")
        assert warehouse.execute(COPY)["Status"] == "FINISHED"
        rows = warehouse.rows("SELECT a, s FROM kept ORDER BY a")
    assert rows == [["1.50", '{"n":2.50}'], ["x", None]]

"""What text, hash and conditional functions do beyond the guide's examples."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.redshift_data.testing import Warehouse, running

UNKNOWN = "ERROR: not emulated locally: "


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Warehouse]:
    with running() as warehouse:
        warehouse.execute("CREATE TABLE words (n INT, v VARCHAR(40), c CHAR(5), d DECIMAL(8,2))")
        warehouse.execute("INSERT INTO words VALUES (5, '5 ', 'ab', 5), (NULL, NULL, NULL, NULL)")
        yield warehouse


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("v = '5'", True),
        ("v IN ('5')", True),
        ("v BETWEEN '5' AND '5'", True),
        ("v IN (SELECT '5   ' FROM words)", True),
        ("n = v", True),
        ("n = v || 'x'", False),
        ("CASE v WHEN '5' THEN 1 END", 1),
        ("DECODE(v, '5', 1, 2)", 1),
        ("NULLIF(v, '5')", None),
        ("c || '|'", "ab|"),
        ("UPPER(c)", "AB   "),
        ("RTRIM(c)", "ab"),
        ("c LIKE 'ab'", False),
        ("REVERSE(d)", "00.5"),
    ],
)
def test_blanks_at_the_end_do_not_count_in_comparisons(
    warehouse: Warehouse, expression: str, expected: Any
) -> None:
    assert warehouse.value(f"SELECT {expression} FROM words WHERE n = 5") == expected


@pytest.mark.parametrize(
    "expression",
    [
        "ASCII(v)", "BTRIM(v)", "CHARINDEX('a', v)", "CRC32(v)", "DIFFERENCE(v, 'a')",
        "FNV_HASH(v)", "INITCAP(v)", "LEFT(v, 1)", "LEN(v)", "LPAD(v, 3)", "MD5(v)",
        "MURMUR3_32_HASH(n)", "OCTETINDEX('a', v)", "OCTET_LENGTH(c)", "QUOTE_IDENT(v)",
        "QUOTE_LITERAL(v)", "REPEAT(v, 2)", "REPLACE(v, 'a', 'b')", "REVERSE(v)",
        "SHA2(v, 256)", "SHA2(v, 1)", "SOUNDEX(v)", "SPLIT_PART(v, 'a', 1)", "STRTOL(v, 10)",
        "SUBSTRING(v, 1, 2)", "TRANSLATE(v, 'a', 'b')", "BPCHARCMP(v, 'a')",
        "NVL2(v, v, NULL)", "IS_VALID_JSON(v)", "JSON_ARRAY_LENGTH(v)",
    ],
)  # fmt: skip
def test_a_function_of_null_is_null(warehouse: Warehouse, expression: str) -> None:
    assert warehouse.value(f"SELECT {expression} FROM words WHERE n IS NULL") is None


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("SUBSTRING('abc', 0, 2)", "a"),
        ("SUBSTRING('abc', -1)", "abc"),
        ("SUBSTRING('añb', 2, 1)", "ñ"),
        ("REVERSE('añb')", "bña"),
        ("LPAD('abc', -1)", ""),
        ("RPAD('añ', 3, 'é')", "añé"),
        ("LEFT('añb', 2)", "añ"),
        ("INITCAP('éa o''neil 3rd')", "Éa O'Neil 3rd"),
        ("SOUNDEX('Ashcraft')", "A261"),
        ("SOUNDEX('Pfister')", "P236"),
        ("STRTOL(' -7F', 16)", -127),
        ("STRTOL('-8000000000000000', 16)", -9223372036854775808),
        ("QUOTE_IDENT('select')", '"select"'),
        ("QUOTE_IDENT('plain_1')", "plain_1"),
        ("QUOTE_LITERAL('a\\\\b')", "'a\\\\b'"),
        ("CAST('français' AS VARCHAR(6))", "franç"),
        ("CAST('ab  ' AS CHAR(3)) || '|'", "ab|"),
        ("1 # 3", 2),
        ("5 | 2", 7),
        ("BPCHARCMP('a', 'a  ')", 0),
        ("GREATEST(NULL, 'b', 'a')", "b"),
        ("COALESCE(1, 1 / 0)", 1),
        ("NVL2(NULL, '2345', 1234)", "1234"),
        ("DECODE(NULL, NULL, 1234, '2345')", 1234),
        ("TRY_CAST('12.5' AS DECIMAL(4,1))", "12.5"),
        ("TRY_CAST('99999' AS SMALLINT)", None),
        ("TRY_CAST(100000 AS SMALLINT)", None),
        ("MURMUR3_32_HASH('2017-11-16'::DATE)", -653330422),
        ("MURMUR3_32_HASH('2017-11-16 22:31:08'::TIMESTAMP)", -2047944441),
    ],
)
def test_a_text_function_has_its_documented_value(
    warehouse: Warehouse, expression: str, expected: Any
) -> None:
    assert warehouse.value(f"SELECT {expression}") == expected


@pytest.mark.parametrize(
    "expression",
    [
        "LEFT('abc', -1)",
        "REPEAT('a', -1)",
        "LPAD('abc', 5, '')",
        "SPLIT_PART('abc', '', 1)",
        "CHR(233)",
        "DIFFERENCE('', '')",
        "CAST('français' AS VARCHAR(5))",
        "SHA1(CAST('a' AS CHAR(2)))",
        "FNV_HASH(1.5)",
        "MURMUR3_32_HASH(1.5)",
        "CHECKSUM(1)",
        "SHA2('a', 512)",
        "FARMFINGERPRINT64('a')",
        "MURMUR3_32_HASH(1, 2)",
        "COLLATE('a', 'ci')",
        "TRY_CAST('2024-13-45' AS DATE)",
        "'true'::VARCHAR::BOOLEAN",
        "TRUE::VARCHAR",
        "JSON_EXTRACT_PATH_TEXT('{\"a\": {\"b\": 1}}', 'a')",
        "JSON_EXTRACT_PATH_TEXT('[1]', '0')",
    ],
)
def test_what_the_guide_leaves_open_is_refused(warehouse: Warehouse, expression: str) -> None:
    assert warehouse.error(f"SELECT {expression}").startswith(UNKNOWN)


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ('{"a":1.50}', "'a'", "1.50"),
        ('{"a":12345678901234567890.12345}', "'a'", "12345678901234567890.12345"),
        ('{"a":{"b":[1.0,"x"]}}', "'a'", '{"b":[1.0,"x"]}'),
        ('{"a":{"b":"c d"}}', "'a', 'b'", "c d"),
        ('{"a/b~c":"x"}', "'a/b~c'", "x"),
        ('{"A":1}', "'a'", None),
        ('{"a":"é\\u00e9"}', "'a'", "éé"),
        ('{"a":false}', "'a'", "false"),
    ],
)
def test_a_json_text_keeps_its_digits(
    warehouse: Warehouse, text: str, path: str, expected: str | None
) -> None:
    assert warehouse.value(f"SELECT JSON_EXTRACT_PATH_TEXT(:t, {path})", t=text) == expected


def test_is_true_is_a_predicate_only(warehouse: Warehouse) -> None:
    assert warehouse.error("SELECT true IS TRUE") == "ERROR: Not implemented"
    assert warehouse.rows("SELECT 1 WHERE true IS TRUE") == [[1]]

"""What COPY does with each format, with what is wrong in it, and what it tells about that."""

import json
from collections.abc import Iterator

import pytest

from local.redshift_data.testing import MemoryObjects, Warehouse, running

ROLE = "IAM_ROLE 'arn:aws:iam::123456789012:role/loader'"


@pytest.fixture
def objects() -> MemoryObjects:
    return MemoryObjects()


@pytest.fixture
def warehouse(objects: MemoryObjects) -> Iterator[Warehouse]:
    with running(objects=objects) as warehouse:
        warehouse.execute(
            "CREATE TABLE t (id INT NOT NULL, v VARCHAR(4), at TIMESTAMP DEFAULT '2020-01-01')"
        )
        warehouse.execute("CREATE TABLE docs (doc SUPER, v VARCHAR(64))")
        yield warehouse


def put(objects: MemoryObjects, text: str | bytes, key: str = "data") -> None:
    objects.objects["lake", key] = text if isinstance(text, bytes) else text.encode()


def copy(options: str = "", target: str = "t (id, v)") -> str:
    return f"COPY {target} FROM 's3://lake/data' {ROLE} {options}"


def details(warehouse: Warehouse) -> list[list[object]]:
    return warehouse.rows(
        "SELECT line_number, TRIM(column_name), error_code, TRIM(error_message) "
        "FROM sys_load_error_detail ORDER BY line_number"
    )


MIXED = "1|one\nx|two\n3|three\n4\n|five\n6|six\n"
MIXED_ERRORS = [
    [2, "id", 1207, "Invalid digit, Value 'x', Pos 0, Type: Integer"],
    [3, "v", 1204, "String length exceeds DDL length"],
    [4, "", 1214, "Delimiter not found"],
    [5, "id", 1213, "Missing data for not-null field"],
]


def test_rows_without_errors_are_loaded(warehouse: Warehouse, objects: MemoryObjects) -> None:
    put(objects, MIXED)
    assert warehouse.execute(copy("MAXERROR 5"))["ResultRows"] == 2
    assert warehouse.rows("SELECT id, v FROM t ORDER BY id") == [[1, "one"], [6, "six"]]
    assert details(warehouse) == MIXED_ERRORS


def test_as_many_errors_as_maxerror_load_nothing(
    warehouse: Warehouse, objects: MemoryObjects
) -> None:
    put(objects, MIXED)
    assert "failed.  Check 'sys_load_error_detail'" in warehouse.error(copy("MAXERROR 4"))
    assert warehouse.value("SELECT COUNT(*) FROM t") == 0
    assert len(details(warehouse)) == 4


def test_every_error_can_be_ignored(warehouse: Warehouse, objects: MemoryObjects) -> None:
    put(objects, "x|\n" * 200 + MIXED)
    assert warehouse.execute(copy("IGNOREALLERRORS"))["ResultRows"] == 2


def test_a_failed_load_of_json_lines_tells_where(
    warehouse: Warehouse, objects: MemoryObjects
) -> None:
    put(objects, '{"id": 1}\n{"id": "x"}\n')
    error = warehouse.error(copy("JSON 'auto'"))
    assert 'invalid input syntax for integer: "x"; s3://lake/data line 2, column id' in error
    assert details(warehouse) == [MIXED_ERRORS[0]]


def test_noload_reports_what_is_wrong(warehouse: Warehouse, objects: MemoryObjects) -> None:
    put(objects, MIXED)
    assert "Invalid digit" not in warehouse.error(copy("NOLOAD MAXERROR 9"))
    assert warehouse.value("SELECT COUNT(*) FROM t") == 0
    assert "Load into table 't' failed" in warehouse.error(copy("NOLOAD"))


def test_what_is_not_listed_takes_its_default(warehouse: Warehouse, objects: MemoryObjects) -> None:
    put(objects, "1|a\n")
    warehouse.execute(copy())
    assert warehouse.rows("SELECT * FROM t") == [[1, "a", "2020-01-01 00:00:00"]]


@pytest.mark.parametrize(
    ("text", "options", "row"),
    [
        ("1|\\N\n", "", [1, None]),
        ("1|nil\n", "NULL AS 'nil'", [1, None]),
        ("1\ta\n", "DELIMITER '\\t'", [1, "a"]),
        ("1\x01a\n", "DELIMITER '\\001'", [1, "a"]),
        ("1|~|a\n", "DELIMITER '|~|'", [1, "a"]),
        ("1|a|\r\n", "", [1, "a"]),
        ("head\n1|a\n", "IGNOREHEADER 1", [1, "a"]),
        ("1|fivefive\n", "TRUNCATECOLUMNS", [1, "five"]),
        ("1|ééé\n", "TRUNCATECOLUMNS", [1, "éé"]),
        ("1|a  \n", "TRIMBLANKS", [1, "a"]),
        ("1|   \n", "BLANKSASNULL", [1, None]),
        ("1\n", "FILLRECORD", [1, ""]),
        ("1\n", "FILLRECORD EMPTYASNULL", [1, None]),
        ('1, "a,b" \n', "CSV", [1, "a,b"]),
        ("1,%a%%b%\n", "CSV QUOTE '%'", [1, "a%b"]),
        ("1|'a|b'\n", "REMOVEQUOTES", [1, "a|b"]),
        ("1  ab\n", "FIXEDWIDTH 'a:3,b:4'", [1, "ab"]),
        (b"1|a\xff\n", "ACCEPTINVCHARS AS '^'", [1, "a^"]),
        ("1|é\n".encode("utf-16"), "ENCODING UTF16", [1, "é"]),
        ("1|é\n".encode("latin-1"), "ENCODING AS ISO88591", [1, "é"]),
        ('{"ID": 1,\n "V": "a"}', "JSON 'auto ignorecase'", [1, "a"]),
        ('{"id": 1, "v": {"a": 1 }}\n', "JSON 'auto' TRUNCATECOLUMNS", [1, '{"a"']),
    ],
)
def test_fields_become_values(
    warehouse: Warehouse, objects: MemoryObjects, text: str | bytes, options: str, row: list[object]
) -> None:
    put(objects, text)
    described = warehouse.execute(copy(options))
    assert described["Status"] == "FINISHED", described["Error"]
    assert warehouse.rows("SELECT id, v FROM t") == [row]


@pytest.mark.parametrize(
    ("text", "options", "moment"),
    [
        ("1|2020-02-03 04:05:06.7", "", "2020-02-03 04:05:06.7"),
        ("1|1600000000", "TIMEFORMAT 'epochsecs'", "2020-09-13 12:26:40"),
        ("1|1600000000123", "TIMEFORMAT 'epochmillisecs'", "2020-09-13 12:26:40.123"),
        ("1|2020-02-03T04:05:06Z", "TIMEFORMAT 'auto'", "2020-02-03 04:05:06"),
        ("1|02/03/20 04.05", "TIMEFORMAT 'MM/DD/YY HH.MI'", "2020-02-03 04:05:00"),
        ("1|03-Feb-2020 11:05 PM", "TIMEFORMAT 'DD-MON-YYYY HH12:MI AM'", "2020-02-03 23:05:00"),
        ("1|00/00/00", "DATEFORMAT 'auto' ACCEPTANYDATE", None),
    ],
)
def test_times_are_read_by_their_format(
    warehouse: Warehouse, objects: MemoryObjects, text: str, options: str, moment: str | None
) -> None:
    put(objects, text)
    described = warehouse.execute(copy(options, "t (id, at)"))
    assert described["Status"] == "FINISHED", described["Error"]
    assert warehouse.rows("SELECT at FROM t") == [[moment]]


@pytest.mark.parametrize(
    ("text", "options", "error"),
    [
        ("1|2020-02-03T04:05:06", "", "Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]"),
        ("1|2020-02-30 04:05:06", "", "Load into table 't' failed"),
        ("1|2020-02-03", "", "not emulated locally"),
        ("1|2/3/2020", "TIMEFORMAT 'MM/DD/YYYY'", "not emulated locally"),
        ("1|x", "TIMEFORMAT 'MM/DD/YYYY'", "Invalid timestamp format or value [MM/DD/YYYY]"),
        ("1|1.5", "TIMEFORMAT 'epochsecs'", "not emulated locally"),
    ],
)
def test_times_in_other_forms_fail_the_load(
    warehouse: Warehouse, objects: MemoryObjects, text: str, options: str, error: str
) -> None:
    put(objects, text)
    assert error in warehouse.error(copy(options, "t (id, at)"))


@pytest.mark.parametrize("line", ['{"a": [1, 2,]}', '{"a": NaN}', '{"a": -inf}', '{"a": 1} x'])
def test_what_is_no_json_fails_the_load(
    warehouse: Warehouse, objects: MemoryObjects, line: str
) -> None:
    put(objects, f'{{"v": "b"}}\n{line}\n')
    error = warehouse.error(copy("JSON 'auto'", "docs"))
    assert "Load into table 'docs' failed" in error
    assert warehouse.value("SELECT COUNT(*) FROM docs") == 0


def test_json_in_text_stays_as_it_is(warehouse: Warehouse, objects: MemoryObjects) -> None:
    document = {"doc": {"a": ["NaN", ",]", "-inf"]}, "v": "nan, inf ,}"}
    put(objects, json.dumps(document) + "\n")
    warehouse.execute(copy("JSON 'auto'", "docs"))
    expected = [['{"a":["NaN",",]","-inf"]}', "nan, inf ,}"]]
    assert warehouse.rows("SELECT * FROM docs") == expected


def test_paths_lead_into_documents(warehouse: Warehouse, objects: MemoryObjects) -> None:
    put(objects, '{"a": {"b": [1, {"c": "x"}]}}\n{"a": {"b": [2, {}]}}')
    put(objects, '{"jsonpaths": ["$", "$.a.b[1].c"]}', "paths")
    described = warehouse.execute(copy("JSON 's3://lake/paths'", "docs"))
    assert described["Status"] == "FINISHED", described["Error"]
    assert warehouse.rows("SELECT * FROM docs ORDER BY v") == [
        ['{"a":{"b":[1,{"c":"x"}]}}', "x"],
        ['{"a":{"b":[2,{}]}}', None],
    ]


@pytest.mark.parametrize(
    ("paths", "error"),
    [
        ('{"jsonpaths": ["$.a"]}', "should match"),
        ("{", "Invalid JSONPaths file"),
        ('{"jsonpaths": ["$.a", ""]}', "Invalid JSONPath format"),
        ('{"jsonpaths": ["$.a[\'b\']", "$"]}', "mixes two notations"),
        ('{"jsonpaths": ["$.a[5]", "$"]}', "Not an array or index out of range"),
    ],
)
def test_wrong_paths_fail_the_load(
    warehouse: Warehouse, objects: MemoryObjects, paths: str, error: str
) -> None:
    put(objects, '{"a": [1]}')
    put(objects, paths, "paths")
    assert error in warehouse.error(copy("JSON 's3://lake/paths'", "docs"))


def test_identity_columns_are_numbered_unless_told_otherwise(
    warehouse: Warehouse, objects: MemoryObjects
) -> None:
    warehouse.execute("CREATE TABLE numbered (id INT IDENTITY(5, 1), v VARCHAR(4))")
    put(objects, "a\n")
    warehouse.execute(copy("", "numbered"))
    put(objects, "77|b\n")
    assert "EXPLICIT_IDS" in warehouse.error(copy("", "numbered (id, v)"))
    warehouse.execute(copy("EXPLICIT_IDS", "numbered"))
    assert warehouse.rows("SELECT v FROM numbered ORDER BY id") == [["a"], ["b"]]
    assert warehouse.value("SELECT id FROM numbered WHERE v = 'b'") == 77


@pytest.mark.parametrize("secret", ["aws_access_key_id=A;aws_secret_access_key=B", "nonsense"])
def test_credentials_are_checked_and_not_told(
    warehouse: Warehouse, objects: MemoryObjects, secret: str
) -> None:
    put(objects, "x|a\n")
    error = warehouse.error(f"COPY t (id, v) FROM 's3://lake/data' CREDENTIALS '{secret}'")
    assert error.startswith("ERROR: ")
    assert secret not in error


@pytest.mark.parametrize(
    "option", ["LZOP", "AVRO 'auto'", "FORMAT ORC", "SHAPEFILE", "ENCRYPTED", "SSH"]
)
def test_other_formats_are_not_emulated(warehouse: Warehouse, option: str) -> None:
    assert warehouse.error(copy(option)).startswith("ERROR: not emulated locally: COPY")


def test_a_parquet_file_must_have_the_tables_types(
    warehouse: Warehouse, objects: MemoryObjects
) -> None:
    warehouse.execute("INSERT INTO t (id, v) VALUES (1, 'a')")
    warehouse.execute(f"UNLOAD ('SELECT id, v FROM t') TO 's3://lake/data' {ROLE} PARQUET")
    warehouse.execute("CREATE TABLE wide (id BIGINT, v VARCHAR(4))")
    assert "incompatible Parquet schema for column 'id'" in warehouse.error(copy("PARQUET", "wide"))
    assert "Number of columns" in warehouse.error(copy("PARQUET", "t"))
    assert warehouse.execute(copy("PARQUET"))["ResultRows"] == 1
    assert len(objects.objects) == 1

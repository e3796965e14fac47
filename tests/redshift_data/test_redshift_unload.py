"""UNLOAD: what it writes, under which names, and that COPY reads it again."""

import gzip
import json
from collections.abc import Iterator

import pytest

from local.redshift_data.testing import MemoryObjects, Warehouse, running

ROLE = "IAM_ROLE 'arn:aws:iam::123456789012:role/unloader'"
VENUES = (
    "(1, 'Pinewood Race|track', 'Akron', 0), (2, 'Columbus \"Crew\" Stadium', 'Columbus', 0), "
    "(4, 'Community, Ballpark, Arena', NULL, 7)"
)


@pytest.fixture
def objects() -> MemoryObjects:
    return MemoryObjects()


@pytest.fixture
def warehouse(objects: MemoryObjects) -> Iterator[Warehouse]:
    with running(objects=objects) as warehouse:
        warehouse.execute("CREATE TABLE venue (id INT, name VARCHAR(40), city CHAR(10), seats INT)")
        warehouse.execute(f"INSERT INTO venue VALUES {VENUES}")
        yield warehouse


def unload(options: str = "", query: str = "SELECT * FROM venue ORDER BY id") -> str:
    return f"UNLOAD ('{query}') TO 's3://lake/out/venue_' {ROLE} {options}"


def written(warehouse: Warehouse, objects: MemoryObjects, sql: str) -> dict[str, bytes]:
    described = warehouse.execute(sql)
    assert described["Status"] == "FINISHED", described.get("Error")
    return {key: body for (_, key), body in sorted(objects.objects.items())}


def test_text_is_delimited_by_bars(warehouse: Warehouse, objects: MemoryObjects) -> None:
    files = written(warehouse, objects, unload())
    assert list(files) == ["out/venue_0000_part_00"]
    assert files["out/venue_0000_part_00"].decode().split("\n") == [
        "1|Pinewood Race|track|Akron|0",
        '2|Columbus "Crew" Stadium|Columbus|0',
        "4|Community, Ballpark, Arena||7",
        "",
    ]


def test_csv_encloses_what_it_must(warehouse: Warehouse, objects: MemoryObjects) -> None:
    files = written(warehouse, objects, unload("CSV HEADER PARALLEL OFF"))
    assert files["out/venue_000"].decode().split("\n") == [
        "id,name,city,seats",
        "1,Pinewood Race|track,Akron,0",
        '2,"Columbus ""Crew"" Stadium",Columbus,0',
        '4,"Community, Ballpark, Arena",,7',
        "",
    ]


def test_json_has_an_object_in_each_line(warehouse: Warehouse, objects: MemoryObjects) -> None:
    files = written(warehouse, objects, unload("JSON GZIP"))
    lines = gzip.decompress(files["out/venue_0000_part_00.gz"]).decode().splitlines()
    assert lines[0] == '{"id":1,"name":"Pinewood Race|track","city":"Akron","seats":0}'
    assert json.loads(lines[2])["city"] is None


def test_a_verbose_manifest_describes_everything(
    warehouse: Warehouse, objects: MemoryObjects
) -> None:
    files = written(warehouse, objects, unload("MANIFEST VERBOSE HEADER EXTENSION 'txt'"))
    manifest = json.loads(files["out/venue_manifest"])
    body = files["out/venue_0000_part_00.txt"]
    meta = {"content_length": len(body), "record_count": 4}
    assert manifest["entries"] == [{"url": "s3://lake/out/venue_0000_part_00.txt", "meta": meta}]
    assert manifest["schema"]["elements"][1] == {
        "name": "name",
        "type": {"base": "character varying", "max_length": 40},
    }
    assert manifest["meta"] == meta


def test_partitions_are_folders(warehouse: Warehouse, objects: MemoryObjects) -> None:
    files = written(warehouse, objects, unload("PARTITION BY (city) CSV MANIFEST"))
    assert list(files) == [
        "out/venue_/city=Akron/0000_part_00",
        "out/venue_/city=Columbus/0000_part_00",
        "out/venue_/city=__HIVE_DEFAULT_PARTITION__/0000_part_00",
        "out/venue_/manifest",
    ]
    assert files["out/venue_/city=Akron/0000_part_00"] == b"1,Pinewood Race|track,0\n"


def test_nothing_is_overwritten_unasked(warehouse: Warehouse, objects: MemoryObjects) -> None:
    written(warehouse, objects, unload())
    assert "Specified unload destination on S3 is not empty" in warehouse.error(unload())
    objects.objects["lake", "out/venue_stray"] = b"x"
    assert "out/venue_stray" in written(warehouse, objects, unload("ALLOWOVERWRITE"))
    assert list(written(warehouse, objects, unload("CLEANPATH"))) == ["out/venue_0000_part_00"]


def test_no_rows_make_no_json(warehouse: Warehouse, objects: MemoryObjects) -> None:
    query = "SELECT * FROM venue WHERE id = 9"
    assert written(warehouse, objects, unload("JSON", query)) == {}
    assert written(warehouse, objects, unload("", query)) == {"out/venue_0000_part_00": b""}


def test_large_results_are_split(warehouse: Warehouse, objects: MemoryObjects) -> None:
    warehouse.execute("CREATE TABLE wide (t VARCHAR(60000))")
    warehouse.execute("INSERT INTO wide VALUES (REPEAT('x', 60000))")
    for _ in range(7):
        warehouse.execute("INSERT INTO wide SELECT * FROM wide")
    files = written(warehouse, objects, unload("MAXFILESIZE 5 MB", "SELECT * FROM wide"))
    assert list(files) == ["out/venue_0000_part_00", "out/venue_0000_part_01"]
    assert sum(body.count(b"\n") for body in files.values()) == 128


ALL = "a, b, c, d, e, g, h, i, j"


@pytest.mark.parametrize(
    ("written_as", "read_as", "columns"),
    [
        ("ESCAPE NULL AS 'nil'", "ESCAPE NULL AS 'nil'", f"{ALL}, f"),
        ("CSV NULL AS 'nil'", "CSV NULL AS 'nil'", f"{ALL}, f"),
        ("CSV NULL AS 'nil' GZIP HEADER", "CSV NULL AS 'nil' GZIP IGNOREHEADER 1", ALL),
        ("CSV NULL AS 'nil' BZIP2", "CSV NULL AS 'nil' BZIP2", ALL),
        ("CSV NULL AS 'nil' ZSTD", "CSV NULL AS 'nil' ZSTD", ALL),
        ("JSON", "JSON 'auto'", ALL),
        ("PARQUET", "PARQUET", "a, b, c, d, e, f, g, h, j"),
    ],
)
def test_what_is_unloaded_can_be_loaded(
    warehouse: Warehouse, written_as: str, read_as: str, columns: str
) -> None:
    warehouse.execute(
        "CREATE TABLE kinds (a INT, b VARCHAR(30), c CHAR(3), d NUMERIC(8,2), e FLOAT8, f BOOLEAN,"
        " g DATE, h TIMESTAMP, i TIMESTAMPTZ, j SUPER)"
    )
    warehouse.execute(
        "INSERT INTO kinds SELECT 1, 'x|,\"''é', 'ab', 1.50, 0.5, true, '2020-01-02', "
        "'2020-01-02 03:04:05.678', '2020-01-02 03:04:05+00', JSON_PARSE('{\"a\":[1,\"x|,\"]}')"
    )
    warehouse.execute("INSERT INTO kinds (b) VALUES ('two' || CHR(10) || 'lines' || CHR(92))")
    warehouse.execute("CREATE TABLE again (LIKE kinds)")
    described = warehouse.execute(unload(written_as, f"SELECT {columns} FROM kinds"))
    assert described["Status"] == "FINISHED", described.get("Error")
    loaded = warehouse.execute(f"COPY again ({columns}) FROM 's3://lake/out/' {ROLE} {read_as}")
    assert loaded["Status"] == "FINISHED", loaded.get("Error")
    select = f"SELECT {columns} FROM {{}} ORDER BY a"
    assert warehouse.rows(select.format("again")) == warehouse.rows(select.format("kinds"))


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ("SELECT true AS flag", "JSON"),
        ("SELECT 1::FLOAT8 / 3 AS third", ""),
        ("SELECT NULL::INT AS n", "ADDQUOTES"),
        ("SELECT * FROM venue", "PARTITION BY (name)"),
        ("SELECT * FROM venue", "ENCRYPTED AUTO"),
    ],
)
def test_what_is_not_documented_is_refused(warehouse: Warehouse, query: str, options: str) -> None:
    assert warehouse.error(unload(options, query)).startswith("ERROR: not emulated locally")

"""Uploads: every format is streamed, a bad line costs only itself, a bad object loads nothing."""

import csv
import gzip
import importlib
import io
import json
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any
from zlib import crc32

import pytest

from local.sample import read_rows
from pipeline.bus import Bus
from pipeline.catalogue import load_catalogue
from pipeline.errors import DeliveryFailed
from pipeline.event import make_row, receive_at
from pipeline.lake import UploadLake
from pipeline.receive import batches, lines
from pipeline.receive.batches import load_upload
from pipeline.receive.notification import Upload, read_notification

EVENTS = Path(__file__).parents[2] / "events"
WEATHER = Path(__file__).parents[2] / "events/sample/weather.csv.gz"
BUCKET = "example-lake-123456789012-us-east-1"
CATALOGUE = load_catalogue()
PAGE = {"type": "page.viewed", "data": {"page": "/", "visitor": "v"}}
LINE = json.dumps(PAGE).encode()
# Without the clock that gzip and ZIP write down: names of tests must be the same in every process.
PACKED = gzip.compress(LINE, mtime=0)
HEADER = "id,source,type,time,origin,temp\n"
CELLS = "1,/s,weather.observed,2013-01-01T01:00:00Z,JFK,39.0\n"
Load = Callable[..., list[dict[str, Any]]]
Metrics = Callable[[Callable[[], Any]], dict[tuple[str, ...], float]]
Reasons = Callable[[], list[tuple[Any, ...]]]


class MemoryS3:
    """Keeps objects in a dictionary and hands out one upload."""

    def __init__(self, body: Any = b"", etag: str = '"e"') -> None:
        self.objects: dict[str, bytes] = {}
        self.asked: dict[str, Any] = {}
        self._body, self._etag = body, etag

    def put_object(self, **arguments: Any) -> None:
        self.objects[arguments["Key"]] = arguments["Body"]

    def delete_object(self, **arguments: Any) -> None:
        del self.objects[arguments["Key"]]

    def get_object(self, **arguments: Any) -> Any:
        self.asked = arguments
        body = io.BytesIO(self._body) if isinstance(self._body, bytes) else self._body
        return {"Body": body, "ETag": self._etag}

    def rows(self, details: list[dict[str, Any]]) -> list[dict[str, Any]]:
        texts = [gzip.decompress(self.objects[detail["key"]]) for detail in details]
        return [json.loads(line) for text in texts for line in text.split(b"\n") if line]


class MemoryBus:
    """Keeps announcements, or refuses them."""

    def __init__(self) -> None:
        self.details: list[dict[str, Any]] = []
        self.refuses = False

    def put_events(self, **arguments: Any) -> Any:
        self.details += [json.loads(entry["Detail"]) for entry in arguments["Entries"]]
        return {"FailedEntryCount": int(self.refuses), "Entries": arguments["Entries"]}


def upload(name: str = "a.jsonl", version: str | None = "v1") -> Upload:
    return Upload(BUCKET, f"incoming/{name}", version, datetime(2026, 1, 1, 10, 17, tzinfo=UTC))


def stage(name: str, body: Any, version: str | None = "v1") -> tuple[MemoryS3, MemoryBus]:
    s3, bus = MemoryS3(body), MemoryBus()
    load_upload(upload(name, version), UploadLake(BUCKET, s3), Bus("bus", bus), CATALOGUE)
    return s3, bus


def rows_of(name: str, body: bytes | str) -> list[dict[str, Any]]:
    s3, bus = stage(name, body.encode() if isinstance(body, str) else body)
    return s3.rows(bus.details)


def reasons_of(name: str, body: bytes | str) -> list[str | None]:
    return [row.get("reason") for row in rows_of(name, body)]


# --- notifications


@pytest.fixture(scope="module")
def module() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAKE_BUCKET", BUCKET)
        patch.setenv("BUS_NAME", "bus")
        yield importlib.import_module("pipeline.receive.upload")


def sample() -> Any:
    return json.loads((EVENTS / "receive_upload.json").read_text())


def changed(**changes: Any) -> Any:
    event = sample()
    event["Records"][0]["s3"]["object"].update(changes)
    return event


def test_an_announced_object_is_loaded(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, context: object
) -> None:
    s3, bus = MemoryS3(LINE), MemoryBus()
    monkeypatch.setattr(module, "lake", UploadLake(BUCKET, s3))
    monkeypatch.setattr(module, "bus", Bus("bus", bus))
    module.handler(sample(), context)
    assert s3.asked["Key"] == "incoming/flights of 2013-01-01.jsonl"
    assert s3.asked["VersionId"] == sample()["Records"][0]["s3"]["object"]["versionId"]
    [row] = s3.rows(bus.details)
    assert row["source"] == f"s3://{BUCKET}/incoming/flights%20of%202013-01-01.jsonl"
    assert row["id"] == "096fKKXTRTtl3on89fVO.nfljtsv6qko:1"
    assert row["time"] == row["received_at"] == "2026-01-01T10:17:00.000000Z"


@pytest.mark.parametrize(
    ("event", "metric"),
    [
        ({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": BUCKET}, "UploadsIgnored"),
        (changed(key="incoming/x/"), "UploadsIgnored"),
        (changed(size=0), "UploadsIgnored"),
        (changed(key="batches/x.jsonl"), "UploadsIgnored"),
        (changed(key="incoming%2F..%2F/"), "UploadsIgnored"),
    ],
)
def test_what_is_no_upload_is_ignored_and_counted(
    module: ModuleType, context: object, capsys: pytest.CaptureFixture[str], event: Any, metric: str
) -> None:
    module.handler(event, context)
    assert json.loads(capsys.readouterr().out.splitlines()[-1])[metric] == [1.0]


def test_a_foreign_bucket_is_not_read_and_told(
    module: ModuleType,
    context: object,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    event = sample()
    event["Records"][0]["s3"]["bucket"]["name"] = "elsewhere"
    module.handler(event, context)
    assert "ForeignUploads" in capsys.readouterr().out
    assert caplog.records[0].levelname == "ERROR"


def test_removed_objects_are_ignored() -> None:
    event = sample()
    event["Records"][0]["eventName"] = "ObjectRemoved:Delete"
    assert read_notification(event, BUCKET)[0] == []


def test_keys_are_url_decoded() -> None:
    [one], _ = read_notification(changed(key="incoming/a%2Bb+%C3%A9.jsonl"), BUCKET)
    assert one.key == "incoming/a+b é.jsonl"
    assert one.source == f"s3://{BUCKET}/incoming/a%2Bb%20%C3%A9.jsonl"


def test_a_very_long_key_still_names_a_source() -> None:
    assert len(upload("я" * 500).source) < 200


def test_errors_of_s3_go_through() -> None:
    class Denied:
        def read(self, _: int | None = None) -> bytes:
            raise PermissionError("AccessDenied")

    with pytest.raises(PermissionError):
        stage("a.jsonl", Denied())


# --- batches


def test_delivered_again_it_is_byte_for_byte_the_same() -> None:
    body = b"\n".join([LINE, b"{bad", LINE] * 5)
    (s3, bus), (s3_again, bus_again) = stage("a.jsonl", body), stage("a.jsonl", body)
    assert s3.objects == s3_again.objects
    assert bus.details == bus_again.details


def test_the_request_that_brought_it_is_in_every_row() -> None:
    [one], _ = read_notification(sample(), BUCKET)
    s3, bus = MemoryS3(LINE + b"\n{bad"), MemoryBus()
    load_upload(one, UploadLake(BUCKET, s3), Bus("bus", bus), CATALOGUE)
    told = sample()["Records"][0]["responseElements"]["x-amz-request-id"]
    assert [row["correlation_id"] for row in s3.rows(bus.details)] == [told, told]


@pytest.mark.parametrize("told", [None, "", "x" * 65, "jane doe"])
def test_without_a_usable_id_of_its_request_an_upload_is_named_by_what_it_is(told: Any) -> None:
    def named(**changes: Any) -> str:
        event = changed(**changes)
        event["Records"][0]["responseElements"]["x-amz-request-id"] = told
        [one], _ = read_notification(event, BUCKET)
        return one.correlation_id

    names = {named(), named(), named(key="incoming/b.jsonl"), named(versionId="other")}
    assert [len(name) for name in names] == [64] * 3


def test_an_upload_is_counted_as_received_and_staged(  # noqa: PLR0913, PLR0917 (fixtures)
    module: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    context: object,
    metrics_of: Metrics,
    log: list[dict[str, Any]],
    reasons: Reasons,
) -> None:
    bus = MemoryBus()
    body = b"\n".join([LINE, b"{bad", LINE, LINE.replace(b"page.viewed", b"jane.doe")])
    monkeypatch.setattr(module, "lake", UploadLake(BUCKET, MemoryS3(body)))
    monkeypatch.setattr(module, "bus", Bus("bus", bus))
    counted = metrics_of(lambda: module.handler(sample(), context))
    assert counted.pop(("UploadsLoaded",)) == 1
    assert counted == {
        ("EventsStaged", "upload", "page.viewed"): 2,
        ("EventsReceived", "upload", "page.viewed"): 2,
        ("EventsStaged", "upload", "other"): 2,
        ("EventsReceived", "upload", "other"): 2,
        ("EventsQuarantined", "upload", "other"): 2,
    }
    assert reasons() == [
        ("upload", "other", "NOT_JSON", 1),
        ("upload", "other", "UNKNOWN_TYPE", 1),
    ]
    line = log[-1]
    assert (line["received"], line["quarantined"]) == (4, 2)
    assert line["batch_ids"] == [bus.details[0]["batch_id"]]
    assert "jane" not in json.dumps(log)


def test_another_version_is_another_batch() -> None:
    assert stage("a.jsonl", LINE)[1].details != stage("a.jsonl", LINE, "v2")[1].details


def test_without_versions_the_etag_of_what_was_read_counts() -> None:
    s3, bus = stage("a.jsonl", LINE, None)
    assert "VersionId" not in s3.asked
    assert s3.rows(bus.details)[0]["id"] == "e:1"


def test_a_large_object_is_several_batches() -> None:
    _, bus = stage("a.jsonl", b"\n".join([LINE] * 12_000))
    assert [detail["rows"] for detail in bus.details] == [5_000, 5_000, 2_000]
    assert len({detail["batch_id"] for detail in bus.details}) == 3


def test_an_empty_upload_announces_nothing() -> None:
    assert stage("a.jsonl", b"\n\r\n  \n")[1].details == []
    assert stage("a.json", b"[]")[1].details == []


def test_so_many_batches_are_found_in_a_trace_as_it_can_index(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    traced: list[str | None] = []

    def step(_: str, batch_id: str | None) -> Any:
        traced.append(batch_id)
        return nullcontext()

    monkeypatch.setattr(batches, "MAX_ROWS", 1)
    monkeypatch.setattr("pipeline.telemetry.step", step)
    _, bus = stage("a.jsonl", b"\n".join([LINE] * 42))
    told = [detail["batch_id"] for detail in bus.details]
    assert traced == [*told[:40], None, None]


def test_a_refused_announcement_raises() -> None:
    s3, bus = MemoryS3(LINE), MemoryBus()
    bus.refuses = True
    with pytest.raises(DeliveryFailed):
        load_upload(upload(), UploadLake(BUCKET, s3), Bus("bus", bus), CATALOGUE)


def test_batches_of_a_broken_object_are_neither_announced_nor_left_in_the_lake() -> None:
    """One is written before the end is found missing; left there, its events would be missing."""
    packed = gzip.compress(b"\n".join([LINE] * 6_000), mtime=0)
    s3, bus = stage("a.jsonl.gz", packed[:-4])
    [detail] = bus.details
    [row] = s3.rows([detail])
    assert list(s3.objects) == [detail["key"]]
    assert (row["reason"], detail["rows"]) == ("CODEC", 1)


# --- formats


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "a.JSONL", "a.jsonl.gz", "a.b.jsonl"])
def test_json_lines_are_read_by_name(name: str) -> None:
    body = gzip.compress(LINE) if name.endswith(".gz") else LINE
    assert reasons_of(name, body) == [None]


def test_gzip_is_known_by_its_bytes() -> None:
    assert reasons_of("a.jsonl", gzip.compress(LINE)) == [None]


def test_gzip_may_have_several_members() -> None:
    packed = gzip.compress(LINE + b"\n") + gzip.compress(LINE) + b"\0" * 100
    assert reasons_of("a.jsonl.gz", packed) == [None, None]


def zipped() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr(zipfile.ZipInfo("a.jsonl"), LINE)
    return archive.getvalue()


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("a.jsonl.gz", LINE),
        ("a.jsonl.gz", PACKED[:-1]),
        ("a.jsonl.gz", PACKED[:12]),
        ("a.jsonl.gz", PACKED[:-8] + crc32(b"x").to_bytes(4, "little") + b"\0" * 4),
        ("a.jsonl.gz", PACKED + b"garbage"),
        ("a.json.gz", PACKED[:-9]),
        ("a.csv.gz", gzip.compress((HEADER + CELLS).encode(), mtime=0)[:-9]),
        ("a.jsonl.gz", zipped()),
        ("a.jsonl", zipped()),
        ("a.csv", b"PAR1\x15\x04"),
        ("a.json", b"Obj\x01\x04"),
    ],
)
def test_a_broken_or_unknown_codec_loads_nothing(name: str, body: bytes) -> None:
    assert reasons_of(name, body) == ["CODEC"]


@pytest.mark.parametrize("name", ["a.parquet", "a.avro", "a.txt", "a", "a.zip", "a.gz"])
def test_an_unknown_format_is_one_quarantined_row(name: str) -> None:
    [row] = rows_of(name, LINE)
    assert row["reason"] == "UNKNOWN_FORMAT"
    assert "payload" not in row


def test_an_unpacked_size_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_UNPACKED_BYTES", 3_000_000)
    bombs = [b"\n" * 4_000_000, b"x" * 9_000_000]
    assert [reasons_of("a.jsonl.gz", gzip.compress(bomb)) for bomb in bombs] == [["CODEC"]] * 2


# --- JSON


def test_one_bad_line_costs_only_itself() -> None:
    body = b"\xef\xbb\xbf" + b"\r\n".join([LINE, b"", b"{bad \xff\x00", b"   ", LINE])
    good, bad, last = rows_of("a.jsonl", body)
    assert (good["id"], last["id"]) == ("v1:1", "v1:5")
    assert (bad["reason"], bad["path"]) == ("NOT_UTF8", "line 3")
    assert bad["payload"] == "{bad \\xff\\x00"


@pytest.mark.parametrize(
    ("line", "reason", "path"),
    [
        (b"7", "NOT_AN_OBJECT", "line 1"),
        (b"{", "NOT_JSON", "line 1"),
        (b'{"type":1,"type":2}', "DUPLICATE_KEY", "line 1 $..type"),
        (b'{"data":{}}', "MISSING", "line 1 $.type"),
        (b'{"type":"page.viewed","data":{}}', "SCHEMA", "line 1 $.data"),
        (b"[" * 100_000, "TOO_DEEP", "line 1"),
    ],
)
def test_a_fault_tells_its_line(line: bytes, reason: str, path: str) -> None:
    bad, good = rows_of("a.jsonl", line + b"\n" + LINE)
    assert (bad["reason"], bad["path"]) == (reason, path)
    assert "reason" not in good


def test_a_record_keeps_its_own_identity() -> None:
    own = {**PAGE, "specversion": "1.0", "id": "7", "source": "/site"}
    [row] = rows_of("a.jsonl", json.dumps(own))
    assert (row["id"], row["source"], row["entrance"]) == ("7", "/site", "upload")


@pytest.mark.parametrize("length", [1_048_577, 3_000_000])
def test_a_line_beyond_1_mib_is_skipped_and_told(length: int) -> None:
    rows = rows_of("a.jsonl", LINE + b"\n" + b"x" * length + b"\n" + LINE)
    assert [row.get("reason") for row in rows] == [None, "TOO_LONG", None]
    assert rows[1]["path"] == "line 2"


@pytest.mark.parametrize(
    "body", [json.dumps(PAGE), json.dumps([PAGE]), f"\ufeff[{json.dumps(PAGE)}]"]
)
def test_a_document_is_one_event_or_an_array(body: str) -> None:
    assert reasons_of("a.json", body) == [None]


def test_a_fault_in_a_document_tells_its_place() -> None:
    rows = rows_of("a.json", json.dumps([PAGE, 7, {**PAGE, "data": {}}]))
    assert [row.get("path") for row in rows] == [None, "$[1]", "$[2] $.data"]


@pytest.mark.parametrize("body", ["[", '{"a":1,"a":2}', "{} {}", "\0"])
def test_a_broken_document_is_one_quarantined_row(body: str) -> None:
    assert len(reasons_of("a.json", body)) == 1
    assert None not in reasons_of("a.json", body)


def test_a_document_too_large_to_hold_says_what_to_send_instead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lines, "MAX_DOCUMENT_BYTES", 1_000)
    [row] = rows_of("a.json", json.dumps([PAGE] * 100))
    assert row["reason"] == "TOO_LARGE"
    assert "JSON Lines" in row["detail"]


# --- CSV


def test_real_weather_comes_in_as_csv() -> None:
    readings = [row for _, row in zip(range(100), read_rows(WEATHER), strict=False)]
    out = io.StringIO()
    names = ["origin", "temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip"]
    writer = csv.writer(out)
    writer.writerow(["type", "time", *names])
    for reading in readings:
        cells = ("" if reading[name] == "NA" else reading[name] for name in names)
        writer.writerow(["weather.observed", reading["time_hour"], *cells])
    rows = rows_of("weather.csv", out.getvalue())
    assert [row.get("reason") for row in rows] == [None] * 100
    assert json.loads(rows[0]["data"]) == {
        "origin": "EWR", "temp": 39.02, "dewp": 26.06, "humid": 59.37, "wind_dir": 270,
        "wind_speed": 10.357019999999999, "precip": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        HEADER + CELLS,
        "\ufeff" + HEADER + CELLS,
        (HEADER + CELLS).replace("\n", "\r\n"),
        (HEADER + CELLS).replace(",", ";"),
        (HEADER + CELLS).replace(",", "\t"),
        (HEADER + CELLS).rstrip("\n"),
        HEADER + "\n  \n" + CELLS,
        HEADER.replace("origin", "data.origin") + CELLS,
        HEADER.replace("origin", ' "origin"').replace(' "', '"') + CELLS.replace("JFK", '"JFK"'),
        "subject," + HEADER + "," + CELLS,
    ],
)
def test_a_table_has_the_fingerprint_of_its_json(body: str) -> None:
    [row] = rows_of("a.csv", body)
    event = {
        "specversion": "1.0", "id": "1", "source": "/s", "type": "weather.observed",
        "time": "2013-01-01T01:00:00Z", "data": {"temp": 39, "origin": "JFK"},
    }  # fmt: skip
    line = make_row(event, receive_at("request", datetime.now(UTC)), CATALOGUE).line
    same = json.loads(line)
    assert (row["event_key"], row["fingerprint"]) == (same["event_key"], same["fingerprint"])


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("2,/s,weather.observed,2013-01-01T01:00:00Z,JFK", "CSV_RAGGED"),
        ("2,/s,weather.observed,2013-01-01T01:00:00Z,JFK,1,2", "CSV_RAGGED"),
        ('2,/s,weather.observed,2013-01-01T01:00:00Z,"J"FK,1', "CSV_SYNTAX"),
        ("2,/s,weather.observed,2013-01-01T01:00:00Z,J\rFK,1", "CSV_SYNTAX"),
        ("2,/s,weather.observed,2013-01-01T01:00:00Z,JFK,1\0", "CSV_NUL"),
        ("2,/s,weather.observed,2013-01-01T01:00:00Z,JFK,warm", "SCHEMA"),
        ("2,/s,weather.observed,2013-01-01T01:00:00Z,=cmd(),1", "SCHEMA"),
        ("2,/s,weather.observed,2013-01-01T01:00:00Z,JFK,1e400", "SCHEMA"),
        ("2,/s,weather.observed,2013-01-01T01:00:00Z,JFK," + "9" * 39, "SCHEMA"),
        ("2,/s,weather.observed,noon,JFK,1", "INVALID"),
        ("2,/s,,2013-01-01T01:00:00Z,JFK,1", "MISSING"),
        ("2,/s,unknown,2013-01-01T01:00:00Z,JFK,1", "UNKNOWN_TYPE"),
        ("2,/s,weather.observed,2013-01-01T01:00:00Z,JFK," + "x" * 200_000, "TOO_LONG"),
        ("2,/s,weather.observed,2013-01-01T01:00:00Z,JFK," + "x" * 1_100_000, "CSV_TOO_LONG"),
        ('2,"' + ("x\n" * 100) + '"', "CSV_RAGGED"),
    ],
    ids=lambda value: value[:60],
)
def test_a_bad_row_costs_only_itself(row: str, reason: str) -> None:
    rows = rows_of("a.csv", HEADER + CELLS + row + "\n" + CELLS)
    assert rows[1]["reason"] == reason
    assert rows[1]["path"].startswith("line 3")
    assert "reason" not in rows[0]
    assert "reason" not in rows[-1]


@pytest.mark.parametrize("rows", [10, 4_000])
def test_a_quote_never_closed_costs_only_its_line(rows: int) -> None:
    reasons = reasons_of("a.csv", HEADER + '2,"/s,weather.observed,,JFK,1\n' + CELLS * rows)
    assert reasons == ["CSV_TOO_LONG" if rows > 1_000 else "CSV_SYNTAX", *[None] * rows]


def test_a_line_after_an_open_quote_may_be_too_long_to_hold() -> None:
    body = HEADER + '2,"\n' + "x" * 1_100_000 + "\n" + CELLS
    assert reasons_of("a.csv", body) == ["CSV_TOO_LONG", "CSV_TOO_LONG", None]


def test_latin_1_costs_only_its_row() -> None:
    body = (HEADER + CELLS + "2,/é,weather.observed,,JFK,1\n").encode("latin-1") + CELLS.encode()
    rows = rows_of("a.csv", body)
    assert [row.get("reason") for row in rows] == [None, "CSV_ENCODING", None]
    assert rows[1]["payload"] == "2,/\\xe9,weather.observed,,JFK,1"


def test_cells_may_hold_delimiters_quotes_and_line_ends() -> None:
    body = 'type,page,visitor\npage.viewed,"/a,b ""c""\r\nd",v\npage.viewed,=1+1,v\n'
    first, second = rows_of("a.csv", body)
    assert json.loads(first["data"])["page"] == '/a,b "c"\r\nd'
    assert json.loads(second["data"])["page"] == "=1+1"
    assert (first["id"], second["id"]) == ("v1:2", "v1:4")


def test_digits_of_a_cell_are_exact() -> None:
    [row] = rows_of("a.csv", "type,origin,temp\nweather.observed,JFK,0.1234567890123456789\n")
    assert '"temp":0.1234567890123456789' in row["data"]


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("id,source\n", "CSV_MISSING_HEADER"),
        ("type,page,page\n", "CSV_DUPLICATE_HEADER"),
        ("type,page,data.page\n", "CSV_DUPLICATE_HEADER"),
        ("type,type,page\n", "CSV_DUPLICATE_HEADER"),
        ("type,,page\n", "CSV_HEADER"),
        ("type,p\0ge\n", "CSV_HEADER"),
        ('type,"page\n', "CSV_HEADER"),
        ("\n", "CSV_MISSING_HEADER"),
        ("x" * 1_100_000 + "\n", "CSV_TOO_LONG"),
    ],
    ids=lambda value: value[:30],
)
def test_without_usable_columns_the_table_is_one_quarantined_row(header: str, reason: str) -> None:
    assert reasons_of("a.csv", header + "1,2\n3,4\n") == [reason]


def test_ten_thousand_columns_are_read() -> None:
    names = ["type", "page", "visitor", *(f"c{n}" for n in range(10_000))]
    cells = ["page.viewed", "/", "v", *[""] * 10_000]
    assert reasons_of("a.csv", ",".join(names) + "\n" + ",".join(cells)) == [None]


def test_booleans_are_read_by_their_names() -> None:
    from pipeline.receive.table import convert  # noqa: PLC0415 (only here)

    assert [convert(text, ["boolean", "null"]) for text in ("true", "FALSE", "1")] == [
        True, False, "1",
    ]  # fmt: skip


# --- memory


class Endless:
    """A body of `size` bytes that are made while they are read."""

    def __init__(self, head: bytes, line: bytes, size: int) -> None:
        self._line = line * max(1, 65_536 // len(line))
        self._left = size
        self._rest = head

    def read(self, amount: int | None = None) -> bytes:
        assert amount
        while len(self._rest) < amount and self._left > 0:
            self._rest += self._line
            self._left -= len(self._line)
        content, self._rest = self._rest[:amount], self._rest[amount:]
        return content


class Sink(MemoryS3):
    """Keeps nothing, for a bucket is not memory."""

    def put_object(self, **arguments: Any) -> None:
        assert arguments["Body"]


# Lines are long: bytes count here, and each event takes its time.
LONG = "y" * 20_000


@pytest.mark.parametrize(
    ("name", "head", "line"),
    [
        ("a.jsonl", "", f'{{"type":"page.viewed","data":{{"page":"/","visitor":"{LONG}"}}}}\n'),
        ("a.jsonl", "", "x" * 65_536),
        ("a.csv", "type,page,visitor,note\n", f"page.viewed,/,v,{LONG}\n"),
        ("a.csv", 'type\n"', "x"),
    ],
    ids=["lines", "one line", "rows", "one row"],
)
def test_memory_does_not_grow_with_the_object(name: str, head: str, line: str) -> None:
    s3 = Sink(Endless(head.encode(), line.encode(), 60_000_000))
    tracemalloc.start()
    load_upload(upload(name), UploadLake(BUCKET, s3), Bus("bus", MemoryBus()), CATALOGUE)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40_000_000

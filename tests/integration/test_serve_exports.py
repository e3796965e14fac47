"""Exports by a real database: the files of every format hold what the endpoint answers."""

import gzip
import json
import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.catalogue import Column, EventType
from pipeline.lake import SigningLake
from pipeline.load import ddl
from pipeline.serve.asking.moments import format_moment
from pipeline.serve.asking.question import read_question
from pipeline.serve.asking.signing import Signer
from pipeline.serve.exporting.exporter import Exporter
from pipeline.serve.exporting.wanted import read_wanted
from pipeline.serve.querying.query import metrics_query
from pipeline.serve.querying.source import choose
from pipeline.serve.telling.reply import answer_question
from tests.exported_files import READERS
from tests.integration.test_serve import NAUGHTY
from tests.integration.warehousing import BUCKET, Row, World, event, facts_of

ROLE = "arn:aws:iam::000000000000:role/unload"
TYPE = "flight.departed"
FORMATS = ("csv", "ndjson", "parquet")
END_SECONDS = 20
DST = datetime(2013, 3, 8, tzinfo=UTC)  # New York's clocks move two days later


class Plenty:
    """A budget without an end."""

    def take(self, *, seconds: float) -> None:
        assert seconds


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World() as built:
        load_flights(built)
        load_views(built)
        yield built


def load_flights(world: World) -> None:
    """Load 200 flights in three loads, with gaps, ties and awkward numbers."""
    dice = random.Random(11)  # noqa: S311 (repeatable, not secret)
    for batch in range(3):
        flights, columns = [], []
        for number in range(batch, 200, 3):
            moment = DST + timedelta(minutes=dice.randrange(60 * 24 * 5))
            flight = event(f"flight-{number}", type=TYPE, time=format_moment(moment))
            given = {
                "carrier": dice.choice(["UA", "AA", None]),
                "flight": dice.choice([1, 2**53 + 1]),
                "dep_delay": dice.choice([None, -5, 0, 12, 2**40]),
                "distance": dice.choice([None, 0.1, 733.0, 2475.25]),
            }
            own = {name: flight[name] for name in ("event_key", "fingerprint", "time")}
            columns.append(own | {n: value for n, value in given.items() if value is not None})
            flights.append(flight)
        batch_id = f"flights-{batch}"
        facts = world.stage_facts(batch_id, flight__departed=columns)
        assert not world.load(world.stage(batch_id, flights), facts).failed


def load_views(world: World) -> None:
    """Load views of pages with every kind of name, a missing and an empty referrer."""
    views = [
        event(
            f"view-{n}",
            received_at=f"2013-01-01T10:00:00.{n:06}Z",
            data=json.dumps({"page": "p" + name, "visitor": "v", "referrer": name}),
            **({"subject": name} if name else {}),
        )
        for n, name in enumerate(NAUGHTY)
    ]
    views.append(event("view-none", data='{"page":"p","visitor":"v"}'))
    facts = world.stage_facts("views", page__viewed=[facts_of(view) for view in views])
    assert not world.load(world.stage("views", views), facts).failed


@pytest.fixture(scope="module")
def exporter(world: World) -> Exporter:
    lake = SigningLake(BUCKET, world.bucket)
    return Exporter(world.warehouse, lake, Plenty(), lambda: Signer("secret", "export_id"), ROLE)


Export = Callable[..., Row]


@pytest.fixture
def export(world: World, exporter: Exporter) -> Export:
    def to_its_end(catalogue: Any = None, **given: str) -> Row:
        named = {name.removesuffix("_"): value for name, value in given.items()}
        wanted = read_wanted(named, catalogue or world.catalogue)
        started = json.loads(exporter.start(wanted.selection, wanted.format)["body"])
        deadline = time.monotonic() + END_SECONDS
        while time.monotonic() < deadline:
            told: Row = json.loads(exporter.look(started["id"])["body"])
            if told["status"] != "running":
                return told
            time.sleep(0.01)
        raise AssertionError("an export did not end in time")

    return to_its_end


Rows = Callable[..., list[Row]]


@pytest.fixture
def exported(export: Export, world: World, tmp_path: Path) -> Rows:
    """Export, and read the rows of the one file back as JSON has them."""

    def rows(**given: Any) -> list[Row]:
        told = export(**given)
        assert told["status"] == "done", told
        (file,) = told["files"]
        body = world.bucket.objects[file["url"].removeprefix("https://signed/")]
        assert file["bytes"] == len(body)
        found = READERS[given["format"]](body, tmp_path)
        assert told["rows"] == len(found)
        return found

    return rows


def as_read(row: Row, format_: str) -> Row:
    """Turn a row into what a reader of a format sees: CSV has only texts, and none for NULL."""
    return {name: as_csv(value) for name, value in row.items()} if format_ == "csv" else row


def as_csv(value: Any) -> str:
    if value is None:
        return ""
    return json.dumps(value) if isinstance(value, bool | int | float) else str(value)


def alike(row: Row) -> Row:
    """Write the numbers of a row of CSV in one way: 3.15e+1 is 31.5."""
    return {name: plain(value) if name == "value" else value for name, value in row.items()}


def plain(value: Any) -> Any:
    return float(value) if isinstance(value, str) and value else value


def answered(world: World, type_: str = TYPE, **given: str) -> list[Row]:
    """Ask as GET /v1/metrics/{type} does."""
    question = read_question(world.catalogue[type_], {"limit": "10000", **given})
    sql, parameters = metrics_query(question, choose(question))
    lines = world.warehouse.csv(sql, parameters, seconds=20)
    answer = json.loads(answer_question(question, lines, datetime.now(UTC)).body)
    assert not answer["truncated"]
    return list(answer["rows"])


QUESTIONS: list[dict[str, str]] = [
    {},
    {"interval": "day", "group_by": "carrier,flight"},
    {"measure": "dep_delay", "stat": "sum", "group_by": "carrier", "order": "-value"},
    {"measure": "dep_delay", "stat": "p50", "interval": "day", "timezone": "Asia/Kolkata"},
    {"measure": "distance", "stat": "avg", "interval": "hour", "timezone": "America/New_York"},
    {"measure": "distance", "stat": "p90", "group_by": "flight", "order": "-count,flight"},
    {"measure": "distance", "stat": "max", "interval": "week", "timezone": "America/New_York"},
    {"measure": "carrier", "stat": "distinct", "interval": "month", "timezone": "Europe/London"},
    {"measure": "dep_delay", "stat": "min", "interval": "day", "timezone": "America/New_York",
     "from": "2013-03-09", "to": "2013-03-12", "filter": "carrier!:UA,dep_delay<5"},
    {"measure": "dep_delay", "stat": "avg", "from": "1999-01-01", "to": "1999-01-02"},
    {"measure": "distance", "stat": "p90", "from": "1999-01-01", "to": "1999-01-02"},
]  # fmt: skip


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: "-".join(q.values()))
def test_an_export_holds_what_is_answered_in_the_same_order(
    world: World, exported: Rows, question: dict[str, str], format_: str
) -> None:
    wanted = [as_read(row, format_) for row in answered(world, **question)]
    found = exported(of="metrics", type=TYPE, format=format_, **question)
    assert [alike(row) for row in found] == [alike(row) for row in wanted]
    assert not found or list(found[0]) == list(wanted[0])


@pytest.mark.parametrize("format_", FORMATS)
def test_any_text_comes_back(world: World, exported: Rows, format_: str) -> None:
    given = {"group_by": "referrer,page"}
    found = exported(of="metrics", type="page.viewed", format=format_, **given)
    assert len(found) == len(NAUGHTY) + 1
    assert found == [as_read(row, format_) for row in answered(world, "page.viewed", **given)]


def test_an_export_has_more_rows_than_an_answer_may(world: World, exported: Rows) -> None:
    world.warehouse.execute(
        """INSERT INTO facts_weather_observed (event_key, fingerprint, "time", origin)
        WITH ten AS (SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3
        UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7
        UNION ALL SELECT 8 UNION ALL SELECT 9)
        SELECT 'k', 'f', DATEADD(minute, a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n,
        CAST('2013-01-01' AS TIMESTAMP)), 'JFK'
        FROM ten AS a CROSS JOIN ten AS b CROSS JOIN ten AS c CROSS JOIN ten AS d
        CROSS JOIN (SELECT n FROM ten WHERE n < 2) AS e""",
        seconds=20,
    )
    found = exported(of="metrics", type="weather.observed", interval="minute", format="ndjson")
    assert len(found) == 20_000
    buckets = [row["bucket"] for row in found]
    assert buckets == sorted(buckets)


@pytest.mark.parametrize(("format_", "files"), [("csv", 1), ("ndjson", 0), ("parquet", 0)])
def test_nothing_that_matches_is_done_with_no_rows(
    world: World, export: Export, format_: str, files: int
) -> None:
    told = export(of="metrics", type=TYPE, interval="day", to="1999-01-01", format=format_)
    assert (told["status"], told["rows"], len(told["files"])) == ("done", 0, files)
    for file in told["files"]:
        body = world.bucket.objects[file["url"].removeprefix("https://signed/")]
        assert gzip.decompress(body) == b"bucket,count,value,values\n"


KINDS = ("string", "integer", "number", "boolean", "timestamp")


def every_kind() -> EventType:
    columns = tuple(
        Column(name=f"a_{kind}", path=kind, kind=kind, role="dimension", max_bytes=12)  # type: ignore[arg-type]
        for kind in KINDS
    )
    return EventType("every.kind", "", "", {}, columns)


@pytest.mark.parametrize(
    ("format_", "truth", "number"),
    [("csv", "true", "3.333333333333333e-1"), ("ndjson", True, 1 / 3), ("parquet", True, 1 / 3)],
)
def test_every_kind_comes_back(
    world: World, exported: Rows, format_: str, truth: Any, number: Any
) -> None:
    catalogue = {"every.kind": every_kind()}
    table = catalogue["every.kind"].table
    world.warehouse.execute_batch(
        [
            f"DROP TABLE IF EXISTS {table}",
            *(sql for sql in ddl.create_tables(catalogue) if table in sql),
            f"""INSERT INTO {table} (event_key, fingerprint, "time", a_string, a_integer, a_number, a_boolean,
            a_timestamp) VALUES ('k', 'f', '2013-01-01', 'é', 9007199254740993,
            CAST(1 AS DOUBLE PRECISION) / 3, true, '2013-01-01 10:00:00.25+00')""",
            f"""INSERT INTO {table} (event_key, fingerprint, "time") VALUES ('l', 'f', '2013-01-01')""",
        ],
        seconds=20,
    )
    names = [f"a_{kind}" for kind in KINDS]
    # It has no rollup, and minutes are computed from the facts.
    given = {"group_by": ",".join(names), "interval": "minute", "type": "every.kind"}
    first, second = exported(catalogue=catalogue, of="metrics", format=format_, **given)
    whole = "9007199254740993" if format_ == "csv" else 2**53 + 1
    moment = "2013-01-01T10:00:00.250000Z"
    assert [first[name] for name in names] == ["é", whole, number, truth, moment]
    assert {second[name] for name in names} == {"" if format_ == "csv" else None}


STORED = """
SELECT event_key, version, source, id, type, "time", received_at, entrance, batch_id, subject,
dataschema, CASE WHEN extensions IS NOT NULL THEN JSON_SERIALIZE(extensions) END AS extensions,
data_text AS data FROM events WHERE {} ORDER BY version, event_key
"""


def stored(world: World, condition: str = "1 = 1") -> list[Row]:
    """Read events from their table, with moments as the endpoint writes them."""
    return [
        {
            name: format_moment(value) if isinstance(value, datetime) else value
            for name, value in row.items()
        }
        for row in world.query(STORED.format(condition))
    ]


def as_event(row: Row, format_: str) -> Row:
    read = as_read(row, format_)
    if format_ != "ndjson":
        return read
    parsed = {name: row[name] and json.loads(row[name]) for name in ("extensions", "data")}
    return read | parsed


@pytest.mark.parametrize("format_", FORMATS)
def test_an_export_of_events_is_their_table(world: World, exported: Rows, format_: str) -> None:
    wanted = [as_event(row, format_) for row in stored(world)]
    found = exported(of="events", format=format_)
    assert len(found) == 200 + len(NAUGHTY) + 1
    assert found == wanted
    assert list(found[0]) == list(wanted[0])


def test_data_that_super_cannot_hold_are_exported_as_text(world: World, exported: Rows) -> None:
    world.warehouse.execute(
        """INSERT INTO events (event_key, fingerprint, source, data_text, version)
        VALUES ('k', 'f', '/huge', '{"n": 1e400}', 1)""",
        seconds=20,
    )
    for format_ in FORMATS:
        (found,) = exported(of="events", filter="source:/huge", format=format_)
        assert found["data"] == '{"n": 1e400}'
    world.warehouse.execute("DELETE FROM events WHERE source = '/huge'", seconds=20)


def test_long_extensions_stop_no_export(world: World, exported: Rows) -> None:
    """A text of SUPER may be longer written than it came: no VARCHAR holds it then."""
    long = [f"CAST(REPEAT('{letter}', 60000) AS VARCHAR(65535))" for letter in "ab"]
    world.warehouse.execute(
        f"""INSERT INTO events (event_key, fingerprint, source, data_text, version, extensions)
        SELECT 'k', 'f', '/long', '{{}}', 1, ARRAY({", ".join(long)})""",
        seconds=20,
    )
    for format_, wanted in (
        ("csv", ""),
        ("parquet", None),
        ("ndjson", ["a" * 60_000, "b" * 60_000]),
    ):
        (found,) = exported(of="events", filter="source:/long", format=format_)
        assert found["extensions"] == wanted
    world.warehouse.execute("DELETE FROM events WHERE source = '/long'", seconds=20)


@pytest.mark.parametrize("stat", ["avg", "p90"])
def test_while_a_rollup_is_not_there_an_export_reads_the_facts(
    world: World, exported: Rows, stat: str
) -> None:
    given = {"measure": "dep_delay", "stat": stat, "group_by": "carrier"}
    wanted = answered(world, **given)
    with world.without_rollups(TYPE):
        assert exported(of="metrics", type=TYPE, format="ndjson", **given) == wanted


def test_events_are_exported_in_the_order_of_their_loads(exported: Rows) -> None:
    found = exported(of="events", format="ndjson")
    order = [(row["version"], row["event_key"]) for row in found]
    assert order == sorted(order)
    assert len({version for version, _ in order}) == 4


def test_data_and_extensions_are_exported_as_they_were_sent(world: World, exported: Rows) -> None:
    data = '{"n": 9007199254740993, "d": 0.1234567890123456789, "e": 1.50, "a": "é\\u00e9\\n"}'
    row = event("exact", data=data, source="/exact", extensions='{"tenant":"a,\\"b\\""}')
    assert not world.load(world.stage("exact", [row])).failed
    for format_ in ("csv", "parquet"):
        (found,) = exported(of="events", filter="source:/exact", format=format_)
        assert found["data"] == data
        assert json.loads(found["extensions"]) == {"tenant": 'a,"b"'}
    (found,) = exported(of="events", filter="source:/exact", format="ndjson")
    assert found["extensions"] == {"tenant": 'a,"b"'}
    assert found["data"] == json.loads(data)
    world.warehouse.execute("DELETE FROM events WHERE source = '/exact'", seconds=20)


@pytest.mark.parametrize(
    ("given", "condition"),
    [
        ({"type": TYPE}, "type = 'flight.departed'"),
        ({"from": "2013-03-10T00:00:00Z"}, "\"time\" >= '2013-03-10'"),
        ({"to": "2013-03-10"}, "\"time\" < '2013-03-10'"),
        ({"filter": "id:view-1|view-2,entrance:request"}, "id IN ('view-1', 'view-2')"),
        ({"filter": "subject:\\\\N"}, "subject = CHR(92) || 'N'"),
        ({"filter": "id>flight-5", "type": TYPE, "to": "2013-03-10"},
         "id > 'flight-5' AND type = 'flight.departed' AND \"time\" < '2013-03-10'"),
    ],
)  # fmt: skip
def test_events_are_chosen_as_pages_choose_them(
    world: World, exported: Rows, given: dict[str, str], condition: str
) -> None:
    wanted = stored(world, condition)
    assert wanted
    assert exported(of="events", format="parquet", **given) == wanted


def test_no_events_are_no_rows(export: Export) -> None:
    told = export(of="events", type="flight.cancelled", format="parquet")
    assert (told["status"], told["rows"], told["files"]) == ("done", 0, [])


def test_what_the_warehouse_refuses_is_a_failed_export(world: World, export: Export) -> None:
    unknown = EventType("never.made", "", "", {}, ())
    told = export(catalogue={"never.made": unknown}, of="metrics", type="never.made", format="csv")
    assert (told["status"], told["files"]) == ("failed", [])
    assert "facts_never_made" not in json.dumps(told)
    assert world

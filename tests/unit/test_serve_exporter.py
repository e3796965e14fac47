"""Exports: what a body may ask for, the SQL that leaves files, and how far they are."""

import base64
import importlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pipeline.catalogue import load_catalogue
from pipeline.errors import (
    BodyRefused,
    BodyTooLarge,
    BudgetSpent,
    LakeUnavailable,
    MalformedQuestion,
    StatementGone,
    WarehouseBusy,
    WarehouseUnavailable,
)
from pipeline.rollups import Rollup
from pipeline.serve.asking.body import MAX_BODY_BYTES, read_members
from pipeline.serve.asking.signing import Signer
from pipeline.serve.exporting.exporter import GLANCE_SECONDS, Exporter
from pipeline.serve.exporting.wanted import read_wanted
from pipeline.serve.querying.unloading import (
    FORMS,
    OPTIONS,
    Field,
    Selection,
    Target,
    export_statements,
)
from pipeline.warehouse import State
from tests.reader_settings import READER, ROLE

EVENTS = Path(__file__).parents[2] / "events"
CATALOGUE = load_catalogue()
TARGET = Target("s3://lake/exports/e1/part-", ROLE)


def request(name: str, **change: Any) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return event | change


def posted(body: Any, **headers: str) -> dict[str, Any]:
    text = body if isinstance(body, str) else json.dumps(body)
    return {"headers": {"Content-Type": "application/json", **headers}, "body": text}


# --- the body


def test_members_are_texts_and_numbers_stand_for_their_text() -> None:
    body = '{"of": "metrics", "filter": 5, "to": 2.50, "type": "é", "x": 0.12345678901234567891}'
    assert read_members(posted(body)) == {
        "of": "metrics", "filter": "5", "to": "2.5", "type": "é", "x": "0.12345678901234567891",
    }  # fmt: skip


def test_a_body_may_come_as_base64() -> None:
    text = base64.b64encode('{"of": "é"}'.encode()).decode()
    assert read_members(posted(text) | {"isBase64Encoded": True}) == {"of": "é"}


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/json-seq", "application/json; charset=latin1"],
)
def test_only_json_is_taken(content_type: str) -> None:
    with pytest.raises(BodyRefused):
        read_members(posted("{}", **{"Content-Type": content_type}))


@pytest.mark.parametrize("written", ["APPLICATION/JSON", 'application/json; charset="UTF-8"'])
def test_media_types_are_read_as_http_writes_them(written: str) -> None:
    event = {"headers": {"content-TYPE": written}, "body": "{}"}
    assert read_members(event) == {}


def test_an_encoded_body_is_refused() -> None:
    with pytest.raises(BodyRefused):
        read_members(posted("{}", **{"content-encoding": "gzip"}))


def test_a_long_body_is_refused_before_it_is_read() -> None:
    with pytest.raises(BodyTooLarge, match="65,536"):
        read_members(posted("x" * (MAX_BODY_BYTES + 1)))
    assert read_members(posted(json.dumps({"a": "x" * (MAX_BODY_BYTES - 9)})))


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ("", "body"),
        ("{", "body"),
        ("[]", "body"),
        ('"of"', "body"),
        ('{"of": "a", "of": "b"}', "body"),
        ('{"of": NaN}', "body"),
        ('{"of": "\\u0000"}', "body"),
        ('{"of": "\\ud800"}', "body"),
        ('{"of": true}', "of"),
        ('{"of": null}', "of"),
        ('{"group_by": ["carrier"]}', "group_by"),
        ('{"<script>": {}}', "body"),
        ("[" * 10_000, "body"),
    ],
)
def test_what_is_no_object_of_texts_is_a_malformed_question(body: str, parameter: str) -> None:
    with pytest.raises(MalformedQuestion) as caught:
        read_members(posted(body))
    assert caught.value.parameter == parameter


def test_bad_base64_is_a_malformed_question() -> None:
    with pytest.raises(MalformedQuestion):
        read_members(posted("{}") | {"isBase64Encoded": True})


# --- what is wanted

GOOD = {
    "metrics": {"of": "metrics", "type": "flight.departed"},
    "events": {"of": "events"},
}


@pytest.mark.parametrize("subject", GOOD)
def test_the_first_format_is_csv(subject: str) -> None:
    assert read_wanted(GOOD[subject], CATALOGUE).format == "csv"


@pytest.mark.parametrize(
    ("subject", "change", "parameter"),
    [
        ("metrics", {"of": "status"}, "of"),
        ("metrics", {"of": ""}, "of"),
        ("metrics", {"format": "json"}, "format"),
        ("metrics", {"type": "flight.unknown"}, "type"),
        ("metrics", {"limit": "5"}, "limit"),
        ("metrics", {"cursor": "x"}, "cursor"),
        ("metrics", {"stat": "avg"}, "measure"),
        ("metrics", {"order": "nothing"}, "order"),
        ("metrics", {"Robert'); DROP TABLE": "x"}, "body"),
        ("events", {"type": "flight.unknown"}, "type"),
        ("events", {"limit": "5"}, "limit"),
        ("events", {"cursor": "x"}, "cursor"),
        ("events", {"interval": "day"}, "interval"),
        ("events", {"from": "yesterday"}, "from"),
        ("events", {"filter": "carrier:UA"}, "filter"),
    ],
)
def test_the_member_at_fault_is_named(subject: str, change: dict[str, str], parameter: str) -> None:
    with pytest.raises(MalformedQuestion) as caught:
        read_wanted(GOOD[subject] | change, CATALOGUE)
    assert caught.value.parameter == parameter


def test_metrics_need_a_type() -> None:
    with pytest.raises(MalformedQuestion, match="type: must be one of flight"):
        read_wanted({"of": "metrics"}, CATALOGUE)


def test_columns_are_named_as_in_answers() -> None:
    given = {"type": "flight.departed", "group_by": "carrier,flight", "interval": "day"}
    wanted = read_wanted({"of": "metrics", **given}, CATALOGUE)
    names = [field.name for field in wanted.selection.fields]
    assert names == ["bucket", "carrier", "flight", "count", "value", "values"]


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({}, "integer"),
        ({"stat": "count", "measure": "distance"}, "integer"),
        ({"stat": "distinct", "measure": "carrier"}, "integer"),
        ({"stat": "sum", "measure": "dep_delay"}, "total"),
        ({"stat": "max", "measure": "dep_delay"}, "integer"),
        ({"stat": "p90", "measure": "dep_delay"}, "integer"),
        ({"stat": "avg", "measure": "dep_delay"}, "number"),
        ({"stat": "sum", "measure": "distance"}, "number"),
        ({"stat": "p90", "measure": "distance"}, "number"),
    ],
)
def test_a_value_has_the_type_of_its_statistic(given: dict[str, str], kind: str) -> None:
    wanted = read_wanted({"of": "metrics", "type": "flight.departed", **given}, CATALOGUE)
    assert wanted.selection.fields[-2].kind == kind


def test_values_are_parameters_and_never_text() -> None:
    filtered = "carrier:x'; DROP TABLE events; --"
    wanted = read_wanted(
        {"of": "metrics", "type": "flight.departed", "filter": filtered}, CATALOGUE
    )
    assert "DROP" not in "".join(export_statements(wanted.selection, "csv", TARGET))
    assert "x'; DROP TABLE events; --" in wanted.selection.parameters.values()


# --- the statements


def selection(*fields: Field) -> Selection:
    place = Field("_place", "integer")
    return Selection("selected AS (SELECT 1)", {}, fields, (place,))


def test_unload_reads_a_table_that_parameters_have_filled() -> None:
    create, insert, unload = export_statements(selection(Field("a", "string", 7)), "csv", TARGET)
    assert create == 'CREATE TEMP TABLE exported (\n    "a" VARCHAR(7),\n    _place BIGINT\n)'
    assert insert.startswith("INSERT INTO exported\nWITH selected AS (SELECT 1)")
    assert unload.splitlines() == [
        "UNLOAD ('SELECT \"a\" FROM exported ORDER BY _place')",
        "TO 's3://lake/exports/e1/part-'",
        f"IAM_ROLE '{ROLE}'",
        OPTIONS["csv"],
    ]


def test_a_column_of_the_order_is_made_once() -> None:
    field = Field("version", "integer")
    create, *_ = export_statements(Selection("x", {}, (field,), (field,)), "parquet", TARGET)
    assert create.count("version") == 1


@pytest.mark.parametrize("format_", FORMS)
def test_every_kind_has_a_form_in_every_format(format_: str) -> None:
    kinds = ("string", "integer", "total", "number", "boolean", "timestamp", "json")
    assert tuple(FORMS[format_]) == kinds
    assert "PARALLEL OFF" in OPTIONS[format_]


@pytest.mark.parametrize(
    "change",
    [
        {"uri": "s3://lake/exports/a'b/part-"},
        {"uri": "s3://lake/batches/e1/part-"},
        {"uri": "s3://lake/exports/e1/../x/part-"},
        {"uri": "s3://lake/exports/e1/part-\n"},
        {"role_arn": "arn:aws:iam::1:role/x"},
        {"role_arn": ROLE + "' ALLOWOVERWRITE --"},
    ],
)
def test_only_addresses_and_roles_get_into_an_unload(change: dict[str, str]) -> None:
    target = Target(**{"uri": TARGET.uri, "role_arn": ROLE} | change)
    with pytest.raises(ValueError, match="UNLOAD"):
        export_statements(selection(Field("a", "string", 7)), "csv", target)


# --- the handler


class FakeWarehouse:
    """Starts what it is given, and tells the state that a test sets."""

    def __init__(self) -> None:
        self.started: list[tuple[list[str], dict[str, str]]] = []
        self.waits: list[int] = []
        self.asked: list[str] = []
        self.told: State | Exception = State("RUNNING")
        self.fault: Exception | None = None

    def start_batch(self, statements: list[str], parameters: dict[str, str], *, wait: int) -> str:
        self.waits.append(wait)
        if self.fault:
            raise self.fault
        self.started.append((statements, parameters))
        return f"statement-{len(self.started)}"

    def state(self, statement_id: str) -> State:
        self.asked.append(statement_id)
        if isinstance(self.told, Exception):
            raise self.told
        return self.told


class FakeLake:
    """Has one file of an export, whatever its prefix."""

    def __init__(self) -> None:
        self.files = {"000.csv.gz": 12}
        self.fault: Exception | None = None

    def uri(self, key: str) -> str:
        return f"s3://lake/{key}"

    def list(self, prefix: str) -> dict[str, int]:
        if self.fault:
            raise self.fault
        return {prefix + name: size for name, size in self.files.items()}

    def signed_url(self, key: str, seconds: int) -> str:
        assert seconds == 900
        return f"https://signed/{key}"


class FakeBudget:
    """Counts tokens, of which there may be none."""

    def __init__(self) -> None:
        self.taken = 0
        self.left = True

    def take(self, *, seconds: float) -> None:
        assert seconds < 10
        if not self.left:
            raise BudgetSpent(2)
        self.taken += 1


class Desk:
    """The handler with all that it uses faked but the signer."""

    def __init__(self, module: ModuleType, context: Any) -> None:
        self.warehouse, self.lake, self.budget = FakeWarehouse(), FakeLake(), FakeBudget()
        self.now = datetime.now(UTC)
        signer = lambda: Signer("secret", "export_id", self.now.timestamp)  # noqa: E731
        parts: Any = (self.warehouse, self.lake, self.budget, signer, ROLE)
        self.exporter = Exporter(*parts)
        self._module, self._context = module, context

    def handle(self, event: dict[str, Any]) -> tuple[int, dict[str, str], dict[str, Any]]:
        answer = self._module.handler(event, self._context)
        return answer["statusCode"], answer["headers"], json.loads(answer["body"])

    def start(self, **change: Any) -> tuple[int, dict[str, str], dict[str, Any]]:
        return self.handle(request("start_export", **change))

    def look(self, export_id: str) -> tuple[int, dict[str, str], dict[str, Any]]:
        return self.handle(request("read_exports", pathParameters={"export_id": export_id}))


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, context: Any) -> Desk:
    for name, value in READER.items():
        monkeypatch.setenv(name, value)
    module = importlib.import_module("pipeline.serve.exports")
    built = Desk(module, context)
    monkeypatch.setattr(module, "exporter", built.exporter)
    return built


def test_an_export_is_accepted_and_not_waited_for(desk: Desk) -> None:
    status, headers, body = desk.start()
    assert status == 202
    assert body["status"] == "running"
    assert body["format"] == "parquet"
    assert body["location"] == f"/v1/exports/{body['id']}"
    assert headers["Cache-Control"] == "no-store"
    left = datetime.fromisoformat(body["expires_at"]) - desk.now
    assert timedelta(hours=23) < left <= timedelta(hours=24)
    assert not desk.warehouse.asked


def test_the_location_is_right_under_a_stage(desk: Desk) -> None:
    _, headers, body = desk.start()
    # RFC 3986: resolved against https://host/live/v1/exports it is /live/v1/exports/<id>.
    assert headers["Location"] == f"exports/{body['id']}"


def test_a_start_takes_one_token_and_starts_one_transaction(desk: Desk) -> None:
    desk.start()
    assert desk.budget.taken == 1
    ((statements, parameters),) = desk.warehouse.started
    assert len(statements) == 3
    assert parameters["timezone"] == "America/New_York"
    assert "s3://lake/exports/" in statements[2]


ROLLED_UP = json.dumps(
    {"of": "metrics", "type": "flight.departed", "interval": "day", "group_by": "carrier"}
)
FROM_FACTS = json.dumps({"of": "metrics", "type": "flight.departed", "group_by": "tailnum"})


def missing(table: str) -> State:
    return State("FAILED", (), f'Query #2 failed with ERROR: relation "{table}" does not exist')


def test_an_export_whose_rollup_is_not_there_is_started_from_the_facts(desk: Desk) -> None:
    desk.warehouse.told = missing(Rollup(CATALOGUE["flight.departed"]).table)
    status, _, started = desk.start(body=ROLLED_UP)
    assert (status, desk.budget.taken) == (202, 2)
    (first, _), (second, _) = desk.warehouse.started
    assert '"rollup_' in first[1]
    assert '"rollup_' not in second[1]
    assert first[2] == second[2]
    desk.look(started["id"])
    assert desk.warehouse.asked == ["statement-1", "statement-2"]


@pytest.mark.parametrize(
    "told", [State("RUNNING"), State("DONE"), missing("versions"), WarehouseBusy("x")]
)
def test_whatever_else_becomes_of_an_export_it_is_started_once(
    desk: Desk, told: State | Exception
) -> None:
    desk.warehouse.told = told
    assert desk.start(body=ROLLED_UP)[0] == 202
    assert (desk.budget.taken, len(desk.warehouse.started)) == (1, 1)


def test_only_exports_of_a_rollup_are_looked_at_when_they_start(desk: Desk) -> None:
    desk.start(body=FROM_FACTS)
    assert not desk.warehouse.asked
    desk.start(body=ROLLED_UP)
    assert desk.warehouse.waits == [0, GLANCE_SECONDS]
    assert desk.warehouse.asked == ["statement-2"]


def test_two_exports_never_share_their_files(desk: Desk) -> None:
    desk.start()
    desk.start()
    (first, _), (second, _) = desk.warehouse.started
    assert first[:2] == second[:2]
    assert first[2] != second[2]


def test_looking_takes_no_token(desk: Desk) -> None:
    _, _, started = desk.start()
    desk.look(started["id"])
    assert desk.budget.taken == 1


def test_a_running_export_says_when_to_look_again(desk: Desk) -> None:
    _, _, started = desk.start()
    status, headers, body = desk.look(started["id"])
    assert (status, headers["Retry-After"]) == (200, "2")
    assert body == {
        "id": started["id"],
        "status": "running",
        "format": "parquet",
        "files": [],
        "expires_at": started["expires_at"],
    }
    assert desk.warehouse.asked == ["statement-1"]


def test_a_finished_export_has_signed_addresses(desk: Desk) -> None:
    _, _, started = desk.start()
    desk.warehouse.told = State("DONE", (0, 7, 7))
    status, headers, body = desk.look(started["id"])
    assert (status, headers["Cache-Control"]) == (200, "no-store")
    assert (body["status"], body["rows"]) == ("done", 7)
    (file,) = body["files"]
    assert file["bytes"] == 12
    written = desk.warehouse.started[0][0][2]
    prefix = file["url"].removeprefix("https://signed/").removesuffix("000.csv.gz")
    assert f"TO 's3://lake/{prefix}'" in written


def test_rows_that_the_warehouse_did_not_count_are_not_told(desk: Desk) -> None:
    _, _, started = desk.start()
    desk.warehouse.told = State("DONE", ())
    assert "rows" not in desk.look(started["id"])[2]


def test_a_failed_export_tells_what_to_do_and_not_what_the_warehouse_said(
    desk: Desk, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    _, _, started = desk.start()
    desk.warehouse.told = State("FAILED", (0, 9, -1), f"ERROR: SELECT {ROLE}")
    status, _, body = desk.look(started["id"])
    assert (status, body["status"], body["files"]) == (200, "failed", [])
    assert "Start it again" in body["detail"]
    assert "SELECT" not in json.dumps(body)
    assert ROLE not in json.dumps(body)
    assert "export failed" in caplog.text
    assert '"ExportsFailed":[1' in capsys.readouterr().out


def test_nothing_that_could_not_be_written_is_still_nothing(desk: Desk) -> None:
    _, _, started = desk.start()
    desk.warehouse.told = State("FAILED", (0, 0, -1), "no rows to PARQUET")
    desk.lake.files = {}
    _, _, body = desk.look(started["id"])
    assert (body["status"], body["rows"], body["files"]) == ("done", 0, [])


def test_an_export_of_long_ago_is_not_found(desk: Desk) -> None:
    _, _, started = desk.start()
    desk.warehouse.told = StatementGone("statement-1")
    assert desk.look(started["id"])[0] == 404


def test_an_id_ends_when_the_warehouse_forgets(desk: Desk) -> None:
    _, _, started = desk.start()
    desk.now += timedelta(hours=24, seconds=1)
    status, _, body = desk.look(started["id"])
    assert (status, body["parameter"]) == (400, "export_id")
    assert not desk.warehouse.asked


@pytest.mark.parametrize("export_id", ["", "x", "a.b", "statement-1", "é" * 200])
def test_an_id_that_was_never_given_is_refused(desk: Desk, export_id: str) -> None:
    assert desk.look(export_id)[0] in (400, 404)
    assert not desk.warehouse.asked


@pytest.mark.parametrize(
    ("name", "change", "status"),
    [
        ("start_export", {"multiValueQueryStringParameters": {"of": ["events"]}}, 400),
        ("read_exports", {"multiValueQueryStringParameters": {"x": ["1"]}}, 400),
        ("start_export", {"body": "{"}, 400),
        ("start_export", {"body": '{"of": "metrics"}'}, 400),
        ("start_export", {"body": "x" * 70_000}, 413),
        ("start_export", {"headers": {"Content-Type": "text/csv"}}, 415),
    ],
)
def test_what_cannot_be_asked_is_a_problem_and_costs_nothing(
    desk: Desk, name: str, change: dict[str, Any], status: int
) -> None:
    found, headers, body = desk.handle(request(name, **change))
    assert (found, body["status"]) == (status, status)
    assert headers["Content-Type"] == "application/problem+json"
    assert not desk.budget.taken
    assert not desk.warehouse.started


@pytest.mark.parametrize(
    ("fault", "status"),
    [(WarehouseBusy("x"), 429), (WarehouseUnavailable("x"), 504)],
)
def test_a_warehouse_that_fails_is_a_problem_with_a_time(
    desk: Desk, fault: Exception, status: int
) -> None:
    desk.warehouse.fault = fault
    found, headers, _ = desk.start()
    assert found == status
    assert int(headers["Retry-After"]) > 0


def test_a_spent_budget_is_a_problem_with_a_time(desk: Desk) -> None:
    desk.budget.left = False
    found, headers, _ = desk.start()
    assert (found, headers["Retry-After"]) == (429, "2")
    assert not desk.warehouse.started


def test_a_lake_that_fails_is_a_problem_with_a_time(desk: Desk) -> None:
    _, _, started = desk.start()
    desk.warehouse.told, desk.lake.fault = State("DONE", (0, 1, 1)), LakeUnavailable("x")
    found, headers, _ = desk.look(started["id"])
    assert (found, headers["Retry-After"]) == (503, "5")

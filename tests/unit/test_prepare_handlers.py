"""The handlers of the state machine, over a lake in memory and the payloads of `events/`."""

import gzip
import importlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from pipeline.lake import Lake
from pipeline.workflow import Workflow

EVENTS = Path(__file__).parents[2] / "events"
ROWS = [
    {
        "event_key": "1" * 64,
        "fingerprint": "2" * 64,
        "type": "flight.departed",
        "time": "2013-01-01T10:17:00Z",
        "data": json.dumps(
            {"carrier": "UA", "origin": "EWR", "dest": "IAH", "distance": 1400, "dep_delay": 270}
        ),
    },
    {
        "event_key": "3" * 64,
        "fingerprint": "4" * 64,
        "type": "weather.observed",
        "time": "2013-01-01T11:00:00Z",
        "data": json.dumps({"origin": "JFK", "temp": 39.02}),
    },
    {"event_key": "5" * 64, "type": "weather.observed", "reason": "SCHEMA", "payload": "{}"},
]


class MemoryS3:
    """Keeps objects in a dictionary."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put_object(self, **arguments: Any) -> None:
        self.objects[arguments["Key"]] = arguments["Body"]

    def get_object(self, **arguments: Any) -> dict[str, Any]:
        return {"Body": io.BytesIO(self.objects[arguments["Key"]])}


class ExecutionAlreadyExists(Exception):
    """As boto3 raises it."""


class States:
    """Remembers what was started, and refuses a name that it knows with another input."""

    def __init__(self) -> None:
        self.exceptions: Any = SimpleNamespace(ExecutionAlreadyExists=ExecutionAlreadyExists)
        self.started: list[dict[str, Any]] = []

    def start_execution(self, **arguments: Any) -> None:
        if arguments["name"] in [known["name"] for known in self.started]:
            raise ExecutionAlreadyExists
        self.started.append(arguments)


def payload(name: str) -> Any:
    return json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))


def lines(s3: MemoryS3, key: str) -> list[Any]:
    return [json.loads(line) for line in gzip.decompress(s3.objects[key]).splitlines()]


@pytest.fixture
def step(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    monkeypatch.setenv("LAKE_BUCKET", "lake")
    monkeypatch.setenv("STATE_MACHINE_ARN", "arn:machine")

    def load(name: str) -> ModuleType:
        return importlib.import_module(f"pipeline.prepare.{name}")

    return load


@pytest.fixture
def s3(step: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> MemoryS3:
    s3 = MemoryS3()
    for name in ("enrich", "detect", "summarise"):
        monkeypatch.setattr(step(name), "lake", Lake("lake", s3))
    batch = [json.dumps(row).encode() for row in ROWS]
    Lake("lake", s3).write_lines(payload("enrich_events")["key"], batch)
    return s3


@pytest.fixture
def states(step: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> States:
    states = States()
    monkeypatch.setattr(step("start"), "workflow", Workflow("arn:machine", states))
    return states


@pytest.mark.usefixtures("s3")
def test_each_step_takes_what_the_one_before_returned(
    step: Callable[[str], ModuleType], context: Any
) -> None:
    enriched = step("enrich").handler(payload("enrich_events"), context)
    assert enriched == payload("detect_anomalies")
    detected = step("detect").handler(enriched, context)
    assert detected == payload("summarise_batch")
    report = step("summarise").handler(detected, context)
    assert [(facts["type"], facts["rows"]) for facts in report["facts"]] == [
        ("flight.departed", 1),
        ("weather.observed", 1),
    ]


def test_the_facts_of_a_batch_are_in_the_lake(
    step: Callable[[str], ModuleType], s3: MemoryS3, context: Any
) -> None:
    event = payload("enrich_events")
    for name in ("enrich", "detect", "summarise"):
        event = step(name).handler(event, context)
    (departed,) = lines(s3, event["facts"][0]["key"])
    assert departed["event_key"] == "1" * 64
    assert departed["batch_id"] == event["batch_id"]
    assert departed["anomalies"] == "dep_delay>180"
    assert departed["delay_class"] == "extreme"
    (observed,) = lines(s3, event["facts"][1]["key"])
    assert observed["temp"] == 39.02
    assert observed["origin_name"] == "John F Kennedy Intl"


def test_steps_may_be_repeated_and_leave_the_same_bytes(
    step: Callable[[str], ModuleType], s3: MemoryS3, context: Any
) -> None:
    objects = []
    for _ in range(2):
        event = payload("enrich_events")
        for name in ("enrich", "detect", "summarise"):
            event = step(name).handler(event, context)
        objects.append(dict(s3.objects))
    assert objects[0] == objects[1]


def test_a_batch_of_quarantined_rows_has_no_facts(
    step: Callable[[str], ModuleType], s3: MemoryS3, context: Any
) -> None:
    event = payload("enrich_events")
    Lake("lake", s3).write_lines(event["key"], [json.dumps(ROWS[2]).encode()])
    for name in ("enrich", "detect", "summarise"):
        event = step(name).handler(event, context)
    assert (event["facts"], event["unusual"]) == ([], [])


@pytest.mark.usefixtures("s3")
def test_a_step_counts_what_it_did(
    step: Callable[[str], ModuleType], context: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    event = payload("enrich_events")
    for name in ("enrich", "detect", "summarise"):
        event = step(name).handler(event, context)
    written = capsys.readouterr().out
    assert '"AnomaliesDetected":[1.0]' in written
    lines = [json.loads(text) for text in written.splitlines() if "EventsPrepared" in text]
    assert {line["type"]: line["EventsPrepared"] for line in lines} == {
        "flight.departed": [1.0],
        "weather.observed": [1.0],
    }


@pytest.mark.usefixtures("s3", "states")
def test_each_function_logs_its_batch(step: Callable[[str], ModuleType], context: Any) -> None:
    event, announced = payload("enrich_events"), payload("start_preparation")
    for name, given in (("start", announced), ("enrich", event)):
        logger = step(name).telemetry.logger
        step(name).handler(given, context)
        batch_id = given.get("detail", given)["batch_id"]
        assert logger.get_current_keys()["batch_id"] == batch_id


def test_a_type_outside_the_catalogue_is_counted_as_other(
    step: Callable[[str], ModuleType], context: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    summarise = step("summarise")
    observed = summarise.telemetry.observed(lambda *_: summarise.count("made.up", 2))
    observed({}, context)
    [line] = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert (line["type"], line["EventsPrepared"]) == ("other", [2.0])


def test_an_announced_batch_starts_one_execution_named_by_its_id(
    step: Callable[[str], ModuleType], states: States, context: Any
) -> None:
    event = payload("start_preparation")
    answer = step("start").handler(event, context)
    assert answer == {"execution": event["detail"]["batch_id"], "started": True}
    (started,) = states.started
    assert started["stateMachineArn"] == "arn:machine"
    assert json.loads(started["input"]) == event["detail"]


def test_a_batch_announced_again_is_success(
    step: Callable[[str], ModuleType], states: States, context: Any
) -> None:
    event = payload("start_preparation")
    step("start").handler(event, context)
    assert step("start").handler(event, context)["started"] is False
    assert len(states.started) == 1


def test_the_input_is_the_same_bytes_however_the_detail_is_ordered() -> None:
    announcement = importlib.import_module("pipeline.prepare.announcement")
    detail = payload("start_preparation")["detail"]
    shuffled = dict(reversed(detail.items()))
    assert announcement.execution_input(shuffled) == announcement.execution_input(detail)


def test_a_replay_starts_another_execution(
    step: Callable[[str], ModuleType], states: States, context: Any
) -> None:
    event = payload("start_preparation")
    step("start").handler(event, context)
    event["detail"]["replay"] = "20130102T000000"
    step("start").handler(event, context)
    name = states.started[1]["name"]
    assert name == event["detail"]["batch_id"] + "-20130102T000000"
    assert len(name) == 80


def test_any_other_error_of_a_start_propagates(
    step: Callable[[str], ModuleType], states: States, context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> None:
        raise PermissionError

    monkeypatch.setattr(states, "start_execution", refuse)
    with pytest.raises(PermissionError):
        step("start").handler(payload("start_preparation"), context)

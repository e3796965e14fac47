"""Metrics as CloudWatch reads them, log keys that end with their invocation, quiet libraries."""

import json
import logging
import warnings
from typing import Any

import pytest
from aws_lambda_powertools.metrics import EphemeralMetrics

from pipeline import telemetry, tracing

Line = dict[str, Any]


def written(capsys: pytest.CaptureFixture[str]) -> list[Line]:
    return [json.loads(text) for text in capsys.readouterr().out.splitlines() if '"_aws"' in text]


def sets_of(line: Line) -> Any:
    return line["_aws"]["CloudWatchMetrics"][0]["Dimensions"]


def names_of(line: Line) -> set[str]:
    return {metric["Name"] for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]}


def test_a_count_is_of_the_service(context: Any, capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.observed(lambda *_: telemetry.count("Done", 3))({}, context)
    [line] = written(capsys)
    assert sets_of(line) == [["service"]]
    assert (line["service"], line["Done"]) == ("test", [3.0])


def test_zero_is_not_written_but_where_it_was_measured(
    context: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    def handler(*_: Any) -> None:
        telemetry.count("Counted", 0)
        telemetry.gauge("Measured", 0)

    telemetry.observed(handler)({}, context)
    [line] = written(capsys)
    assert names_of(line) == {"Measured"}


def test_a_division_has_the_total_beside_each_dimension(
    context: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    def handler(*_: Any) -> None:
        telemetry.count_by({"entrance": "upload", "type": "a.b"}, {"In": 5, "Out": 0})

    telemetry.observed(handler)({}, context)
    [line] = written(capsys)
    assert sets_of(line) == [["service"], ["service", "entrance"], ["service", "type"]]
    assert (line["service"], line["entrance"], line["type"]) == ("test", "upload", "a.b")
    assert (names_of(line), line["In"]) == ({"In"}, [5.0])


def test_each_division_is_a_line_of_its_own(
    context: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    def handler(*_: Any) -> None:
        for event_type in ("a", "b", "a"):
            telemetry.count_by({"type": event_type}, {"In": 1})
        telemetry.count("Done", 1)

    telemetry.observed(handler)({}, context)
    found = {line.get("type"): line.get("In") for line in written(capsys)}
    assert found == {None: None, "a": [2.0], "b": [1.0]}


def test_an_invocation_has_nothing_of_the_one_before(
    context: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    def handler(number: int, _context: Any) -> None:
        telemetry.count_by({"type": "a"}, {"In": number})

    observed = telemetry.observed(handler)
    for number in (1, 2):
        observed(number, context)
    assert [line["In"] for line in written(capsys)] == [[1.0], [2.0]]


def test_a_division_is_written_as_powertools_writes_it() -> None:
    writer = EphemeralMetrics(default_dimensions={"service": "test"})
    for name, value in (("entrance", "upload"), ("type", 'a"b')):
        writer.add_dimensions(**{name: value})
    counts = {"In": 5.0, "Out": 2.5}
    expected = writer.serialize_metric_set(
        {name: {"Unit": "Count", "Value": [value]} for name, value in counts.items()}
    )
    for _ in ("made", "kept"):
        line = json.loads(telemetry.divided((("entrance", "upload"), ("type", 'a"b')), counts))
        assert line["_aws"].pop("Timestamp") >= expected["_aws"].get("Timestamp", 0)
        assert line["_aws"].items() <= expected["_aws"].items()
        assert line == {**expected, "_aws": line["_aws"]}


def test_log_lines_have_the_context_that_powertools_gives_them(context: Any) -> None:
    seen = []

    def handler(*_: Any) -> None:
        seen.append(telemetry.logger.get_current_keys())

    telemetry.logger.inject_lambda_context(handler, clear_state=True)({}, context)
    telemetry.observed(handler)({}, context)
    theirs, ours = ({**keys, "cold_start": None} for keys in seen)
    assert ours == theirs


def test_the_first_invocation_alone_is_a_cold_start(
    context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracing.start, "over", False)
    seen = []
    observed = telemetry.observed(
        lambda *_: seen.append(telemetry.logger.get_current_keys()["cold_start"])
    )
    for _ in range(2):
        observed({}, context)
    assert seen == [True, False]


def test_a_division_of_nothing_is_not_written(
    context: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    telemetry.observed(lambda *_: telemetry.count_by({"type": "a"}, {"In": 0}))({}, context)
    assert written(capsys) == []


def test_more_values_than_a_line_takes_are_all_written(
    context: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    def handler(*_: Any) -> None:
        for _number in range(250):
            telemetry.count("Age", 1)

    telemetry.observed(handler)({}, context)
    lines = written(capsys)
    assert sum(len(line["Age"]) for line in lines) == 250
    assert all(len(line["Age"]) <= 100 for line in lines)


def test_metrics_of_an_invocation_that_fails_are_written(
    context: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    def handler(*_: Any) -> None:
        telemetry.count("Tried", 1)
        telemetry.count_by({"type": "a"}, {"In": 1})
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError):
        telemetry.observed(handler)({}, context)
    assert [names_of(line) for line in written(capsys)] == [{"Tried"}, {"In"}]


def test_metrics_that_cannot_be_written_leave_the_answer_and_are_gone(
    context: Any,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    log: list[dict[str, Any]],
) -> None:
    def handler(number: int, _context: Any) -> str:
        telemetry.count("Tried", number)
        telemetry.count_by({"type": "unheard"}, {"In": number})
        return "done"

    observed = telemetry.observed(handler)
    with monkeypatch.context() as unnamed:
        unnamed.setattr(telemetry.metrics.provider, "namespace", None)
        assert observed(1, context) == "done"
    assert [line["message"] for line in log] == ["metrics could not be written"]
    observed(2, context)
    assert [line.get("Tried", line.get("In")) for line in written(capsys)] == [[2.0], [2.0]]


def test_nothing_to_count_is_no_warning(context: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        telemetry.observed(lambda *_: None)({}, context)


def test_log_keys_end_with_their_invocation(context: Any) -> None:
    seen: list[dict[str, Any]] = []

    def handler(number: int, _context: Any) -> None:
        telemetry.log_keys(**{f"key_{number}": number})
        seen.append(telemetry.logger.get_current_keys())

    observed = telemetry.observed(handler)
    for number in (1, 2):
        observed(number, context)
    assert [keys.get("key_1") for keys in seen] == [1, None]


@pytest.mark.parametrize("library", ["boto3", "botocore", "botocore.endpoint"])
def test_the_sdk_says_nothing_below_a_warning(library: str) -> None:
    assert logging.getLogger(library).getEffectiveLevel() == logging.WARNING


def test_without_a_trace_nothing_is_traced(context: Any) -> None:
    def handler(*_: Any) -> str:
        telemetry.annotate(batch_id="b", nothing=None)
        telemetry.note(batch_ids=["b"])
        telemetry.trace_past("batch", (1.0, 2.0), fault=False)
        with telemetry.step("calculate"):
            return "done"

    assert telemetry.observed(handler)({}, context) == "done"


@pytest.mark.parametrize(
    "header",
    [
        "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1",
        "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=;Sampled=1",
        "Parent=53995c3f42cd8ad8;Sampled=1",
    ],
)
def test_what_has_no_place_in_a_trace_is_not_traced(
    context: Any, monkeypatch: pytest.MonkeyPatch, header: str
) -> None:
    monkeypatch.setattr(tracing, "enabled", True)
    monkeypatch.setenv(tracing.HEADER, header)
    seen = []
    tracing.traced(lambda *_: seen.append(tracing.current.sampled))({}, context)
    assert seen == [False]


def test_an_invocation_may_have_as_many_parts_as_the_one_before(
    context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracing, "enabled", True)
    monkeypatch.setattr(tracing, "MOST_PARTS", 1)
    monkeypatch.setenv(tracing.HEADER, "Root=1-5-6;Parent=7;Sampled=1")
    seen = []
    handler = tracing.traced(
        lambda *_: seen.append([tracing.current.takes_part() for _part in range(2)])
    )
    for _invocation in range(2):
        handler({}, context)
    assert seen == [[True, False]] * 2

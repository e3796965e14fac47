"""An execution is told step by step, and of its data only what points somewhere."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.operations.executions import list_executions, pointers, read_execution, shape_steps
from tests import operations_aws as aws
from tests import operations_cloud as canned
from tests import operations_flight as flight

START = datetime(2026, 11, 30, tzinfo=UTC)


def history(*told: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Number events, a second apart, each following the one before."""
    return [
        {"id": n + 1, "previousEventId": n, "type": kind,
         "timestamp": START + timedelta(seconds=n), **details}
        for n, (kind, details) in enumerate(told)
    ]  # fmt: skip


def entered(name: str) -> tuple[str, dict[str, Any]]:
    return ("TaskStateEntered", {"stateEnteredEventDetails": {"name": name}})


FAILED = ("TaskFailed", {"taskFailedEventDetails": {"error": "Boom", "cause": "secret"}})
SCHEDULED: tuple[str, dict[str, Any]] = ("TaskScheduled", {})
EXITED: tuple[str, dict[str, Any]] = ("TaskStateExited", {"stateExitedEventDetails": {}})


@pytest.fixture(scope="module")
def execution() -> dict[str, Any]:
    client = canned.canned_cloud().client("stepfunctions")
    return read_execution(client, aws.MACHINE, aws.BATCH)


def test_the_execution_is_asked_by_its_arn() -> None:
    cloud = canned.canned_cloud()
    read_execution(cloud.client("stepfunctions"), aws.MACHINE, "name-1")
    assert cloud.asked[0][2] == {
        "executionArn": f"{aws.MACHINE.replace(':stateMachine:', ':execution:')}:name-1"
    }


def test_steps_come_in_their_order_with_their_durations(execution: dict[str, Any]) -> None:
    assert [(step["name"], step["ms"]) for step in execution["steps"]] == [
        (name, 1000) for name in flight.STEPS
    ]


def test_a_step_that_was_tried_again_says_so(execution: dict[str, Any]) -> None:
    told = [(step["status"], step["tries"], step["error"]) for step in execution["steps"]]
    assert told == [
        ("succeeded", 1, ""),
        ("succeeded", 2, "Lambda.TooManyRequestsException"),
        ("succeeded", 1, ""),
    ]


def test_the_trace_is_the_one_of_the_header(execution: dict[str, Any]) -> None:
    assert execution["trace"] == flight.trace_id(2)


def test_a_failure_that_is_caught_is_not_a_success() -> None:
    (step,) = shape_steps(history(entered("A"), SCHEDULED, FAILED, EXITED))
    assert (step["status"], step["error"]) == ("caught", "Boom")
    assert "secret" not in str(step)


def test_a_step_that_never_ended_failed_or_runs() -> None:
    failed, running = shape_steps(history(entered("A"), SCHEDULED, FAILED, entered("B")))
    assert (failed["status"], failed["ms"]) == ("failed", None)
    assert (running["status"], running["ms"]) == ("running", None)


def test_what_happens_in_parallel_finds_its_own_step() -> None:
    events = history(entered("A"), entered("B"), SCHEDULED, FAILED)
    for event in events[1:3]:
        event["previousEventId"] = 0 if event["id"] == 2 else 1
    first, second = shape_steps(events)
    assert (first["status"], second["status"]) == ("failed", "running")


def test_events_that_name_none_before_them_follow_the_one_before() -> None:
    events = history(entered("A"), SCHEDULED, EXITED, entered("B"))
    for event in events:
        del event["previousEventId"]
    assert [step["status"] for step in shape_steps(events)] == ["succeeded", "running"]


def test_only_pointers_are_told_of_data(execution: dict[str, Any]) -> None:
    assert execution["input"] == {"batch_id": aws.BATCH, "key": "batches/x.jsonl.gz"}
    assert execution["steps"][0]["output"] == {"key": "work/0", "rows": "7"}
    assert "hidden" not in str(execution)


@pytest.mark.parametrize("text", [None, "", "no json", "[1]", '{"key": {"deep": 1}}'])
def test_data_that_point_nowhere_tell_nothing(text: str | None) -> None:
    assert pointers(text) == {}


def test_a_long_pointer_is_cut() -> None:
    assert len(pointers('{"key": "' + "x" * 5000 + '"}')["key"]) == 200


def test_executions_are_listed_with_state_and_duration() -> None:
    (one,) = list_executions(canned.canned_cloud().client("stepfunctions"), aws.MACHINE)
    assert (one["name"], one["status"], one["ms"]) == (aws.BATCH, "SUCCEEDED", 3000)

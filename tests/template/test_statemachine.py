"""The state machine as data, and its JSONata really evaluated."""

import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

Jsonata = importlib.import_module("jsonata.jsonata").Jsonata  # the package has no types

PATH = Path(__file__).parents[2] / "statemachine" / "prepare_batch.asl.json"
TEXT = PATH.read_text(encoding="utf-8")
MACHINE: dict[str, Any] = json.loads(TEXT)
STATES: dict[str, dict[str, Any]] = MACHINE["States"]
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}
SUBSTITUTIONS = {
    "EnrichEventsFunctionArn",
    "DetectAnomaliesFunctionArn",
    "SummariseBatchFunctionArn",
    "BusName",
    "AlertTopicArn",
    "PrepareDlqUrl",
}
EVENT = {
    "type": "flight.departed",
    "time": "2013-01-09T19:00:00+00:00",
    "event_key": "ab" * 32,
    "measure": "dep_delay",
    "value": 1301,
    "unit": "minutes",
    "anomalies": "dep_delay>180;dep_delay outlier",
}
FACTS = {"type": "flight.departed", "key": "facts/x.jsonl.gz", "rows": 120}
PREPARED: dict[str, Any] = {
    "batch_id": "cd" * 32,
    "bucket": "lake",
    "facts": [FACTS],
    "summary": {
        "flight.departed": {"events": 120, "anomalies": 2, "measures": {}},
        "page.viewed": {"events": 7, "anomalies": 0, "measures": {}},
    },
    "unusual": [EVENT],
}
EXECUTION = {"Id": "arn:execution", "Input": {"batch_id": "cd" * 32, "rows": 3}}
CONTEXT = {"Execution": EXECUTION, "State": {"Name": "Detect anomalies"}}


def evaluated(template: Any, states: dict[str, Any] | None = None, **variables: Any) -> Any:
    """Evaluate a state's field as Step Functions does: the JSONata in it, however deep."""
    if isinstance(template, dict):
        return {key: evaluated(value, states, **variables) for key, value in template.items()}
    if isinstance(template, list):
        return [evaluated(value, states, **variables) for value in template]
    if not (isinstance(template, str) and template.startswith("{%")):
        return template
    bindings = {"states": {"context": CONTEXT, **(states or {})}, **variables}
    result = Jsonata.jsonata(template[2:-2].strip()).evaluate(None, bindings)
    assert result is not None, f"undefined: {template}"
    return result


def successors(state: dict[str, Any]) -> Iterator[str]:
    places = [state, *state.get("Choices", []), *state.get("Catch", [])]
    yield from (place["Next"] for place in places if "Next" in place)
    if "Default" in state:
        yield state["Default"]


def slowest(name: str) -> float:
    """Seconds of the slowest way from a state to the end: every attempt, every delay."""
    state = STATES[name]
    seconds = state.get("TimeoutSeconds", 0) * (
        1 + sum(retry["MaxAttempts"] for retry in state.get("Retry", []))
    )
    for retry in state.get("Retry", []):
        for attempt in range(retry["MaxAttempts"]):
            delay = retry["IntervalSeconds"] * retry["BackoffRate"] ** attempt
            seconds += min(delay, retry["MaxDelaySeconds"])
    return float(seconds + max((slowest(after) for after in successors(state)), default=0))


def test_the_machine_speaks_jsonata_and_says_what_it_does() -> None:
    assert MACHINE["QueryLanguage"] == "JSONata"
    assert MACHINE["Comment"]
    assert all(state["Comment"] for state in STATES.values())


@pytest.mark.parametrize("name", TASKS)
def test_a_task_has_a_timeout(name: str) -> None:
    assert TASKS[name]["TimeoutSeconds"] > 0


@pytest.mark.parametrize("name", TASKS)
def test_a_task_retries_named_errors_with_full_jitter(name: str) -> None:
    for retry in TASKS[name]["Retry"]:
        assert "States.ALL" not in retry["ErrorEquals"]
        assert "States.TaskFailed" not in retry["ErrorEquals"]
        assert retry["JitterStrategy"] == "FULL"
        assert retry["BackoffRate"] > 1
        assert retry["MaxDelaySeconds"] > retry["IntervalSeconds"]


@pytest.mark.parametrize("name", TASKS)
def test_a_task_catches_everything(name: str) -> None:
    assert TASKS[name]["Catch"][-1]["ErrorEquals"] == ["States.ALL"]


@pytest.mark.parametrize(
    ("name", "then"),
    [
        ("Enrich events", ["Keep the batch", "Tell the operators", "Batch failed"]),
        ("Detect anomalies", ["Keep the batch", "Tell the operators", "Batch failed"]),
        ("Summarise batch", ["Keep the batch", "Tell the operators", "Batch failed"]),
        ("Announce facts", ["Keep the batch", "Tell the operators", "Batch failed"]),
        ("Keep the batch", ["Tell the operators", "Batch failed"]),
        ("Raise alert", ["Keep the alert", "Batch prepared"]),
    ],
)
def test_a_failure_is_told(name: str, then: list[str]) -> None:
    way = [TASKS[name]["Catch"][-1]["Next"]]
    while following := STATES[way[-1]].get("Next"):
        way.append(following)
    assert way == then


def test_an_alert_that_fails_does_not_fail_a_batch_whose_facts_are_announced() -> None:
    reached = {"Raise alert"}
    while more := {after for name in reached for after in successors(STATES[name])} - reached:
        reached |= more
    assert "Batch failed" not in reached


def test_every_state_is_reachable() -> None:
    reached = {MACHINE["StartAt"]}
    while more := {after for name in reached for after in successors(STATES[name])} - reached:
        reached |= more
    assert reached == set(STATES)


def test_every_substitution_is_one_that_the_template_gives() -> None:
    assert set(re.findall(r"\$\{([^}]*)\}", TEXT)) == SUBSTITUTIONS


@pytest.mark.parametrize("word", ["ResultPath", "InputPath", "OutputPath", "Parameters", '.$"'])
def test_nothing_of_jsonpath_is_left(word: str) -> None:
    assert word not in TEXT


def test_only_task_choice_succeed_and_fail_are_used() -> None:
    # The local emulator ignores parts of Parallel, and the output of Succeed.
    assert {state["Type"] for state in STATES.values()} == {"Task", "Choice", "Succeed", "Fail"}
    assert all("Output" not in state for state in STATES.values() if state["Type"] == "Succeed")


def test_a_failing_batch_is_told_before_the_machine_times_out() -> None:
    assert slowest(MACHINE["StartAt"]) < MACHINE["TimeoutSeconds"]


def test_a_step_gets_the_pointer_as_it_is() -> None:
    pointer = {"batch_id": "cd" * 32, "key": "batches/x"}
    arguments = evaluated(STATES["Enrich events"]["Arguments"], {"input": pointer})
    assert arguments["Payload"] == pointer


def test_the_report_is_kept_as_a_variable() -> None:
    result = {"StatusCode": 200, "Payload": PREPARED}
    assigned = evaluated(STATES["Summarise batch"]["Assign"], {"result": result})
    assert assigned["prepared"] == PREPARED


@pytest.mark.parametrize(("facts", "expected"), [([], False), ([FACTS], True), ([FACTS] * 2, True)])
def test_facts_are_announced_if_there_are_any(facts: list[Any], *, expected: bool) -> None:
    choice = STATES["Any facts?"]["Choices"][0]
    assert choice["Next"] == "Announce facts"
    assert evaluated(choice["Condition"], prepared={**PREPARED, "facts": facts}) is expected


@pytest.mark.parametrize(("unusual", "expected"), [([], False), ([EVENT], True)])
def test_an_alert_is_raised_if_anything_is_unusual(unusual: list[Any], *, expected: bool) -> None:
    choice = STATES["Anything unusual?"]["Choices"][0]
    assert choice["Next"] == "Raise alert"
    assert evaluated(choice["Condition"], prepared={**PREPARED, "unusual": unusual}) is expected


@pytest.mark.parametrize("facts", [[FACTS], [FACTS, {**FACTS, "type": "page.viewed"}]])
def test_the_announcement_lists_facts_even_if_there_is_one(facts: list[Any]) -> None:
    entry = evaluated(STATES["Announce facts"]["Arguments"], prepared={**PREPARED, "facts": facts})[
        "Entries"
    ][0]
    assert entry["Source"] == "events-to-endpoints"
    assert entry["DetailType"] == "FactsStaged"
    assert entry["Detail"] == {"batch_id": "cd" * 32, "bucket": "lake", "facts": facts}


def test_an_alert_reads_well() -> None:
    message = evaluated(STATES["Raise alert"]["Arguments"]["Message"], prepared=PREPARED)
    assert message == (
        f"Unusual events in batch {'cd' * 32}.\n"
        "\n"
        "How many:\n"
        "flight.departed: 2 of 120 events\n"
        "\n"
        "The worst:\n"
        "- flight.departed at 2013-01-09T19:00:00+00:00: dep_delay is 1301 minutes"
        f" (dep_delay>180;dep_delay outlier), event {'ab' * 32}"
    )


def test_an_alert_shows_the_worst_five() -> None:
    events = [{**EVENT, "value": n, "unit": ""} for n in range(10)]
    summary = {name: {"events": 9, "anomalies": 5} for name in ("flight.arrived", "page.viewed")}
    message = evaluated(
        STATES["Raise alert"]["Arguments"]["Message"],
        prepared={**PREPARED, "unusual": events, "summary": summary},
    )
    assert re.findall(r"dep_delay is (\d) \(", message) == list("01234")
    assert "flight.arrived: 5 of 9 events\npage.viewed: 5 of 9 events\n" in message


def test_a_caught_error_is_remembered_with_its_state() -> None:
    catch = STATES["Detect anomalies"]["Catch"][0]
    failure = evaluated(catch["Assign"], {"errorOutput": {"Error": "KeyError"}})["failure"]
    assert failure == {"state": "Detect anomalies", "error": "KeyError"}


def test_a_failed_batch_is_kept_with_its_pointer_and_error() -> None:
    failure = {"state": "Detect anomalies", "error": "KeyError"}
    body = evaluated(STATES["Keep the batch"]["Arguments"]["MessageBody"], failure=failure)
    assert body == {"batch": EXECUTION["Input"], "execution": "arn:execution", **failure}


def test_an_alert_that_could_not_be_sent_is_kept() -> None:
    failure = {"state": "Raise alert", "error": "SNS.ThrottledException"}
    body = evaluated(
        STATES["Keep the alert"]["Arguments"]["MessageBody"], failure=failure, prepared=PREPARED
    )
    assert body["unusual"] == [EVENT]
    assert body["batch"] == EXECUTION["Input"]


def test_the_operators_are_told_what_failed_where_and_where_the_batch_is() -> None:
    failure = {"state": "Detect anomalies", "error": "KeyError"}
    kept = STATES["Keep the batch"]["Assign"]["kept"]
    message = evaluated(
        STATES["Tell the operators"]["Arguments"]["Message"], failure=failure, kept=kept
    )
    assert message == (
        f'Batch {"cd" * 32} failed in "Detect anomalies" with KeyError. '
        "It waits in the dead-letter queue. Execution: arn:execution"
    )


def test_a_failed_execution_names_the_error_of_its_step() -> None:
    failure = {"state": "Detect anomalies", "error": "KeyError"}
    failed = STATES["Batch failed"]
    assert evaluated(failed["Error"], failure=failure) == "KeyError"
    assert "Detect anomalies" in evaluated(failed["Cause"], failure=failure, kept="waits")

"""The traces of one event are found by its ids and stitched from its receipt to its reading."""

from dataclasses import replace
from typing import Any

import pytest

from local.operations.following import follow, ids_of, roles_of, stitch, without_others
from local.operations.spans import Span, spans_of
from local.operations.traces import Trace, Tracing
from local.resources import Resources
from tests import operations_aws as aws
from tests import operations_cloud as canned
from tests import operations_flight as flight

RESOURCES = Resources.of(aws.STACK, canned.stack_resources()["StackResourceSummaries"])


def span(name: str, start: float, end: float, **more: Any) -> Span:
    return replace(Span("t", name, "", name, "", start, end, "ok"), **more)


@pytest.fixture(scope="module")
def followed() -> dict[str, Any]:
    record = flight.record(aws.KEY)
    assert record
    return follow(aws.KEY, record, Tracing(canned.canned_cloud().client("xray")), RESOURCES)


def test_the_way_is_told_from_the_entrance_to_the_reading(followed: dict[str, Any]) -> None:
    roles = [part["roles"] for part in followed["parts"]]
    assert roles == [["entrance"], ["stage"], ["prepare"], ["load"], ["read"]]


def test_spans_follow_each_other_on_one_axis(followed: dict[str, Any]) -> None:
    firsts = {one["trace"]: one["left"] for one in reversed(followed["spans"])}
    lefts = [firsts[part["trace"]] for part in followed["parts"]]
    assert lefts == sorted(set(lefts))
    assert lefts[0] == 0


def test_the_waiting_before_each_part_is_told(followed: dict[str, Any]) -> None:
    stage = followed["parts"][1]
    assert stage["start_ms"] == pytest.approx(2000)
    assert stage["waited_ms"] == pytest.approx(2000 - 45, abs=1)


def test_the_reading_is_the_first_after_the_load(followed: dict[str, Any]) -> None:
    assert followed["parts"][-1]["start_ms"] == pytest.approx(60_000)


def test_without_a_reading_after_the_load_the_last_before_it_is_shown() -> None:
    reads = [(["read"], [span("r", start, start + 1)]) for start in (1, 2)]
    told = stitch([(["load"], [span("l", 2.5, 6)]), *reads], "b")
    assert [(part["roles"], part["start_ms"]) for part in told["parts"]] == [
        (["read"], 0),
        (["load"], 500),
    ]


def test_other_batches_of_the_load_are_left_out(followed: dict[str, Any]) -> None:
    batches = [one["annotations"] for one in followed["spans"] if one["name"] == "batch"]
    assert batches == [{"batch_id": aws.BATCH}]


def test_what_is_below_another_batch_goes_with_it() -> None:
    theirs = span("batch", 1, 2, depth=1, annotations={"batch_id": "theirs"})
    spans = [span("load", 0, 5), theirs, span("COPY", 1, 2, depth=2), span("MERGE", 3, 4, depth=1)]
    assert [one.name for one in without_others(spans, "ours")] == ["load", "MERGE"]


@pytest.mark.parametrize(
    ("document", "role"),
    [
        ({"name": aws.physical("ReceiveUploadFunction")}, "entrance"),
        ({"name": "x", "aws": {"arn": aws.MACHINE}}, "prepare"),
        ({"name": "x", "resource_arn": "arn:aws:lambda:us-east-1:000000000000:function:"
          f"{aws.physical('ReadEventsFunction')}:live"}, "read"),
        ({"name": "somebody"}, "other"),
    ],
)  # fmt: skip
def test_a_trace_is_known_by_the_resources_in_it(document: dict[str, Any], role: str) -> None:
    assert roles_of(Trace("t", [document]), RESOURCES) == [role]


def test_a_trace_that_goes_on_is_about_all_it_passes() -> None:
    names = ("LoadBatchesFunction", "StageBatchFunction")
    trace = Trace("t", [{"name": aws.physical(name)} for name in names])
    assert roles_of(trace, RESOURCES) == ["stage", "load"]


def test_a_quarantined_event_has_ids_too() -> None:
    judged = {"event": None, "quarantined": [{"batch_id": "b", "received_at": "2026-01-01"}]}
    assert ids_of(judged)["batch_id"] == "b"
    assert ids_of({"event": None, "quarantined": []})["batch_id"] is None


def test_an_event_that_no_id_is_known_of_is_asked_by_its_key_alone() -> None:
    cloud = canned.canned_cloud()
    record = {"status": "loaded", "event": {"received_at": "2026-11-30T06:00:00Z"}}
    follow(aws.KEY, record, Tracing(cloud.client("xray")), RESOURCES)
    asked = [params["FilterExpression"] for _, name, params in cloud.asked if "Summar" in name]
    assert asked == [f'annotation.event_key = "{aws.KEY}"']


def test_spans_know_their_trace() -> None:
    (only,) = spans_of(Trace("1-a", [{"id": "x", "name": "n", "start_time": 1, "end_time": 2}]))
    assert only.trace == "1-a"

"""How X-Ray puts a trace together, and what it tells of it: summary, graph and store."""

import json
from typing import Any

import pytest

from local.xray import store as store_module
from local.xray.document import InvalidSegment, parse
from local.xray.graph import draw
from local.xray.header import TraceHeader
from local.xray.store import TraceStore
from local.xray.summary import summarise
from local.xray.trace import Trace

TRACE_ID = "1-6b0d1609-a4a18498721e3d4c2c4e0317"
OTHER_ID = "1-6b0d1610-a4a18498721e3d4c2c4e0317"


def part(number: int, name: str, parent: int = 0, **members: Any) -> dict[str, Any]:
    document = {
        "id": f"{number:016x}", "trace_id": TRACE_ID, "name": name,
        "start_time": 100.0 + number, "end_time": 110.0 + number, **members,
    }  # fmt: skip
    return {**document, "parent_id": f"{parent:016x}"} if parent else document


def sent_alone(number: int, name: str, parent: int, **members: Any) -> dict[str, Any]:
    return part(number, name, parent, type="subsegment", **members)


# --- documents ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"id": "short"}, "InvalidId"),
        ({"trace_id": None}, "InvalidTraceId"),
        ({"trace_id": "1-abc"}, "InvalidTraceId"),
        ({"name": ""}, "InvalidName"),
        ({"name": "n" * 201}, "InvalidName"),
        ({"start_time": True}, "InvalidStartTime"),
        ({"end_time": None}, "InvalidEndTime"),
        ({"parent_id": "None"}, "InvalidParentId"),
        ({"type": "subsegment"}, "MissingParentId"),
    ],
)
def test_a_wrong_document_is_refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidSegment) as refusal:
        parse(json.dumps(part(1, "a") | change))
    assert refusal.value.code == code


def test_a_document_in_progress_needs_no_end() -> None:
    document = part(1, "a") | {"in_progress": True}
    del document["end_time"]
    assert parse(json.dumps(document)) == document


@pytest.mark.parametrize("text", ["", "[]", "[" * 100_000])
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(InvalidSegment) as refusal:
        parse(text)
    assert refusal.value.code in ("ParseError", "SegmentTooLarge")


def test_a_document_has_at_most_64_kb() -> None:
    whole = part(1, "a", metadata="")
    room = 64 * 1024 - len(json.dumps(whole))
    assert parse(json.dumps(whole | {"metadata": "m" * room}))
    with pytest.raises(InvalidSegment) as refusal:
        parse(json.dumps(whole | {"metadata": "m" * (room + 1)}))
    assert (refusal.value.code, refusal.value.segment_id) == ("SegmentTooLarge", f"{1:016x}")


# --- the header --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (f"Root={TRACE_ID};Parent=00000000000000a1;Sampled=1", None),
        (f"Root={TRACE_ID};Sampled=0", None),
        (f"Root={TRACE_ID}", None),
        (f" Self=1-x ; Root={TRACE_ID};Sampled=?;Lineage=1:a:0", f"Root={TRACE_ID}"),
        (f"Root={TRACE_ID};Parent=nobody", f"Root={TRACE_ID}"),
    ],
)
def test_a_header_is_written_as_it_was_read(text: str, written: str | None) -> None:
    assert str(TraceHeader.parse(text)) == (written or text)


@pytest.mark.parametrize("text", [None, "", "Root=1-2-3", "Parent=00000000000000a1"])
def test_a_header_without_a_trace_is_none(text: str | None) -> None:
    assert TraceHeader.parse(text) is None


def test_only_what_nobody_decided_is_decided() -> None:
    assert TraceHeader(TRACE_ID).decided().sampled is True
    assert TraceHeader(TRACE_ID, sampled=False).decided().sampled is False


# --- a trace -----------------------------------------------------------------------------------


def test_a_subsegment_sent_alone_goes_into_its_parent_at_any_depth() -> None:
    trace = Trace(
        TRACE_ID,
        [sent_alone(4, "deepest", 3), sent_alone(3, "deeper", 2), part(1, "root"), part(2, "f", 1)],
    )
    [_, function] = trace.segments
    [deeper] = function["subsegments"]
    assert [deepest["name"] for deepest in deeper["subsegments"]] == ["deepest"]
    assert trace.orphans == []


def test_the_last_document_of_an_id_counts() -> None:
    trace = Trace(TRACE_ID, [part(1, "a", in_progress=True), part(1, "a", fault=True)])
    assert [segment.get("fault") for segment in trace.segments] == [True]


def test_a_trace_whose_parents_are_missing_is_partial() -> None:
    assert summarise(Trace(TRACE_ID, [sent_alone(2, "early", 1)]))["IsPartial"]
    assert not summarise(Trace(TRACE_ID, [sent_alone(2, "in time", 1), part(1, "f")]))["IsPartial"]


def test_a_trace_continued_from_outside_has_a_root() -> None:
    trace = Trace(TRACE_ID, [part(2, "f", 1)])
    assert summarise(trace)["EntryPoint"]["Name"] == "f"


def test_the_summary_is_what_the_root_says() -> None:
    http = {"request": {"url": "https://a/b", "method": "GET"}, "response": {"status": 500}}
    trace = Trace(
        TRACE_ID,
        [part(1, "api", origin="AWS::ApiGateway::Stage", http=http, fault=True), part(2, "f", 1)],
    )
    summary = summarise(trace)
    assert (summary["HasFault"], summary["HasError"]) == (True, False)
    assert (summary["ResponseTime"], summary["Duration"]) == (10.0, 11.0)
    assert summary["Http"] == {"HttpURL": "https://a/b", "HttpMethod": "GET", "HttpStatus": 500}
    assert [service["Name"] for service in summary["ServiceIds"]] == ["api", "f"]


def test_the_summary_has_the_annotations_by_type_and_service() -> None:
    trace = Trace(
        TRACE_ID,
        [
            part(1, "a", annotations={"n": 1, "yes": True}),
            part(2, "b", 1, subsegments=[part(3, "s", annotations={"n": 1, "text": "t"})]),
        ],
    )
    found = summarise(trace)["Annotations"]
    assert [one["AnnotationValue"] for one in found["yes"]] == [{"BooleanValue": True}]
    assert [one["AnnotationValue"] for one in found["text"]] == [{"StringValue": "t"}]
    [number] = found["n"]
    assert number["AnnotationValue"] == {"NumberValue": 1}
    assert [service["Name"] for service in number["ServiceIds"]] == ["a", "b"]


def test_fifty_annotations_of_a_trace_are_indexed() -> None:
    annotations = {f"a{number}": number for number in range(60)}
    assert (
        len(summarise(Trace(TRACE_ID, [part(1, "a", annotations=annotations)]))["Annotations"])
        == 50
    )


# --- the service map ---------------------------------------------------------------------------


def edges(services: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    names = {service["ReferenceId"]: service["Name"] for service in services}
    return {
        (service["Name"], names[edge["ReferenceId"]], edge.get("EdgeType", ""))
        for service in services
        for edge in service["Edges"]
    }


def test_the_map_has_a_client_the_segments_and_the_services_they_call() -> None:
    calls = [
        sent_alone(3, "sqs", 2, namespace="aws", aws={"queue_url": "http://q"}),
        sent_alone(4, "redshift-data", 2, namespace="aws"),
        sent_alone(5, "s3", 2, namespace="aws"),
        sent_alone(6, "elsewhere", 2, namespace="remote"),
        sent_alone(7, "own work", 2),
    ]
    services = draw([Trace(TRACE_ID, [part(1, "api"), part(2, "f", 1), *calls])])
    types = {service["Name"]: service["Type"] for service in services if not service["Root"]}
    assert types == {
        "api": "unknown", "f": "unknown", "http://q": "AWS::SQS::Queue",
        "redshift-data": "AWS::RedshiftDataAPI", "s3": "AWS::S3", "elsewhere": "remote",
    }  # fmt: skip
    assert [service["Type"] for service in services if service["Root"]] == ["client"]
    assert ("api", "f", "") in edges(services)
    assert ("f", "http://q", "") in edges(services)


def test_a_service_that_sends_its_own_segment_is_not_inferred_too() -> None:
    call = sent_alone(3, "lambda", 2, namespace="aws")
    trace = Trace(TRACE_ID, [part(2, "caller"), call, part(4, "callee", 3)])
    assert trace.inferred == []
    assert ("caller", "callee", "") in edges(draw([trace]))


def test_a_linked_trace_is_called_by_the_queue() -> None:
    call = sent_alone(3, "sqs", 2, namespace="aws", aws={"queue_url": "http://q"})
    sender = Trace(TRACE_ID, [part(2, "sender"), call])
    links = [{"trace_id": TRACE_ID, "id": f"{3:016x}"}]
    taker = Trace(OTHER_ID, [part(9, "taker", trace_id=OTHER_ID, links=links)])
    assert ("http://q", "taker", "link") in edges(draw([sender, taker]))
    assert ("taker", "taker", "") in edges(draw([taker])), "alone, a client calls it"


def test_a_node_counts_what_came_of_its_calls() -> None:
    outcomes = [
        {}, {"fault": True}, {"fault": True, "error": True}, {"error": True},
        {"error": True, "throttle": True},
    ]  # fmt: skip
    traces = [Trace(TRACE_ID, [part(n, "f", **outcome)]) for n, outcome in enumerate(outcomes)]
    [service] = [service for service in draw(traces) if service["Type"] != "client"]
    statistics = service["SummaryStatistics"]
    assert (statistics["OkCount"], statistics["TotalCount"]) == (1, 5)
    assert statistics["TotalResponseTime"] == pytest.approx(50.0)
    assert statistics["FaultStatistics"]["TotalCount"] == 2
    assert statistics["ErrorStatistics"] == {"ThrottleCount": 1, "OtherCount": 1, "TotalCount": 2}
    assert service["ResponseTimeHistogram"] == [{"Value": 10.0, "Count": 5}]


# --- the store ---------------------------------------------------------------------------------


def kept(store: TraceStore) -> list[str]:
    return [one.trace_id for one in store]


def trace_id(number: int) -> str:
    return f"1-6b0d1609-{number:024x}"


def test_the_oldest_traces_go_when_there_are_too_many() -> None:
    store = TraceStore(most_traces=2)
    for number in (1, 2, 3):
        store.put(part(number, "a", trace_id=trace_id(number)))
    assert kept(store) == [trace_id(2), trace_id(3)]


def test_the_oldest_traces_go_when_there_are_too_many_segments() -> None:
    store = TraceStore(most_segments=3)
    for number in (1, 1, 2, 3):
        store.put(part(number, "a", trace_id=trace_id(number)))
    assert kept(store) == [trace_id(2), trace_id(3)]


def test_old_traces_go() -> None:
    now = 0.0
    store = TraceStore(clock=lambda: now)
    store.put(part(1, "a", trace_id=trace_id(1)))
    now = store_module.LONGEST_SECONDS / 2
    store.put(part(2, "a", trace_id=trace_id(2)))
    now = store_module.LONGEST_SECONDS + 1
    assert kept(store) == [trace_id(2)]


def test_an_id_without_its_second_dash_is_the_same_trace() -> None:
    store = TraceStore()
    store.put(part(1, "a"))
    store.put(part(2, "b", 1, trace_id=TRACE_ID.replace("-a4", "a4")))
    assert [document["name"] for document in store.get(TRACE_ID)] == ["a", "b"]

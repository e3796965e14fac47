"""One flight as the local cloud tells of it: traces, an execution, and the endpoint's record."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.operations_aws import BATCH, CORRELATION, HOSTILE, KEY, MACHINE, Json, Refused, physical

# --- one flight from its POST to its reading ----------------------------------------------------

BEGAN = float(int(datetime.now(UTC).timestamp()) - 120)
TRACES: dict[str, list[Json]] = {}


def segment(name: str, start: float, seconds: float, **more: Any) -> Json:
    number = f"{abs(hash((name, start))) % 16**16:016x}"
    begin = BEGAN + start
    return {"id": number, "name": name, "start_time": begin, "end_time": begin + seconds, **more}


def function(name: str, start: float, seconds: float, *parts: Json, **annotations: Any) -> Json:
    return segment(
        physical(f"{name}Function"), start, seconds, origin="AWS::Lambda::Function",
        subsegments=list(parts), annotations=annotations,
    )  # fmt: skip


def trace_id(number: int) -> str:
    return f"1-{int(BEGAN):08x}-{number:024x}"


def flight_traces() -> dict[str, list[Json]]:
    """Make the traces of one flight, by their ids, in the order of its way."""
    queue = segment("SQS", 0.02, 0.006, namespace="aws", aws={"operation": "SendMessageBatch"})
    receive = function("ReceiveRequest", 0.01, 0.03, queue, correlation_id=CORRELATION,
                       event_key=KEY, event_type="flight.departed")  # fmt: skip
    api = segment("events-to-endpoints/live", 0, 0.045, origin="AWS::ApiGateway::Stage",
                  http={"request": {"method": "POST", "url": "http://127.0.0.1/live/v1/events"},
                        "response": {"status": 202}})  # fmt: skip
    receive["parent_id"] = api["id"]
    steps = [
        function(name, 3.0 + place * 0.2, 0.1, batch_id=BATCH)
        for place, name in enumerate(("EnrichEvents", "DetectAnomalies", "SummariseBatch"))
    ]
    machine = segment(
        "PrepareBatch",
        2.9,
        0.8,
        origin="AWS::StepFunctions::StateMachine",
        aws={"arn": MACHINE},
        annotations={"batch_id": BATCH},
    )
    for step in steps:
        step["parent_id"] = machine["id"]
    ours, theirs = (
        segment("batch", 6.0 + place, 0.2, annotations={"batch_id": batch})
        for place, batch in enumerate((BATCH, "batch-of-others"))
    )
    load = function("LoadBatches", 5.9, 1.4, ours, theirs, load_id="load-1")
    stage = function("StageBatch", 2.0, 0.3, batch_id=BATCH)
    reads = [
        function("ReadEvents", start, 0.05, event_key=KEY, event_type=HOSTILE)
        for start in (1.0, 60.0, 90.0)
    ]
    traces = [[api, receive], [stage], [machine, *steps], [load], *([read] for read in reads)]
    return {trace_id(number): segments for number, segments in enumerate(traces)}


TRACES.update(flight_traces())


def summaries(params: Json) -> Json:
    """Answer filters on one annotation, as X-Ray does, and refuse what it could not read."""
    wanted = params.get("FilterExpression", "")
    if "!!" in wanted:
        raise Refused("InvalidRequestException", f"Invalid filter: {HOSTILE}")
    name, _, value = wanted.removeprefix("annotation.").partition(" = ")
    found = {
        each: notes
        for each, segments in TRACES.items()
        if (notes := annotations_of(segments)) is not None
        and ("annotation." not in wanted or json.loads(value) in notes.get(name, []))
        and ("POST" not in wanted or "correlation_id" in notes)
    }
    return {"TraceSummaries": [summary(each, notes) for each, notes in found.items()]}


def annotations_of(segments: list[Json]) -> dict[str, list[str]]:
    notes: dict[str, list[str]] = {}
    for one in (part for each in segments for part in (each, *each.get("subsegments", []))):
        for name, value in one.get("annotations", {}).items():
            notes.setdefault(name, []).append(value)
    return notes


def summary(each: str, notes: Mapping[str, list[str]]) -> Json:
    segments = TRACES[each]
    start = min(one["start_time"] for one in segments)
    return {
        "Id": each,
        "StartTime": datetime.fromtimestamp(start, UTC),
        "Duration": max(one["end_time"] for one in segments) - start,
        "HasFault": False,
        "EntryPoint": {"Name": segments[0]["name"]},
        "Http": {"HttpMethod": "POST", "HttpURL": "http://127.0.0.1/live/v1/events"},
        "Annotations": {
            name: [{"AnnotationValue": {"StringValue": value}} for value in values]
            for name, values in notes.items()
        },
    }


def batch_get(params: Json) -> Json:
    return {
        "Traces": [
            {"Id": each, "Segments": [{"Id": one["id"], "Document": json.dumps(one)}
                                      for one in TRACES[each]]}
            for each in params["TraceIds"] if each in TRACES
        ]
    }  # fmt: skip


# --- one execution ------------------------------------------------------------------------------

STEPS = ("Enrich events", "Detect anomalies", "Summarise batch")
STARTED = datetime.now(UTC) - timedelta(seconds=100)


def execution() -> Json:
    return {
        "name": BATCH,
        "executionArn": f"{MACHINE.replace(':stateMachine:', ':execution:')}:{BATCH}",
        "stateMachineArn": MACHINE,
        "status": "SUCCEEDED",
        "startDate": STARTED,
        "stopDate": STARTED + timedelta(seconds=3),
        "input": json.dumps({"batch_id": BATCH, "key": "batches/x.jsonl.gz", "secret": "hidden"}),
        "traceHeader": f"Root={trace_id(2)};Sampled=1",
    }


def history() -> Json:
    """Give three steps of a second each, of which the second is tried twice."""
    events: list[Json] = [{"type": "ExecutionStarted", "at": 0.0}]
    for place, name in enumerate(STEPS):
        entered = {"name": name, "input": json.dumps({"batch_id": BATCH})}
        events.append(
            {"type": "TaskStateEntered", "at": place, "stateEnteredEventDetails": entered}
        )
        if place == 1:
            failed = {"error": "Lambda.TooManyRequestsException", "cause": HOSTILE}
            events.append({"type": "TaskScheduled", "at": place + 0.1})
            events.append(
                {"type": "TaskFailed", "at": place + 0.2, "taskFailedEventDetails": failed}
            )
        events.append({"type": "TaskScheduled", "at": place + 0.4})
        events.append({"type": "TaskSucceeded", "at": place + 0.8})
        left = {"name": name, "output": json.dumps({"key": f"work/{place}", "rows": 7})}
        events.append({"type": "TaskStateExited", "at": place + 1, "stateExitedEventDetails": left})
    numbered: list[Json] = []
    for place, event in enumerate(events):
        moment = STARTED + timedelta(seconds=event.pop("at"))
        numbered.append({**event, "id": place + 1, "previousEventId": place, "timestamp": moment})
    return {"events": numbered}


def record(event_key: str) -> Json | None:
    """Answer GET /v1/events/{event_key}."""
    received = datetime.fromtimestamp(BEGAN, UTC).isoformat()
    event = {"type": "flight.departed", "subject": "UA1545", "batch_id": BATCH,
             "correlation_id": CORRELATION, "received_at": received}  # fmt: skip
    known = {"event_key": event_key, "status": "loaded", "event": event, "quarantined": []}
    return known if event_key == KEY else None

"""A trace follows a request from service to service, and each records its part."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from local.cloud import LocalCloud, api_url, function_url
from local.xray.header import TraceHeader
from tests.integration.probed import Stack
from tests.integration.traces import Watcher

Until = Callable[..., Any]

ROOT = "1-6b0d1609-a4a18498721e3d4c2c4e0317"
PARENT = "00000000000000a1"


@pytest.fixture(scope="module")
def traced(mended: LocalCloud, folder: Path) -> Stack:
    return Stack(mended, folder / "traces.yaml", "traced")


@pytest.fixture(scope="module")
def stock_traced(stock: LocalCloud, folder: Path) -> Stack:
    return Stack(stock, folder / "traces.yaml", "traced")


@pytest.fixture(scope="module")
def watcher(mended: LocalCloud, until: Until) -> Watcher:
    return Watcher(mended, until)


def ask(stack: Stack, header: str = "", **wish: Any) -> requests.Response:
    return requests.post(
        api_url(stack.cloud, stack["Api"], "live") + "/work",
        json=wish,
        headers={"X-Amzn-Trace-Id": header} if header else {},
        timeout=30,
    )


def trace_of(answer: requests.Response) -> str:
    header = TraceHeader.parse(answer.headers["X-Amzn-Trace-Id"])
    assert header
    return header.root


def invoke(stack: Stack, function: str, header: str = "") -> TraceHeader | None:
    """Invoke a function as a caller in that trace does, and read the header it was given."""
    client = stack.cloud.client("lambda")

    def add(params: dict[str, Any], **_: Any) -> None:
        params["headers"]["X-Amzn-Trace-Id"] = header

    if header:
        client.meta.events.register("before-call.lambda.Invoke", add)
    answer = client.invoke(FunctionName=stack[function], Payload=b"{}")
    return TraceHeader.parse(json.loads(json.loads(answer["Payload"].read())["body"]))


# --- API Gateway -------------------------------------------------------------------------------


def test_a_request_is_a_trace_from_the_stage_to_the_code(traced: Stack, watcher: Watcher) -> None:
    answer = ask(traced, annotate={"batch_id": "b-1"})
    trace = watcher.wait(trace_of(answer), "AWS::Lambda::Function", "told")
    stage = trace.segment("AWS::ApiGateway::Stage")
    service = trace.segment("AWS::Lambda")
    work = trace.segment("AWS::Lambda::Function")
    assert stage["name"] == "traced/live"
    assert stage["http"]["request"]["method"] == "POST"
    assert stage["http"]["request"]["url"].endswith("/live/work")
    assert stage["http"]["response"]["status"] == 200
    assert "parent_id" not in stage
    assert (service["parent_id"], work["parent_id"]) == (stage["id"], service["id"])
    assert TraceHeader.parse(answer.json()) == TraceHeader(trace.id, work["id"], sampled=True)
    assert [part["name"] for part in work["subsegments"]] == ["Invocation", "told"]


def test_stock_makes_no_trace_of_a_request(stock_traced: Stack) -> None:
    assert "X-Amzn-Trace-Id" not in ask(stock_traced).headers


@pytest.mark.parametrize(
    ("status", "marks"),
    [(200, set()), (404, {"error"}), (429, {"error", "throttle"}), (503, {"fault"})],
)
def test_the_stage_marks_what_it_answers(
    traced: Stack, watcher: Watcher, status: int, marks: set[str]
) -> None:
    trace = watcher.wait(trace_of(ask(traced, status=status)), "AWS::ApiGateway::Stage")
    stage = trace.segment("AWS::ApiGateway::Stage")
    assert stage["http"]["response"]["status"] == status
    assert {mark for mark in ("error", "fault", "throttle") if stage.get(mark)} == marks


def test_an_error_is_a_fault_with_its_cause(traced: Stack, watcher: Watcher) -> None:
    answer = ask(traced, **{"raise": "no"})
    assert answer.status_code == 502
    trace = watcher.wait(trace_of(answer), "AWS::ApiGateway::Stage")
    [cause] = trace.segment("AWS::Lambda::Function")["cause"]["exceptions"]
    assert (cause["type"], cause["message"]) == ("RuntimeError", "no")
    assert trace.segment("AWS::ApiGateway::Stage")["fault"]


def test_a_trace_from_outside_is_continued(traced: Stack, watcher: Watcher) -> None:
    root = TraceHeader.begin().root
    ask(traced, f"Root={root};Parent={PARENT};Sampled=1")
    trace = watcher.wait(root, "AWS::ApiGateway::Stage")
    assert trace.segment("AWS::ApiGateway::Stage")["parent_id"] == PARENT


def test_a_trace_that_is_not_sampled_is_not_kept(traced: Stack, watcher: Watcher) -> None:
    unwanted, wanted = TraceHeader.begin().root, TraceHeader.begin().root
    answer = ask(traced, f"Root={unwanted};Sampled=0", annotate={"batch_id": "b-1"})
    told = TraceHeader.parse(answer.json())
    assert told is not None
    assert (told.root, told.sampled) == (unwanted, False)
    ask(traced, f"Root={wanted};Sampled=1", annotate={"batch_id": "b-1"})
    watcher.wait(wanted, "AWS::ApiGateway::Stage", "told")
    assert watcher.read(unwanted) is None


# --- Lambda ------------------------------------------------------------------------------------


def test_a_function_is_called_in_its_callers_trace(traced: Stack, stock_traced: Stack) -> None:
    header = f"Root={ROOT};Parent={PARENT};Sampled=1"
    told, stock_told = invoke(traced, "Work", header), invoke(stock_traced, "Work", header)
    assert told
    assert stock_told
    assert told.root == ROOT
    assert told.parent != PARENT
    assert stock_told.root != ROOT


def test_a_function_that_passes_through_has_its_callers_header(traced: Stack) -> None:
    header = f"Root={ROOT};Parent={PARENT};Sampled=1"
    assert str(invoke(traced, "Unwatched", header)) == header
    assert invoke(traced, "Unwatched") is None


def test_a_refused_invocation_is_a_throttle(traced: Stack, watcher: Watcher) -> None:
    client = traced.cloud.client("lambda")
    client.put_function_concurrency(FunctionName=traced["Work"], ReservedConcurrentExecutions=0)
    answer = ask(traced)
    client.delete_function_concurrency(FunctionName=traced["Work"])
    assert answer.status_code == 500
    trace = watcher.wait(trace_of(answer), "AWS::ApiGateway::Stage")
    refused = trace.segment("AWS::Lambda")
    assert (refused["throttle"], refused["http"]["response"]["status"]) == (True, 429)
    assert "AWS::Lambda::Function" not in trace.names()
    assert trace.id in [one["Id"] for one in watcher.summaries("service() { throttle }")]


def test_a_warm_function_has_another_trace_each_time(traced: Stack) -> None:
    headers = [invoke(traced, "Work") for _ in range(3)]
    assert len({header.root for header in headers if header}) == 3


def test_a_function_url_continues_a_trace_and_names_it(
    traced: Stack, watcher: Watcher, stock_traced: Stack
) -> None:
    root = TraceHeader.begin().root
    answers = [
        requests.post(
            function_url(stack.cloud, stack["Url"]),
            json={},
            headers={"X-Amzn-Trace-Id": f"Root={root}"},
            timeout=30,
        )
        for stack in (traced, stock_traced)
    ]
    told, stock_told = (TraceHeader.parse(answer.headers["X-Amzn-Trace-Id"]) for answer in answers)
    assert told == TraceHeader(root)
    assert stock_told
    assert (stock_told.root == root, stock_told.sampled) == (False, False)
    trace = watcher.wait(root, "AWS::Lambda")
    assert trace.segment("AWS::Lambda")["name"] == traced["Work"]


# --- queues and events -------------------------------------------------------------------------


def test_a_consumer_links_to_the_senders(traced: Stack, watcher: Watcher, until: Until) -> None:
    sent = [watcher.wait(trace_of(ask(traced, do=["send"])), "AWS::SQS::Queue") for _ in range(3)]
    senders = {
        (trace.id, trace.segment("AWS::SQS::Queue")["parent_id"]) for trace in sent
    }  # the subsegment of the call

    def linked() -> set[tuple[str, str]]:
        links = [link for trace in watcher.of(traced["Take"]) for link in trace.links]
        return {(link["trace_id"], link["id"]) for link in links}

    assert until(lambda: senders <= linked())
    takers = [trace for trace in watcher.of(traced["Take"]) if trace.links]
    assert not {trace.id for trace in takers} & {trace.id for trace in sent}
    assert all("parent_id" not in trace.segment("AWS::Lambda") for trace in takers)


def test_a_consumer_links_to_at_most_twenty(traced: Stack, watcher: Watcher, until: Until) -> None:
    functions, queue = traced.cloud.client("lambda"), traced.cloud.client("sqs")
    mappings = functions.list_event_source_mappings(FunctionName=traced["Take"])
    [mapping] = [one["UUID"] for one in mappings["EventSourceMappings"]]
    functions.update_event_source_mapping(UUID=mapping, Enabled=False)
    for _ in range(30):  # while nobody takes them, so that they come in one batch
        header = {"DataType": "String", "StringValue": str(TraceHeader.begin())}
        queue.send_message(
            QueueUrl=traced["Queue"],
            MessageBody="{}",
            MessageSystemAttributes={"AWSTraceHeader": header},
        )
    functions.update_event_source_mapping(UUID=mapping, Enabled=True)

    def most() -> int:
        return max((len(trace.links) for trace in watcher.of(traced["Take"])), default=0)

    assert until(lambda: most() >= 20)
    assert most() == 20


def test_stock_loses_the_senders_trace(stock_traced: Stack, until: Until) -> None:
    client = stock_traced.cloud.client("sqs")

    def add(params: dict[str, Any], **_: Any) -> None:
        params["headers"]["X-Amzn-Trace-Id"] = f"Root={ROOT};Sampled=1"

    client.meta.events.register("before-call.sqs.SendMessage", add)
    client.send_message(QueueUrl=stock_traced["Heard"], MessageBody="{}")
    [message] = until(lambda: received(stock_traced))
    assert "AWSTraceHeader" not in message["Attributes"]


def test_an_event_takes_its_trace_to_functions_and_queues(
    traced: Stack, watcher: Watcher, until: Until
) -> None:
    root = trace_of(ask(traced, do=["announce"]))
    trace = watcher.wait(root, "AWS::ApiGateway::Stage", name=traced["Hear"])
    assert traced["Hear"] in [segment["name"] for segment in trace.segments]
    [message] = until(lambda: received(traced))
    header = TraceHeader.parse(message["Attributes"]["AWSTraceHeader"])
    assert header
    assert header.root == root


def received(stack: Stack) -> list[dict[str, Any]]:
    answer = stack.cloud.client("sqs").receive_message(
        QueueUrl=stack["Heard"], MessageSystemAttributeNames=["All"]
    )
    return list(answer.get("Messages", []))


def test_notifications_and_streams_begin_traces_of_their_own(
    traced: Stack, watcher: Watcher, until: Until
) -> None:
    root = trace_of(ask(traced, do=["put", "insert"]))
    for function in ("Upload", "Change"):
        assert until(lambda name=traced[function]: watcher.of(name))
        assert root not in [trace.id for trace in watcher.of(traced[function])]


# --- Step Functions ----------------------------------------------------------------------------


def test_an_execution_is_a_segment_with_its_states(traced: Stack, watcher: Watcher) -> None:
    root = trace_of(ask(traced, do=["start"]))
    trace = watcher.wait(root, "AWS::StepFunctions::StateMachine", name=traced["Step"])
    execution = trace.segment("AWS::StepFunctions::StateMachine")
    states = {state["name"]: state for state in execution["subsegments"]}
    assert list(states) == ["Prepare", "Do the work"]
    [call] = states["Do the work"]["subsegments"]
    assert (call["name"], call["namespace"]) == ("lambda", "aws")
    [step] = [one for one in trace.segments if one.get("parent_id") == call["id"]]
    assert (step["origin"], step["name"]) == ("AWS::Lambda", traced["Step"])


def test_an_execution_takes_the_trace_that_its_starter_names(
    traced: Stack, watcher: Watcher
) -> None:
    header = TraceHeader.begin(sampled=True)
    traced.cloud.client("stepfunctions").start_execution(
        stateMachineArn=traced["Machine"], traceHeader=str(header)
    )
    trace = watcher.wait(header.root, "AWS::StepFunctions::StateMachine")
    assert trace.segment("AWS::StepFunctions::StateMachine")["name"] == "traced"


def test_stock_drops_the_switch_of_a_machine(traced: Stack, stock_traced: Stack) -> None:
    kept = [
        stack.cloud.client("stepfunctions")
        .describe_state_machine(stateMachineArn=stack["Machine"])
        .get("tracingConfiguration")
        for stack in (traced, stock_traced)
    ]
    assert kept == [{"enabled": True}, None]

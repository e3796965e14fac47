"""The X-Ray API of the local cloud, as boto3 and so the AWS CLI use it, and its daemon."""

import json
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.cloud import LocalCloud
from local.deploy import DeployFailed, deploy
from local.xray.daemon import Daemon
from local.xray.header import TraceHeader, new_segment_id
from local.xray.store import TraceStore
from tests.integration.traces import Watcher

Until = Callable[..., Any]


@pytest.fixture(scope="module")
def watcher(mended: LocalCloud, until: Until) -> Watcher:
    return Watcher(mended, until)


def document(trace_id: str = "", **members: Any) -> dict[str, Any]:
    now = time.time()
    return {
        "trace_id": trace_id or TraceHeader.begin().root, "id": new_segment_id(), "name": "probe",
        "start_time": now - 1, "end_time": now, **members,
    }  # fmt: skip


def put(watcher: Watcher, *documents: dict[str, Any]) -> list[dict[str, Any]]:
    texts = [json.dumps(one) for one in documents]
    answer = watcher.client.put_trace_segments(TraceSegmentDocuments=texts)
    return list(answer["UnprocessedTraceSegments"])


def refusal(call: Callable[..., Any], **arguments: Any) -> str:
    with pytest.raises(ClientError) as error:
        call(**arguments)
    assert error.value.response["Error"]["Code"] == "InvalidRequestException"
    return str(error.value.response["Error"]["Message"])


def test_stock_has_no_x_ray(stock: LocalCloud) -> None:
    with pytest.raises(ClientError):
        stock.client("xray").put_trace_segments(TraceSegmentDocuments=[json.dumps(document())])


def test_a_trace_is_told_as_it_was_put(watcher: Watcher) -> None:
    root = document(http={"response": {"status": 200}})
    child = document(root["trace_id"], parent_id=root["id"], name="child")
    assert put(watcher, root, child) == []
    told = watcher.read(root["trace_id"])
    assert told
    assert told.segments == [root, child]


def test_a_wrong_segment_is_told_and_the_others_are_kept(watcher: Watcher) -> None:
    good, large = document(), document(metadata={"default": {"text": "t" * 70_000}})
    [told] = put(watcher, large, good)
    assert (told["Id"], told["ErrorCode"]) == (large["id"], "SegmentTooLarge")
    assert watcher.read(good["trace_id"])
    assert watcher.read(large["trace_id"]) is None


def test_a_trace_that_is_not_known_is_unprocessed(watcher: Watcher) -> None:
    unknown = TraceHeader.begin().root
    answer = watcher.client.batch_get_traces(TraceIds=[unknown])
    assert (answer["Traces"], answer["UnprocessedTraceIds"]) == ([], [unknown])


def test_five_traces_are_told_at_once(watcher: Watcher) -> None:
    ids = [TraceHeader.begin().root for _ in range(6)]
    assert len(watcher.client.batch_get_traces(TraceIds=ids[:5])["UnprocessedTraceIds"]) == 5
    assert "not 6" in refusal(watcher.client.batch_get_traces, TraceIds=ids)


def test_summaries_are_filtered(watcher: Watcher) -> None:
    wanted = document(annotations={"batch_id": "filtered"}, fault=True)
    put(watcher, wanted, document(annotations={"batch_id": "another"}))
    [found] = watcher.summaries('annotation[batch_id] = "filtered" AND fault')
    assert found["Id"] == wanted["trace_id"]
    assert found["HasFault"]
    assert found["EntryPoint"]["Name"] == "probe"


def test_a_wrong_filter_says_where(watcher: Watcher) -> None:
    message = refusal(
        watcher.client.get_trace_summaries,
        StartTime=time.time() - 1, EndTime=time.time(), FilterExpression="fault AND nothing",
    )  # fmt: skip
    assert "at character 11" in message


@pytest.mark.parametrize("operation", ["get_trace_summaries", "get_service_graph"])
def test_six_hours_are_asked_for_at_most(watcher: Watcher, operation: str) -> None:
    call, now = getattr(watcher.client, operation), time.time()
    assert call(StartTime=now - 6 * 3600, EndTime=now)
    assert "6 hours" in refusal(call, StartTime=now - 6 * 3600 - 1, EndTime=now)
    assert "6 hours" in refusal(call, StartTime=now, EndTime=now - 1)


def test_summaries_come_in_pages(watcher: Watcher) -> None:
    put(watcher, *(document(name="paged") for _ in range(50)))
    put(watcher, *(document(name="paged") for _ in range(50)))
    put(watcher, *(document(name="paged") for _ in range(20)))
    assert len(watcher.summaries('service("paged")')) == 120


def test_a_range_is_of_trace_ids_or_of_events(watcher: Watcher) -> None:
    late = document(f"1-{int(time.time()) - 7200:08x}-{'0' * 24}", name="late")
    put(watcher, late)
    assert watcher.summaries('service("late")') == []
    assert len(watcher.summaries('service("late")', TimeRangeType="Event")) == 1


def test_the_graphs_have_the_services_and_who_calls_them(watcher: Watcher) -> None:
    root = document(name="front")
    put(watcher, root, document(root["trace_id"], name="behind", parent_id=root["id"]))
    graph = watcher.client.get_trace_graph(TraceIds=[root["trace_id"]])["Services"]
    assert [service["Name"] for service in graph] == ["front", "front", "behind"]
    front = next(one for one in graph if one["Name"] == "front" and one["Type"] != "client")
    assert [edge["ReferenceId"] for edge in front["Edges"]] == [graph[-1]["ReferenceId"]]
    whole = watcher.client.get_service_graph(StartTime=time.time() - 60, EndTime=time.time())
    assert {"front", "behind"} <= {service["Name"] for service in whole["Services"]}


def test_a_stack_may_hold_rules_and_groups(
    watcher: Watcher, mended: LocalCloud, stock: LocalCloud, folder: Path
) -> None:
    outputs = deploy(mended, folder / "sampling.yaml", "sampling", {})
    rules = [one["SamplingRule"] for one in rule_records(watcher)]
    assert [rule["RuleName"] for rule in rules] == ["everything", "Default"]
    assert rules[0]["RuleARN"] == outputs["Rule"]
    statistics = [
        {"RuleName": name, "ClientID": "0" * 24, "Timestamp": time.time(), "RequestCount": 1,
         "SampledCount": 1}
        for name in ("everything", "gone")
    ]  # fmt: skip
    targets = watcher.client.get_sampling_targets(SamplingStatisticsDocuments=statistics)
    assert [one["ReservoirQuota"] for one in targets["SamplingTargetDocuments"]] == [50]
    assert [one["RuleName"] for one in targets["UnprocessedStatistics"]] == ["gone"]
    assert [one["GroupName"] for one in watcher.client.get_groups()["Groups"]] == ["failing"]
    mended.client("cloudformation").delete_stack(StackName="sampling")
    assert watcher.until(lambda: len(rule_records(watcher)) == 1)
    with pytest.raises(DeployFailed, match="AWS::XRay"):
        deploy(stock, folder / "sampling.yaml", "sampling", {})


def rule_records(watcher: Watcher) -> list[dict[str, Any]]:
    return list(watcher.client.get_sampling_rules()["SamplingRuleRecords"])


def test_the_daemon_takes_what_is_right_and_outlives_what_is_not(until: Until) -> None:
    store = TraceStore()
    daemon = Daemon("127.0.0.1", store)
    host, _, port = daemon.address.partition(":")
    good = document()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for body in (b"", b"no header", b"{}\n{", b"{}\n\xff", os.urandom(100)):
            sender.sendto(body, (host, int(port)))
        sender.sendto(
            b'{"format": "json", "version": 1}\n' + json.dumps(good).encode(), (host, int(port))
        )
    assert until(lambda: store.get(good["trace_id"])) == [good]
    daemon.close()

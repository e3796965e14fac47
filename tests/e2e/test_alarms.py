"""Each alarm of the template comes when its cause is there, and goes when that is mended.

A minute of the alarms lasts a second here, so that five minutes are over in five. Faults follow each
other without waiting for the former one's alarms to end, which is looked at once for all.
"""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from local.answers import wait_until_loaded
from local.cloud import LocalCloud
from local.lint.expansion import parsed
from local.recovery.deployment import Deployment
from local.run import deploy_template
from local.stack import Stack
from tests.e2e.faults import functions, lake, senders, warehouse
from tests.e2e.faults.site import Site, Stir, bring_back, look, page_views
from tests.template.test_declared_alarms import SYMPTOMS
from tests.template.test_template import ROOT

pytestmark = pytest.mark.slow

ALARM_MINUTE = 1.0
FRESHNESS = 4
PATIENCE = 240  # seconds: some causes are there only after five attempts
ENOUGH = "100000"  # RPU-hours a day
PARAMETERS = {
    "FreshnessSeconds": str(FRESHNESS),
    "LoadWindowSeconds": "1",
    "EventVisibilitySeconds": "2",
    "LoadVisibilitySeconds": "2",
    "MissingAfterSeconds": "5",
    # The largest of warehouses is charged for an hour after some seconds.
    "BaseCapacity": "128",
    "MaxCapacity": "128",
    "UsageLimitRpuHours": ENOUGH,
}
SERVED = [
    f"{name}ErrorsAlarm"
    for name in (
        "ReceiveRequest", "ReceiveWebhook", "ReadMetrics", "ReadEvents", "ReadStatus", "ReadExports",
        "ReadDocuments",
    )
]  # fmt: skip


@dataclass
class Watch:
    """Looks at the alarms of a stack by their names in the template."""

    site: Site
    names: dict[str, str] = field(default_factory=dict)
    fired: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        resources = self.site.there.resources
        self.names = {found: name for name, found in resources.items() if name.endswith("Alarm")}

    def states(self) -> dict[str, str]:
        pages = self.site.client("cloudwatch").get_paginator("describe_alarms")
        found = [
            one
            for page in pages.paginate(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
            for one in page["MetricAlarms"] + page["CompositeAlarms"]
            if one["AlarmName"] in self.names
        ]
        states = {self.names[one["AlarmName"]]: one["StateValue"] for one in found}
        self.fired |= {name for name, state in states.items() if state == "ALARM"}
        return states

    def until_fired(self, expected: set[str], stirs: list[Stir]) -> None:
        """Stir the faults, each at its own pace, until each of these alarms was in ALARM.

        Some are so for a second only, so that nothing may keep from looking.
        """
        seen: set[str] = set()

        def all_seen() -> bool:
            seen.update(name for name, state in self.states().items() if state == "ALARM")
            return expected <= seen

        with stirred(stirs) as check:
            self._poll(all_seen, [check], lambda: f"silent: {sorted(expected - seen)}")

    def until_clear(self, names: set[str], stirs: list[Stir]) -> None:
        """Wait until all of these alarms are in OK."""

        def loud() -> set[str]:
            states = self.states()
            return {name for name in names if states[name] != "OK"}

        self._poll(lambda: not loud(), stirs, lambda: f"not clear: {sorted(loud())}")

    def _poll(self, holds: Callable[[], bool], stirs: list[Stir], told: Callable[[], str]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline, told()
            for stir in stirs:
                stir()
            time.sleep(0.2)


@contextmanager
def stirred(stirs: list[Stir]) -> Iterator[Stir]:
    """Stir once a minute of the alarms in the background; what is yielded raises what stirs raise."""
    over = threading.Event()

    def go_on(stir: Stir) -> None:
        while not over.is_set():
            stir()
            over.wait(ALARM_MINUTE)

    with ThreadPoolExecutor(max(1, len(stirs))) as pool:
        going = [pool.submit(go_on, stir) for stir in stirs]
        try:
            yield lambda: [one.result() for one in going if one.done()]
        finally:
            over.set()
    for one in going:
        one.result()


@pytest.fixture(scope="module")
def whole_module(request: pytest.FixtureRequest) -> None:
    """Skip what tells of all tests of the module, unless all of them are run."""
    run_here = {item.name for item in request.session.items if item.path == request.path}
    if left := {name for name in vars(request.module) if name.startswith("test_")} - run_here:
        pytest.skip(f"tells of all tests of this file, without {', '.join(sorted(left))}")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    if os.environ.get("STACK_NAME"):
        pytest.skip("breaks what it is given")
    state = tmp_path_factory.mktemp("cloud")
    with LocalCloud(state, alarm_minute=ALARM_MINUTE) as started:
        yield started


@pytest.fixture(scope="module")
def site(cloud: LocalCloud) -> Iterator[Site]:
    outputs = deploy_template(cloud, ROOT / "template.yaml", **PARAMETERS)
    stack = Stack.on_machine(cloud, outputs)
    yield Site(stack, Deployment.on_cloud(cloud))
    stack.close()


@pytest.fixture(scope="module")
def told(site: Site) -> Callable[[], set[tuple[str, str]]]:
    """What the topic's subscribers were told so far: names of alarms, and their new states."""
    sqs, sns = site.client("sqs"), site.client("sns")
    queue = sqs.create_queue(QueueName="people")["QueueUrl"]
    place = {"QueueUrl": queue, "AttributeNames": ["QueueArn"]}
    arn = sqs.get_queue_attributes(**place)["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=site.id("AlertTopic"), Protocol="sqs", Endpoint=arn)
    seen: set[tuple[str, str]] = set()

    def read() -> set[tuple[str, str]]:
        while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in messages:
                seen.update(alarms_in(message["Body"]))
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return seen

    return read


def alarms_in(body: str) -> Iterator[tuple[str, str]]:
    """Read an alarm's notification; the workflow's own alerts are text."""
    try:
        told = json.loads(json.loads(body)["Message"])
    except json.JSONDecodeError:
        return
    yield told["AlarmName"], told["NewStateValue"]


@pytest.fixture(scope="module")
def watch(site: Site, told: Callable[[], Any]) -> Watch:  # noqa: ARG001 (it subscribes first)
    return Watch(site)


def mending(site: Site) -> list[Stir]:
    """What is done after a fault is over: what failed goes in again, and it is looked again."""
    return [partial(bring_back, site), partial(look, site)]


def run(watch: Watch, causes: list[Any], expected: set[str]) -> None:
    """Cause faults together until their alarms come, which were not there before."""
    watch.until_clear(expected, mending(watch.site))
    with ExitStack() as stack:
        stirs = [stack.enter_context(cause(watch.site)) for cause in causes]
        watch.until_fired(expected, stirs)
    bring_back(watch.site)


def test_nobody_checks(watch: Watch) -> None:
    """The schedule's minutes are real ones, so that in the alarm's time it is as good as off."""
    watch.until_fired({"CheckSilentAlarm"}, [])
    watch.until_clear({"CheckSilentAlarm"}, [partial(look, watch.site)])


def test_a_healthy_stack_raises_no_alarm(watch: Watch) -> None:
    watch.site.upload(page_views(3))
    wait_until_loaded(watch.site.stack, 3, PATIENCE)
    watch.until_clear(set(watch.names.values()), [partial(look, watch.site)])


def test_a_bad_deployment(watch: Watch) -> None:
    alarms = {*SERVED, "FunctionErrorsAlarm", "EndpointErrorsAlarm", "EndpointAlarm"}
    run(watch, [functions.badly_deployed], alarms)


def test_senders_that_send_nonsense(watch: Watch) -> None:
    causes = [senders.malformed, senders.unknown, senders.forged]
    run(watch, causes, {"RejectedShareAlarm", "QuarantineShareAlarm", "RequestsRefusedAlarm"})


def test_functions_behind_queues_fail(watch: Watch) -> None:
    alarms = {
        "BackgroundErrorsAlarm", "EventQueueAgeAlarm", "EventDlqAlarm", "LoadsFailedAlarm",
        "LoadQueueAgeAlarm", "LoadDlqAlarm", "LoadingAlarm",
    }  # fmt: skip
    run(watch, [functions.nothing_staged, warehouse.nothing_loaded], alarms)


def test_events_are_loaded_and_not_prepared(watch: Watch) -> None:
    alarms = {"FactsMissingAlarm", "PreparationFailedAlarm", "PrepareDlqAlarm"}
    run(watch, [functions.facts_missing], alarms)


def test_entrances_give_up(watch: Watch) -> None:
    """Before the stream is blocked: what waits there is tried on as it was when it was read."""
    causes = [functions.stream_given_up, functions.nothing_read_of_uploads]
    run(watch, causes, {"ChangeDlqAlarm", "UploadDlqAlarm"})


def test_the_stream_is_blocked(watch: Watch) -> None:
    run(watch, [functions.stream_blocked], {"DeliveriesFailedAlarm", "StreamAgeAlarm"})


def test_functions_are_throttled(watch: Watch) -> None:
    alarms = {"ServedThrottlesAlarm", "BackgroundThrottlesAlarm", "FunctionThrottlesAlarm"}
    run(watch, [functions.requests_throttled, functions.work_throttled], alarms)


def test_the_warehouse_stutters(watch: Watch, cloud: LocalCloud) -> None:
    cause = partial(warehouse.stuttering, state=cloud.state, seconds=FRESHNESS + 3)
    run(watch, [cause], {"FreshnessAlarm", "EndpointLatencyAlarm"})


def test_somebody_crowds_the_data_api(watch: Watch) -> None:
    run(watch, [warehouse.crowded], {"WarehouseThrottledAlarm"})


def test_events_and_batches_are_deleted(watch: Watch) -> None:
    causes = [warehouse.rows_deleted, lake.batch_deleted]
    run(watch, causes, {"EventsMissingAlarm", "BatchesGoneAlarm"})


def test_the_warehouse_costs_more_than_it_may(watch: Watch, cloud: LocalCloud) -> None:
    """The day's sum doesn't go down, so a higher limit is what ends it, as the runbook says."""
    limit(cloud, "1")
    watch.until_fired({"WarehouseCostAlarm"}, [lambda: watch.site.upload(page_views(1))])
    limit(cloud, ENOUGH)
    watch.until_clear({"WarehouseCostAlarm"}, [])


def limit(cloud: LocalCloud, hours: str) -> None:
    """Deploy again with another limit."""
    parameters = PARAMETERS | {"UsageLimitRpuHours": hours}
    deploy_template(cloud, ROOT / "template.yaml", **parameters)


def test_alarms_end_when_their_causes_are_mended(watch: Watch) -> None:
    """But for the one on silence, which the tests' short minutes make come again."""
    others = set(watch.names.values()) - {"CheckSilentAlarm"}
    watch.until_clear(others, mending(watch.site))


def test_all_alarms_of_the_template_were_raised(
    whole_module: None,  # noqa: ARG001 (or it is skipped)
    watch: Watch,
) -> None:
    declared = parsed(ROOT / "template.yaml")["Resources"]
    alarms = {name for name in declared if name.endswith("Alarm")}
    assert alarms - watch.fired == set()


def test_people_were_told_of_each_symptom_and_of_its_end(
    whole_module: None,  # noqa: ARG001 (or it is skipped)
    watch: Watch,
    told: Callable[[], set[tuple[str, str]]],
) -> None:
    named = {(watch.names[name], state) for name, state in told()}
    assert {name for name, _ in named} == SYMPTOMS
    assert {(name, state) for name in SYMPTOMS for state in ("ALARM", "OK")} <= named

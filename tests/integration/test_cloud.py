"""The local cloud starts, keeps to itself, deploys, and always ends with whoever started it."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from local.cloud import LocalCloud, function_url
from local.deploy import DeployFailed, deploy
from local.processes import (
    HOST,
    PROJECT,
    PortTaken,
    Server,
    ServerDidNotStart,
    clean_environment,
    find_processes,
    free_port,
)
from tests.integration.probed import Stack

Until = Callable[..., Any]
NO_WAREHOUSE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def flows(mended: LocalCloud, folder: Path) -> Stack:
    return Stack(mended, folder / "flows.yaml", "flows")


# --- starting ----------------------------------------------------------------------------------


def test_a_taken_port_is_said_in_one_sentence(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"^Port {port} on 127.0.0.1 is already in use; .*\.$"):
            LocalCloud(tmp_path, port=port).__enter__()


def test_a_server_that_fails_shows_the_end_of_its_log(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    server = Server("local.no_such_module", [], log=log, environment=clean_environment({}))
    with pytest.raises(ServerDidNotStart, match=r"(?s)ended with status 1.*No module named"):
        server.wait_for_line("never (.*)", deadline=float("inf"))
    server.stop()


def test_two_clouds_run_side_by_side(mended: LocalCloud, tmp_path: Path) -> None:
    mended.client("s3").create_bucket(Bucket="only-here")
    with LocalCloud(tmp_path, redshift_endpoint=NO_WAREHOUSE) as other:
        assert other.client("s3").list_buckets()["Buckets"] == []


def test_only_this_machine_can_connect(mended: LocalCloud) -> None:
    with socket.socket() as neighbour:
        neighbour.settimeout(2)
        assert neighbour.connect_ex(("127.0.0.2", mended.port)) != 0


def test_the_warehouse_runs_beside_it(tmp_path: Path, until: Until) -> None:
    with LocalCloud(tmp_path) as cloud:
        client = cloud.client("redshift-data")
        target = {"WorkgroupName": "any", "Database": "events"}
        statement = client.execute_statement(Sql="SELECT 1", **target)
        assert until(lambda: client.describe_statement(Id=statement["Id"])["Status"] == "FINISHED")


# --- keeping to itself -------------------------------------------------------------------------


def test_the_users_own_settings_stay_outside(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = {
        "AWS_PROFILE": "real",
        "AWS_ACCESS_KEY_ID": "AKIAREAL",
        "AWS_SECRET_ACCESS_KEY": "real",
        "AWS_SESSION_TOKEN": "real",
        "AWS_ENDPOINT_URL": "http://real.invalid",
        "HTTP_PROXY": "http://real.invalid",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    with LocalCloud(tmp_path, redshift_endpoint=NO_WAREHOUSE) as cloud:
        stack = Stack(cloud, folder / "flows.yaml", "flows")
        environment = stack.invoke()[1]["environment"]
    assert [name for name, value in environment.items() if value in secrets.values()] == []
    assert environment["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull


def test_its_temporary_files_are_removed(tmp_path: Path, folder: Path) -> None:
    with LocalCloud(tmp_path, redshift_endpoint=NO_WAREHOUSE) as cloud:
        Stack(cloud, folder / "flows.yaml", "flows").invoke()
        assert list((tmp_path / "tmp").glob("ministack-lambda-*"))
    assert [path.name for path in tmp_path.iterdir()] == ["cloud.log"]


# --- ending ------------------------------------------------------------------------------------


def test_nothing_runs_after_the_with_block(tmp_path: Path, folder: Path) -> None:
    with LocalCloud(tmp_path, redshift_endpoint=NO_WAREHOUSE) as cloud:
        Stack(cloud, folder / "flows.yaml", "flows").invoke()
        assert len(processes_of(cloud.port)) == 2
    assert processes_of(cloud.port) == []


def test_an_exception_ends_the_cloud(tmp_path: Path) -> None:
    cloud = LocalCloud(tmp_path, redshift_endpoint=NO_WAREHOUSE)
    with pytest.raises(ZeroDivisionError), cloud:
        _ = 1 / 0
    assert processes_of(cloud.port) == []


@pytest.fixture
def in_foreground(tmp_path: Path, until: Until) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """`python -m local.cloud`, and its port."""
    port = free_port()
    place = ["--port", str(port), "--state", str(tmp_path), "--redshift-endpoint", NO_WAREHOUSE]
    command = [sys.executable, "-m", "local.cloud", *place]
    with subprocess.Popen(command, cwd=PROJECT) as process:  # noqa: S603 - our own program
        assert until(lambda: "ready" in log_of(tmp_path))
        yield process, port
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_to_the_parent_ends_everything(
    in_foreground: tuple["subprocess.Popen[bytes]", int], number: signal.Signals, until: Until
) -> None:
    process, port = in_foreground
    assert processes_of(port)
    process.send_signal(number)
    assert until(lambda: processes_of(port) == [], seconds=10)


def processes_of(port: int) -> list[int]:
    return find_processes({"GATEWAY_PORT": str(port)})


def log_of(state: Path) -> str:
    log = state / "cloud.log"
    return log.read_text() if log.exists() else ""


# --- killing a worker --------------------------------------------------------------------------


def test_a_message_comes_again_when_its_worker_is_killed(flows: Stack, until: Until) -> None:
    mark = flows.cloud.state / "tmp" / "slow"
    flows.send("Queue", "slow")
    pid = int(until(lambda: mark.exists() and mark.read_text()))
    assert flows.cloud.worker_pids(flows["CountMessages"]) == [pid]
    os.kill(pid, signal.SIGKILL)
    assert until(lambda: depth(flows, "Queue") == 0)
    assert flows.batches("CountMessages").count(["slow"]) == 2


def depth(stack: Stack, queue: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    client = stack.cloud.client("sqs")
    found = client.get_queue_attributes(QueueUrl=stack[queue], AttributeNames=names)["Attributes"]
    return sum(int(found[name]) for name in names)


# --- deploying ---------------------------------------------------------------------------------


def test_a_stack_without_changes_is_left_alone(flows: Stack) -> None:
    assert flows.deploy() == flows.outputs


def test_changed_code_runs_after_the_next_deploy(
    mended: LocalCloud, folder: Path, tmp_path: Path
) -> None:
    template = tmp_path / "template.yaml"
    template.write_text((folder / "one_function.yaml").read_text())
    code = tmp_path / "src" / "code.py"
    code.parent.mkdir()
    for answer in ("before", "after"):
        code.write_text(f"def handler(event, context):\n    return {answer!r}\n")
        name = deploy(mended, template, "one", {})["Function"]
        invoked = mended.client("lambda").invoke(FunctionName=name)
        assert json.loads(invoked["Payload"].read()) == answer


def test_a_failed_deploy_gives_the_reason_of_each_resource(
    mended: LocalCloud, tmp_path: Path
) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(
        json.dumps(
            {
                "Resources": {
                    "Broken": {
                        "Type": "Custom::Broken",
                        "Properties": {"ServiceToken": "arn:aws:lambda:us-east-1:0:function:gone"},
                    }
                }
            }
        )
    )
    with pytest.raises(DeployFailed, match=r"^broken is ROLLBACK_COMPLETE: Broken: .*not found"):
        deploy(mended, template, "broken", {})
    with pytest.raises(DeployFailed) as again:
        deploy(mended, template, "broken", {})
    assert str(again.value).count("not found") == 1


def test_a_function_url_answers_a_plain_client(mended: LocalCloud, folder: Path) -> None:
    outputs = deploy(mended, folder / "api.yaml", "api", {})
    answer = requests.post(function_url(mended, outputs["Url"]) + "hook", data=b"x", timeout=20)
    assert answer.json()["path"] == "/hook"

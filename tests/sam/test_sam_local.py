"""What `sam local` needs beside a local cloud, as far as it can be told without containers."""

import os
import subprocess
from pathlib import Path

import pytest

from local.cloud import LocalCloud
from local.processes import PROJECT, free_port
from local.sam_local import NoContainers, around, readdressed

TOOLS = ("bash", "env", "dirname", "uname", "id", "timeout")


def test_only_endpoints_are_named_anew() -> None:
    cloud = "http://127.0.0.1:4566"
    variables = {"Function": {"AWS_ENDPOINT_URL": cloud, "QUEUE_URL": cloud, "OTHER": "x"}}
    relays = {cloud: "http://172.17.0.1:5000"}
    assert readdressed(variables, relays) == {
        "Function": {"AWS_ENDPOINT_URL": relays[cloud], "QUEUE_URL": cloud, "OTHER": "x"}
    }


def test_without_a_local_cloud_one_is_told_how_to_start_it(tmp_path: Path) -> None:
    with (
        pytest.raises(NoContainers, match="make run"),
        around(LocalCloud(tmp_path, port=free_port())),
    ):
        pass


def test_without_docker_the_image_script_says_so_and_ends_with_69(tmp_path: Path) -> None:
    for tool in TOOLS:
        places = os.environ["PATH"].split(os.pathsep)
        (tmp_path / tool).symlink_to(next(p for at in places if (p := Path(at) / tool).exists()))
    script = PROJECT / "local/lambda-image.sh"
    for command in ("check", "start"):
        run = subprocess.run(  # noqa: S603 (it is ours)
            [script, command], check=False, capture_output=True, env={"PATH": str(tmp_path)}
        )
        assert run.returncode == 69
        assert b"Docker" in run.stderr

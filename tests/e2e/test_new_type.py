"""A new event type is one file in the catalogue, and nothing else."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from local.cloud import LocalCloud
from local.run import deploy_template
from local.stack import Stack

Poll = Callable[[Callable[[], bool], str], None]
ROOT = Path(__file__).parents[2]
SCHEMA = {
    "$id": "meter.read",
    "type": "object",
    "required": ["user", "kwh"],
    "properties": {
        "user": {"type": "string", "x-role": "dimension"},
        "kwh": {"type": "number", "x-role": "measure", "x-unit": "kWh"},
    },
}


def test_a_new_event_type_is_one_file(
    cloud: LocalCloud, stack: Stack, tmp_path: Path, until: Poll
) -> None:
    assert "meter.read" not in str(stack.get("/v1/metrics"))
    project = tmp_path / "project"
    for part in ("src", "statemachine", "dependencies"):
        shutil.copytree(ROOT / part, project / part)
    shutil.copy(ROOT / "template.yaml", project)
    (project / "src/pipeline/catalogue/meter.read.json").write_text(json.dumps(SCHEMA))
    deploy_template(cloud, project / "template.yaml")

    readings: list[Any] = [
        {"specversion": "1.0", "id": f"r{n}", "source": "/meters", "type": "meter.read",
         "data": {"user": user, "kwh": kwh}}
        for n, (user, kwh) in enumerate([("a", 1.5), ("a", 2.25), ("b", 4)])
    ]  # fmt: skip
    answer = requests.post(
        f"{stack.url}/v1/events",
        json=readings,
        headers={
            "x-api-key": stack.api_key,
            "Content-Type": "application/cloudevents-batch+json",
        },
        timeout=35,
    )
    assert answer.json()["accepted"] == 3

    def sums() -> dict[str, float]:
        rows = stack.get(
            "/v1/metrics/meter.read", fresh=True, measure="kwh", stat="sum", group_by="user"
        )["rows"]
        return {row["user"]: row["value"] for row in rows}

    until(lambda: sums() == {"a": 3.75, "b": 4.0}, "the new type's metric is right")

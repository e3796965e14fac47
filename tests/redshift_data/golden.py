"""Golden files: what a real workgroup answered to the corpus, recorded once and compared since.

With REDSHIFT_GOLDEN_WORKGROUP set, the suite runs against that workgroup with the credentials
that boto3 finds, and writes golden/<topic>.json. Without it, it runs against the local server.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

from local.redshift_data.testing import Warehouse, running
from tests.redshift_data.corpus import FOLDER, Example, Refused, Scenario

GOLDEN = FOLDER / "golden"
WORKGROUP = "REDSHIFT_GOLDEN_WORKGROUP"
DATABASE = "REDSHIFT_GOLDEN_DATABASE"
# Every run has its own, and a golden answer says only that there was one.
_VOLATILE = (
    "CreatedAt",
    "UpdatedAt",
    "Duration",
    "Id",
    "SessionId",
    "StatementId",
    "ResourceId",
    "NextToken",
    "ResponseMetadata",
    "RedshiftPid",
    "RedshiftQueryId",
    "RedshiftQueryUuid",
    "ClusterIdentifier",
    "WorkgroupName",
    "Database",
    "DbUser",
    "SecretArn",
)
_IDENTIFIER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Answer = dict[str, Any]


class RealWarehouse(Warehouse):
    """A workgroup on AWS."""

    def __init__(self, workgroup: str, database: str) -> None:
        # Adaptive: the quotas of calls a second are shared by the whole account and Region.
        config = Config(retries={"mode": "adaptive", "total_max_attempts": 10})
        self.client = boto3.client("redshift-data", config=config)
        self.where = {"WorkgroupName": workgroup, "Database": database}


def is_recording() -> bool:
    """Whether the suite runs against a real workgroup."""
    return bool(os.environ.get(WORKGROUP))


@contextmanager
def target() -> Iterator[Warehouse]:
    """Open what the suite runs against."""
    if is_recording():
        warehouse = RealWarehouse(os.environ[WORKGROUP], os.environ.get(DATABASE, "dev"))
        try:
            yield warehouse
        finally:
            warehouse.close()
        return
    with running() as local:
        yield local


def run(warehouse: Warehouse, entry: Example | Refused) -> Answer:
    """Run the setup and the statement in one batch, so that temporary tables last for both."""
    try:
        return warehouse.batch(*entry.setup, entry.sql)
    finally:
        for sql in entry.cleanup:
            warehouse.execute(sql)


def answer(warehouse: Warehouse, entry: Example | Refused | Scenario) -> Any:
    """Return what there is to compare of any entry of the corpus."""
    if isinstance(entry, Scenario):
        return answers_to(warehouse, entry)
    return answer_of(warehouse, entry)


def answer_of(warehouse: Warehouse, entry: Example | Refused) -> Answer:
    """Return what there is to compare: the last statement's state, error and result."""
    described = run(warehouse, entry)
    last = described["SubStatements"][-1]
    answer: Answer = {"Status": last["Status"], "ResultRows": last["ResultRows"]}
    if "Error" in last:
        answer["Error"] = last["Error"]
    if last["HasResultSet"]:
        result = warehouse.client.get_statement_result(Id=last["Id"])
        answer |= {name: result[name] for name in ("ColumnMetadata", "Records", "TotalNumRows")}
        if isinstance(entry, Example) and not entry.ordered:
            answer["Records"] = sorted(answer["Records"], key=repr)  # some are bytes
    return answer


def answers_to(warehouse: Warehouse, scenario: Scenario) -> list[Answer]:
    """Make a scenario's calls, and return each answer without what every run has anew."""
    answers, known = list[Answer](), dict(warehouse.where)
    for step in scenario.steps:
        arguments = _filled(step["arguments"], known)
        try:
            call = getattr(warehouse.client, xform_name(step["operation"]))
            answer = call(**arguments)
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            answers.append({"HTTP": status, **_steady(error.response)})
            continue
        known |= {name: answer[name] for name in ("Id", "SessionId") if name in answer}
        answers.append(_steady(answer))
    return answers


def _filled(value: Any, known: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return value.format_map(known) if value.startswith("{") else value
    if isinstance(value, list):
        return [_filled(each, known) for each in value]
    if isinstance(value, dict):
        return {name: _filled(each, known) for name, each in value.items()}
    return value


def _steady(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: "…" if name in _VOLATILE else _steady(v) for name, v in value.items()}
    if isinstance(value, list):
        return [_steady(each) for each in value]
    return _IDENTIFIER.sub("…", value) if isinstance(value, str) else value


def write(answers: Mapping[str, Any], folder: Path = GOLDEN) -> None:
    """Write answers by key, `<topic>-<digest>`, into a file for each topic, beside those there."""
    folder.mkdir(exist_ok=True)
    for topic in sorted({name.rpartition("-")[0] for name in answers}):
        path = folder / f"{topic}.json"
        kept = json.loads(path.read_text()) if path.exists() else {}
        kept |= {key: each for key, each in answers.items() if key.rpartition("-")[0] == topic}
        text = json.dumps(kept, indent=1, ensure_ascii=False, sort_keys=True, default=str)
        path.write_text(text + "\n")


def recorded(folder: Path = GOLDEN) -> dict[str, Any]:
    """Return every recorded answer by key; none until somebody has recorded them."""
    answers: dict[str, Any] = {}
    for path in sorted(folder.glob("*.json")):
        answers |= json.loads(path.read_text())
    return answers

"""Each handler imports its allowed set of packages and no other; what it costs follows from it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
SDK = {"boto3", "certifi", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3"}
TELEMETRY = {"aws_lambda_powertools", "aws_xray_sdk", "wrapt", "typing_extensions"}
SCHEMAS = {"fastjsonschema"}
COMMON = {"pipeline"} | SDK | TELEMETRY
HANDLERS = {
    "receive.request": COMMON | SCHEMAS,
    "receive.webhook": COMMON | SCHEMAS,
    "receive.change": COMMON | SCHEMAS,
    "receive.upload": COMMON | SCHEMAS,
    "stage.batch": COMMON | SCHEMAS,
    "prepare.start": COMMON,
    "prepare.enrich": COMMON | SCHEMAS,
    "prepare.detect": COMMON | SCHEMAS,
    "prepare.summarise": COMMON | SCHEMAS,
    "load.batches": COMMON | SCHEMAS,
    "load.schema": COMMON | SCHEMAS,
    "load.usage": COMMON,
    "serve.metrics": COMMON | SCHEMAS,
    "serve.events": COMMON | SCHEMAS,
    "serve.status": COMMON | SCHEMAS,
    "serve.exports": COMMON | SCHEMAS,
    "serve.documents": COMMON | SCHEMAS,
    "watch.check": COMMON,
}
VARIABLES = [
    "EVENT_QUEUE_URL",
    "LOAD_QUEUE_URL",
    "LAKE_BUCKET",
    "BUS_NAME",
    "WEBHOOK_SECRET_ARN",
    "STATE_MACHINE_ARN",
    "WORKGROUP_NAME",
    "DATABASE_NAME",
    "COPY_ROLE_ARN",
    "ADMIN_SECRET_ARN",
    "LOADER_ROLE_NAME",
    "READER_ROLE_NAME",
    "CHECKER_ROLE_NAME",
    "BUDGET_TABLE",
    "CURSOR_SECRET_ARN",
    "UNLOAD_ROLE_ARN",
]
NUMBERS = ["READS_PER_SECOND", "CACHE_TTL_SECONDS", "MISSING_AFTER_SECONDS"]
PROGRAM = """
import sys
before = set(sys.modules)
import pipeline.{handler}
print(*sorted({{name.split('.')[0] for name in set(sys.modules) - before}} - sys.stdlib_module_names))
"""


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_handler_imports_only_its_allowed_packages(handler: str) -> None:
    environment = {
        **os.environ,
        **dict.fromkeys(VARIABLES, "arn:aws:x:us-east-1:000000000000:x/x"),
        **dict.fromkeys(NUMBERS, "1"),
        "PYTHONPATH": str(SOURCE),
        "PYTHONSAFEPATH": "1",
    }
    run = subprocess.run(  # noqa: S603 (our own program)
        [sys.executable, "-c", PROGRAM.format(handler=handler)],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    imported = {name for name in run.stdout.split() if not name.startswith("_")}
    assert imported <= HANDLERS[handler]

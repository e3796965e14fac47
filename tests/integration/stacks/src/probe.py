"""Handlers that print what reached them, and fail when they are told to."""

import importlib
import json
import logging
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)


SLOW_SECONDS = 1.5


class Refused(Exception):
    pass


def answer(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Answer an HTTP request with the moment and the process that answered."""
    wanted = event.get("queryStringParameters") or {}
    body = {"at": time.time_ns(), "pid": os.getpid(), "path": event.get("rawPath")}
    return {"statusCode": int(wanted.get("status", 200)), "body": json.dumps(body)}


def echo(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Answer an HTTP request with what was handed over of it."""
    return {"statusCode": 200, "body": json.dumps(event)}


def misanswer(event: dict[str, Any], _context: Any) -> Any:
    """Answer an HTTP request with the JSON that it asks for, unless it asks for a failure."""
    wanted = event["queryStringParameters"]
    if "raise" in wanted:
        raise Refused(wanted["raise"])
    if "sleep" in wanted:
        time.sleep(float(wanted["sleep"]))
    return json.loads(wanted.get("answer", "{}"))


def obey(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Do as the event says: raise, sleep, log, import or die; then tell the process id."""
    if event.get("log"):
        logger.info(event["log"])
    if event.get("sleep"):
        time.sleep(event["sleep"])
    if event.get("raise"):
        raise Refused(event["raise"])
    if event.get("exit"):
        sys.exit(1)
    if event.get("import"):
        importlib.import_module(event["import"])
    return {"pid": os.getpid(), "environment": dict(os.environ)}


def count(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Print the names of the records, and report those that say `bad` as failed."""
    records = event["Records"]
    print(json.dumps({"records": [name(record) for record in records]}))  # noqa: T201 - tests read it
    if any("explode" in text(record) for record in records):
        raise Refused("explode")
    if any("slow" in text(record) for record in records):
        Path(tempfile.gettempdir(), "slow").write_text(str(os.getpid()))
        time.sleep(SLOW_SECONDS)
    failed = [place(record) for record in records if "bad" in text(record)]
    return {"batchItemFailures": [{"itemIdentifier": item} for item in failed]}


def text(record: dict[str, Any]) -> str:
    return str(record.get("body") or json.dumps(record["dynamodb"]["Keys"]))


def name(record: dict[str, Any]) -> str:
    return str(record.get("body") or record["dynamodb"]["Keys"]["pk"]["S"])


def place(record: dict[str, Any]) -> str:
    return str(record.get("messageId") or record["dynamodb"]["SequenceNumber"])


def refuse(event: dict[str, Any], _context: Any) -> None:
    """Fail, whatever comes."""
    print(json.dumps({"refused": event.get("id")}))  # noqa: T201 - tests read it
    raise Refused("always")

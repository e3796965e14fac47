"""The local gateway: cached answers against its own floor, and many callers against the warehouse."""

import http.client
import json
import os
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlencode, urlsplit

from benchmarks.questions import QUESTIONS
from benchmarks.year import TYPE
from local.cloud import LocalCloud, api_url
from local.stack import Stack

PATH = f"/v1/metrics/{TYPE}"
GETS = 1_500
STAGE = "floor"
RATE = 200
QUESTIONS_ASKED = 50
CONNECTIONS = 256
PERIODS = 3
SCRIPT = Path(__file__).with_name("paced.lua")
NO_THROTTLE = "100000"


def allow_many_requests(cloud: LocalCloud) -> None:
    """Take the usage plans' throttle away, which is not what is measured."""
    gateway = cloud.client("apigateway")
    for plan in gateway.get_usage_plans()["items"]:
        gateway.update_usage_plan(
            usagePlanId=plan["id"],
            patchOperations=[
                {"op": "replace", "path": f"/throttle/{limit}", "value": NO_THROTTLE}
                for limit in ("rateLimit", "burstLimit")
            ],
        )


def cached_reads(cloud: LocalCloud, stack: Stack) -> dict[str, str]:
    """Compare cached answers with a constant of the same length, behind the same check of the key."""
    question = QUESTIONS["mean delay by month and origin"]
    cached = f"{stack.url}{PATH}?{urlencode(question)}"
    client = _Client(cloud, stack)
    length = int(client.get(cached)[1]["Content-Length"])
    constant = _constant_api(cloud, stack, "x" * length)
    times: dict[str, list[float]] = {"cached": [], "constant": []}
    for _ in range(GETS):
        seconds, headers = client.get(cached)
        if headers.get("X-Cache") == "Hit":
            times["cached"].append(seconds)
        times["constant"].append(client.get(constant)[0])
    client.close()
    ours, floor = (1000 * _p95(times[which]) for which in ("cached", "constant"))
    return {
        "cached GET through the gateway, p95, times a constant answer's": (
            f"{ours / floor:.2f} ({ours:.1f} ms)"
        )
    }


def _p95(seconds: list[float]) -> float:
    return quantiles(seconds, n=20)[-1]


class _Client:
    """One connection that stays open."""

    def __init__(self, cloud: LocalCloud, stack: Stack) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(cloud.endpoint).netloc, timeout=35)
        self._headers = {"x-api-key": stack.api_key}

    def get(self, url: str) -> tuple[float, http.client.HTTPMessage]:
        """Fetch a whole answer; returns the seconds it took, and its headers."""
        target = url.split(self._connection.host, 1)[1].partition("/")[2]
        started = time.perf_counter()
        self._connection.request("GET", f"/{target}", headers=self._headers)
        answer = self._connection.getresponse()
        answer.read()
        seconds = time.perf_counter() - started
        if answer.status != http.client.OK:
            raise RuntimeError(f"{answer.status} from {url}")
        return seconds, answer.headers

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _constant_api(cloud: LocalCloud, stack: Stack, body: str) -> str:
    """Make an API that answers without a function; returns where it is asked."""
    gateway = cloud.client("apigateway")
    api = gateway.create_rest_api(name=STAGE)["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    resource = gateway.create_resource(restApiId=api, parentId=root, pathPart="constant")["id"]
    method = {"restApiId": api, "resourceId": resource, "httpMethod": "GET"}
    gateway.put_method(**method, authorizationType="NONE", apiKeyRequired=True)
    gateway.put_method_response(**method, statusCode="200")
    request = {"application/json": '{"statusCode": 200}'}
    gateway.put_integration(**method, type="MOCK", requestTemplates=request)
    answer = {"application/json": body}
    gateway.put_integration_response(**method, statusCode="200", responseTemplates=answer)
    gateway.create_deployment(restApiId=api, stageName=STAGE)
    stages = [{"apiId": api, "stage": STAGE}]
    plan = gateway.create_usage_plan(name=STAGE, apiStages=stages)["id"]
    key = stack.outputs["ApiKeyId"]
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    return f"{api_url(cloud, api, STAGE)}/constant"


def many_callers(
    cloud: LocalCloud, stack: Stack, calls: Counter[str], ttl_seconds: int
) -> dict[str, str]:
    """Ask many questions often, and count what reaches the warehouse in each time to live."""
    name = f"{RATE} requests/s of {QUESTIONS_ASKED} questions"
    if not shutil.which("wrk"):
        return {name: "not measured: wrk is not installed"}
    paths = cloud.state / "paths.txt"
    paths.write_text("".join(f"{path}\n" for path in _paths(stack)))
    with _asking(cloud, stack, paths, PERIODS * ttl_seconds) as asking:
        counts = list(_counted(calls, ttl_seconds))
        printed, _ = asking.communicate()
    made = json.loads(printed.splitlines()[-1])
    wrong = made["refused"] + made["failed"] + made["broken"]
    return {
        name: (
            f"{made['requests'] / made['seconds']:.0f}/s answered, {wrong} errors, "
            f"{made['stale']} stale, p50 {made['p50_ms']:.1f} ms"
        ),
        f"{name}, statements in each {ttl_seconds} s to live": ", ".join(map(str, counts)),
    }


def _paths(stack: Stack) -> Iterator[str]:
    """Yield a question for each of so many days."""
    first = date(2013, 3, 1)
    for number in range(QUESTIONS_ASKED):
        day = first + timedelta(number)
        asked = {
            "measure": "arr_delay", "stat": "avg", "group_by": "airline",
            "from": str(day), "to": str(day + timedelta(1)),
        }  # fmt: skip
        yield f"{urlsplit(stack.url).path}{PATH}?{urlencode(asked)}"


def _asking(cloud: LocalCloud, stack: Stack, paths: Path, seconds: int) -> "subprocess.Popen[str]":
    options = ["-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "30s", "-s", str(SCRIPT)]
    settings = {"PATHS": str(paths), "RATE": str(RATE), "API_KEY": stack.api_key}
    return subprocess.Popen(
        ["wrk", *options, cloud.endpoint],
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        text=True,
    )


def _counted(calls: Counter[str], seconds: int) -> Iterator[int]:
    started, before = time.monotonic(), calls["ExecuteStatement"]
    for period in range(1, PERIODS + 1):
        time.sleep(max(0.0, started + period * seconds - time.monotonic()))
        counted = calls["ExecuteStatement"]
        yield counted - before
        before = counted

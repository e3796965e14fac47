"""Calls a handler again and again, with its telemetry or without; runs in an environment like its own.

The process that has loaded and warmed the handler forks one child for each mode, so that valgrind
counts the calls of each apart; `idle` makes none. Tells on stderr which process was which.
"""

import gc
import importlib
import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from benchmarks.context import Context
from pipeline import telemetry

EVENTS = Path(__file__).parents[1] / "events"
WARM = 3
# `Root` differs from call to call, as Lambda has it.
HEADER = "Root=1-5759e988-{:024x};Parent=53995c3f42cd8ad8;Sampled={}"
SILENCED = ("pipeline.telemetry", "pipeline.tracing")
SAMPLED: Mapping[str, int] = {"off": 0, "idle": 0, "unsampled": 0, "sampled": 1}


def payload(name: str) -> Any:
    """Read one of the payloads of `events/`."""
    return json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))


def one_event() -> Any:
    """Make a request with one event."""
    return payload("receive_request")


def many_events() -> Any:
    """Make a request with a batch of 100 events."""
    request = payload("receive_request")
    event = json.loads(request["body"])
    request["body"] = json.dumps([{**event, "id": f"{event['id']}-{n}"} for n in range(100)])
    content_type = "application/cloudevents-batch+json"
    request["headers"]["Content-Type"] = content_type
    request["multiValueHeaders"]["Content-Type"] = [content_type]
    return request


def thousand_rows() -> Any:
    """Make ten messages of 100 rows each."""
    delivery = payload("stage_batch")
    message = delivery["Records"][0]
    line = message["body"].split("\n")[0]
    body = "\n".join([line] * 100)
    return {"Records": [{**message, "messageId": f"m{n}", "body": body} for n in range(10)]}


def announcements() -> Any:
    """Make a delivery that announces a batch and its facts."""
    return payload("load_batches")


def question() -> Any:
    """Make a question past the caches: the warehouse is asked every time."""
    return payload("read_metrics")


HANDLERS: Mapping[str, tuple[str, Callable[[], Any]]] = {
    "receive_request, 1 event": ("pipeline.receive.request", one_event),
    "receive_request, 100 events": ("pipeline.receive.request", many_events),
    "stage_batch, 1,000 events": ("pipeline.stage.batch", thousand_rows),
    "load_batches": ("pipeline.load.batches", announcements),
    "read_metrics": ("pipeline.serve.metrics", question),
}


class Silent:
    """A logger that writes nothing; a mock would cost as much as a real one."""

    def _nothing(self, *_: Any, **__: Any) -> None:
        """Do nothing."""

    debug = info = warning = error = exception = append_keys = _nothing


def silence() -> None:
    """Replace logs, metrics and traces by nothing, before a handler takes hold of them."""
    for name, value in list(vars(telemetry).items()):
        if callable(value) and getattr(value, "__module__", "") in SILENCED:
            setattr(telemetry, name, lambda *_, **__: None)
    telemetry.observed = lambda handler: handler
    telemetry.step = lambda *_, **__: nullcontext()
    telemetry.logger = Silent()  # type: ignore[assignment]


def caller(module: Any, event: Any) -> Callable[[int, int], None]:
    """Make a call of the handler; one that reads forgets what it answered before."""
    kept = getattr(getattr(module, "desk", None), "kept", None)

    def call(number: int, sampled: int) -> None:
        os.environ["_X_AMZN_TRACE_ID"] = HEADER.format(number, sampled)
        if kept:
            kept._memory.clear()  # noqa: SLF001 (no caller could)
        answer = module.handler(event, Context())
        if not expected(answer):
            raise SystemExit(f"the handler answered {answer}")

    return call


def expected(answer: Any) -> bool:
    """Tell whether a handler did its work."""
    return answer.get("statusCode") in {200, 202} or answer.get("batchItemFailures") == []


def main(what: str, rounds: int, *modes: str) -> None:
    """Call one of HANDLERS so often in each mode."""
    if "off" in modes:
        silence()
    name, make = HANDLERS[what]
    call = caller(importlib.import_module(name), make())
    for number in range(WARM):
        call(number, SAMPLED[modes[-1]])
    # A full collection costs as much as some calls, and would fall into one mode or another.
    gc.collect()
    gc.freeze()
    for mode in modes:
        if child := os.fork():
            sys.stderr.write(f"{mode} is {child}\n")
            _, status = os.waitpid(child, 0)
            if status:
                raise SystemExit(f"{mode} failed")
            continue
        for number in range(0 if mode == "idle" else rounds):
            call(WARM + number, SAMPLED[mode])
        os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])

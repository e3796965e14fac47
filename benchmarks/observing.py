"""Calls handlers again and again, with their telemetry or without; runs in an environment like theirs.

The process that has loaded and warmed them forks one child for each handler and mode, so that
valgrind counts the calls of each apart, and one that makes none (IDLE). Tells on stderr which process
was which.
"""

import gc
import importlib
import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.context import Context
from pipeline import telemetry
from pipeline.shared_table import Watch

EVENTS = Path(__file__).parents[1] / "events"
WARM = 3
# `Root` differs from call to call, as Lambda has it.
HEADER = "Root=1-5759e988-{:024x};Parent=53995c3f42cd8ad8;Sampled={}"
SILENCED = ("pipeline.telemetry", "pipeline.tracing")
SAMPLED: Mapping[str, int] = {"off": 0, "unsampled": 0, "sampled": 1}
IDLE = "idle"


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
    """Make a call of the handler; one that reads forgets what it answered before.

    Its budget is of another second each time, and of one for all of a call: where a second ends in
    it, the table is asked once more.
    """
    desk = getattr(module, "desk", None)

    def call(number: int, sampled: int) -> None:
        os.environ["_X_AMZN_TRACE_ID"] = HEADER.format(number, sampled)
        if desk:
            desk.kept._memory.clear()  # noqa: SLF001 (no caller could)
            desk.budget._watch = Watch(now=lambda: float(number))  # noqa: SLF001 (no caller could)
        answer = module.handler(event, Context())
        if not expected(answer):
            raise SystemExit(f"the handler answered {answer}")

    return call


def expected(answer: Any) -> bool:
    """Tell whether a handler did its work."""
    return answer.get("statusCode") in {200, 202} or answer.get("batchItemFailures") == []


def main(modes: str, *wanted: str) -> None:
    """Call each of HANDLERS that is wanted (`name=times`) so often in each mode (`off,sampled`)."""
    chosen = modes.split(",")
    if "off" in chosen:
        silence()
    times = {what: int(number) for what, _, number in (one.rpartition("=") for one in wanted)}
    calls = {what: warmed(what, chosen[-1]) for what in times}
    # A collection costs as much as some calls, and would fall into one mode or another.
    gc.collect()
    gc.disable()
    fork(IDLE, lambda: None)
    for what, call in calls.items():
        for mode in chosen:
            fork(f"{what}, {mode}", partial(repeat, call, times[what], SAMPLED[mode]))


def warmed(what: str, mode: str) -> Callable[[int, int], None]:
    """Load a handler and call it until everything that it keeps is there."""
    name, make = HANDLERS[what]
    call = caller(importlib.import_module(name), make())
    repeat(call, WARM, SAMPLED[mode])
    return call


def repeat(call: Callable[[int, int], None], times: int, sampled: int) -> None:
    """Make so many calls, each of a trace of its own."""
    for number in range(times):
        call(number, sampled)


def fork(name: str, work: Callable[[], None]) -> None:
    """Work in a process of its own, and wait for its end."""
    if child := os.fork():
        sys.stderr.write(f"{name} is {child}\n")
        _, status = os.waitpid(child, 0)
        if status:
            raise SystemExit(f"{name} failed")
    else:
        work()
        sys.stdout.flush()
        os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])

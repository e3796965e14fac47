"""What all answers of the endpoint have in common: names of questions, headers, conditions."""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol

from pipeline import telemetry
from pipeline.errors import PipelineError
from pipeline.serve.asking.headers import header
from pipeline.serve.asking.moments import format_moment
from pipeline.serve.desk.caching import caching
from pipeline.serve.telling import problems
from pipeline.serve.telling.answers import Answer
from pipeline.serve.telling.problems import Response

NOT_MODIFIED = 304
# Part of every key: raise it when answers change their shape, so that no earlier one stands in.
SHAPE = 2

# What a read may take, where nobody says that less time is left.
READ_SECONDS = 17

Event = Mapping[str, Any]


class Read(Protocol):
    """Asks the warehouse and whatever else an answer needs."""

    def __call__(self, seconds: float = READ_SECONDS) -> Answer:
        """Return the answer within so many seconds."""


@dataclass(frozen=True)
class Inquiry:
    """A checked question: `key` is the same for equal ones, however they were spelled.

    `common` tells whether others are likely to ask it too; a page by its cursor is one caller's.
    `versioned` tells whether the same version of the data always gives the same answer. `lasts` is
    for how many seconds an answer is good, if that is less than the cache's time to live.
    """

    key: str
    read: Read
    common: bool = True
    versioned: bool = True
    lasts: int = sys.maxsize


def inquiry(
    route: str,
    question: Mapping[str, Any],
    read: Read,
    *,
    common: bool = True,
    versioned: bool = True,
) -> Inquiry:
    """Make an inquiry whose key is a hash of the route and the question's normal form."""
    normal = json.dumps([SHAPE, route, question], sort_keys=True, ensure_ascii=True)
    return Inquiry(sha256(normal.encode()).hexdigest(), read, common, versioned)


def describe(event: Event, write: Callable[[], Answer], max_age: int) -> Response:
    """Answer an event for which no warehouse is asked, with what `write` returns."""
    try:
        written = write()
        return conditional(event, respond_with(written, content_of(written), max_age))
    except problems.EXPECTED as fault:
        report(fault)
        return problems.problem(fault)


def content_of(written: Answer) -> str:
    """Name an answer by what it says: the same but for the moment it was written is the same."""
    lasting = written.body.replace(format_moment(written.as_of), "")
    return sha256(lasting.encode()).hexdigest()


def respond_with(written: Answer, name: str, max_age: int) -> Response:
    """Make the response of an answer.

    The ETag is weak: the same name and version of the data mean the same but for its `as_of`.
    """
    headers = {
        "Content-Type": written.content_type,
        "Cache-Control": caching(max_age),
        "ETag": f'W/"{written.data_version or 0}-{name[:20]}"',
        "As-Of": format_moment(written.as_of),
        **written.headers,
    }
    if written.data_version is not None:
        headers["Data-Version"] = str(written.data_version)
    return problems.answer(written.body, headers)


def conditional(event: Event, response: Response) -> Response:
    """Turn a response into a 304 if the caller has it already.

    API Gateway keeps that 304 too: If-None-Match is part of the cache's key for this reason.
    """
    known = {tag.strip().removeprefix("W/") for tag in header(event, "If-None-Match").split(",")}
    etag = response["headers"].get("ETag", "").removeprefix("W/")
    if not etag or not known & {etag, "*"}:
        return response
    headers = {n: v for n, v in response["headers"].items() if n != "Content-Type"}
    return problems.answer("", headers, NOT_MODIFIED)


def wants_fresh(event: Event) -> bool:
    """Tell whether the caller asks past every cache."""
    asked = header(event, "Cache-Control").replace(" ", "").lower().split(",")
    return "max-age=0" in asked or "no-cache" in asked


def report(fault: PipelineError) -> None:
    """Log and count what a caller is told by a problem, or is spared by a stale answer."""
    telemetry.logger.warning("not answered", extra=problems.log_fields(fault))
    telemetry.count(type(fault).__name__, 1)

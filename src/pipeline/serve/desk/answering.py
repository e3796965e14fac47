"""What all answers of the endpoint have in common: names of questions, headers, conditions."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from pipeline import telemetry
from pipeline.errors import PipelineError
from pipeline.serve.asking.headers import header
from pipeline.serve.asking.moments import format_moment
from pipeline.serve.telling import problems
from pipeline.serve.telling.answers import Answer
from pipeline.serve.telling.problems import Response

NOT_MODIFIED = 304
# Part of every key: raise it when answers change their shape, so that no earlier one stands in.
SHAPE = 1

Event = Mapping[str, Any]


@dataclass(frozen=True)
class Inquiry:
    """A checked question: `key` is the same for equal ones, however they were spelled.

    `common` tells whether others are likely to ask it too; a page by its cursor is one caller's.
    """

    key: str
    read: Callable[[], Answer]
    common: bool = True


def inquiry(
    route: str, question: Mapping[str, Any], read: Callable[[], Answer], *, common: bool = True
) -> Inquiry:
    """Make an inquiry whose key is a hash of the route and the question's normal form."""
    normal = json.dumps([SHAPE, route, question], sort_keys=True, ensure_ascii=True)
    return Inquiry(sha256(normal.encode()).hexdigest(), read, common)


def describe(event: Event, write: Callable[[], Answer], max_age: int) -> Response:
    """Answer an event for which no warehouse is asked, with what `write` returns."""
    try:
        written = write()
        # The same but for the moment it was written is the same.
        lasting = written.body.replace(format_moment(written.as_of), "")
        content = sha256(lasting.encode()).hexdigest()
        return conditional(event, respond_with(written, content, max_age))
    except problems.EXPECTED as fault:
        report(fault)
        return problems.problem(fault)


def respond_with(written: Answer, key: str, max_age: int) -> Response:
    """Make the response of an answer.

    The ETag is weak: the same version of the data gives the same answer but for its `as_of`.
    """
    headers = {
        "Content-Type": written.content_type,
        "Cache-Control": f"private, max-age={max_age}",
        "ETag": f'W/"{written.data_version or 0}-{key[:20]}"',
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

"""The id that joins what came in together, from the sender's answer to the warehouse.

It goes beside rows, not in them: a message of the queue has it as an attribute, which code of an
earlier release passes over, and staging writes it into each row of the lake.
"""

import re
from typing import Any

HEADER = "x-correlation-id"
FORM = re.compile(r"[A-Za-z0-9._:=-]{1,64}\Z", re.ASCII)
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", re.ASCII | re.IGNORECASE)


def first_usable(*told: Any) -> str:
    """Return the first text that can be a correlation id; the empty text if none can."""
    return next((text for text in told if isinstance(text, str) and FORM.match(text)), "")


def request_id(event: Any, context: Any) -> str:
    """Return the id that the API, or the function's URL, gave a request; else the invocation's.

    Clients may replace API Gateway's id by a header, so one of another form than its own is not
    taken: whatever stands in it would be in logs.
    """
    told = (event.get("requestContext") or {}).get("requestId")
    given = isinstance(told, str) and UUID.match(told)
    return first_usable(told if given else None, context.aws_request_id)

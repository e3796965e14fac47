"""What is told of every request to the endpoint: how long it took, and a line without its questions."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol

from pipeline import telemetry
from pipeline.correlation import request_id
from pipeline.data_api_usage import Usage
from pipeline.serve.telling.problems import Response

FAILED = 502  # what API Gateway makes of a function that fails

Handler = Callable[[Any, Any], Response]


class Asked(Protocol):
    """What is used of a warehouse."""

    def take_usage(self) -> Usage:
        """Tell what was asked of it since this was asked last."""


def reading(warehouse: Asked | None = None) -> Callable[[Handler], Handler]:
    """Tell of each request what it took, whatever became of it, in lines with the request's id.

    Where an answer came from is known to whoever finds it, who adds it to the line (`source`). What
    was asked stays out: the line has the route's template, neither path nor parameters.
    """

    def told(handler: Handler) -> Handler:
        @wraps(handler)
        def telling(event: Any, context: Any) -> Response:
            started, status = time.monotonic(), FAILED
            telemetry.identify(correlation_id=request_id(event, context))
            try:
                response = handler(event, context)
                status = response["statusCode"]
                return response
            finally:
                if warehouse:
                    telemetry.count_usage(warehouse.take_usage())
                _tell(event, status, 1000 * (time.monotonic() - started))

        return telling

    return told


def _tell(event: Any, status: int, milliseconds: float) -> None:
    telemetry.gauge("ReaderLatency", milliseconds, telemetry.MetricUnit.Milliseconds)
    line = {
        "method": event.get("httpMethod"),
        "route": event.get("resource"),
        "status": status,
        "duration_ms": round(milliseconds, 1),
    }
    telemetry.logger.info("answered", extra=line)

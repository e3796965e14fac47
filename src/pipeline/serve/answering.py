"""What all reads of the endpoint have in common: their deadline, and how they end."""

from collections.abc import Callable

from pipeline import telemetry
from pipeline.serve import problems

READ_SECONDS = 25  # below the 29 s after which API Gateway gives up


def answered(read: Callable[[], str]) -> problems.Response:
    """Answer with the JSON text that `read` returns, or with a problem, logged and counted."""
    try:
        return problems.answer(read())
    except problems.EXPECTED as fault:
        telemetry.logger.warning("not answered", extra=problems.log_fields(fault))
        telemetry.count(type(fault).__name__, 1)
        return problems.problem(fault)

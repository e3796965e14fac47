"""A function that a rule invokes is retried and has its failure destination.

EventBridge invokes Lambda asynchronously: a failed event is tried again (MaximumRetryAttempts, 2 by
default) and goes to the function's OnFailure destination. Stock ministack invokes once and forgets.
"""

import json
from typing import Any

from ministack.services import eventbridge, lambda_svc

from local.mends.seams import seam

_function = seam(__name__, lambda_svc, "_get_func_record_for_ref")
_execution_record = seam(__name__, lambda_svc, "_execution_record_for_config")
_invoke_async = seam(__name__, lambda_svc, "invoke_async_with_retry")
seam(__name__, eventbridge, "_dispatch_to_lambda")


def apply() -> None:
    """Send a rule's events the way other asynchronous invocations go."""
    eventbridge._dispatch_to_lambda = _dispatch


def _dispatch(arn: str, payload: str) -> Any:
    function, config, _ = _function(arn)
    if function:
        _invoke_async(_execution_record(function, config), json.loads(payload))

"""Errors raised by a handler keep their class name, and the worker lives on.

AWS answers `errorType` with the name of the exception's class, so that a state machine's Retry and
Catch can name it, writes the exception to the log, and keeps the execution environment. Stock
ministack answers `Runtime.HandlerError` for every exception and kills the worker. A process that
died by itself is `Runtime.ExitError` on AWS, and `Runtime.HandlerError` here too.
"""

import json
from datetime import UTC, datetime
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from local.mends.seams import replace_once, seam

_RAISED = "\u0000raised"
_execute_function_warm = seam(__name__, lambda_svc, "_execute_function_warm")
_script = seam(__name__, lambda_runtime, "_PYTHON_WORKER_SCRIPT")

_STOCK = (
    '_real_stdout.write(json.dumps({"status": "error", "error": str(e), '
    '"trace": traceback.format_exc()}) + "\\n")'
)
_MENDED = f"""_real_stdout.write(json.dumps({{"status": "ok", "result": {{{_RAISED!r}: {{
                "errorMessage": str(e), "errorType": type(e).__name__,
                "requestId": context.aws_request_id,
                "stackTrace": traceback.format_tb(e.__traceback__),
            }}}}}}) + "\\n")"""
replace_once(__name__, _script, _STOCK, _MENDED)


def apply() -> None:
    """Let the worker report a raised error as a result, and read it back as an error."""
    lambda_runtime._PYTHON_WORKER_SCRIPT = replace_once(
        __name__, lambda_runtime._PYTHON_WORKER_SCRIPT, _STOCK, _MENDED
    )
    lambda_svc._execute_function_warm = _execute


def _execute(function: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
    outcome: dict[str, Any] = _execute_function_warm(function, event, request_id)
    body = outcome.get("body")
    if isinstance(body, dict) and _RAISED in body:
        raised = body[_RAISED]
        log = [*filter(None, [outcome.get("log")]), logged(function, raised)]
        return {
            "body": raised,
            "error": True,
            "function_error": "Unhandled",
            "log": "\n".join(log),
        }
    if isinstance(body, dict) and body.get("errorMessage") == "Worker process died":
        outcome["body"] = {"errorMessage": "Runtime exited", "errorType": "Runtime.ExitError"}
    return outcome


def logged(function: dict[str, Any], raised: dict[str, Any]) -> str:
    """Write an exception as the runtime logs it in the function's format."""
    if logs_json(function.get("config") or function):
        moment = datetime.now(UTC).isoformat(timespec="seconds")
        return json.dumps({"timestamp": moment, "level": "ERROR", **raised})
    return "".join(
        [
            f"[ERROR] {raised['errorType']}: {raised['errorMessage']}\n",
            "Traceback (most recent call last):\n",
            *raised["stackTrace"],
        ]
    )


def logs_json(config: dict[str, Any]) -> bool:
    """Whether a function logs in JSON."""
    return (config.get("LoggingConfig") or {}).get("LogFormat") == "JSON"

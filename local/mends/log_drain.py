"""An invocation doesn't wait for log lines that never come, nor lose those that come late.

AWS adds no latency to a silent handler. Stock ministack waits 50 ms after each invocation for
lines on the worker's standard error, and gives up on lines that come later.
"""

import queue
import time
from typing import Any

from ministack.core import lambda_runtime

from local.mends.seams import replace_once, seam

_END = "\x1eend of invocation\x1e"
_PATIENCE_SECONDS = 0.25  # for a worker that died before it could write the end mark
_script = seam(__name__, lambda_runtime, "_PYTHON_WORKER_SCRIPT")
_worker = seam(__name__, lambda_runtime, "Worker")
seam(__name__, _worker, "_drain_stderr_bounded")

_STOCK = "        _real_stdout.flush()\n\nrun()"
_MENDED = f"""        sys.stderr.write({_END + chr(10)!r})
        sys.stderr.flush()
{_STOCK}"""
replace_once(__name__, _script, _STOCK, _MENDED)


def apply() -> None:
    """Let the worker mark the end of its lines, and read up to the mark."""
    lambda_runtime._PYTHON_WORKER_SCRIPT = replace_once(
        __name__, lambda_runtime._PYTHON_WORKER_SCRIPT, _STOCK, _MENDED
    )
    _worker._drain_stderr_bounded = _drain


def _drain(worker: Any) -> str:
    lines: list[str] = []
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            line = worker._stderr_queue.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            break
        if line.endswith(_END):
            lines += filter(None, [line.removesuffix(_END)])
            break
        lines.append(line)
    return "\n".join(lines)

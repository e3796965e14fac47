"""Log lines as Powertools writes them, for half of what that takes: most lines are plain."""

import json
import os
import time
from functools import lru_cache
from logging import LogRecord, makeLogRecord
from typing import Any

from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

# An encoder made once: json.dumps makes one for every line that has options.
encoder = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, default=str)

# What every record has; whatever else is in one was given as `extra`.
ATTRIBUTES = {*vars(makeLogRecord({})), "message", "asctime"}
TRACE = "_X_AMZN_TRACE_ID"


def encode(value: Any) -> str:
    """Write as one line of JSON that UTF-8 can say: half a surrogate pair stays as JSON escapes it."""
    line = encoder.encode(value)
    return line if line.isascii() else line.encode(errors="backslashreplace").decode()


class LineFormatter(LambdaPowertoolsFormatter):
    """Writes the same members in the same order; exceptions are left to Powertools."""

    def __init__(self) -> None:
        super().__init__(json_serializer=encode, use_rfc3339=True, utc=True)

    def format(self, record: LogRecord) -> str:
        """Write a record as one line of JSON."""
        if record.exc_info:
            return str(super().format(record))
        line: dict[str, Any] = {
            **self.log_format,
            "level": record.levelname,
            "location": f"{record.funcName}:{record.lineno}",
            "message": record.getMessage(),
            "timestamp": self.formatTime(record),
        }
        line.update({k: v for k, v in vars(record).items() if k not in ATTRIBUTES})
        if trace := os.environ.get(TRACE):
            line["xray_trace_id"] = trace.partition(";")[0].removeprefix("Root=")
        return encode({name: value for name, value in line.items() if value is not None})

    def formatTime(self, record: LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802 (its name there)
        """Write the time of a record to the millisecond; most of it is that of the line before.

        Lambda reads the level of a line only where the time beside it is of RFC 3339.
        """
        return f"{_second(int(record.created))}.{int(record.msecs):03d}+00:00"


@lru_cache(maxsize=1)
def _second(moment: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment))

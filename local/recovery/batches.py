"""Finds the lake's batches of a span of time, and describes each as it was announced at first."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from local.recovery.announcing import chunks
from local.recovery.span import Span
from pipeline.lake import Stored, batches_of

# Of every row: pipeline/stage/rows.py proves it.
RECEIVED_AT = re.compile(rb'"received_at":"([0-9T:.-]+Z)"')
SUFFIX = ".jsonl.gz"
# A batch is stored after the receipt of its rows; by how much the clocks may differ.
CLOCK_MARGIN = timedelta(minutes=1)
READERS = 8
CHUNK = 200

Detail = dict[str, Any]


class Lake(Protocol):
    """What is needed of the lake."""

    bucket: str

    def stored_since(self, prefix: str, moment: datetime) -> Iterator[Stored]:
        """Yield objects."""

    def read_lines(self, key: str) -> Iterator[bytes]:
        """Yield lines."""


def candidates(lake: Lake, span: Span) -> Iterator[str]:
    """Yield the keys of batches that may have been received in a span: by day, and when stored."""
    for day in span.days():
        for stored in lake.stored_since(batches_of(day), span.start - CLOCK_MARGIN):
            yield stored.key


def find(lake: Lake, span: Span) -> Iterator[list[Detail | None]]:
    """Read the candidates, many at a time; yields None for each that was received outside of it.

    A batch was received with the first of its rows.
    """
    with ThreadPoolExecutor(READERS) as pool:
        for keys in chunks(candidates(lake, span), CHUNK):
            yield list(pool.map(partial(_described_within, lake, span), keys))


def describe(lake: Lake, key: str) -> Detail:
    """Make the detail of a batch's announcement from its rows."""
    rows, received_at = 0, b""
    for line in lake.read_lines(key):
        rows += 1
        if found := RECEIVED_AT.search(line):
            received_at = min(received_at or found[1], found[1])
    return {
        "batch_id": key.rpartition("/")[2].removesuffix(SUFFIX),
        "bucket": lake.bucket,
        "key": key,
        "rows": rows,
        "received_at": received_at.decode(),
    }


def _described_within(lake: Lake, span: Span, key: str) -> Detail | None:
    detail = describe(lake, key)
    return detail if datetime.fromisoformat(detail["received_at"]) in span else None

"""Where spans stand in a waterfall: one axis of time, on which long silences are cut short."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from local.operations.spans import Span

# A silence longer than this share of all that is busy is drawn as so much and no more: an event
# waits seconds in a queue between milliseconds of work, and may be asked for hours later.
SILENCE = 0.1
MOST_SPANS = 400

Interval = tuple[float, float]


class Axis:
    """Maps moments to shares of the width, from 0 to 1."""

    def __init__(self, busy: Iterable[Interval]) -> None:
        self._islands = merge(busy)
        worked = sum(end - start for start, end in self._islands)
        silence = max(worked * SILENCE, 0.001)
        gaps = [after[0] - before[1] for before, after in pairwise(self._islands)]
        shown = [min(gap, silence) for gap in gaps]
        self._whole = (worked + sum(shown)) or 1.0
        self._starts = self._find_starts(shown)
        self.breaks = [
            {"at": (start - cut) / self._whole, "width": cut / self._whole, "ms": gap * 1000}
            for start, cut, gap in zip(self._starts[1:], shown, gaps, strict=True)
            if gap > cut
        ]

    def place(self, moment: float) -> float:
        """Return where a moment of an island stands."""
        for (start, end), at in zip(self._islands, self._starts, strict=True):
            if moment <= end:
                return (at + max(moment - start, 0)) / self._whole
        return 1.0

    def _find_starts(self, shown: Sequence[float]) -> list[float]:
        """Return where each island begins, in seconds of what is drawn."""
        starts, at = [0.0], 0.0
        for (start, end), silence in zip(self._islands, shown, strict=False):
            at += end - start + silence
            starts.append(at)
        return starts[: len(self._islands)]


def merge(intervals: Iterable[Interval]) -> list[Interval]:
    """Join intervals that overlap or touch; the result is in the order of time."""
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def lay_out(spans: Sequence[Span]) -> dict[str, Any]:
    """Place spans on one axis, as the page takes them.

    `left` and `width` are shares of the axis; `start_ms` counts from the first span. What runs
    still is drawn to the end of what is known.
    """
    shown = spans[:MOST_SPANS]
    first = min((span.start for span in shown), default=0.0)
    last = max((span.end or span.start for span in shown), default=0.0)
    axis = Axis((span.start, _end(span, last)) for span in shown)
    return {
        "at": first * 1000,
        "ms": (last - first) * 1000,
        "spans": [_placed(span, axis, first, last) for span in shown],
        "breaks": axis.breaks,
        "left_out": len(spans) - len(shown),
        "links": sorted({link for span in spans for link in span.links}),
    }


def _end(span: Span, last: float) -> float:
    return max(last if span.end is None else span.end, span.start)


def _placed(span: Span, axis: Axis, first: float, last: float) -> dict[str, Any]:
    left, end = axis.place(span.start), _end(span, last)
    return {
        "trace": span.trace,
        "id": span.id,
        "name": span.name,
        "origin": span.origin,
        "depth": span.depth,
        "status": span.status,
        "note": span.note,
        "annotations": {name: str(value) for name, value in sorted(span.annotations.items())},
        "start_ms": (span.start - first) * 1000,
        "ms": (end - span.start) * 1000,
        "left": left,
        "width": axis.place(end) - left,
    }

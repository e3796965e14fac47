"""What is told of loads: metrics by entrance and type, how fresh the data is, a log line, traces."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from pipeline import telemetry
from pipeline.load.plan import EVENTS, FACTS, Announcement
from pipeline.load.transactions import Load, Outcome

METRICS = {
    "loaded": "EventsLoaded",
    "duplicates": "EventsDuplicate",
    "conflicts": "EventsInConflict",
    "quarantined": "EventsQuarantinedLoaded",
}
Span = tuple[float, float]  # seconds since 1970


def report(outcome: Outcome, announcements: Sequence[Announcement], span: Span) -> None:
    """Tell what became of announcements that were worked on in this span of time."""
    for load in outcome.loads:
        _count(load)
        _count_freshness(load)
        _log(load)
    telemetry.count("LoadsDone", len(outcome.loads))
    telemetry.count("LoadsFailed", outcome.loads_failed)
    telemetry.count("FactsEarly", outcome.early)
    telemetry.count("AnnouncementsMalformed", outcome.malformed)
    batches = {one.message_id: _batch_ids(one) for one in announcements}
    for message_id, reason in outcome.failed.items():
        told = {
            "message_id": message_id,
            "batch_ids": batches.get(message_id, ()),
            "reason": reason,
        }
        telemetry.logger.warning("not loaded", extra=told)
    _trace(outcome, batches, span)


def _count(load: Load) -> None:
    events: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    facts: Counter[str] = Counter()
    for tally in load.tallies:
        if tally["kind"] == EVENTS:
            counted = {metric: int(tally[verdict]) for verdict, metric in METRICS.items()}
            events[tally["entrance"], tally["type"]].update(counted)
        else:
            facts[tally["kind"].removeprefix(FACTS)] += int(tally["loaded"])
    for (entrance, event_type), counts in events.items():
        telemetry.count_by({"entrance": entrance, "type": event_type}, counts)
    for event_type, loaded in facts.items():
        telemetry.count_by({"type": event_type}, {"FactsLoaded": loaded})
    telemetry.gauge("LoadDuration", load.seconds * 1000, telemetry.MetricUnit.Milliseconds)


def _count_freshness(load: Load) -> None:
    """Tell how old data was when it was there: since its receipt by batch, since its newest event."""
    fresh = {tally["batch_id"] for tally in load.tallies if tally["kind"] == EVENTS}
    for pointer in load.pointers:
        if pointer.kind == EVENTS and pointer.batch_id in fresh and pointer.received_at:
            received_at = datetime.fromisoformat(pointer.received_at)
            _count_age("FreshnessFromReceipt", load, received_at)
    newest = [tally["newest"] for tally in load.tallies if tally["newest"]]
    if newest:
        _count_age("FreshnessFromEvent", load, max(newest))


def _count_age(metric: str, load: Load, since: datetime) -> None:
    # Senders' clocks may be ahead, and ours differ by a little: nothing is fresher than now.
    age = max(0.0, (load.committed_at - since).total_seconds())
    telemetry.gauge(metric, age, telemetry.MetricUnit.Seconds)


def _log(load: Load) -> None:
    events = [tally for tally in load.tallies if tally["kind"] == EVENTS]
    facts = [tally for tally in load.tallies if tally["kind"] != EVENTS]
    told = {
        "load_id": load.id,
        "batch_ids": sorted({pointer.batch_id for pointer in load.pointers}),
        "duration_ms": round(load.seconds * 1000),
        "events": {verdict: sum(int(tally[verdict]) for tally in events) for verdict in METRICS},
        "facts": sum(int(tally["loaded"]) for tally in facts),
    }
    telemetry.logger.info("loaded", extra=told)


def _trace(outcome: Outcome, batches: Mapping[str, Iterable[str]], span: Span) -> None:
    """Make a trace findable by its batches, and show those that come again as faults."""
    loads = [load.id for load in outcome.loads]
    types = {tally["type"] for load in outcome.loads for tally in load.tallies if tally["type"]}
    telemetry.annotate(load_id=loads[0] if loads else None)
    telemetry.annotate_type(types)
    failed = {one for message_id in outcome.failed for one in batches.get(message_id, ())}
    known = sorted({one for found in batches.values() for one in found})
    telemetry.note(load_ids=loads, batch_ids=known[: telemetry.MAX_TOLD])
    for batch_id in known[: telemetry.MOST_BATCHES_TRACED]:
        telemetry.trace_past("batch", span, fault=batch_id in failed, batch_id=batch_id)


def _batch_ids(announcement: Announcement) -> list[str]:
    return sorted({pointer.batch_id for pointer in announcement.pointers})

"""What a delivery leaves in metrics, traces and the log: ids and counts, nothing that was sent."""

from collections.abc import Collection

from pipeline import telemetry
from pipeline.quarantined import note_quarantined
from pipeline.receive.http import Answer, Refused, problem, unavailable
from pipeline.receive.outcomes import Outcome
from pipeline.receive.tallies import Tally, tally

CALCULATION = "calculate rows"  # name of the subsegment


def begin(correlation_id: str) -> str:
    """Let whatever this invocation logs and traces be found by what it was called with."""
    telemetry.identify(correlation_id=correlation_id)
    return correlation_id


def note_received(entrance: str, received: Tally) -> None:
    """Count what an entrance has handed on, once for all events of a type with the same fault."""
    for (event_type, code), number in received.items():
        telemetry.count_by({"entrance": entrance, "type": event_type}, {"EventsReceived": number})
        if code:
            note_quarantined(entrance, event_type, code, number)
    telemetry.annotate_type({event_type for event_type, _ in received})
    log = {
        "entrance": entrance,
        "received": received.total(),
        "quarantined": sum(number for (_, code), number in received.items() if code),
    }
    telemetry.logger.info("events were received", extra=log)


def note_outcomes(entrance: str, outcomes: list[Outcome], catalogue: Collection[str]) -> None:
    """Count what became of a request's events; what was rejected was never received."""
    kept = [outcome for outcome in outcomes if outcome.line]
    rejected = len(outcomes) - len(kept)
    telemetry.count_by({"entrance": entrance}, {"EventsRejected": rejected})
    if len(kept) == 1:
        telemetry.annotate(event_key=kept[0].event_key)
    telemetry.log_keys(rejected=rejected)
    note_received(entrance, tally(kept, catalogue))


def refused(entrance: str, refusal: Refused) -> Answer:
    """Count and answer a request of which nothing was taken."""
    telemetry.count_by({"entrance": entrance}, {"RequestsRefused": 1})
    log = {"entrance": entrance, "status": refusal.status, "code": refusal.fault.code}
    telemetry.logger.info("a request was refused", extra=log)
    return problem(refusal.status, refusal.fault)


def note_failure(entrance: str, message: str) -> None:
    """Count a delivery that has to come again, and log the exception that is being handled."""
    telemetry.mark_fault()
    telemetry.logger.exception(message, extra={"entrance": entrance})
    telemetry.count_by({"entrance": entrance}, {"DeliveriesFailed": 1})


def failed(entrance: str, message: str) -> Answer:
    """Count and answer a delivery that was not kept."""
    note_failure(entrance, message)
    return unavailable()

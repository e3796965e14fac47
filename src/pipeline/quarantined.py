"""What is told of quarantined events, whichever stage puts them aside."""

from pipeline import telemetry


def note_quarantined(entrance: str, event_type: str, code: str, events: int) -> None:
    """Count and log quarantined events of one type, named by its label, that have the same fault."""
    telemetry.count_by({"entrance": entrance, "type": event_type}, {"EventsQuarantined": events})
    log = {"entrance": entrance, "event_type": event_type, "code": code, "events": events}
    telemetry.logger.info("events were quarantined", extra=log)

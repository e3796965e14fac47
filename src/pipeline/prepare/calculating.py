"""What every step of a preparation tells: which batch it is about, and where its calculation is."""

from contextlib import AbstractContextManager

from pipeline import telemetry


def about(batch_id: str) -> None:
    """Have all that this invocation logs and traces found by its batch."""
    telemetry.log_keys(batch_id=batch_id)
    telemetry.annotate(batch_id=batch_id)


def calculating(step: str, batch_id: str) -> AbstractContextManager[None]:
    """Trace a calculation; a fault in it is a fault of its subsegment."""
    return telemetry.step(f"calculate {step}", batch_id=batch_id)

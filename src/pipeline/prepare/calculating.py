"""Where the calculation of a preparation's step is, for traces."""

from contextlib import AbstractContextManager

from pipeline import telemetry


def calculating(step: str, batch_id: str) -> AbstractContextManager[None]:
    """Trace a calculation; a fault in it is a fault of its subsegment."""
    return telemetry.step(f"calculate {step}", batch_id=batch_id)

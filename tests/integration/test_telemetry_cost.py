"""Logs, metrics and traces cost a handler at most a tenth of its own work."""

import pytest

from benchmarks.telemetry import Cost, NotMeasurable, cost

# Times the instructions of the same handler without telemetry, a call in twenty being traced.
MOST = 1.10
# A traced call may cost more; it is one in twenty, and rarer under load.
MOST_TRACED = 1.5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "rounds"), [("receive_request, 1 event", 10), ("stage_batch, 1,000 events", 2)]
)
def test_telemetry_costs_a_handler_little(what: str, rounds: int) -> None:
    try:
        found = cost(what, rounds)
    except NotMeasurable as missing:
        pytest.skip(str(missing))
    assert found.mixed <= MOST
    assert found.times(found.sampled) <= MOST_TRACED
    assert found.off < found.unsampled < found.sampled, "nothing was measured"


def test_the_mix_has_one_call_in_twenty_traced() -> None:
    assert Cost(off=100, unsampled=100, sampled=200).mixed == pytest.approx(1.05)

"""How many states a batch passes in the state machine when nothing fails; each is a transition."""

from collections.abc import Iterator, Mapping
from typing import Any

ALERTS = "arn:aws:states:::sns:publish"
Path = tuple[str, ...]


def states_entered(definition: Mapping[str, Any], *, alerting: bool) -> int:
    """Count the states of the longest way to success, with an alert or without one."""
    states = definition["States"]
    ways = _ways(states, definition["StartAt"])
    return max(
        len(way)
        for way in ways
        if alerting or all(_resource(states[name]) != ALERTS for name in way)
    )


def _ways(states: Mapping[str, Any], start: str) -> Iterator[Path]:
    state = states[start]
    if state["Type"] == "Succeed":
        yield (start,)
    for following in _following(state):
        for way in _ways(states, following):
            yield (start, *way)


def _following(state: Mapping[str, Any]) -> list[str]:
    """Name what may come next without an error: Catch is left out."""
    named = [choice["Next"] for choice in state.get("Choices", ())]
    return [*named, *(state[member] for member in ("Default", "Next") if member in state)]


def _resource(state: Mapping[str, Any]) -> str:
    return str(state.get("Resource", ""))

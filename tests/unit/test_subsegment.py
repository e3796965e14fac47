"""Parts of traces are JSON whatever they hold, and tell an exception without its values."""

import json
from typing import Any

import pytest

from pipeline.subsegment import MOST_FRAMES, Subsegment

AWKWARD = 'a "b" \\ \n é 😀'


def written(part: Subsegment) -> Any:
    return json.loads(part.write(part.start + 0.25))


def fall(deep: int) -> None:
    if deep:
        fall(deep - 1)
    raise RuntimeError(AWKWARD)


def test_a_part_has_what_x_ray_asks_for_and_no_more() -> None:
    part = Subsegment("calculate", "1-5759e988-bd862e3fe1be46a994272793", "53995c3f42cd8ad8")
    found = written(part)
    assert found.pop("end_time") == pytest.approx(found.pop("start_time") + 0.25, abs=2e-6)
    assert len(found.pop("id")) == 16
    assert found == {
        "name": "calculate",
        "trace_id": "1-5759e988-bd862e3fe1be46a994272793",
        "parent_id": "53995c3f42cd8ad8",
        "type": "subsegment",
    }


def test_whatever_a_part_holds_is_json() -> None:
    part = Subsegment(AWKWARD, "", "")
    part.annotations = {"text": AWKWARD, "yes": True, "no": False, "half": 0.5, "many": 3}
    part.metadata = {"pipeline": {"batch_ids": [AWKWARD]}}
    part.call = {"operation": "PutObject", "key": AWKWARD}
    part.mark(429)
    found = written(part)
    assert found["name"] == AWKWARD
    assert found["annotations"] == part.annotations
    assert found["metadata"] == part.metadata
    assert (found["namespace"], found["aws"]) == ("aws", part.call)
    assert found["http"] == {"response": {"status": 429}}
    assert found["error"] is found["throttle"] is True


@pytest.mark.parametrize(
    ("status", "marks"),
    [(200, ()), (404, ("error",)), (429, ("error", "throttle")), (500, ("fault",))],
)
def test_a_status_marks_a_part(status: int, marks: tuple[str, ...]) -> None:
    part = Subsegment("sqs", "", "")
    part.mark(status)
    assert part.marks == marks


def test_an_exception_is_told_with_the_innermost_frames() -> None:
    part = Subsegment("sqs", "", "")
    with pytest.raises(RuntimeError) as raised:
        fall(2 * MOST_FRAMES)
    name = part.blame(raised.value, remote=True)
    [told] = written(part)["cause"]["exceptions"]
    assert (told["id"], told["type"], told["message"], told["remote"]) == (
        name, "RuntimeError", AWKWARD, True,
    )  # fmt: skip
    assert [frame["label"] for frame in told["stack"]] == ["fall"] * MOST_FRAMES
    assert {frame["path"] for frame in told["stack"]} == {"test_subsegment.py"}

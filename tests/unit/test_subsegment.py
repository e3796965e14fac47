"""Parts of traces are JSON whatever they hold, and tell an exception without its values."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.subsegment import LONGEST_MESSAGE, MOST_BYTES, MOST_FRAMES, Subsegment

AWKWARD = 'a "b" \\ \n é 😀'


class Mute(RuntimeError):
    """An exception that cannot say what it is about."""

    def __str__(self) -> str:
        raise ValueError("broken")


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
    ("told", "status", "marks"),
    [
        (200, 200, ()),
        (404, 404, ("error",)),
        (429, 429, ("error", "throttle")),
        (500, 500, ("fault",)),
        ("404", 404, ("error",)),
        ("Not Found", None, ()),
        (None, None, ()),
    ],
)
def test_a_status_marks_a_part(told: Any, status: int | None, marks: tuple[str, ...]) -> None:
    part = Subsegment("sqs", "", "")
    part.mark(told)
    assert (part.status, part.marks) == (status, marks)


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


@pytest.mark.parametrize(
    ("fault", "message"),
    [(Mute(), "Mute"), (ValueError("x" * 70_000), "x" * LONGEST_MESSAGE)],
)
def test_whatever_an_exception_says_it_is_told(fault: Exception, message: str) -> None:
    part = Subsegment("sqs", "", "")
    part.blame(fault, remote=False)
    [told] = written(part)["cause"]["exceptions"]
    assert told["message"] == message


def test_an_exception_is_told_where_no_directory_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    part = Subsegment("sqs", "", "")
    part.blame(RuntimeError("broken"), remote=False)
    assert written(part)["cause"]


@pytest.mark.parametrize(
    ("long", "kept"),
    [
        ({"metadata"}, {"annotations", "cause"}),
        ({"annotations"}, {"cause"}),
        ({"annotations", "cause"}, set()),
    ],
)
def test_what_x_ray_would_refuse_is_told_without_its_longest(
    long: set[str], kept: set[str]
) -> None:
    part = Subsegment("## handler", "", "")
    part.marks = ("fault",)
    for member in ("metadata", "annotations", "cause"):
        setattr(part, member, {"told": "x" * (MOST_BYTES if member in long else 1)})
    found = written(part)
    assert found["fault"] is True
    assert {"metadata", "annotations", "cause"} & set(found) == kept

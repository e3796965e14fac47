"""Answers are the ones that a real workgroup gave, where somebody has recorded them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.redshift_data.testing import Warehouse, running
from tests.redshift_data import golden
from tests.redshift_data.corpus import Example, Refused, Scenario, examples, refusals, scenarios

ENTRIES: list[Example | Refused | Scenario] = [*examples(), *refusals(), *scenarios()]
RECORDED = golden.recorded()
A_FEW = 3


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Warehouse]:
    with golden.target() as warehouse:
        yield warehouse


@pytest.fixture(scope="module")
def answers() -> Iterator[golden.Answer]:
    """What was answered so far, which a real workgroup's run leaves as golden files."""
    answers = golden.Answer()
    yield answers
    if golden.is_recording():
        golden.write(answers)


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda s: s.about)
def test_calls_end_as_documented(
    warehouse: Warehouse, answers: golden.Answer, scenario: Scenario
) -> None:
    answers[scenario.key] = golden.answers_to(warehouse, scenario)
    *_, last = answers[scenario.key]
    code = last["Error"]["Code"] if "HTTP" in last else ""
    assert code == scenario.ends, last


@pytest.mark.skipif(golden.is_recording(), reason="it is being recorded")
@pytest.mark.parametrize("entry", [e for e in ENTRIES if e.key in RECORDED], ids=lambda e: e.name)
def test_an_answer_is_as_recorded(
    warehouse: Warehouse, entry: Example | Refused | Scenario
) -> None:
    assert golden.answer(warehouse, entry) == RECORDED[entry.key]


def test_what_is_recorded_is_what_is_compared(tmp_path: Path) -> None:
    entries: list[Example | Refused | Scenario]
    entries = [*examples()[:A_FEW], *refusals()[:A_FEW], *scenarios()[:A_FEW]]
    with running() as first:
        golden.write({entry.key: golden.answer(first, entry) for entry in entries}, tmp_path)
    recorded = golden.recorded(tmp_path)
    with running() as second:
        again = {entry.key: golden.answer(second, entry) for entry in entries}
    assert again == recorded
    assert len(recorded) == len(entries)

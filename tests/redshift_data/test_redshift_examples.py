"""What AWS's guide prints for a statement is what this server answers."""

from collections.abc import Iterator

import pytest

from local.redshift_data.testing import Warehouse
from tests.redshift_data import golden
from tests.redshift_data.corpus import Example, Refused, examples, refusals, unlike

EXAMPLES, REFUSALS = examples(), refusals()
FEWEST_EXAMPLES = 100
FEWEST_REFUSALS = 40

Answers = dict[str, golden.Answer]


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Warehouse]:
    with golden.target() as warehouse:
        yield warehouse


@pytest.fixture(scope="module")
def answers() -> Iterator[Answers]:
    """What was answered so far, which a real workgroup's run leaves as golden files."""
    answers = Answers()
    yield answers
    if golden.is_recording():
        golden.write(answers)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.name)
def test_an_example_prints_what_the_guide_prints(
    warehouse: Warehouse, answers: Answers, example: Example
) -> None:
    answer = answers[example.key] = golden.answer_of(warehouse, example)
    if not example.differs:
        assert answer["Status"] == "FINISHED", answer["Error"]
        assert not unlike(example, answer)
    elif answer["Status"] == "FINISHED" and not golden.is_recording():
        assert unlike(example, answer), "it does not differ any more"


@pytest.mark.parametrize("refused", REFUSALS, ids=lambda r: r.name)
def test_what_redshift_refuses_is_refused(
    warehouse: Warehouse, answers: Answers, refused: Refused
) -> None:
    answer = answers[refused.key] = golden.answer_of(warehouse, refused)
    assert answer["Status"] == "FAILED", answer
    assert refused.error in answer["Error"]
    assert "not emulated locally" not in answer["Error"]


def test_the_corpus_is_large_enough() -> None:
    printed = [e for e in EXAMPLES if not e.rule and not e.differs]
    assert len(printed) >= FEWEST_EXAMPLES
    assert len(REFUSALS) >= FEWEST_REFUSALS


def test_no_statement_is_there_twice() -> None:
    keys = [*(e.key for e in EXAMPLES), *(r.key for r in REFUSALS)]
    statements = [key.rpartition("-")[2] for key in keys]
    assert sorted(s for s in set(statements) if statements.count(s) > 1) == []

"""What AWS's guide prints for a statement is what this server answers."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.redshift_data.testing import Warehouse, running
from tests.redshift_data.corpus import Example, Refused, examples, refusals, unlike

EXAMPLES, REFUSALS = examples(), refusals()
FEWEST_EXAMPLES = 100
FEWEST_REFUSALS = 40


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Warehouse]:
    with running() as warehouse:
        yield warehouse


def run(warehouse: Warehouse, entry: Example | Refused) -> dict[str, Any]:
    """Run the setup and the statement in one batch, so that temporary tables last for both."""
    try:
        return warehouse.batch(*entry.setup, entry.sql)
    finally:
        for sql in entry.cleanup:
            warehouse.execute(sql)


def answer(warehouse: Warehouse, example: Example) -> dict[str, Any]:
    described = run(warehouse, example)
    assert described["Status"] == "FINISHED", described["Error"]
    last = described["SubStatements"][-1]["Id"]
    return dict(warehouse.client.get_statement_result(Id=last))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.name)
def test_an_example_prints_what_the_guide_prints(warehouse: Warehouse, example: Example) -> None:
    if not example.differs:
        assert not unlike(example, answer(warehouse, example))
        return
    described = run(warehouse, example)
    if described["Status"] == "FINISHED":
        last = described["SubStatements"][-1]["Id"]
        result = warehouse.client.get_statement_result(Id=last)
        assert unlike(example, result), "it does not differ any more"


@pytest.mark.parametrize("refused", REFUSALS, ids=lambda r: r.name)
def test_what_redshift_refuses_is_refused(warehouse: Warehouse, refused: Refused) -> None:
    described = run(warehouse, refused)
    *before, last = described["SubStatements"]
    assert all(each["Status"] in ("FINISHED", "ABORTED") for each in before), described["Error"]
    assert last["Status"] == "FAILED", described
    assert refused.error in last["Error"]
    assert "not emulated locally" not in last["Error"]


def test_the_corpus_is_large_enough() -> None:
    printed = [e for e in EXAMPLES if not e.rule and not e.differs]
    assert len(printed) >= FEWEST_EXAMPLES
    assert len(REFUSALS) >= FEWEST_REFUSALS

"""What API Gateway answers for a mock integration: stock ministack differs, the mended not."""

from pathlib import Path

import pytest

from local.cloud import LocalCloud
from tests.integration.probed import Stack

MISSING = 403


@pytest.fixture(scope="module")
def mocks(mended: LocalCloud, folder: Path) -> Stack:
    return Stack(mended, folder / "mocks.yaml", "mocks")


@pytest.fixture(scope="module")
def stock_mocks(stock: LocalCloud, folder: Path) -> Stack:
    return Stack(stock, folder / "mocks.yaml", "mocks")


def test_a_mock_answers_as_its_definition_says(mocks: Stack, stock_mocks: Stack) -> None:
    mocks.deploy(Origin="https://a.example")
    answer = mocks.get("/converted")
    assert (answer.status_code, answer.headers["Allowed"]) == (203, "https://a.example")
    assert stock_mocks.get("/converted").status_code == 200


def test_a_mock_that_converts_nothing_fails_where_all_types_are_binary(
    mocks: Stack, stock_mocks: Stack
) -> None:
    answer = mocks.get("/plain")
    assert (answer.status_code, answer.text) == (500, '{"own":"configuration"}')
    assert stock_mocks.get("/plain").status_code == 200


def test_a_method_may_depend_on_a_parameter(mocks: Stack) -> None:
    mocks.deploy(Origin="https://b.example")
    assert mocks.get("/conditional").headers["Allowed"] == "https://b.example"
    mocks.deploy(Origin="")
    assert mocks.get("/conditional").status_code == MISSING

"""Values that fit the warehouse's columns, and those that do not."""

import math
from typing import Any

import pytest

from pipeline.prepare.typed import flag, instant, real, spelled, text_of, whole


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (7, 7),
        (-(2**63), -(2**63)),
        (2**63 - 1, 2**63 - 1),
        (2**63, None),
        (39.0, 39),
        (39.5, None),
        (1e300, None),
        (math.inf, None),
        (math.nan, None),
        (True, None),
        ("7", None),
    ],
)
def test_whole_numbers(value: Any, expected: int | None) -> None:
    assert whole(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (39, 39),
        (10.357, 10.357),
        (-0.5, -0.5),
        (10**400, None),
        (2**60, float(2**60)),
        (math.inf, None),
        (math.nan, None),
        (1e-320, 0.0),
        (1e290, 1e290),
        (-1.1e290, None),
        (0.0, 0.0),
        (False, None),
        ("1", None),
    ],
)
def test_real_numbers(value: Any, expected: float | None) -> None:
    assert real(value) == expected


@pytest.mark.parametrize(("value", "expected"), [(True, True), (False, False), (1, None)])
def test_booleans(value: Any, *, expected: bool | None) -> None:
    assert flag(value) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2013-01-01T05:15:00-05:00", "2013-01-01T10:15:00+00:00"),
        ("2013-01-01t10:15:00.25z", "2013-01-01T10:15:00.250000+00:00"),
        ("2013-02-31T00:00:00Z", None),
        ("0001-01-01T00:00:00+23:00", None),
        ("2013-01-01T00:00:00", None),
        (1357000000, None),
    ],
)
def test_instants(value: Any, expected: str | None) -> None:
    assert instant(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("JFK", "JFK"), ("JFK\x00", None), ("é" * 6, "é" * 6), ("é" * 7, None), (5, None)],
)
def test_texts_of_at_most_12_bytes(value: Any, expected: str | None) -> None:
    assert text_of(12)(value) == expected


def test_a_whole_number_beyond_a_double_is_spelled_for_copy() -> None:
    facts = {"small": 2**53, "large": 2**53 + 1, "low": -(2**53) - 1, "flag": True, "text": "x"}
    assert spelled(facts) == {
        **facts,
        "large": "9007199254740993",
        "low": "-9007199254740993",
    }

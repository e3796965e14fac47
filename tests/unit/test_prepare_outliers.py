"""The modified z-score, against values worked out by hand."""

import math

import pytest

from pipeline.prepare.outliers import Scale, scale_of

# Median 3; absolute deviations 2 1 0 1 2, six of each: their median is 1.
VALUES = [1, 2, 3, 4, 5] * 6


def test_the_scale_is_median_and_median_deviation() -> None:
    assert scale_of(VALUES) == Scale(3, 1)


def test_the_score_is_that_of_iglewicz_and_hoaglin() -> None:
    assert Scale(3, 1).score(13) == pytest.approx(6.745)


def test_a_score_below_the_median_is_negative() -> None:
    assert Scale(3, 2).score(-7) == pytest.approx(-3.3725)


def test_fewer_than_thirty_values_have_no_scale() -> None:
    assert scale_of(VALUES[:-1]) is None


def test_values_that_are_mostly_equal_have_no_scale() -> None:
    assert scale_of([0] * 20 + list(range(15))) is None


def test_an_overflow_is_no_outlier() -> None:
    assert Scale(math.inf, math.inf).score(1.0) == 0

"""Thresholds of the catalogue and outliers of the batch."""

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from pipeline.catalogue import EventType, Threshold, load_catalogue
from pipeline.prepare.anomalies import beyond_others, beyond_threshold, detected_lines, joined
from pipeline.prepare.outliers import Scale
from pipeline.prepare.steps import Step


def with_outliers() -> dict[str, EventType]:
    """The catalogue, with a measure that has both a threshold and outliers."""
    departed = load_catalogue()["flight.departed"]
    columns = tuple(
        replace(column, outliers=column.name == "dep_delay") for column in departed.columns
    )
    return {**load_catalogue(), departed.name: replace(departed, columns=columns)}


CATALOGUE = with_outliers()


def departures(*delays: int) -> list[bytes]:
    return [
        Step("flight.departed", {"event_key": f"{n:064}", "dep_delay": delay}).line()
        for n, delay in enumerate(delays)
    ]


def detected(lines: list[bytes]) -> tuple[list[dict[str, Any]], Counter[str]]:
    tally: Counter[str] = Counter()
    made = [json.loads(line) for line in detected_lines(lines, CATALOGUE, tally)]
    return made, tally


def test_a_value_above_its_threshold_is_marked() -> None:
    finding = beyond_threshold("dep_delay", 270, Threshold(above=180))
    assert finding is not None
    assert finding.mark == "dep_delay>180"
    assert finding.excess == pytest.approx(0.5)  # (270 - 180) / 180


def test_a_value_below_its_threshold_is_marked() -> None:
    finding = beyond_threshold("visib", 0.125, Threshold(below=0.5))
    assert finding is not None
    assert finding.mark == "visib<0.5"
    assert finding.excess == pytest.approx(0.75)


def test_a_threshold_of_zero_counts_units() -> None:
    finding = beyond_threshold("stock", -3, Threshold(below=0))
    assert finding is not None
    assert finding.excess == 3


def test_a_value_at_its_threshold_is_not_marked() -> None:
    assert beyond_threshold("dep_delay", 180, Threshold(above=180)) is None


def test_a_score_of_ten_is_once_the_limit_beyond_it() -> None:
    finding = beyond_others("dep_delay", 10 / 0.6745, Scale(0, 1))
    assert finding is not None
    assert finding.mark == "dep_delay outlier"
    assert finding.excess == pytest.approx(1)


def test_a_score_of_five_is_no_outlier() -> None:
    assert beyond_others("dep_delay", 5 / 0.6745 - 0.001, Scale(0, 1)) is None


def test_both_kinds_of_anomaly_are_marked_in_one_event() -> None:
    made, tally = detected(departures(*[1, 2, 3, 4, 5] * 6, 200))
    assert made[-1]["facts"]["anomalies"] == "dep_delay>180;dep_delay outlier"
    assert tally == {"facts": 31, "anomalies": 1}


def test_an_outlier_need_not_cross_a_threshold() -> None:
    made, _ = detected(departures(*[1, 2, 3, 4, 5] * 6, 20))
    assert made[-1]["facts"]["anomalies"] == "dep_delay outlier"


def test_a_small_batch_has_thresholds_only() -> None:
    made, _ = detected(departures(1, 2, 3, 200))
    assert made[-1]["facts"]["anomalies"] == "dep_delay>180"


def test_what_is_usual_passes_unchanged() -> None:
    lines = departures(1, 2, 3)
    assert list(detected_lines(lines, CATALOGUE, Counter())) == lines


def test_types_are_compared_with_their_own_kind_only() -> None:
    arrivals = [
        Step("flight.arrived", {"event_key": "x", "arr_delay": 100}).line() for _ in range(40)
    ]
    _, tally = detected(departures(*[1, 2, 3, 4, 5] * 6) + arrivals)
    assert tally["anomalies"] == 0


def test_the_worst_finding_of_an_event_is_kept_for_the_alert() -> None:
    made, _ = detected(departures(*[1, 2, 3, 4, 5] * 6, 270))
    # Outlier: 0.6745 * (270 - 3) / 1 = 180.0915, 35.0183 times 5 beyond it; threshold: 0.5.
    assert made[-1]["worst"] == {"measure": "dep_delay", "value": 270, "excess": 35.0183}


def test_a_value_as_large_as_a_double_can_be_is_survived() -> None:
    made, tally = detected(
        [
            Step("weather.observed", {"event_key": "x", "wind_speed": value}).line()
            for value in [1.7e308, 1.7e308, *range(60)]
        ]
    )
    assert tally["anomalies"] == 2 + 19  # 40 miles per hour is the threshold
    assert made[0]["worst"]["excess"] == 1e6


def test_an_empty_batch_stays_empty() -> None:
    assert detected([b""]) == ([], Counter())


def test_marks_are_left_out_whole_when_there_are_too_many() -> None:
    assert joined(["a" * 600, "b" * 399, "c"]) == "a" * 600 + ";" + "b" * 399

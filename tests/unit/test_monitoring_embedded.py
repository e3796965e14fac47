"""The embedded metric format."""

import json
from typing import Any

import pytest

from local.monitoring.embedded import readings_of

ABOUT = {
    "Namespace": "N",
    "Dimensions": [["service"], ["service", "type"]],
    "Metrics": [{"Name": "Events", "Unit": "Count"}, {"Name": "Age", "Unit": "Seconds"}],
}


def line(*directives: Any, **members: Any) -> str:
    about = {"Timestamp": 1_700_000_000_500, "CloudWatchMetrics": [*directives]}
    return json.dumps({"_aws": about, "service": "s", "type": "t", "Events": 3, **members})


def test_each_dimension_set_is_a_metric() -> None:
    read = list(readings_of(line(ABOUT)))
    assert [reading.metric.dimensions for reading in read] == [
        (("service", "s"),),
        (("service", "s"), ("type", "t")),
    ]
    assert {(r.metric.namespace, r.metric.name, r.unit, r.at) for r in read} == {
        ("N", "Events", "Count", 1_700_000_000.5)
    }


def test_a_list_of_values_counts_each() -> None:
    read = next(r for r in readings_of(line(ABOUT, Age=[1, 2, 2])) if r.metric.name == "Age")
    assert read.values == {1.0: 1.0, 2.0: 2.0}


def test_several_directives_are_read() -> None:
    other = {"Namespace": "M", "Dimensions": [[]], "Metrics": [{"Name": "Events"}]}
    read = [
        (r.metric.namespace, r.metric.dimensions, r.unit) for r in readings_of(line(ABOUT, other))
    ]
    assert read[-1] == ("M", (), "None")
    assert len(read) == 3


def test_what_stands_before_the_object_is_passed_over() -> None:
    assert len(list(readings_of(f"[INFO]\t{line(ABOUT)}"))) == 2


@pytest.mark.parametrize(
    "text",
    [
        "not JSON", '{"_aws": 1}', '{"_aws": {}}', '{"_aws"', '["_aws"]', line(),
        line({**ABOUT, "Dimensions": [["missing"]]}), line(ABOUT, Events="3"), line(ABOUT, Events=True),
        line(ABOUT, Events=[]), line({"Namespace": "N", "Metrics": [{}]}), line({"Metrics": []}, "x"),
        line({**ABOUT, "Dimensions": [["service"] * 31]}), '{"Events": 3}',
    ],
)  # fmt: skip
def test_what_breaks_the_format_makes_no_metric(text: str) -> None:
    assert list(readings_of(text)) == []

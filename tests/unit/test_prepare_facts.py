"""From a row to its facts."""

import json
from collections import Counter
from typing import Any

import pytest

from pipeline.catalogue import load_catalogue
from pipeline.prepare.computed import COMPUTED
from pipeline.prepare.facts import Recipe, enriched_lines, facts_of, recipe_of

CATALOGUE = load_catalogue()
RECIPES = {name: recipe_of(kind, COMPUTED) for name, kind in CATALOGUE.items()}
UA_1545 = {
    "flight_date": "2013-01-01",
    "carrier": "UA",
    "flight": 1545,
    "tailnum": "N14228",
    "origin": "EWR",
    "dest": "IAH",
    "scheduled": "2013-01-01T10:15:00Z",
    "distance": 1400,
    "dep_delay": 2,
    "arr_delay": 11,
    "air_time": 227,
}


def row(data: dict[str, Any], kind: str = "flight.arrived", **more: Any) -> dict[str, Any]:
    return {
        "event_key": "a" * 64,
        "fingerprint": "f" * 64,
        "entrance": "request",
        "received_at": "2013-01-01T16:00:00.000000Z",
        "source": "/flights/nyc",
        "id": "1",
        "type": kind,
        "time": "2013-01-01T14:30:00Z",
        "data": json.dumps(data),
        **more,
    }


def facts(data: dict[str, Any], kind: str = "flight.arrived") -> dict[str, Any]:
    return facts_of(row(data, kind), "b" * 64, RECIPES[kind], Counter())


def lines(*rows: dict[str, Any]) -> tuple[list[Any], Counter[str]]:
    tally: Counter[str] = Counter()
    made = enriched_lines([json.dumps(r).encode() for r in rows], "b" * 64, RECIPES, tally)
    return [json.loads(line) for line in made], tally


def test_facts_of_an_arrival() -> None:
    assert facts(UA_1545) == {
        "event_key": "a" * 64,
        "fingerprint": "f" * 64,
        "batch_id": "b" * 64,
        "time": "2013-01-01T14:30:00Z",
        "flight_date": "2013-01-01",
        "carrier": "UA",
        "flight": 1545,
        "tailnum": "N14228",
        "origin": "EWR",
        "dest": "IAH",
        "distance": 1400,
        "dep_delay": 2,
        "arr_delay": 11,
        "air_time": 227,
        "airline": "United Air Lines Inc.",
        "origin_name": "Newark Liberty Intl",
        "dest_name": "George Bush Intercontinental",
        "region": "Central",
        "route": "EWR-IAH",
        "delay_class": "on time",
        "speed": pytest.approx(370.044, abs=0.001),  # 1400 miles / 227 minutes * 60
    }


def test_null_members_are_absent() -> None:
    assert "tailnum" not in facts({**UA_1545, "tailnum": None})


def test_an_integral_float_becomes_a_whole_number() -> None:
    assert repr(facts({**UA_1545, "arr_delay": 11.0})["arr_delay"]) == "11"


def test_a_number_beyond_64_bits_is_left_out() -> None:
    assert "flight" not in facts({**UA_1545, "flight": 2**63})


def test_an_event_type_without_computations_needs_no_code() -> None:
    view = {"page": "/", "visitor": "v1", "duration_ms": 10}
    assert facts(view, "page.viewed")["duration_ms"] == 10


@pytest.mark.parametrize("name", sorted(set(CATALOGUE) | set(COMPUTED)))
def test_the_declared_computed_columns_are_those_computed(name: str) -> None:
    declared = set(CATALOGUE[name].schema.get("x-computed", {}))
    assert set(COMPUTED.get(name, {})) == declared


def test_a_failed_computation_leaves_its_column_null_and_the_rest_as_it_is() -> None:
    tally: Counter[str] = Counter()
    made = facts_of(row({**UA_1545, "air_time": 0}), "b", RECIPES["flight.arrived"], tally)
    assert "speed" not in made
    assert made["route"] == "EWR-IAH"
    assert tally == {"failed": 1}


def test_a_fault_of_the_code_is_not_hidden() -> None:
    def broken(_: object) -> None:
        raise RuntimeError

    recipe = Recipe((), (("speed", broken, lambda value: value),))
    with pytest.raises(RuntimeError):
        facts_of(row({}), "b", recipe, Counter())


def test_quarantined_rows_have_no_facts() -> None:
    made, tally = lines(row(UA_1545), row(UA_1545, reason="SCHEMA", payload="{}"))
    assert [line["type"] for line in made] == ["flight.arrived"]
    assert tally["facts"] == 1


def test_a_row_whose_type_left_the_catalogue_is_counted_and_left_out() -> None:
    made, tally = lines(row({}, "flight.diverted"))
    assert not made
    assert tally == {"unknown": 1}


def test_an_empty_object_has_no_facts() -> None:
    assert list(enriched_lines([b""], "b", RECIPES, Counter())) == []


def test_the_same_rows_give_the_same_bytes() -> None:
    batch = [json.dumps(row(UA_1545)).encode()] * 3
    twice = [list(enriched_lines(batch, "b", RECIPES, Counter())) for _ in range(2)]
    assert twice[0] == twice[1]

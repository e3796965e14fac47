"""An event type is one file, and a wrong file says what is wrong and where."""

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from pipeline.catalogue import EventType, Threshold, load_catalogue, prove_schemas
from pipeline.errors import CatalogueError, MalformedEvent


def write_type(folder: Path, name: str = "sensor.read", **changes: Any) -> Path:
    schema = {
        "$id": name,
        "type": "object",
        "required": ["celsius"],
        "properties": {
            "roomName": {"type": "string", "maxLength": 5, "x-role": "dimension"},
            "celsius": {
                "type": ["number", "null"],
                "x-role": "measure",
                "x-unit": "°C",
                "x-threshold": {"above": 30, "below": 5},
            },
            "note": {"type": "string"},
        },
        **changes,
    }
    path = folder / f"{name}.json"
    path.write_text(json.dumps(schema))
    return path


def read_type(folder: Path, **changes: Any) -> EventType:
    write_type(folder, **changes)
    load_catalogue.cache_clear()
    return load_catalogue(folder)["sensor.read"]


def test_the_shipped_catalogue_is_valid() -> None:
    assert set(load_catalogue()) == {
        "flight.departed",
        "flight.arrived",
        "flight.cancelled",
        "weather.observed",
        "page.viewed",
    }


def test_only_properties_with_a_role_become_columns(tmp_path: Path) -> None:
    event_type = read_type(tmp_path)
    assert [(c.name, c.path, c.sql_type) for c in event_type.columns] == [
        ("room_name", "roomName", "VARCHAR(20)"),
        ("celsius", "celsius", "DOUBLE PRECISION"),
    ]
    assert event_type.table == "facts_sensor_read"


FEW = {"type": "string", "enum": ["a", "b"], "x-role": "dimension"}
FLAG = {"type": "boolean", "x-role": "dimension"}
MANY = {"type": "string", "x-role": "dimension"}
NUMBER = {"type": "integer", "x-role": "measure", "x-percentiles": True}
ALL = {"few": FEW, "flag": FLAG, "many": MANY, "celsius": NUMBER}


def test_dimensions_with_few_values_have_rollups_of_their_own(tmp_path: Path) -> None:
    event_type = read_type(tmp_path, properties=ALL)
    assert event_type.rollups == ((), ("few",), ("flag",))
    assert [c.values for c in event_type.dimensions] == [("a", "b"), (), ()]


def test_rollups_may_be_declared(tmp_path: Path) -> None:
    event_type = read_type(tmp_path, properties=ALL, **{"x-rollups": [["many", "few"], []]})
    assert event_type.rollups == ((), ("many", "few"))


def test_only_measures_that_ask_for_percentiles_have_a_histogram(tmp_path: Path) -> None:
    assert [c.percentiles for c in read_type(tmp_path, properties=ALL).measures] == [True]
    assert [c.percentiles for c in read_type(tmp_path).measures] == [False]


PANEL = {"title": "t", "chart": "lines", "stat": "avg", "measure": "celsius"}


@pytest.mark.parametrize(
    "changes",
    [
        {"x-rollups": [["celsius"]]},
        {"x-rollups": [["nothing"]]},
        {"x-rollups": [["few", "few"]]},
        {"x-rollups": ["few"]},
        {"x-rollups": {"few": True}},
        {"x-rollups": [list(names) for names in permutations(("few", "flag", "many"))] * 2
         + [["few"], ["flag"]]},
        {"x-panels": [{**PANEL, "chart": "pie"}]},
        {"x-panels": [{**PANEL, "measure": "nothing"}]},
        {"x-panels": [{**PANEL, "group_by": ["celsius"]}]},
        {"x-panels": [{"chart": "lines"}]},
        {"properties": {**ALL, "value": NUMBER}},
        {"properties": {**ALL, "bucket": FEW}},
    ],
    ids=range(12),
)  # fmt: skip
def test_what_cannot_be_summed_up_or_shown_is_refused(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    with pytest.raises(CatalogueError, match=r"sensor\.read\.json"):
        read_type(tmp_path, **{"properties": ALL, **changes})


def test_thresholds_are_beyond_not_at_the_bound(tmp_path: Path) -> None:
    column = read_type(tmp_path).column("celsius")
    assert column is not None
    assert column.threshold == Threshold(above=30, below=5)
    assert [column.threshold.crossed_by(v) for v in (4.9, 5, 30, 30.1)] == [
        True,
        False,
        False,
        True,
    ]


def test_a_fault_in_the_data_is_placed(tmp_path: Path) -> None:
    with pytest.raises(MalformedEvent) as fault:
        read_type(tmp_path).validate({"celsius": "warm"})
    assert (fault.value.code, fault.value.path) == ("SCHEMA", "$.data.celsius")
    assert "warm" not in fault.value.message


def test_text_is_measured_in_bytes(tmp_path: Path) -> None:
    room = {"type": "string", "x-role": "dimension", "maxLength": 30_000}
    event_type = read_type(tmp_path, properties={"room": room, "celsius": {"type": "number"}})
    event_type.validate({"room": "x" * 30_000, "celsius": 1})
    with pytest.raises(MalformedEvent, match="TOO_LONG"):
        event_type.validate({"room": "é€" * 15_000, "celsius": 1})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"$id": "other"}, 'sensor.read.json: "\\$id" must be'),
        ({"type": "array"}, '"type" must be "object"'),
        (
            {"properties": {"a": {"type": "string", "x-role": "fact"}}},
            'properties.a: "x-role" must be "dimension" or "measure"',
        ),
        (
            {"properties": {"a": {"type": "string", "x-role": "measure"}}},
            "properties.a: a measure must be an integer or a number",
        ),
        (
            {"properties": {"a": {"type": "object", "x-role": "dimension"}}},
            'properties.a: "type" must be string, integer, number or boolean',
        ),
        (
            {"properties": {"time": {"type": "string", "x-role": "dimension"}}},
            "properties.time: column name is taken",
        ),
        (
            {"properties": {"a b": {"type": "string", "x-role": "dimension"}}},
            "a column's name must match",
        ),
    ],
)
def test_a_wrong_file_says_what_is_wrong_and_where(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(CatalogueError, match=message):
        read_type(tmp_path, **changes)


def test_a_file_that_is_not_json_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(CatalogueError, match=r"broken\.json: not JSON"):
        load_catalogue(tmp_path)


def test_two_types_cannot_share_a_table(tmp_path: Path) -> None:
    write_type(tmp_path, "a.b")
    write_type(tmp_path, "a_b")
    with pytest.raises(CatalogueError, match=r"a_b.json: its table is already that of a.b.json"):
        load_catalogue(tmp_path)


def test_an_empty_folder_is_no_catalogue(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="holds no event type"):
        load_catalogue(tmp_path)


def test_a_deployment_finds_every_schema_that_is_none(tmp_path: Path) -> None:
    write_type(tmp_path)
    write_type(tmp_path, "broken.one", properties={"a": {"type": "nonsense"}})
    load_catalogue.cache_clear()
    with pytest.raises(CatalogueError, match=r"broken\.one\.json: not a JSON Schema"):
        prove_schemas(load_catalogue(tmp_path))


def test_a_schema_is_compiled_when_its_first_event_comes() -> None:
    load_catalogue.cache_clear()
    assert not any("check" in vars(one) for one in load_catalogue().values())

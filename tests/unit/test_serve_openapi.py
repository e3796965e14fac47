"""The OpenAPI document is valid, complete, and says what the reader and the entrance do."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from local.sample import week
from pipeline import __version__, origins
from pipeline.catalogue import Column, EventType, load_catalogue
from pipeline.envelope import MAX_ATTRIBUTE, URI_REFERENCE
from pipeline.errors import MalformedQuestion
from pipeline.event import make_row, receive_at
from pipeline.receive import cloudevents, http
from pipeline.serve.asking.contract import EXPORT_FORMATS, ROUTES, SIGNED
from pipeline.serve.asking.filters import read_filter
from pipeline.serve.asking.listing import COLUMNS
from pipeline.serve.asking.moments import parse_moment
from pipeline.serve.asking.question import read_question
from pipeline.serve.asking.signing import Signer
from pipeline.serve.describing import responses, sending
from pipeline.serve.describing.grammar import filter_pattern
from pipeline.serve.describing.openapi import openapi
from pipeline.serve.exporting.wanted import ALLOWED
from pipeline.serve.telling.answers import CONTENT_TYPES
from pipeline.serve.telling.problems import TABLE

CATALOGUE = load_catalogue()
AWKWARD = tuple(
    Column(name=kind, path=kind, kind=kind, role="dimension", max_bytes=12)
    for kind in ("string", "integer", "number", "boolean", "timestamp")
)
BARE = EventType("a.b-c", "Bare", "", {"type": "object"}, ())
DOCUMENT = openapi(CATALOGUE, "/live")
METHODS = ("get", "post")


def operations(document: Mapping[str, Any] = DOCUMENT) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def validator(name: str) -> Draft202012Validator:
    schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def parameters(path: str) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in DOCUMENT["paths"][path]["get"]["parameters"]}


@pytest.mark.parametrize("catalogue", [CATALOGUE, {"a.b-c": BARE}, {**CATALOGUE, "a.b-c": BARE}])
def test_it_is_valid(catalogue: Mapping[str, EventType]) -> None:
    document = json.loads(json.dumps(openapi(catalogue, "/live")))
    assert not list(OpenAPIV31SpecValidator(document).iter_errors())
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_route_is_in_it_and_no_other() -> None:
    paths = {
        (route.method.lower(), route.path.replace("{type}", name))
        for route in ROUTES
        for name in CATALOGUE
    }
    assert {(method, path) for method, path, _ in operations()} == paths


def test_every_parameter_of_a_route_is_in_it() -> None:
    for route in ROUTES:
        for name in CATALOGUE:
            asked = DOCUMENT["paths"][route.path.replace("{type}", name)][route.method.lower()]
            told = {p["name"] for p in asked.get("parameters", []) if p["in"] != "header"}
            filled = {"type"} if route.path.endswith("{type}") else set()
            assert told == {p.name for p in route.parameters} - filled, route


def test_every_operation_has_its_own_name_and_a_known_tag() -> None:
    names = [operation["operationId"] for *_, operation in operations()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[a-z][a-z0-9_]*", name) for name in names)
    tags = {tag["name"] for tag in DOCUMENT["tags"]}
    assert {tag for *_, operation in operations() for tag in operation["tags"]} == tags


def test_only_the_dashboard_is_open() -> None:
    open_ = [path for _, path, operation in operations() if operation.get("security") == []]
    assert open_ == [route.path for route in ROUTES if not route.needs_key]
    assert DOCUMENT["security"] == [{"api_key": []}]


def test_it_tells_nothing_of_an_account() -> None:
    text = json.dumps(DOCUMENT)
    assert not re.search(r"arn:|amazonaws|https?://|\b[0-9]{12}\b", text)
    assert DOCUMENT["servers"] == [{"url": "/live"}]
    assert DOCUMENT["info"]["version"] == __version__


def test_every_problem_that_the_reader_has_is_documented() -> None:
    assert {status for _, status, *_ in TABLE} <= set(responses.PROBLEMS)
    texts = {media.partition(";")[0] for media in CONTENT_TYPES.values()}
    [operation] = [o for _, path, o in operations() if path == "/v1/metrics/page.viewed"]
    assert set(operation["responses"]["200"]["content"]) == texts


def test_every_header_that_tells_something_may_be_read_from_another_origin() -> None:
    about_pages = set(responses.SECURITY)  # they tell the browser, not the page
    assert set(origins.EXPOSED) == set(responses.HEADERS) - about_pages - {"Cache-Control"}


@pytest.mark.parametrize(
    ("name", "panel"), [(name, panel) for name, one in CATALOGUE.items() for panel in one.panels]
)
def test_every_panel_asks_a_question_that_is_answered(name: str, panel: dict[str, Any]) -> None:
    words = {"title", "chart", "at_least", "group_by", "interval"}
    asked = {word: str(value) for word, value in panel.items() if word not in words}
    if "group_by" in panel:
        asked["group_by"] = ",".join(panel["group_by"])
    if "interval" in panel:
        asked["interval"] = panel["interval"].replace("auto", "day")
    assert read_question(CATALOGUE[name], asked).stat == panel["stat"]


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_example_is_accepted(name: str) -> None:
    told = parameters(f"/v1/metrics/{name}")
    examples = {one["name"]: one["example"] for one in told.values() if "example" in one}
    assert {"from", "to", "timezone", "measure", "group_by", "filter", "order"} <= set(examples)
    for word in ("group_by", "order"):
        examples[word] = ",".join(examples[word])
    question = read_question(CATALOGUE[name], examples)
    assert question.terms


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_choice_is_one_that_the_reader_has(name: str) -> None:
    told = parameters(f"/v1/metrics/{name}")
    for measure in told["measure"]["schema"]["enum"]:
        assert read_question(CATALOGUE[name], {"measure": measure, "stat": "distinct"}).measure
    for group in told["group_by"]["schema"]["items"]["enum"]:
        asked = {"group_by": group, "order": f"-{group}"}
        assert (
            read_question(CATALOGUE[name], asked).order[0]
            in told["order"]["schema"]["items"]["enum"]
        )


TERMS = st.from_regex(re.compile(filter_pattern(AWKWARD)), fullmatch=True)


def is_told(text: str) -> bool:
    return re.fullmatch(filter_pattern(AWKWARD)[1:-1], text) is not None


def is_read(text: str) -> bool:
    try:
        read_filter(text, AWKWARD)
    except MalformedQuestion:
        return False
    return True


@given(TERMS)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=20)
def test_a_filter_of_the_grammar_is_read(text: str) -> None:
    days = re.findall(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text)
    assume(all(day[8:] <= "28" for day in days))
    assert is_read(text), text


VALUES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\\"), max_size=5),
    st.integers(-(10**19), 10**19).map(str),
    st.floats(allow_nan=True).map(str),
    st.sampled_from(
        ["true", "false", "2013-01-01", "2013-01-01T10:00:00Z", "1e5", "0002-01-01", ""]
    ),
)


@given(
    st.sampled_from([*(column.name for column in AWKWARD), "other", ""]),
    st.sampled_from([":", "!:", "<", "<=", ">", ">=", "=", "::"]),
    st.lists(VALUES, min_size=1, max_size=3),
)
@settings(deadline=None)
def test_a_filter_beyond_the_grammar_is_refused(name: str, mark: str, values: list[str]) -> None:
    text = f"{name}{mark}{'|'.join(values)}"
    # What the grammar leaves out to stay short: the last of 64 bits, and exponents of three digits.
    assume(not re.search(r"92[0-9]{17}|e[+-]?[0-9]{3}", text))
    assert is_told(text) or not is_read(text), text


def test_the_grammar_of_events_is_that_of_their_columns() -> None:
    [told] = [one for one in parameters("/v1/events").values() if one["name"] == "filter"]
    assert told["schema"]["pattern"] == filter_pattern(COLUMNS)


@pytest.mark.parametrize(
    "text", ["0001-12-31", "9999-01-01", "10000-01-01", "2013-13-01", "2013-1-1"]
)
def test_moments_beyond_the_grammar_are_refused(text: str) -> None:
    assert not is_told(f"timestamp>{text}")
    with pytest.raises((ValueError, OverflowError)):
        parse_moment(text)


@given(st.from_regex(sending.URI, fullmatch=True))
def test_a_source_of_the_grammar_is_a_uri_reference(text: str) -> None:
    assert URI_REFERENCE.match(text.removesuffix("\n"))


@given(st.text(":/?#[]@!%aA0.-_ é", max_size=8))
def test_a_source_beyond_the_grammar_is_none(text: str) -> None:
    assert bool(re.fullmatch(sending.URI[1:-1], text)) == bool(URI_REFERENCE.match(text))


def test_the_limits_of_the_entrance_are_told() -> None:
    assert sending.MAX_EVENTS == cloudevents.MAX_EVENTS
    assert sending.MAX_ATTRIBUTE == MAX_ATTRIBUTE
    send = DOCUMENT["paths"]["/v1/events"]["post"]
    media = {cloudevents.STRUCTURED, cloudevents.BATCH, cloudevents.PLAIN}
    assert set(send["requestBody"]["content"]) == media


def test_a_problem_of_the_entrance_is_as_told() -> None:
    fault = http.refuse(400, "EMPTY", "the body is empty").fault
    body = json.loads(http.problem(400, fault)["body"])
    validator("EventProblem").validate(body)


def test_sample_events_are_as_told() -> None:
    known = validator("Event")
    for event in week()[::97]:
        known.validate(event)


@pytest.mark.parametrize(
    "change",
    [
        {"data": {"page": "/"}}, {"data": {"page": "/", "visitor": 5}}, {"type": "nothing"},
        {"specversion": "0.3"}, {"id": ""}, {"id": "x" * 256}, {"id": "a\t"}, {"source": "a b"},
        {"source": "1:x"}, {"data": None}, {"data_base64": "eA=="}, {"Upper": 1}, {"ext": {}},
        {"datacontenttype": "text/xml"}, {"data": {"page": "/", "visitor": "v", "device": "tv"}},
    ],
)  # fmt: skip
def test_what_is_told_to_be_no_event_is_not_accepted(change: dict[str, Any]) -> None:
    event = {
        "specversion": "1.0",
        "id": "1",
        "source": "/a",
        "type": "page.viewed",
        "data": {"page": "/", "visitor": "v", "device": None},
    }
    receipt = receive_at("request", datetime.now(UTC))
    assert validator("Event").is_valid(event)
    assert make_row(event, receipt, CATALOGUE).fault is None
    assert not validator("Event").is_valid(event | change)
    try:
        assert make_row(event | change, receipt, CATALOGUE).fault
    except Exception as fault:  # noqa: BLE001 (either way is a refusal)
        assert type(fault).__name__ == "MalformedEvent"  # noqa: PT017


def test_a_schema_of_draft_7_becomes_one_of_2020() -> None:
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": "a.b-c",
        "type": "object",
        "definitions": {"pair": {"items": [{"type": "string"}, {}], "additionalItems": False}},
        "properties": {
            "x-y": {"$ref": "#/definitions/pair"},
            "e": {"type": "string", "enum": ["a"]},
        },
        "x-rollups": [],
    }
    told = sending.data_of(EventType("a.b-c", "", "", schema, ()))
    assert told == {
        "type": "object",
        "definitions": {"pair": {"prefixItems": [{"type": "string"}, {}], "items": False}},
        "properties": {
            "x-y": {"$ref": "#/components/schemas/a.b-c.data/definitions/pair"},
            "e": {"type": ["string", "null"], "enum": ["a", None]},
        },
    }


def test_the_body_of_an_export_has_the_members_that_are_taken() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert set(schemas["Export.events"]["properties"]) == set(ALLOWED["events"])
    for name in CATALOGUE:
        assert set(schemas[f"{name}.export"]["properties"]) == set(ALLOWED["metrics"])
        assert schemas[f"{name}.export"]["properties"]["format"]["enum"] == list(EXPORT_FORMATS)


def test_what_the_endpoint_signs_is_as_told() -> None:
    assert re.search(SIGNED["pattern"], Signer("secret", "cursor").sign({"v": 1}, 60))

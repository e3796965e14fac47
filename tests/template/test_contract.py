"""The template's routes and parameters are the contract's, neither more nor fewer."""

from typing import Any

from pipeline.serve.asking.contract import ROUTES, Route

Resources = dict[str, dict[str, Any]]
Place = tuple[str, str]
# The cache keeps a 304 too, so the header that asks for one is part of its key.
TAG = "method.request.header.If-None-Match"
NOT_CACHED = {("GET", "/v1/exports/{export_id}")}


def declared(functions: Resources) -> dict[Place, dict[str, Any]]:
    """Routes of the template with their request parameters."""
    events = [
        event for function in functions.values() for event in function.get("Events", {}).values()
    ]
    found = [event["Properties"] for event in events if event["Type"] == "Api"]
    return {
        (one["Method"].upper(), one["Path"]): {
            name: options
            for parameter in one.get("RequestParameters", [])
            for name, options in parameter.items()
        }
        for one in found
    }


def keys(route: Route) -> set[str]:
    places = {"query": "querystring", "path": "path"}
    own = {f"method.request.{places[one.place]}.{one.name}" for one in route.parameters}
    conditional = route.method == "GET" and (route.method, route.path) not in NOT_CACHED
    return own | {TAG} if conditional else own


def test_every_route_is_in_the_template_and_the_other_way_round(functions: Resources) -> None:
    assert set(declared(functions)) == {(route.method, route.path) for route in ROUTES}


def test_every_parameter_is_declared_and_no_other(functions: Resources) -> None:
    for route in ROUTES:
        assert set(declared(functions)[route.method, route.path]) == keys(route), route.path


def test_every_parameter_is_part_of_the_caches_key(functions: Resources) -> None:
    for place, parameters in declared(functions).items():
        for name, options in parameters.items():
            required = name.startswith("method.request.path.")
            assert options == {"Required": required, "Caching": True}, (place, name)


def test_only_routes_that_ask_for_no_key_are_open(functions: Resources) -> None:
    events = [
        event for function in functions.values() for event in function.get("Events", {}).values()
    ]
    found = [event["Properties"] for event in events if event["Type"] == "Api"]
    open_ = {one["Path"] for one in found if one.get("Auth", {}).get("ApiKeyRequired") is False}
    assert open_ == {route.path for route in ROUTES if not route.needs_key}

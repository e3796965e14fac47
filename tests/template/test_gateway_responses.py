"""What API Gateway answers by itself is a problem as the reader's are, with the status it names."""

import json
from typing import Any

import botocore.session
import pytest

Responses = dict[str, dict[str, Any]]
ORIGIN = {
    "Fn::If": ["HasAllowedOrigin", {"Fn::Sub": "'${AllowedOrigin}'"}, {"Ref": "AWS::NoValue"}]
}
RETRIED = {"THROTTLED": "'1'", "QUOTA_EXCEEDED": "'1'", "INTEGRATION_TIMEOUT": "'30'"}


@pytest.fixture(scope="module")
def responses(transformed: Responses) -> Responses:
    api = next(r for r in transformed.values() if r["Type"] == "AWS::ApiGateway::RestApi")
    found: Responses = api["Properties"]["Body"]["x-amazon-apigateway-gateway-responses"]
    return found


def header(response: dict[str, Any], name: str) -> Any:
    return response["responseParameters"].get(f"gatewayresponse.header.{name}")


def test_every_type_that_api_gateway_has_is_there(responses: Responses) -> None:
    model = botocore.session.get_session().get_service_model("apigateway")
    assert set(responses) == set(model.shape_for("GatewayResponseType").enum)


def test_every_body_is_a_problem_with_the_status_of_its_response(responses: Responses) -> None:
    for name, response in responses.items():
        problem = json.loads(response["responseTemplates"]["application/json"])
        assert list(problem) == ["type", "title", "status"], name
        assert problem["type"] == "about:blank", name
        assert response["statusCode"] == str(problem["status"]), name


def test_default_statuses_are_of_their_family(responses: Responses) -> None:
    assert responses["DEFAULT_4XX"]["statusCode"].startswith("4")
    assert responses["DEFAULT_5XX"]["statusCode"].startswith("5")


def test_every_response_says_that_it_is_a_problem_and_not_to_be_kept(responses: Responses) -> None:
    for name, response in responses.items():
        assert header(response, "Content-Type") == "'application/problem+json'", name
        assert header(response, "Cache-Control") == "'no-store'", name


def test_no_response_repeats_anything_of_the_request(responses: Responses) -> None:
    for name, response in responses.items():
        assert list(response["responseTemplates"]) == ["application/json"], name
        assert "$" not in response["responseTemplates"]["application/json"], name
        headers = [value for value in response["responseParameters"].values() if value != ORIGIN]
        assert all(value[0] == value[-1] == "'" for value in headers), name


def test_a_page_of_the_allowed_origin_may_read_every_response(responses: Responses) -> None:
    for name, response in responses.items():
        assert header(response, "Access-Control-Allow-Origin") == ORIGIN, name
        exposed = "'Retry-After'" if name in RETRIED else None
        assert header(response, "Access-Control-Expose-Headers") == exposed, name


def test_who_may_come_again_is_told_when(responses: Responses) -> None:
    told = {name: header(response, "Retry-After") for name, response in responses.items()}
    assert {name: value for name, value in told.items() if value} == RETRIED

"""The dashboard and the OpenAPI document as responses."""

import importlib
import json
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urljoin

import pytest

from pipeline.serve.describing.page import render

EVENTS = Path(__file__).parents[2] / "events"


def request(name: str, **change: Any) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return event | change


@pytest.fixture
def documents(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setenv("CACHE_TTL_SECONDS", "300")
    return importlib.import_module("pipeline.serve.documents")


def test_the_dashboard_is_held_to_what_it_carries(documents: ModuleType, context: Any) -> None:
    response = documents.handler(request("read_dashboard"), context)
    assert (response["statusCode"], response["body"]) == (200, render().html)
    headers = response["headers"]
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Content-Security-Policy"] == render().policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_the_description_is_json(documents: ModuleType, context: Any) -> None:
    response = documents.handler(request("read_openapi"), context)
    assert response["headers"]["Content-Type"] == "application/json"
    assert json.loads(response["body"])["openapi"] == "3.1.1"


ADDRESSES = [
    ("a1.execute-api.us-east-1.amazonaws.com", "/live/openapi.json", "/live"),
    ("a1.execute-api.us-east-1.amazonaws.com", "/live/openapi.json/", "/live"),
    ("a1.execute-api.us-east-1.amazonaws.com", "/live//openapi.json", "/live"),
    ("a1.execute-api.us-east-1.amazonaws.com", "/live/%6fpenapi.json", "/live"),
    ("flights.example.com", "/openapi.json", ""),
    ("flights.example.com", "/v7/openapi.json", "/v7"),
    (None, "/_aws/execute-api/a1/live/openapi.json", "/_aws/execute-api/a1/live"),
]


@pytest.mark.parametrize(("domain", "path", "base"), ADDRESSES)
def test_a_generated_client_finds_the_endpoint(
    documents: ModuleType, context: Any, domain: str | None, path: str, base: str
) -> None:
    asked = request("read_openapi")
    around = {**asked["requestContext"], "path": path, "stage": "live"}
    if domain:
        around["domainName"] = domain
    response = documents.handler({**asked, "requestContext": around}, context)
    [server] = json.loads(response["body"])["servers"]
    document = f"https://{domain or '127.0.0.1:4566'}{path}"
    # By the specification: a path is appended to the server's address, which may be relative.
    found = urljoin(document, server["url"]) + "/v1/metrics"
    assert found == f"https://{domain or '127.0.0.1:4566'}{base}/v1/metrics"


@pytest.mark.parametrize("name", ["read_dashboard", "read_openapi"])
def test_a_document_that_the_caller_has_is_not_sent_again(
    documents: ModuleType, context: Any, name: str
) -> None:
    first = documents.handler(request(name), context)
    known = {"If-None-Match": first["headers"]["ETag"]}
    again = documents.handler(request(name, headers=known), context)
    assert (again["statusCode"], again["body"]) == (304, "")
    assert "Content-Type" not in again["headers"]


@pytest.mark.parametrize("name", ["read_dashboard", "read_openapi"])
def test_documents_take_no_parameters(documents: ModuleType, context: Any, name: str) -> None:
    asked = request(name, multiValueQueryStringParameters={"key": ["secret"]})
    response = documents.handler(asked, context)
    assert response["statusCode"] == 400
    assert "secret" not in response["body"]

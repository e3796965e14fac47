"""What API Gateway answers itself, and what it hands on: stock ministack differs, the mended not."""

import json
import shutil
import socket
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import requests

from local.cloud import LocalCloud, api_url
from local.deploy import deploy
from tests.integration.probed import Stack

MISSING = '{"message":"Missing Authentication Token"}'


@pytest.fixture(scope="module")
def api(mended: LocalCloud, folder: Path) -> Stack:
    return Stack(mended, folder / "gateway.yaml", "gateway")


@pytest.fixture(scope="module")
def stock_api(stock: LocalCloud, folder: Path) -> Stack:
    return Stack(stock, folder / "gateway.yaml", "gateway")


def told(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.text


def request(stack: Stack, method: str, path: str, **options: Any) -> requests.Response:
    address = api_url(stack.cloud, stack["Api"], "live") + path
    return requests.request(method, address, timeout=20, **options)


def key_of(stack: Stack) -> str:
    client = stack.cloud.client("apigateway")
    return str(client.get_api_key(apiKey=stack["Key"], includeValue=True)["value"])


def test_an_imported_api_keeps_its_gateway_responses(api: Stack, stock_api: Stack) -> None:
    assert told(api.get("/nowhere")) == (404, '{"status":404}')
    assert told(stock_api.get("/nowhere")) == (403, MISSING)


def test_a_gateway_response_has_its_own_headers(api: Stack) -> None:
    for accepted in ("text/html", "application/xml", "*/*"):
        answer = api.get("/nowhere", Accept=accepted)
        assert answer.headers["Content-Type"] == "application/problem+json", accepted
        assert answer.text == '{"status":404}'


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_a_method_that_a_path_has_not_is_an_unknown_path(api: Stack, method: str) -> None:
    assert told(request(api, method, "/keyed")) == (404, '{"status":404}')


def test_head_is_a_method_that_a_path_has_not(api: Stack) -> None:
    assert told(request(api, "HEAD", "/keyed")) == (404, "")


def test_a_request_without_its_key_is_told_so_in_the_apis_words(
    api: Stack, stock_api: Stack
) -> None:
    for headers in ({}, {"x-api-key": "wrong"}):
        assert told(api.get("/keyed", **headers)) == (403, '{"own":"key"}')
        assert told(stock_api.get("/keyed", **headers)) == (403, '{"message":"Forbidden"}')


def test_too_many_requests_are_told_so_in_the_apis_words(api: Stack, stock_api: Stack) -> None:
    def last(stack: Stack) -> requests.Response:
        return [stack.get("/keyed", **{"x-api-key": key_of(stack)}) for _ in range(4)][-1]

    answer = last(api)
    assert (told(answer), answer.headers["Retry-After"]) == ((429, '{"own":"throttle"}'), "1")
    assert told(last(stock_api)) == (429, '{"message":"Too Many Requests"}')


def test_a_body_over_ten_megabytes_is_refused(api: Stack, stock_api: Stack) -> None:
    most = 10 * 1024 * 1024
    statuses = [
        request(stack, "POST", "/echo", data=bytes(size)).status_code
        for stack, size in ((api, most + 1), (stock_api, most + 1))
    ]
    assert statuses == [413, 200]


def test_what_a_function_raises_stays_inside(api: Stack, stock_api: Stack) -> None:
    assert told(api.get("/wrong?raise=secret")) == (502, '{"own":"5xx"}')
    assert "secret" in stock_api.get("/wrong?raise=secret").text


def test_a_function_that_takes_too_long_failed(api: Stack) -> None:
    assert told(api.get("/wrong?sleep=3")) == (502, '{"own":"5xx"}')


@pytest.mark.parametrize(
    "wrong",
    [
        "null", "5", '"text"', "[]", "{}", '{"body":"x"}', '{"statusCode":"x"}',
        '{"statusCode":200,"body":{}}', '{"statusCode":200,"more":1}',
    ],
)  # fmt: skip
def test_an_answer_of_another_form_is_an_error(api: Stack, wrong: str) -> None:
    path = f"/wrong?answer={quote(wrong)}"
    assert told(api.get(path)) == (502, '{"own":"5xx"}')


def test_stock_makes_an_answer_of_anything(stock_api: Stack) -> None:
    assert told(stock_api.get("/wrong?answer=%5B%5D")) == (200, "[]")


def test_an_answer_needs_nothing_but_a_status(api: Stack) -> None:
    assert told(api.get("/wrong?answer=%7B%22statusCode%22:%22201%22%7D")) == (201, "")
    assert told(api.get("/wrong?answer=%7B%22statusCode%22:200,%22body%22:null%7D")) == (200, "")


def test_a_refused_invocation_is_an_error_of_the_server(api: Stack, stock_api: Stack) -> None:
    for stack, expected in ((api, 500), (stock_api, 429)):
        client = stack.cloud.client("lambda")
        name = stack["Misanswer"]
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
        assert stack.get("/wrong?answer=5").status_code == expected
        client.delete_function_concurrency(FunctionName=name)


def test_a_segment_of_a_path_stays_as_it_was_sent(api: Stack, stock_api: Stack) -> None:
    for name in ("a%2Fb", "..%2f..%2fetc", "%C3%BC", "%ff", "a%252Fb", "a+b", "%00", "%zz"):
        event = send(api, f"/echo/{name}")
        assert (event["path"], event["pathParameters"]) == (f"/echo/{name}", {"name": name})
    assert send(stock_api, "/echo/a%2Fb") == {"message": "Missing Authentication Token"}
    assert send(stock_api, "/echo/%C3%BC")["pathParameters"] == {"name": "ü"}


def test_the_whole_path_is_told_with_what_leads_to_the_stage(api: Stack, stock_api: Stack) -> None:
    for stack, before in ((api, f"/_aws/execute-api/{api['Api']}"), (stock_api, "")):
        told = send(stack, "/echo/a")["requestContext"]["path"]
        assert told == f"{before}/live/echo/a"


def test_dots_and_slashes_are_no_way_out_of_a_path(api: Stack) -> None:
    for path in ("/echo/../keyed", "/echo/%2e%2e/keyed", "/echo/a/../../keyed", "/echo/a/b"):
        assert send(api, path) == {"status": 404}, path


def send(stack: Stack, target: str) -> Any:
    """Send a request line as it stands, which clients would tidy up."""
    address = urlsplit(api_url(stack.cloud, stack["Api"], "live"))
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        line = f"GET {address.path}{target} HTTP/1.1\r\nHost: {address.netloc}\r\n"
        connection.sendall(f"{line}Connection: close\r\n\r\n".encode())
        answer = connection.makefile("rb").read()
    return json.loads(answer.partition(b"\r\n\r\n")[2])


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("a=1&b=2", {"a": ["1"], "b": ["2"]}),
        ("a", {"a": [""]}),
        ("a=", {"a": [""]}),
        ("=1", {"": ["1"]}),
        ("a=1=2", {"a": ["1=2"]}),
        ("a=b+c%2Bd", {"a": ["b c+d"]}),
        ("a=%252F", {"a": ["%2F"]}),
        ("%61=1", {"a": ["1"]}),
        ("a=1&a=2", {"a": ["1", "2"]}),
        ("a=1;b=2", {"a": ["1"], "b": ["2"]}),
        ("a=1%3Bb=2", {"a": ["1;b=2"]}),
        ("a=%26b=1", {"a": ["&b=1"]}),
        ("a=%ff", {"a": ["\ufffd"]}),
        ("a=%zz", {"a": ["%zz"]}),
        ("a=%E7%94%B0", {"a": ["田"]}),
        ("", None),
    ],
)
def test_a_query_string_is_decoded_once(
    api: Stack, query: str, values: dict[str, list[str]] | None
) -> None:
    event = send(api, f"/echo/x?{query}")
    assert event["multiValueQueryStringParameters"] == values
    last = {name: each[-1] for name, each in values.items()} if values else None
    assert event["queryStringParameters"] == last


def test_stock_takes_the_first_value_and_no_semicolon(stock_api: Stack) -> None:
    assert send(stock_api, "/echo/x?a=1&a=2;b=3")["queryStringParameters"] == {"a": "1"}


def test_a_changed_gateway_response_is_given_from_the_next_deployment_on(
    api: Stack, folder: Path, tmp_path: Path
) -> None:
    changed = tmp_path / "changed"
    shutil.copytree(folder, changed)
    template = changed / "gateway.yaml"
    template.write_text(template.read_text().replace("StatusCode: 404", "StatusCode: 410"))
    deploy(api.cloud, template, "gateway", {})
    assert api.get("/nowhere").status_code == 410
    api.deploy()
    assert api.get("/nowhere").status_code == 404

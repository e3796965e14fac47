"""The server's HTTP, as clients other than boto3 may speak it, and many at once."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import Any

import pytest

from local.redshift_data.http import LARGEST_BODY
from local.redshift_data.testing import Warehouse, running

SIGNED = (
    "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/redshift-data/aws4_request, "
    "SignedHeaders=host, Signature=0"
)
CLIENTS = 32


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Warehouse]:
    with running() as warehouse:
        yield warehouse


@pytest.fixture
def connection(warehouse: Warehouse) -> Iterator[HTTPConnection]:
    address = warehouse.client.meta.endpoint_url.removeprefix("http://")
    connection = HTTPConnection(address, timeout=20)
    yield connection
    connection.close()


def ask(
    connection: HTTPConnection, body: Any, operation: str = "ListStatements", **headers: str
) -> tuple[int, Any]:
    target = {"X-Amz-Target": f"RedshiftData.{operation}"} if operation else {}
    shown = {"Authorization": SIGNED, **target, **headers}
    connection.request("POST", "/", body, {name: text for name, text in shown.items() if text})
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def code_of(answer: tuple[int, Any]) -> tuple[int, str]:
    status, body = answer
    return status, body["__type"]


def test_a_connection_takes_one_request_after_another(connection: HTTPConnection) -> None:
    for _ in range(3):
        status, body = ask(connection, "{}")
        assert (status, body) == (200, {"Statements": []})
        used = connection.sock
    assert connection.sock is used


def test_a_body_may_come_in_chunks(connection: HTTPConnection) -> None:
    assert ask(connection, iter([b"{", b'"Status":', b'"ALL"}']))[0] == 200
    assert ask(connection, "{}")[0] == 200


def test_a_client_may_ask_before_it_sends_its_body(warehouse: Warehouse) -> None:
    host, port = warehouse.client.meta.endpoint_url.removeprefix("http://").split(":")
    head = (
        f"POST / HTTP/1.1\r\nAuthorization: {SIGNED}\r\nExpect: 100-continue\r\n"
        "X-Amz-Target: RedshiftData.ListStatements\r\nContent-Length: 2\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=20) as plain:
        plain.sendall(head.encode())
        assert plain.recv(1024).startswith(b"HTTP/1.1 100")
        plain.sendall(b"{}")
        assert plain.recv(1024).startswith(b"HTTP/1.1 200")


def test_a_body_that_is_no_json_is_refused(connection: HTTPConnection) -> None:
    assert code_of(ask(connection, "{")) == (400, "SerializationException")
    assert code_of(ask(connection, "[]")) == (400, "SerializationException")
    assert code_of(ask(connection, b"\xff")) == (400, "SerializationException")
    assert ask(connection, "{}")[0] == 200


def test_a_member_of_the_wrong_type_is_refused(connection: HTTPConnection) -> None:
    answer = ask(connection, '{"MaxResults": true}')
    assert code_of(answer) == (400, "SerializationException")


def test_a_member_that_the_model_does_not_have_is_refused(connection: HTTPConnection) -> None:
    status, body = ask(connection, '{"Future": 1}')
    assert (status, body["__type"]) == (400, "ValidationException")
    assert "not emulated locally" in body["Message"]


@pytest.mark.parametrize("operation", ["", "Nothing", "_table"])
def test_an_operation_that_is_none_is_refused(connection: HTTPConnection, operation: str) -> None:
    assert code_of(ask(connection, "{}", operation)) == (400, "UnknownOperationException")


def test_an_unsigned_request_is_refused(connection: HTTPConnection) -> None:
    answer = ask(connection, "{}", Authorization="")
    assert code_of(answer) == (400, "MissingAuthenticationTokenException")


def test_constraints_are_told_as_aws_tells_them(connection: HTTPConnection) -> None:
    _, body = ask(connection, '{"MaxResults": 101}')
    assert body["Message"] == (
        "1 validation error detected: Value '101' at 'maxResults' failed to satisfy constraint: "
        "Member must have value less than or equal to 100"
    )
    _, body = ask(connection, "{}", "ExecuteStatement")
    assert body["Message"] == (
        "1 validation error detected: Value null at 'sql' failed to satisfy constraint: "
        "Member must not be null"
    )


def test_a_body_that_is_too_large_is_refused_unread(connection: HTTPConnection) -> None:
    connection.putrequest("POST", "/")
    connection.putheader("Content-Length", str(LARGEST_BODY + 1))
    connection.endheaders()
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Connection")) == (413, "close")


@pytest.mark.parametrize(
    "request_text",
    [
        "nonsense\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nlong\r\n",
        f"POST / HTTP/1.1\r\nX: {'x' * 100_000}\r\n\r\n",
    ],
)
def test_what_is_not_http_is_refused(warehouse: Warehouse, request_text: str) -> None:
    host, port = warehouse.client.meta.endpoint_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as plain:
        plain.sendall(request_text.encode())
        assert plain.recv(1024).startswith(b"HTTP/1.1 400")


def test_a_client_that_closes_is_told_so(warehouse: Warehouse) -> None:
    address = warehouse.client.meta.endpoint_url.removeprefix("http://")
    connection = HTTPConnection(address, timeout=20)
    shown = {"Authorization": SIGNED, "X-Amz-Target": "RedshiftData.ListStatements"}
    connection.request("POST", "/", "{}", {**shown, "Connection": "close"})
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Connection")) == (200, "close")
    answer.read()
    connection.close()


def test_many_clients_at_once_are_all_answered(warehouse: Warehouse) -> None:
    warehouse.execute("CREATE TABLE shared (n INT)")

    def work(number: int) -> None:
        for turn in range(5):
            inserted = warehouse.execute(f"INSERT INTO shared VALUES ({number})")
            assert inserted["Status"] == "FINISHED", inserted.get("Error")
            assert warehouse.value(f"SELECT {number} + {turn}") == number + turn

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(work, range(CLIENTS)))
    assert warehouse.value("SELECT COUNT(*) FROM shared") == CLIENTS * 5

"""Serves the operations page on 127.0.0.1, in a thread of `make run`."""

import json
import sys
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar, NamedTuple, Self
from urllib.parse import parse_qs, urlsplit

from botocore.exceptions import BotoCoreError, ClientError
from requests import RequestException

from local.operations.desk import Desk, UnknownThing
from local.operations.page import POLICY, files
from local.processes import HOST
from local.stack import EndpointError

JSON = "application/json; charset=utf-8"
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
LONGEST = 2000  # of a parameter: X-Ray takes no longer filter
MISTAKES = ("InvalidRequestException", "ValidationException", "InvalidName", "InvalidArn")
UNKNOWN = ("ExecutionDoesNotExist",)


class Answer(NamedTuple):
    """A status, what the body is, and the body."""

    status: HTTPStatus
    content_type: str
    body: bytes


class OperationsServer:
    """Answers while its context lasts; only to who asks for it by a name of this machine.

    A page of another origin that has its own name resolve to 127.0.0.1 sends that name as Host.
    """

    def __init__(self, desk: Desk, port: int = 0) -> None:
        handler = type("Handler", (_Handler,), {"desk": desk})
        self._server = _Server((HOST, port), handler)
        self._thread = Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.1},
            name="operations",
            daemon=True,
        )

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://{HOST}:{self._server.server_port}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def answer(desk: Desk, target: str) -> Answer:
    """Answer a request for a path with its parameters."""
    address = urlsplit(target)
    if file := files().get(address.path):
        return Answer(HTTPStatus.OK, *file)
    name = address.path.removeprefix("/api/")
    if f"/api/{name}" != address.path:
        return _problem(HTTPStatus.NOT_FOUND, "There is no such page.")
    return _told(desk, name, parse_qs(address.query))


def _told(desk: Desk, name: str, given: Mapping[str, list[str]]) -> Answer:
    """Ask the desk, and turn what it raises into a problem."""
    try:
        return _ask(desk, name, given)
    except UnknownThing as error:
        return _problem(HTTPStatus.NOT_FOUND, str(error))
    except ClientError as error:
        code = error.response["Error"].get("Code", "")
        message = error.response["Error"].get("Message", code)
        if code in UNKNOWN:
            return _problem(HTTPStatus.NOT_FOUND, message)
        status = HTTPStatus.BAD_REQUEST if code in MISTAKES else HTTPStatus.BAD_GATEWAY
        return _problem(status, f"{error.operation_name}: {message}")
    except (BotoCoreError, EndpointError, RequestException) as error:
        return _problem(HTTPStatus.BAD_GATEWAY, str(error))


def _ask(desk: Desk, name: str, given: Mapping[str, list[str]]) -> Answer:
    if name in desk.plain:
        return _ok(desk.plain[name].get())
    if name not in desk.asked:
        return _problem(HTTPStatus.NOT_FOUND, "There is no such question.")
    question = desk.asked[name]
    value = given.get(question.parameter, [""])[0].strip()
    if len(value) > LONGEST:
        return _problem(HTTPStatus.BAD_REQUEST, f"{question.parameter} is too long.")
    return _ok(question.ask(value))


def _ok(body: Any) -> Answer:
    return Answer(HTTPStatus.OK, JSON, json.dumps(body).encode())


def _problem(status: HTTPStatus, title: str) -> Answer:
    return Answer(status, JSON, json.dumps({"title": title, "status": status}).encode())


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Be silent on browsers that leave before they have their answer."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    desk: ClassVar[Desk]
    protocol_version = "HTTP/1.1"
    timeout = 60  # seconds that a connection may be idle

    def do_GET(self) -> None:
        if self.headers.get("Host") not in self._own_names():
            self._send(_problem(HTTPStatus.MISDIRECTED_REQUEST, "This is not that host."))
            return
        self._send(answer(self.desk, self.path))

    def _own_names(self) -> set[str]:
        port = self.connection.getsockname()[1]
        return {f"{HOST}:{port}", f"localhost:{port}"}

    def _send(self, reply: Answer) -> None:
        self.send_response(reply.status)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, *_: object) -> None:
        """Write nothing: the terminal belongs to `make run`."""

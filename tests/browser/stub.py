"""A small endpoint for the page: it serves it, and gives canned answers as the contract says."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar, Self
from urllib.parse import parse_qsl, urlsplit

from pipeline.serve.describing.page import render
from tests.browser import canned

STAGE = "/_aws/execute-api/abc123/live"
KEY = "the-right-key"


@dataclass(frozen=True)
class Asked:
    """A question that came in: its path below the stage, its parameters, its headers."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Reply:
    """An answer; a body that is not text is written as JSON."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


class Stub:
    """Answers on 127.0.0.1 while its context lasts.

    `overrule` may answer a question in its own way, or return None. `max_age` is how long (in
    seconds) answers say that they are good. `asked` has every question with the status it got.
    """

    def __init__(self) -> None:
        self.overrule: Callable[[Asked], Reply | None] = lambda _: None
        self.answer: Callable[[str, Mapping[str, str]], Any] = canned.answer
        self.max_age = 60
        self.is_gone = False
        self.asked: list[tuple[Asked, int]] = []
        handler = type("Handler", (_Handler,), {"stub": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def base(self) -> str:
        """The address of the stage."""
        return f"http://127.0.0.1:{self._server.server_port}{STAGE}"

    def __enter__(self) -> Self:
        """Start to answer."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop to answer, on connections that are open too."""
        self.is_gone = True
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def statuses(self, path: str, **query: str) -> list[int]:
        """Tell with which statuses the questions on a path with these parameters were answered."""
        return [
            status
            for asked, status in list(self.asked)
            if asked.path == path and query.items() <= asked.query.items()
        ]

    def reply(self, asked: Asked) -> Reply:
        """Answer as API Gateway and the functions behind it do."""
        if asked.headers.get("x-api-key") != KEY:
            return Reply(403, {"message": "Forbidden"})
        if overruled := self.overrule(asked):
            return overruled
        body = self.answer(asked.path, asked.query)
        if body is None:
            problem = {"type": "about:blank", "title": "There is no such thing here", "status": 404}
            return Reply(404, problem)
        return self._conditional(asked, body)

    def _conditional(self, asked: Asked, body: Any) -> Reply:
        told = json.dumps([asked.path, sorted(asked.query.items()), body]).encode()
        etag = f'W/"{sha256(told).hexdigest()[:20]}"'
        headers = {
            "Cache-Control": f"private, max-age={self.max_age}",
            "ETag": etag,
            "As-Of": canned.moment(datetime.now(UTC)),
            "Data-Version": "17",
            "X-Cache": "Miss",
        }
        if asked.headers.get("if-none-match") == etag:
            return Reply(304, "", headers)
        return Reply(200, {**body, "as_of": headers["As-Of"]}, headers)


class _Handler(BaseHTTPRequestHandler):
    stub: ClassVar[Stub]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.stub.is_gone:
            self.close_connection = True
            return
        address = urlsplit(self.path)
        if address.path in (STAGE, f"{STAGE}/"):
            page = render()
            headers = {"Content-Type": "text/html; charset=utf-8"}
            self._send(Reply(200, page.html, {**headers, "Content-Security-Policy": page.policy}))
            return
        given = {name.lower(): value for name, value in self.headers.items()}
        path = address.path.removeprefix(f"{STAGE}/")
        asked = Asked(path, dict(parse_qsl(address.query)), given)
        reply = self.stub.reply(asked)
        self.stub.asked.append((asked, reply.status))
        self._send(reply)

    def _send(self, reply: Reply) -> None:
        text = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
        body = text.encode()
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass

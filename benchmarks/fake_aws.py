"""AWS as a server that always says yes, so that the SDK does all of its work over a real socket."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final
from urllib.parse import unquote, urlsplit

HOST: Final = "127.0.0.1"
# What a load's last statement tells of one batch; numbers as the Data API types them.
TALLY = {
    "batch_id": "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "kind": "events", "entrance": "request",
    "type": "page.viewed", "newest": "2013-01-01 10:00:00+00", "loaded": 2, "duplicates": 0,
    "conflicts": 0, "quarantined": 0, "missing": 0,
}  # fmt: skip
TYPES = {"newest": "timestamptz"}
# Statements that are answered by themselves, by a part of their text.
STATEMENTS = {"AS without_facts": "totals", "DISTINCT object_key": "objects"}
COUNTED = (
    "received", "loaded", "duplicates", "conflicts", "quarantined", "without_facts", "awaiting_facts",
)  # fmt: skip
# What signs the webhooks of the endpoint `default`.
SECRET = "whsec_bWFkZS11cC1mb3ItdGhlLXNhbXBsZS1wYXlsb2Fk"  # noqa: S105 (nobody's)
LISTED = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"
# Version, bucket (seconds since 1970), count, value, values and a dimension: a week from 2013-01-01.
CSV = "".join(
    f"7,{1_356_998_400 + 86_400 * day},{day}00,{day}.25,{day}00,{origin}\r\n"
    for day in range(7)
    for origin in ("EWR", "JFK", "LGA")
)


def answer_to(operation: str, asked: Any) -> Any:
    """Answer an operation of a JSON protocol."""
    finished = {"Id": "8c1f5e1e", "Status": "FINISHED", "CreatedAt": time.time()}
    answers: dict[str, Any] = {
        "SendMessageBatch": {"Successful": _sent(asked)},
        "PutEvents": {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]},
        "ExecuteStatement": {**finished, "Id": _statement(asked.get("Sql", ""))},
        "BatchExecuteStatement": finished,
        "DescribeStatement": finished,
        "GetStatementResult": _rows(_row(asked.get("Id", ""))),
        "GetStatementResultV2": {
            "Records": [{"CSVRecords": "" if asked.get("Id") == "objects" else CSV}]
        },
        "GetSecretValue": {"SecretString": json.dumps({"default": SECRET})},
        "StartExecution": {"executionArn": "arn:execution", "startDate": 0},
        "UpdateItem": {},
    }
    return answers[operation]


def _sent(asked: Any) -> Any:
    told = {"MessageId": "m", "MD5OfMessageBody": "0" * 32}
    return [{"Id": entry.get("Id"), **told} for entry in asked.get("Entries", ())]


def _statement(sql: str) -> str:
    return next((name for part, name in STATEMENTS.items() if part in sql), "8c1f5e1e")


def _row(statement: str) -> dict[str, Any]:
    """Return what a part of a transaction tells, or a statement of its own; many tell nothing."""
    if ":" in statement:
        return TALLY
    return dict.fromkeys(COUNTED, 0) if statement == "totals" else {}


def _rows(row: dict[str, Any]) -> Any:
    columns = [{"name": name, "typeName": TYPES.get(name, "")} for name in row]
    kinds = {str: "stringValue", int: "longValue"}
    record = [{kinds[type(value)]: value} for value in row.values()]
    return {"ColumnMetadata": columns, "Records": [record] if record else []}


class Service(BaseHTTPRequestHandler):
    """Every service of AWS at one address; objects of S3 are taken, and only `objects` are there."""

    server: "Server"
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer goes out whole: in pieces, each call would wait 40 ms for the second

    def do_POST(self) -> None:
        """Answer a call of a JSON protocol."""
        body = self._body()
        operation = self.headers["X-Amz-Target"].rpartition(".")[2]
        text = json.dumps(answer_to(operation, json.loads(body)))
        self._answer(200, text.encode(), "application/x-amz-json-1.1")

    def do_PUT(self) -> None:
        """Take an object."""
        if self.headers.get("Expect"):
            self.send_response_only(100)
            self.end_headers()
            self.wfile.flush()
        self._body()
        self._answer(200, b"", "text/plain")

    def do_GET(self) -> None:
        """Return an object or list none."""
        address = urlsplit(self.path)
        key = unquote(address.path).partition("/")[2].partition("/")[2]
        if "list-type" in address.query:
            return self._answer(200, LISTED, "application/xml")
        if key in self.server.objects:
            return self._answer(200, self.server.objects[key], "binary/octet-stream")
        text = b"<Error><Code>NoSuchKey</Code><Message>none</Message></Error>"
        return self._answer(404, text, "application/xml")

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _answer(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("x-amzn-RequestId", "00000000-0000-0000-0000-000000000000")
        self.send_header("Content-Type", content_type)
        self.send_header("ETag", '"0"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (its name there)
        """Say nothing."""


class Refusing(BaseHTTPRequestHandler):
    """A service that refuses whatever it is asked, which no client asks twice."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def refuse(self) -> None:
        """Answer 403, in either of AWS's two ways of saying so."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        text = b'{"__type": "AccessDenied"}'
        if "X-Amz-Target" not in self.headers:
            text = b"<Error><Code>AccessDenied</Code></Error>"
        self.send_response(403)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_PUT = do_POST = refuse  # noqa: N815 (their names there)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (its name there)
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """A server with objects by their keys."""

    objects: Mapping[str, bytes]


@contextmanager
def serving(
    objects: Mapping[str, bytes] | None = None, service: type[BaseHTTPRequestHandler] = Service
) -> Iterator[str]:
    """Serve on a free port; yields the address."""
    server = Server((HOST, 0), service)
    server.objects = objects or {}
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

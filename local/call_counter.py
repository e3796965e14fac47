"""A proxy in front of the Redshift Data API that counts the calls by operation."""

import http.client
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from local.processes import HOST

PASSED_ON = ("content-type", "x-amz-target", "authorization", "x-amz-date", "user-agent")
LONGEST_CALL = 60  # seconds; the API itself waits for 30 at most


@contextmanager
def counting_calls(endpoint: str) -> Iterator[tuple[str, Counter[str]]]:
    """Give the address of a proxy for `endpoint`, and its counts, which grow while it runs."""
    counts: Counter[str] = Counter()
    server = ThreadingHTTPServer((HOST, 0), _handler(endpoint, counts))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{HOST}:{server.server_port}", counts
    finally:
        server.shutdown()
        server.server_close()


def _handler(endpoint: str, counts: Counter[str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            counts[self.headers["x-amz-target"].rsplit(".", 1)[-1]] += 1
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            status, kind, answer = self._ask(body)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def _ask(self, body: bytes) -> tuple[int, str, bytes]:
            headers = {name: self.headers[name] for name in PASSED_ON if name in self.headers}
            connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=LONGEST_CALL)
            try:
                connection.request("POST", "/", body, headers)
                answer = connection.getresponse()
                return answer.status, answer.headers.get_content_type(), answer.read()
            finally:
                connection.close()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (inherited name)
            """Say nothing: the counts are the log."""

    return Handler

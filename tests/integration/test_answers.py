"""Waiting for the endpoint: a question that a busy machine leaves unanswered is asked again."""

import http.server
import json
import threading
import time
from collections.abc import Iterator

import pytest

from local import stack
from local.answers import wait_until_loaded
from local.stack import NoAnswer, Stack

STATUS = {"events": {"loaded": 3}, "facts": {"page.viewed": 3}}
SILENCE = 0.2


class Endpoint(http.server.BaseHTTPRequestHandler):
    """Keeps silent to as many questions as it should, then tells the status."""

    silent = 0

    def do_GET(self) -> None:
        if Endpoint.silent:
            Endpoint.silent -= 1
            time.sleep(2 * SILENCE)
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(STATUS).encode())

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 (inherited)
        pass


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    monkeypatch.setattr(stack, "ANSWER_SECONDS", SILENCE)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        found = Stack(
            url=f"http://127.0.0.1:{server.server_port}", api_key="", webhook_url="",
            webhook_secret="", bucket="", table="", outputs={}, client=lambda _: None,
        )  # fmt: skip
        yield found
        found.close()
        server.shutdown()


def test_silence_is_told_in_a_sentence(there: Stack) -> None:
    Endpoint.silent = 1
    with pytest.raises(NoAnswer, match=r"^no answer within 0.2 s for /v1/status$"):
        there.get("/v1/status")


def test_waiting_goes_on_after_silence(there: Stack) -> None:
    Endpoint.silent = 2
    assert wait_until_loaded(there, 3, seconds=60) == STATUS
    assert Endpoint.silent == 0


def test_waiting_ends_with_silence_when_its_time_is_over(there: Stack) -> None:
    Endpoint.silent = 2
    with pytest.raises(NoAnswer):
        wait_until_loaded(there, 3, seconds=0)


def test_waiting_ends_with_what_is_missing_when_its_time_is_over(there: Stack) -> None:
    Endpoint.silent = 0
    with pytest.raises(TimeoutError, match="3 of 4 events loaded, 3 facts"):
        wait_until_loaded(there, 4, seconds=0)

"""The example client of the documentation pages, waits and gives up as it says."""

import json
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter

from docs.examples.client import ATTEMPTS, Endpoint

DOCS = Path(__file__).parents[2] / "docs"


class StubEndpoint(BaseAdapter):
    """Answers with what it was given, one after the other, and keeps what it was asked."""

    def __init__(self, *answers: tuple[int, Any, dict[str, str]]) -> None:
        super().__init__()
        self.answers = list(answers)
        self.asked: list[requests.PreparedRequest] = []

    def send(  # type: ignore[override]
        self, request: requests.PreparedRequest, **_: Any
    ) -> requests.Response:
        self.asked.append(request)
        answer = requests.Response()
        answer.status_code, body, headers = self.answers.pop(0)
        answer.headers.update(headers)
        answer._content = json.dumps(body).encode()
        answer.url = str(request.url)
        return answer

    def close(self) -> None:
        """Nothing is open."""


def endpoint(stub: StubEndpoint) -> Endpoint:
    session = requests.Session()
    session.mount("https://", stub)
    return Endpoint("https://endpoint", "secret", session)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    return waited


def test_it_asks_with_the_key() -> None:
    stub = StubEndpoint((200, {"rows": [{"bucket": None, "count": 1, "value": 1}]}, {}))
    rows = endpoint(stub).metric("page.viewed", {"from": "2013-01-01", "filter": "page:/ü"})
    assert rows[0]["count"] == 1
    [asked] = stub.asked
    assert asked.url == (
        "https://endpoint/v1/metrics/page.viewed?from=2013-01-01&filter=page%3A%2F%C3%BC"
    )
    assert asked.headers["x-api-key"] == "secret"


def test_it_goes_on_until_there_is_no_next_page() -> None:
    stub = StubEndpoint(
        (200, {"events": [{"id": "1"}], "next": "a"}, {}),
        (200, {"events": [{"id": "2"}], "next": None}, {}),
    )
    events = list(endpoint(stub).events({"type": "page.viewed"}))
    assert [event["id"] for event in events] == ["1", "2"]
    assert [str(asked.url).partition("?")[2] for asked in stub.asked] == [
        "type=page.viewed",
        "type=page.viewed&cursor=a",
    ]


def test_it_waits_as_long_as_it_is_told(waits: list[float]) -> None:
    busy: tuple[int, Any, dict[str, str]] = (429, {}, {"Retry-After": "3"})
    stub = StubEndpoint(busy, busy, (200, {"rows": []}, {}))
    assert endpoint(stub).metric("page.viewed", {}) == []
    assert waits == [3, 3]


def test_it_gives_up_in_the_end(waits: list[float]) -> None:
    stub = StubEndpoint(*[(503, {}, {})] * ATTEMPTS)
    with pytest.raises(requests.HTTPError):
        endpoint(stub).metric("page.viewed", {})
    assert len(waits) == ATTEMPTS - 1


def test_it_does_not_ask_a_refused_question_again(waits: list[float]) -> None:
    stub = StubEndpoint((400, {}, {}))
    with pytest.raises(requests.HTTPError):
        endpoint(stub).metric("page.viewed", {"stat": "avg"})
    assert not waits


def test_the_documentation_shows_it_as_it_is() -> None:
    shown = (DOCS / "endpoint.md").read_text().partition("```python\n")[2].partition("```")[0]
    assert shown == (DOCS / "examples/client.py").read_text()

"""Pages of another origin: what a browser is allowed, and what it is not."""

import http.server
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

import pytest
import requests

from local.cloud import LocalCloud
from local.run import deploy_template
from local.stack import Stack
from pipeline import origins
from pipeline.serve.asking.contract import ROUTES
from tests.browser import chromium

ALLOW, EXPOSE = "Access-Control-Allow-Origin", "Access-Control-Expose-Headers"
PATHS = sorted({route.path for route in ROUTES} - {"/"})
PAGE = b"<!doctype html><title>another origin</title>"
# What a front end does: ask with its key, and look at the headers of the answer.
ASK = """
const [url, key, headers, done] = arguments;
fetch(url, {headers: {"x-api-key": key, ...headers}}).then(async (answer) => {
  const body = answer.status === 304 ? null : await answer.json();
  done({status: answer.status, tag: answer.headers.get("ETag"),
        again: answer.headers.get("Retry-After"), version: answer.headers.get("Data-Version"), body});
}, (error) => done({failed: String(error)}));
"""


class Page(http.server.BaseHTTPRequestHandler):
    """Serves an empty page, whatever is asked for."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def serve() -> http.server.ThreadingHTTPServer:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with serve() as server:
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def stranger() -> Iterator[str]:
    with serve() as server:
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def opened(cloud: LocalCloud, origin: str) -> Iterator[Stack]:
    found = Stack.on_machine(cloud, deploy_template(cloud, AllowedOrigin=origin))
    yield found
    found.close()


def preflight(stack: Stack, path: str) -> requests.Response:
    filled = path.replace("{", "").replace("}", "")
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-api-key"}
    return requests.options(stack.url + filled, headers=asked, timeout=20)


def ask(stack: Stack, method: str, path: str, **headers: str) -> requests.Response:
    sent = {"x-api-key": stack.api_key, **headers}
    return requests.request(method, stack.url + path, headers=sent, timeout=35)


@pytest.mark.parametrize("path", PATHS)
def test_a_preflight_needs_no_key(opened: Stack, origin: str, path: str) -> None:
    answer = preflight(opened, path)
    assert (answer.status_code, answer.headers[ALLOW]) == (200, origin)
    allowed = answer.headers["Access-Control-Allow-Headers"].split(",")
    assert allowed == ["x-api-key", "if-none-match", "content-type"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/openapi.json", 200),
        ("GET", "/v1/metrics", 200),
        ("GET", "/v1/metrics/flight.departed", 200),
        ("GET", "/v1/metrics/flight.arrived?no=such", 400),
        ("GET", "/v1/events", 200),
        ("GET", f"/v1/events/{'0' * 64}", 404),
        ("GET", "/v1/status", 200),
        ("GET", "/v1/exports/none", 400),
        ("POST", "/v1/exports", 415),
        ("POST", "/v1/events", 415),
        ("GET", "/v1/nothing", 404),
    ],
)
def test_every_answer_may_be_read(
    opened: Stack, origin: str, method: str, path: str, status: int
) -> None:
    answer = ask(opened, method, path)
    assert (answer.status_code, answer.headers[ALLOW]) == (status, origin)


def test_what_functions_answer_shows_its_headers(opened: Stack) -> None:
    answer = ask(opened, "GET", "/v1/status")
    assert answer.headers[EXPOSE].split(", ") == list(origins.EXPOSED)


def test_a_kept_answer_may_be_read_too(opened: Stack, origin: str) -> None:
    path = "/v1/metrics/flight.departed?interval=day"
    answers = [ask(opened, "GET", path) for _ in range(2)]
    assert [answer.headers["X-Cache"] for answer in answers] == ["Miss", "Hit"]
    known = ask(opened, "GET", path, **{"If-None-Match": answers[0].headers["ETag"]})
    assert [answer.headers[ALLOW] for answer in (*answers, known)] == [origin] * 3


def test_a_wrong_key_is_told_to_the_page(opened: Stack, origin: str) -> None:
    answer = ask(opened, "GET", "/v1/status", **{"x-api-key": "wrong"})
    assert (answer.status_code, answer.headers[ALLOW]) == (403, origin)


# --- in a browser ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chromium.Driver]:
    if reason := chromium.missing():
        pytest.skip(reason)
    with chromium.open_browser(tmp_path_factory.mktemp("profile")) as started:
        yield started


def fetched(driver: chromium.Driver, page: str, stack: Stack, path: str, **headers: str) -> Any:
    driver.get(page)
    key = headers.pop("key", stack.api_key)
    return driver.execute_async_script(ASK, stack.url + path, key, headers)


def test_a_page_of_the_origin_reads_metrics(
    driver: chromium.Driver, opened: Stack, origin: str
) -> None:
    path = "/v1/metrics/flight.departed?interval=week"
    answer = fetched(driver, origin, opened, path)
    assert (answer["status"], answer["version"]) == (200, "0")
    assert answer["body"]["rows"] == []
    again = fetched(driver, origin, opened, path, **{"If-None-Match": answer["tag"]})
    assert (again["status"], again["tag"]) == (304, answer["tag"])


def test_a_page_of_the_origin_is_told_of_a_wrong_key(
    driver: chromium.Driver, opened: Stack, origin: str
) -> None:
    answer = fetched(driver, origin, opened, "/v1/status", key="wrong")
    assert (answer["status"], answer["body"]["status"]) == (403, 403)


def test_a_page_of_a_third_origin_reads_nothing(
    driver: chromium.Driver, opened: Stack, stranger: str
) -> None:
    assert "Failed to fetch" in fetched(driver, stranger, opened, "/v1/status")["failed"]


# --- switched off, in the end ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def closed(cloud: LocalCloud, opened: Stack) -> Stack:  # noqa: ARG001 (it is closed after that)
    return Stack.on_machine(cloud, deploy_template(cloud, AllowedOrigin=""))


def test_without_an_origin_there_is_no_preflight(closed: Stack) -> None:
    answer = preflight(closed, "/v1/status")
    assert (answer.status_code, answer.headers.get(ALLOW)) == (404, None)


@pytest.mark.parametrize("path", ["/v1/status", "/v1/metrics", "/v1/nothing"])
def test_without_an_origin_no_answer_may_be_read(closed: Stack, path: str) -> None:
    answer = ask(closed, "GET", path)
    assert not [name for name in answer.headers if name.startswith("Access-Control")]


def test_a_client_finds_the_endpoint_by_its_description(closed: Stack) -> None:
    described = ask(closed, "GET", "/openapi.json")
    [server] = described.json()["servers"]
    found = urljoin(described.url, server["url"])
    assert found == closed.url
    path = next(path for path in described.json()["paths"] if path == "/v1/status")
    answer = requests.get(found + path, headers={"x-api-key": closed.api_key}, timeout=35)
    assert answer.status_code == requests.codes.ok

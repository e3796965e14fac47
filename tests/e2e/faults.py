"""Faults that a stack on the local cloud can have: each is caused, stirred while it lasts, and mended.

A fault is a context manager. What it yields is called again and again, and does what the world
would do meanwhile: it sends, asks, uploads.
"""

import json
import os
import secrets
import signal
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from botocore.exceptions import ClientError

from local.feed import sign
from local.recovery.deployment import Deployment
from local.recovery.redrive import redrive_queues
from local.stack import Stack
from pipeline.catalogue import load_catalogue

Stir = Callable[[], object]
BATCH = "application/cloudevents-batch+json"
GONE = "pipeline.gone.handler"
NOWHERE = "nowhere"
ASKED = {  # what reaches each function that somebody waits for
    "ReadMetricsFunction": "/v1/metrics/page.viewed?measure=count",
    "ReadEventsFunction": "/v1/events?type=page.viewed",
    "ReadStatusFunction": "/v1/status",
    "ReadDocumentsFunction": "/",
}


def page_views(number: int, **changes: Any) -> list[dict[str, Any]]:
    view = {
        "specversion": "1.0",
        "source": "/faults",
        "type": "page.viewed",
        "time": "2024-05-01T12:00:00Z",
        "data": {"page": "/", "visitor": "v"},
    }
    return [{**view, "id": str(uuid.uuid4()), **changes} for _ in range(number)]


@dataclass(frozen=True)
class Site:
    """A stack with somebody who sends events to it, asks it, and administers it."""

    stack: Stack
    there: Deployment

    def client(self, service: str) -> Any:
        return self.there.client(service)

    def id(self, resource: str) -> str:
        """The physical id of a resource by its logical one."""
        return str(self.there.resources[resource])

    def post(self, path: str, body: Any) -> requests.Response:
        headers = {"x-api-key": self.stack.api_key, "Content-Type": BATCH}
        content = json.dumps(body).encode()
        return requests.post(f"{self.stack.url}{path}", content, headers=headers, timeout=40)

    def hook(self, events: list[dict[str, Any]]) -> requests.Response:
        body = json.dumps(events).encode()
        headers = {"Content-Type": BATCH, **sign(self.stack.webhook_secret, body)}
        return requests.post(f"{self.stack.webhook_url}default", body, headers=headers, timeout=40)

    def ask(self, path: str) -> requests.Response:
        headers = {"x-api-key": self.stack.api_key, "Cache-Control": "max-age=0"}
        return requests.get(f"{self.stack.url}{path}", headers=headers, timeout=40)

    def upload(self, events: list[dict[str, Any]]) -> None:
        text = "\n".join(json.dumps(event) for event in events)
        key = f"incoming/{uuid.uuid4()}.jsonl"
        self.client("s3").put_object(Bucket=self.stack.bucket, Key=key, Body=text.encode())

    def insert(self) -> None:
        data = {"page": {"S": "/"}, "visitor": {"S": "v"}}
        item: dict[str, Any] = {
            "pk": {"S": str(uuid.uuid4())}, "type": {"S": "page.viewed"}, "data": {"M": data}
        }  # fmt: skip
        self.client("dynamodb").put_item(TableName=self.stack.table, Item=item)

    def change(self, sql: str) -> None:
        """Run a statement as the warehouse's administrator."""
        self.there.warehouse().execute(sql, seconds=60)


# --- functions -----------------------------------------------------------------------------


@contextmanager
def configured(site: Site, function: str, **changes: Any) -> Iterator[None]:
    """Change a function by hand; `Variables` are merged into those that it has."""
    client, name = site.client("lambda"), site.id(function)
    before = client.get_function_configuration(FunctionName=name)
    variables = before["Environment"]["Variables"]
    former = {"Handler": before["Handler"], "Environment": {"Variables": variables}}
    added = changes.pop("Variables", {})
    client.update_function_configuration(
        FunctionName=name, **(former | {"Environment": {"Variables": variables | added}} | changes)
    )
    try:
        yield
    finally:
        client.update_function_configuration(FunctionName=name, **former)


@contextmanager
def badly_deployed(site: Site) -> Iterator[Stir]:
    """Give each function that somebody waits for a version without its handler, and ask it."""
    client = site.client("lambda")
    functions = [*ASKED, "ReadExportsFunction", "ReceiveRequestFunction", "ReceiveWebhookFunction"]
    before = {}
    for function in functions:
        name = site.id(function)
        before[name] = client.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
        with configured(site, function, Handler=GONE):
            version = client.publish_version(FunctionName=name)["Version"]
        client.update_alias(FunctionName=name, Name="live", FunctionVersion=version)

    def ask() -> None:
        for path in ASKED.values():
            site.ask(path)
        site.post("/v1/exports", {})
        site.post("/v1/events", page_views(1))
        site.hook(page_views(1))

    try:
        yield ask
    finally:
        for name, version in before.items():
            client.update_alias(FunctionName=name, Name="live", FunctionVersion=version)


@contextmanager
def nothing_staged(site: Site) -> Iterator[Stir]:
    """Take the handler from the function behind EventQueue."""
    with configured(site, "StageBatchFunction", Handler=GONE):
        yield lambda: site.post("/v1/events", page_views(1))


@contextmanager
def nothing_prepared(site: Site) -> Iterator[Stir]:
    """Take the handler from the workflow's first step."""
    with configured(site, "EnrichEventsFunction", Handler=GONE):
        yield lambda: site.upload(page_views(1))


@contextmanager
def nothing_loaded(site: Site) -> Iterator[Stir]:
    """Take away the table by which loads take turns, so that each of them fails."""
    site.change("ALTER TABLE load_mutex RENAME TO load_mutex_away")
    try:
        yield lambda: site.upload(page_views(1))
    finally:
        site.change("ALTER TABLE load_mutex_away RENAME TO load_mutex")


@contextmanager
def stream_blocked(site: Site) -> Iterator[Stir]:
    """Send what is inserted to a queue that there is not."""
    queue = site.id("EventQueue").rsplit("/", 1)[0] + f"/{NOWHERE}"
    with configured(site, "ReceiveChangeFunction", Variables={"EVENT_QUEUE_URL": queue}):
        site.insert()
        yield lambda: None


@contextmanager
def stream_given_up(site: Site) -> Iterator[Stir]:
    """Block the stream with a mapping that gives up at once instead of after twelve hours."""
    client = site.client("lambda")
    function = site.id("ReceiveChangeFunction")
    [mapping] = client.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]
    client.update_event_source_mapping(UUID=mapping["UUID"], MaximumRetryAttempts=0)
    try:
        with stream_blocked(site) as stir:
            yield stir
    finally:
        client.update_event_source_mapping(UUID=mapping["UUID"], MaximumRetryAttempts=-1)


@contextmanager
def nothing_read_of_uploads(site: Site) -> Iterator[Stir]:
    """Take the handler from the function that reads objects."""
    with configured(site, "ReceiveUploadFunction", Handler=GONE):
        site.upload(page_views(1))
        yield lambda: None


@contextmanager
def nothing_starts(site: Site, function: str, stir: Stir) -> Iterator[Stir]:
    """Reserve no concurrency at all for a function."""
    client, name = site.client("lambda"), site.id(function)
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        yield stir
    finally:
        client.delete_function_concurrency(FunctionName=name)


def requests_throttled(site: Site) -> AbstractContextManager[Stir]:
    """Throttle the page; the emulator holds only calls without an alias to what is reserved."""
    client, name = site.client("lambda"), site.id("ReadDocumentsFunction")

    def call() -> None:
        with suppress(client.exceptions.TooManyRequestsException):
            client.invoke(FunctionName=name, Payload=b"{}")

    return nothing_starts(site, "ReadDocumentsFunction", call)


def work_throttled(site: Site) -> AbstractContextManager[Stir]:
    """Throttle what starts the workflow; of pollers of queues the emulator counts no throttles."""
    return nothing_starts(site, "StartPreparationFunction", lambda: site.upload(page_views(1)))


# --- senders -------------------------------------------------------------------------------


@contextmanager
def malformed(site: Site) -> Iterator[Stir]:
    """Send what is no event."""
    yield lambda: site.post("/v1/events", [{"id": "x"}] * 20)


@contextmanager
def unknown(site: Site) -> Iterator[Stir]:
    """Send events of a type that the catalogue has not."""
    yield lambda: site.post("/v1/events", page_views(20, type="page.unheard"))


# --- the warehouse -------------------------------------------------------------------------


@contextmanager
def stuttering(site: Site, state: Path, seconds: float) -> Iterator[Stir]:
    """Stop the warehouse for some seconds, over and over, with events and questions waiting."""
    process, pool = warehouse_process(state), ThreadPoolExecutor(4)

    def stutter() -> None:
        site.upload(page_views(1))
        os.kill(process, signal.SIGSTOP)
        waiting = [pool.submit(ask_anew, site) for _ in range(4)]
        wait(waiting, timeout=seconds)
        os.kill(process, signal.SIGCONT)
        wait(waiting)

    try:
        yield stutter
    finally:
        os.kill(process, signal.SIGCONT)
        pool.shutdown()


def ask_anew(site: Site) -> None:
    """Ask what nobody has asked, so that nothing kept can answer it."""
    site.ask(f"/v1/events?type=page.viewed&limit={secrets.randbelow(900) + 1}")


def warehouse_process(state: Path) -> int:
    """Find the Redshift Data API whose data lie under a cloud's state."""
    data = str(state / "redshift")
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if data in place.read_text().split("\0"):
                return int(place.parent.name)
    raise AssertionError(f"no warehouse works on {data}")


@contextmanager
def crowded(site: Site) -> Iterator[Stir]:
    """Have somebody else use up the Data API's quota for calls while readers ask."""
    client = site.client("redshift-data")
    statement = {"WorkgroupName": site.id("Workgroup"), "Database": "events", "Sql": "SELECT 1"}
    over = threading.Event()

    def crowd() -> None:
        while not over.is_set():
            with suppress(ClientError):
                client.execute_statement(**statement)

    with ThreadPoolExecutor(8) as pool:
        for _ in range(4):
            pool.submit(crowd)
        try:
            yield lambda: wait([pool.submit(ask_anew, site) for _ in range(4)])
        finally:
            over.set()


@contextmanager
def rows_deleted(site: Site) -> Iterator[Stir]:
    """Delete the events of a batch behind the loader's back, and look."""
    site.change("CREATE TABLE lost AS SELECT * FROM events WHERE source = '/faults'")
    site.change("DELETE FROM events WHERE source = '/faults'")
    try:
        yield lambda: look(site)
    finally:
        site.change("INSERT INTO events SELECT * FROM lost")
        site.change("DROP TABLE lost")


def look(site: Site) -> None:
    """Call the check on missing events by hand."""
    site.client("lambda").invoke(FunctionName=site.id("CheckConservationFunction"))


def bring_back(site: Site) -> None:
    """Redrive what lies in the dead-letter queues."""
    for _ in redrive_queues(site.there, dict(load_catalogue()), dry_run=False):
        pass

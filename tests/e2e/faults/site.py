"""A stack on the local cloud that faults are caused in, and those who use it meanwhile.

A fault, in the modules beside this, is a context manager. What it yields is called again and again
while it lasts, and does what the world would do meanwhile: it sends, asks, uploads.
"""

import json
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests

from local.feed import sign
from local.recovery.deployment import Deployment
from local.recovery.redrive import redrive_queues
from local.stack import Stack
from pipeline.catalogue import load_catalogue

Stir = Callable[[], object]
BATCH = "application/cloudevents-batch+json"


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
    clients: dict[str, Any] = field(default_factory=dict)
    making: threading.Lock = field(default_factory=threading.Lock)

    def client(self, service: str) -> Any:
        with self.making:  # which boto3 does not allow to several threads at once
            if service not in self.clients:
                self.clients[service] = self.there.client(service)
            return self.clients[service]

    def id(self, resource: str) -> str:
        """The physical id of a resource by its logical one."""
        return str(self.there.resources[resource])

    def post(self, path: str, body: Any) -> requests.Response:
        headers = {"x-api-key": self.stack.api_key, "Content-Type": BATCH}
        content = json.dumps(body).encode()
        return requests.post(f"{self.stack.url}{path}", content, headers=headers, timeout=40)

    def hook(self, events: list[dict[str, Any]], *, secret: str = "") -> requests.Response:
        body = json.dumps(events).encode()
        headers = {"Content-Type": BATCH, **sign(secret or self.stack.webhook_secret, body)}
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

    def loaded_batch(self) -> str:
        """The key of a batch that is in the warehouse's ledger."""
        sql = "SELECT MAX(object_key) AS object_key FROM loads WHERE kind = 'events'"
        [row] = self.there.warehouse().rows(sql, seconds=60)
        return str(row["object_key"])


def look(site: Site) -> None:
    """Call the check on missing events by hand."""
    site.client("lambda").invoke(FunctionName=site.id("CheckConservationFunction"))


def bring_back(site: Site) -> None:
    """Redrive what lies in the dead-letter queues."""
    for _ in redrive_queues(site.there, dict(load_catalogue()), dry_run=False):
        pass

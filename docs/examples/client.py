"""A client of the endpoint: statistics, events page by page, patient where the endpoint is busy."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

ATTEMPTS = 5
Question = Mapping[str, str | int]


@dataclass(frozen=True)
class Endpoint:
    """Where the endpoint is, and the key to it."""

    url: str
    key: str
    session: requests.Session = field(default_factory=requests.Session)

    def get(self, path: str, question: Question) -> Any:
        """Ask, again after as long as the endpoint says; raises requests.HTTPError."""
        for attempt in range(1, ATTEMPTS + 1):
            answer = self.session.get(
                self.url + path, params=question, headers={"x-api-key": self.key}, timeout=30
            )
            if answer.status_code not in (429, 503, 504) or attempt == ATTEMPTS:
                break
            time.sleep(float(answer.headers.get("Retry-After", attempt)))
        answer.raise_for_status()
        return answer.json()

    def metric(self, event_type: str, question: Question) -> list[dict[str, Any]]:
        """Return the rows of a statistic."""
        return list(self.get(f"/v1/metrics/{event_type}", question)["rows"])

    def events(self, question: Question) -> Iterator[dict[str, Any]]:
        """Yield all events, page by page."""
        page = self.get("/v1/events", question)
        yield from page["events"]
        while page["next"]:
            page = self.get("/v1/events", {**question, "cursor": page["next"]})
            yield from page["events"]

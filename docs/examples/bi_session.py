"""Patient connections to the endpoint, and exports from start to end."""

import time
from collections.abc import Mapping

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

SECONDS = 60
# Retry-After says when to come again; where it is missing, urllib3 waits longer each time. Only GET is
# sent again: an export whose answer was lost may be under way.
PATIENCE = Retry(
    total=6,
    backoff_factor=1,
    status_forcelist=(429, 503, 504),
    allowed_methods=("GET",),
    raise_on_status=False,
)


def open_session(key: str) -> requests.Session:
    """Open connections that send the key, to the endpoint and nowhere else."""
    session = requests.Session()
    session.headers["x-api-key"] = key
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=PATIENCE))
    return session


def ask(session: requests.Session, url: str, question: Mapping[str, str]) -> requests.Response:
    """Ask by GET; raises requests.HTTPError with the problem, which says what is wrong."""
    answer = session.get(url, params=question, timeout=SECONDS)
    if not answer.ok:
        raise requests.HTTPError(f"{answer.status_code}: {answer.text}", response=answer)
    answer.encoding = "utf-8"
    return answer


def export(session: requests.Session, url: str, question: Mapping[str, str]) -> list[str]:
    """Export, and return the files' addresses: signed, good for 15 minutes, without the key."""
    started = session.post(f"{url}/v1/exports", json=question, timeout=SECONDS)
    started.raise_for_status()
    while True:
        answer = ask(session, url + started.json()["location"], {})
        state = answer.json()
        if state["status"] == "done":
            return [file["url"] for file in state["files"]]
        if state["status"] == "failed":
            raise RuntimeError(state["detail"])
        time.sleep(float(answer.headers.get("Retry-After", "2")))

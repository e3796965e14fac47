"""A warehouse that fails, is slow, crowded, or changed behind its loader's back."""

import os
import secrets
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from pathlib import Path

from botocore.exceptions import ClientError

from tests.e2e.faults.site import Site, Stir, look, page_views

RETRIES = "retry-config-redshift-data"  # botocore's own name of its handler


@contextmanager
def nothing_loaded(site: Site) -> Iterator[Stir]:
    """Take away the table by which loads take turns, so that each of them fails."""
    site.change("ALTER TABLE load_mutex RENAME TO load_mutex_away")
    try:
        yield lambda: site.upload(page_views(1))
    finally:
        site.change("ALTER TABLE load_mutex_away RENAME TO load_mutex")


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
    client = site.there.client("redshift-data")
    # This crowd does not wait before it tries again, and what it asks is refused without work: calls
    # are counted first.
    client.meta.events.unregister("needs-retry.redshift-data", unique_id=RETRIES)
    over = threading.Event()

    def crowd() -> None:
        while not over.is_set():
            with suppress(ClientError):
                client.execute_statement(Sql="SELECT 1")

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

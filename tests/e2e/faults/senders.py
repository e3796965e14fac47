"""Senders that do not send what they should."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.faults.site import Site, Stir, page_views


@contextmanager
def malformed(site: Site) -> Iterator[Stir]:
    """Send what is no event."""
    yield lambda: site.post("/v1/events", [{"id": "x"}] * 20)


@contextmanager
def unknown(site: Site) -> Iterator[Stir]:
    """Send events of a type that the catalogue has not."""
    yield lambda: site.post("/v1/events", page_views(20, type="page.unheard"))


@contextmanager
def forged(site: Site) -> Iterator[Stir]:
    """Send webhooks that are signed with a secret which is not theirs."""

    def send() -> None:
        for _ in range(10):
            site.hook(page_views(1), secret="a secret of nobody's")

    yield send

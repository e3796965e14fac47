"""A question for events, page by page: which ones, after which, how many."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from pipeline.catalogue import Column, EventType
from pipeline.errors import MalformedQuestion
from pipeline.serve.asking.contract import DEFAULT_PAGE, FORMATS, MAX_PAGE
from pipeline.serve.asking.cursor import PARAMETER, Position, read_cursor
from pipeline.serve.asking.filters import Term, read_filter
from pipeline.serve.asking.moments import format_moment
from pipeline.serve.asking.question import choice, read_limit, read_span
from pipeline.serve.asking.signing import Signer

# Not the data: facts are loaded after their events, and a page that was filtered by them would
# leave out for good those that came later. These are known when an event is loaded, all of them.
COLUMNS = tuple(
    Column(name, name, "string", "dimension", max_bytes)
    for name, max_bytes in (("source", 8192), ("subject", 8192), ("entrance", 16), ("id", 1024))
)


@dataclass(frozen=True)
class Listing:
    """A checked question; `start` is inclusive, `end` exclusive, both of the event's own time.

    `given` is how the caller spelled it.
    """

    event_type: EventType | None
    start: datetime | None
    end: datetime | None
    terms: tuple[Term, ...]
    after: Position | None
    limit: int
    format: str
    given: Mapping[str, str] = field(compare=False)

    def described(self) -> dict[str, Any]:
        """Tell which events are asked for; a cursor goes with all questions described alike."""
        return {
            "type": self.event_type.name if self.event_type else None,
            "from": format_moment(self.start) if self.start else None,
            "to": format_moment(self.end) if self.end else None,
            "filter": [term.described() for term in self.terms],
        }

    def normal(self) -> dict[str, Any]:
        """Tell all that shapes the answer, equally for equal questions."""
        after = [self.after.version, self.after.event_key] if self.after else None
        own = {"after": after, "limit": self.limit, "format": self.format}
        return {**self.described(), **own}


def read_listing(
    given: Mapping[str, str],
    catalogue: Mapping[str, EventType],
    signer: Callable[[], Signer],
) -> Listing:
    """Check the parameters; the signer is only asked for where there is a cursor.

    Raises MalformedQuestion naming the parameter at fault.
    """
    event_type = _event_type(given, catalogue)
    start, end = read_span(given, "none", UTC)
    filtered = given.get("filter")
    terms = () if filtered is None else read_filter(filtered, COLUMNS)
    limit = read_limit(given, DEFAULT_PAGE, MAX_PAGE)
    format_ = choice("format", given.get("format", FORMATS[0]), FORMATS)
    listing = Listing(event_type, start, end, terms, None, limit, format_, given)
    if PARAMETER not in given:
        return listing
    return replace(listing, after=read_cursor(signer(), given[PARAMETER], listing.described()))


def _event_type(given: Mapping[str, str], catalogue: Mapping[str, EventType]) -> EventType | None:
    name = given.get("type")
    if name is not None and name not in catalogue:
        raise MalformedQuestion("type", f"must be one of {', '.join(catalogue)}")
    return None if name is None else catalogue[name]

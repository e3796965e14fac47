"""What an export is to hold: the parameters of a GET as members of a body, checked as there."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NoReturn

from pipeline.catalogue import EventType
from pipeline.errors import MalformedQuestion
from pipeline.serve.asking.body import check_names
from pipeline.serve.asking.contract import EXPORT_FORMATS, query_names
from pipeline.serve.asking.listing import read_listing
from pipeline.serve.asking.question import choice, read_question
from pipeline.serve.querying.listing_query import listing_selection
from pipeline.serve.querying.query import metrics_selection
from pipeline.serve.querying.source import choose, instead_of
from pipeline.serve.querying.unloading import Selection

SUBJECTS = ("metrics", "events")
OWN = ("of", "type", "format")
# An export has all rows, so it has no pages.
NOT_HERE = ("limit", "cursor", *OWN)

Catalogue = Mapping[str, EventType]


@dataclass(frozen=True)
class Wanted:
    """The rows of an export and how they are written."""

    selection: Selection
    format: str


def read_wanted(given: Mapping[str, str], catalogue: Catalogue) -> Wanted:
    """Check the members of a body; raises MalformedQuestion naming the one at fault."""
    subject = choice("of", given.get("of", ""), SUBJECTS)
    check_names(given, ALLOWED[subject])
    format_ = choice("format", given.get("format", EXPORT_FORMATS[0]), EXPORT_FORMATS)
    asked = {name: value for name, value in given.items() if name not in ("of", "format")}
    select = _of_metrics if subject == "metrics" else _of_events
    return Wanted(select(asked, catalogue), format_)


def _of_metrics(asked: Mapping[str, str], catalogue: Catalogue) -> Selection:
    event_type = catalogue.get(asked.get("type", ""))
    if event_type is None:
        raise MalformedQuestion("type", f"must be one of {', '.join(catalogue)}")
    question = read_question(event_type, asked)
    source = choose(question)
    selection = metrics_selection(question, source)
    if instead := instead_of(source, question):
        return replace(selection, rollup=source.table, instead=metrics_selection(question, instead))
    return selection


def _of_events(asked: Mapping[str, str], catalogue: Catalogue) -> Selection:
    return listing_selection(read_listing(asked, catalogue, _no_cursor))


def _no_cursor() -> NoReturn:
    raise AssertionError("an export has no pages, so there is no cursor to be read")


def _allowed(path: str) -> tuple[str, ...]:
    return (*OWN, *(name for name in query_names(path) if name not in NOT_HERE))


ALLOWED = {"metrics": _allowed("/v1/metrics/{type}"), "events": _allowed("/v1/events")}

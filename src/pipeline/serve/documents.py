"""GET / and /openapi.json: the dashboard and the description, which change with the code only."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from pipeline import telemetry
from pipeline.catalogue import load_catalogue
from pipeline.origins import readable_from
from pipeline.serve.asking.contract import query_names
from pipeline.serve.asking.question import read_parameters
from pipeline.serve.describing.openapi import openapi
from pipeline.serve.describing.page import render
from pipeline.serve.desk.answering import describe
from pipeline.serve.desk.reading import reading
from pipeline.serve.telling.answers import CONTENT_TYPES, Answer, to_json
from pipeline.serve.telling.problems import Response
from pipeline.settings import from_env


@dataclass(frozen=True)
class Settings:
    """How long an answer may be kept."""

    cache_ttl_seconds: int
    allowed_origin: str = ""


settings = from_env(Settings)


@telemetry.observed
@reading()
@readable_from(settings.allowed_origin)
def handler(event: dict[str, Any], _context: Any) -> Response:
    """Answer with a document or a problem; nothing is asked."""
    return describe(event, lambda: read_document(event), settings.cache_ttl_seconds)


def read_document(event: Mapping[str, Any]) -> Answer:
    """Write the document of an API Gateway event; raises MalformedQuestion for any parameter."""
    path = event["resource"]
    read_parameters(event, query_names(path))
    return DOCUMENTS[path](event, datetime.now(UTC))


def address_of(event: Mapping[str, Any]) -> str:
    """Tell where the endpoint is: with its stage, or as a domain of one's own has it.

    The domain is in it since the cache has one document for all domains of the endpoint: a path
    alone would be wrong at the others. Where there is no domain, as on the local cloud, the path
    has to do.
    """
    context, own = event["requestContext"], event["resource"]
    path = context["path"].rstrip("/")
    base = path.removesuffix(own) if path.endswith(own) else f"/{context['stage']}"
    domain = context.get("domainName")
    return (f"https://{domain}" if domain else "") + base.rstrip("/")


def write_page(_event: Mapping[str, Any], as_of: datetime) -> Answer:
    """Write the dashboard, with the policies that hold it to what it carries."""
    page = render()
    headers = {
        "Content-Security-Policy": page.policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    return Answer(page.html, "text/html; charset=utf-8", as_of, headers=headers)


def write_description(event: Mapping[str, Any], as_of: datetime) -> Answer:
    """Write the OpenAPI document."""
    return Answer(_description(address_of(event)), CONTENT_TYPES["json"], as_of)


@lru_cache(maxsize=4)
def _description(address: str) -> str:
    return to_json(openapi(load_catalogue(), address))


DOCUMENTS: Mapping[str, Callable[[Mapping[str, Any], datetime], Answer]] = {
    "/": write_page,
    "/openapi.json": write_description,
}

"""Functions that are broken, misconfigured or not started."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

from tests.e2e.faults.site import Site, Stir, look, page_views

GONE = "pipeline.gone.handler"
NOWHERE = "nowhere"
ASKED = {  # what reaches each function that somebody waits for
    "ReadMetricsFunction": "/v1/metrics/page.viewed?measure=count",
    "ReadEventsFunction": "/v1/events?type=page.viewed",
    "ReadStatusFunction": "/v1/status",
    "ReadDocumentsFunction": "/",
}


@contextmanager
def configured(site: Site, function: str, **changes: Any) -> Iterator[None]:
    """Change a function by hand; `Variables` are merged into those that it has."""
    client, name = site.client("lambda"), site.id(function)
    before = client.get_function_configuration(FunctionName=name)
    variables = before["Environment"]["Variables"]
    former = {name: before[name] for name in ("Handler", "Timeout")}
    former["Environment"] = {"Variables": variables}
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
def facts_missing(site: Site) -> Iterator[Stir]:
    """Load events of which nothing is prepared, and look."""
    with nothing_prepared(site) as upload:

        def upload_and_look() -> None:
            upload()
            look(site)

        yield upload_and_look


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

"""`make run`: the whole system on this machine, fed with a week of real flights."""

import argparse
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from local.answers import print_answers, print_check, wait_until_loaded
from local.cloud import LocalCloud
from local.deploy import DeployFailed, deploy
from local.feed import send_through_all
from local.interrupts import interruptible
from local.operations.opening import operations_page, send_one_flight
from local.processes import PortTaken, ServerDidNotStart, free_port, require_free
from local.progress import progress_bar
from local.replay import replay
from local.sample import week
from local.stack import EndpointError, Stack

ROOT = Path(__file__).parent.parent
STACK_NAME = "events-to-endpoints"
# Freshness is free on one machine, and short visibility makes faults heal while one looks on.
PARAMETERS = {
    "BatchWindowSeconds": "1",
    "LoadWindowSeconds": "2",
    "CacheTtlSeconds": "10",
    "EventVisibilitySeconds": "15",
    "LoadVisibilitySeconds": "15",
    "RequestsPerSecond": "1000",
    "CheckMinutes": "2",
    "MissingAfterSeconds": "90",
    "ShiftTraffic": "false",  # the emulator has no CodeDeploy
}
LOAD_SECONDS = 120
# What the dashboard shows at first: the week, by the clock of the flights' airports.
VIEW = {"from": "2013-01-01", "to": "2013-01-08", "timezone": "America/New_York"}


def main() -> int:
    """Run until Ctrl-C, or with --once until the answers are printed; returns the exit status."""
    options = read_options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        run(options)
    except KeyboardInterrupt:
        print("\nStopped.")
    except PortTaken as error:
        print(f"\n{error} For example: make run ARGS='--port 4600'", file=sys.stderr)
        return 1
    except (ServerDidNotStart, DeployFailed, EndpointError, TimeoutError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


def run(options: argparse.Namespace) -> None:
    """Start, deploy, feed, answer, and go on live."""
    port = options.port or free_port()
    require_free(port)  # before its state goes: another run may be using it
    state = ROOT / f".local/run-{port}"
    shutil.rmtree(state, ignore_errors=True)
    print("Starting the local cloud …", flush=True)
    with LocalCloud(state, port=port) as cloud, interruptible():
        print("Deploying template.yaml …", flush=True)
        outputs = deploy_template(cloud, AllowedOrigin=options.allow_origin)
        stack = Stack.on_machine(cloud, outputs)
        try:
            events = week()
            feed_week(stack, events)
            print_answers(stack)
            print_check(stack)
            with operations_page(stack, STACK_NAME) as page:
                print_ways_in(stack, page, send_and_read_one(stack, events))
                if not options.once:
                    go_on_live(stack, events, options.speed)
        finally:
            stack.close()


def deploy_template(
    cloud: LocalCloud, template: Path = ROOT / "template.yaml", **more: str
) -> dict[str, str]:
    """Deploy the template with the parameters for one machine, and with more or others."""
    return deploy(cloud, template, STACK_NAME, {**parameters_on(cloud), **more})


def parameters_on(cloud: LocalCloud) -> dict[str, str]:
    """Return the parameters for one machine, with the addresses of a local cloud."""
    endpoints = {
        "LocalCloudEndpoint": cloud.endpoint,
        "RedshiftDataEndpoint": cloud.redshift_endpoint,
    }
    return {**PARAMETERS, **endpoints}


def feed_week(stack: Stack, events: Sequence[dict[str, Any]]) -> None:
    """Send the week with a progress bar, and wait until the endpoint knows all of it."""
    started = time.monotonic()
    with progress_bar("Sending the week of January 1, 2013", len(events)) as sent:
        send_through_all(stack, events, sent.update)
    with progress_bar("Computing, loading", len(events)) as loaded:
        wait_until_loaded(stack, len(events), LOAD_SECONDS, loaded.update)
    seconds = time.monotonic() - started
    print(
        f"{len(events):,} events came in through an API call, a webhook, DynamoDB and S3, and are"
        f" queryable after {seconds:.1f} s."
    )


def send_and_read_one(stack: Stack, events: Sequence[dict[str, Any]]) -> str:
    """Send one flight more, wait for it and read it, so that its way can be followed whole."""
    key = send_one_flight(stack, events)
    wait_until_loaded(stack, len(events) + 1, LOAD_SECONDS)
    stack.get(f"/v1/events/{key}")
    return key


def print_ways_in(stack: Stack, page: str, event_key: str) -> None:
    """Print addresses, the key and lines that can be pasted into a shell."""
    print(f"""
  The dashboard, with the key and the week:

    {dashboard_url(stack)}

  Operations: what flows, what fires, traces; and the way of one flight, from its POST to its reading:

    {page}
    {page}#event={event_key}

  To ask for yourself, in another terminal:

    URL={stack.url}
    KEY='x-api-key: {stack.api_key}'

  What can be asked          curl -H "$KEY" "$URL/v1/metrics"
  Mean delay by airline      curl -H "$KEY" "$URL/v1/metrics/flight.arrived?measure=arr_delay&stat=avg&group_by=airline&order=-value"
  Departures by day, as CSV  curl -H "$KEY" "$URL/v1/metrics/flight.departed?interval=day&timezone=America/New_York&format=csv"
  The events themselves      curl -H "$KEY" "$URL/v1/events?type=flight.cancelled&limit=3"
  What became of it all?     curl -H "$KEY" "$URL/v1/status"
  Send an event of your own  curl -H "$KEY" -H 'content-type: application/cloudevents+json' "$URL/v1/events" \\
                               -d '{{"specversion":"1.0","id":"1","source":"/me","type":"page.viewed","data":{{"page":"/","visitor":"me"}}}}'
  Where is it now?           curl -H "$KEY" "$URL/v1/events/<the event_key of the answer>"
""")


def dashboard_url(stack: Stack) -> str:
    """Address the dashboard; what follows the # stays in the browser."""
    return f"{stack.url}/#{urlencode({'key': stack.api_key, **VIEW}, safe='/')}"


def go_on_live(stack: Stack, events: Sequence[dict[str, Any]], speed: float) -> None:
    """Replay the week as if it happened now, until Ctrl-C."""
    print(f"Replaying the flights live, {speed:g} seconds to the second. Ctrl-C stops everything.")
    known = stack.get("/v1/status")["events"]["loaded"]
    for sent in replay(stack, events, speed):
        queryable = stack.get("/v1/status")["events"]["loaded"] - known  # from the cache, mostly
        print(f"\r  {sent:,} events sent live, {queryable:,} queryable", end="", flush=True)


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="make run ARGS=…", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after the answers")
    parser.add_argument("--speed", type=positive, default=120.0, metavar="N",
                        help="replay N seconds of the week in a second (default 120)")  # fmt: skip
    parser.add_argument("--port", type=int, default=4566, help="0 takes a free one (default 4566)")
    parser.add_argument("--allow-origin", default="", metavar="ORIGIN",
                        help="whose pages may read the endpoint, * for all (default: none)")  # fmt: skip
    return parser.parse_args()


def positive(text: str) -> float:
    """Read a number above zero."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError("must be above 0")
    return number


if __name__ == "__main__":
    sys.exit(main())

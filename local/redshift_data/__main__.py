"""Starts the server: python -m local.redshift_data --port 4510 --data .state/redshift."""

import argparse
import os
import signal
import sys
import threading
from dataclasses import fields
from pathlib import Path

from local.redshift_data.engine import DatabaseInUse
from local.redshift_data.events import EventBus
from local.redshift_data.limits import WAITING_REQUESTS, Limits, Retention
from local.redshift_data.objects import S3Objects
from local.redshift_data.server import RedshiftDataServer
from local.redshift_data.settings import Settings

_MEGABYTE = 1024 * 1024


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    arguments = _arguments()
    try:
        _serve(arguments)
    except DatabaseInUse as error:
        sys.exit(str(error))


def _serve(arguments: argparse.Namespace) -> None:
    objects = S3Objects(arguments.s3_endpoint or _endpoint("S3"))
    settings = _settings(arguments)
    stopping = threading.Event()
    for signal_ in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_, lambda *_: stopping.set())
    with RedshiftDataServer(
        arguments.data, objects, port=arguments.port, settings=settings
    ) as server:
        print(f"redshift-data listening on {server.url}", flush=True)
        stopping.wait()
    if settings.events:
        settings.events.close()
    objects.close()


def _settings(arguments: argparse.Namespace) -> Settings:
    events_endpoint = arguments.events_endpoint or _endpoint("EVENTS")
    return Settings(
        limits=Limits(
            **{f.name: not getattr(arguments, f"no_limit_{f.name}") for f in fields(Limits)}
        ),
        retention=Retention(arguments.memory_mb * _MEGABYTE, arguments.retained_statements),
        waiting_requests=arguments.waiting_requests,
        database_megabytes=arguments.database_memory_mb,
        roles=dict(arguments.role),
        events=EventBus.at(events_endpoint) if events_endpoint else None,
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.redshift_data", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one")
    parser.add_argument("--data", type=Path, required=True, help="folder of the database file")
    parser.add_argument("--s3-endpoint", help="where COPY reads; else as boto3 finds it")
    parser.add_argument("--events-endpoint", help="the EventBridge that WithEvent tells")
    parser.add_argument(
        "--role",
        type=_role,
        action="append",
        default=[],
        metavar="ACCESS_KEY=ROLE",
        help="the IAM role that an access key stands for; can be repeated",
    )
    _add_numbers(parser)
    for field in fields(Limits):
        flag = f"--no-limit-{field.name.replace('_', '-')}"
        parser.add_argument(flag, action="store_true", help="do not enforce this quota")
    return parser.parse_args()


def _add_numbers(parser: argparse.ArgumentParser) -> None:
    kept = Retention()
    for flag, default, text in (
        ("--memory-mb", kept.bytes // _MEGABYTE, "for results and texts of statements over"),
        ("--retained-statements", kept.statements, "statements over that are remembered"),
        ("--database-memory-mb", None, "for DuckDB; its default is 80 %% of the machine's"),
        ("--waiting-requests", WAITING_REQUESTS, "with WaitTimeSeconds for one statement"),
    ):
        parser.add_argument(flag, type=_positive, default=default, help=text)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _role(text: str) -> tuple[str, str]:
    key, _, role = text.partition("=")
    if not key or not role:
        raise argparse.ArgumentTypeError("must be ACCESS_KEY=ROLE")
    return key, role


def _endpoint(service: str) -> str | None:
    return os.environ.get(f"AWS_ENDPOINT_URL_{service}") or os.environ.get("AWS_ENDPOINT_URL")


if __name__ == "__main__":
    main()

"""Starts the server: python -m local.redshift_data --port 4510 --data .state/redshift."""

import argparse
import os
import signal
import threading
from dataclasses import fields
from pathlib import Path

from local.redshift_data.limits import Limits
from local.redshift_data.objects import S3Objects
from local.redshift_data.server import RedshiftDataServer


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    arguments = _arguments()
    limits = Limits(
        **{f.name: not getattr(arguments, f"no_limit_{f.name}") for f in fields(Limits)}
    )
    objects = S3Objects(arguments.s3_endpoint or _endpoint())
    stopping = threading.Event()
    for signal_ in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_, lambda *_: stopping.set())
    with RedshiftDataServer(arguments.data, objects, port=arguments.port, limits=limits) as server:
        print(f"redshift-data listening on {server.url}", flush=True)
        stopping.wait()
    objects.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.redshift_data", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one")
    parser.add_argument("--data", type=Path, required=True, help="folder of the database file")
    parser.add_argument("--s3-endpoint", help="where COPY reads; else as boto3 finds it")
    for field in fields(Limits):
        flag = f"--no-limit-{field.name.replace('_', '-')}"
        parser.add_argument(flag, action="store_true", help="do not enforce this quota")
    return parser.parse_args()


def _endpoint() -> str | None:
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")


if __name__ == "__main__":
    main()

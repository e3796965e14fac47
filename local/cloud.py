"""The local cloud: ministack with its mends, and the Redshift Data API beside it."""

import argparse
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3.session
import botocore.session
from botocore.config import Config

from local.processes import (
    HOST,
    PortTaken,
    Server,
    ServerDidNotStart,
    clean_environment,
    find_processes,
    free_port,
    require_free,
)

REGION = "us-east-1"
_START_SECONDS = 60.0


class LocalCloud:
    """A running local cloud, stopped when the `with` block ends, whatever ends it.

    `port` 0 takes a free one. A Redshift Data API is started beside it unless `redshift_endpoint`
    names one. `mended=False` runs ministack as released, for the tests of the mends. Of alarms a
    minute lasts `alarm_minute` seconds, which tests make fewer.
    Entering raises PortTaken, or ServerDidNotStart with the tail of the log.
    """

    def __init__(
        self,
        state: Path,
        *,
        port: int = 0,
        redshift_endpoint: str = "",
        mended: bool = True,
        alarm_minute: float = 60,
    ) -> None:
        self.state = state.resolve()
        self.port = port or free_port()
        self.endpoint = f"http://{HOST}:{self.port}"
        self.redshift_endpoint = redshift_endpoint
        self._workplace = self.state / "tmp"
        self._mended = mended
        self._alarm_minute = alarm_minute
        self._servers: list[Server] = []
        self._session = _session_without_user_settings()

    def __enter__(self) -> Self:
        require_free(self.port)
        deadline = time.monotonic() + _START_SECONDS
        try:
            if not self.redshift_endpoint:
                self._start_redshift(deadline)
            self._start_emulator(deadline)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End all servers, the last started first; calling it twice is harmless."""
        while self._servers:
            self._servers.pop().stop()
            shutil.rmtree(self._workplace, ignore_errors=True)

    def stop_warehouse(self) -> None:
        """End the Redshift Data API alone, as an outage does; nothing starts it again."""
        self._servers.pop(0).stop()

    def client(self, service: str) -> Any:
        """Make a boto3 client of this cloud, blind to the user's own AWS settings."""
        endpoint = self.redshift_endpoint if service == "redshift-data" else self.endpoint
        return self._session.client(
            service, endpoint_url=endpoint, region_name=REGION, config=Config(proxies={})
        )

    def worker_pids(self, function: str) -> list[int]:
        """Find the process ids of this cloud's Lambda workers for one function."""
        return find_processes(
            {"GATEWAY_PORT": str(self.port), "AWS_LAMBDA_FUNCTION_NAME": function}
        )

    def _start_redshift(self, deadline: float) -> None:
        server = start_warehouse(self.state, self.endpoint)
        self._servers.append(server)
        self.redshift_endpoint = address_of_warehouse(server, deadline)

    def _start_emulator(self, deadline: float) -> None:
        shutil.rmtree(self._workplace, ignore_errors=True)
        self._workplace.mkdir(parents=True)
        server = Server(
            "local.emulator",
            [] if self._mended else ["--stock"],
            log=self.state / "cloud.log",
            environment=clean_environment(self._emulator_settings()),
        )
        self._servers.append(server)
        server.wait_for_line(r"local cloud ready on (http://\S+)", deadline)

    def _emulator_settings(self) -> dict[str, str]:
        """Configure ministack, and with it every Lambda worker."""
        return {
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": HOST,
            "TMPDIR": str(self._workplace),
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "LAMBDA_EXECUTOR": "local",
            "LAMBDA_WARM_TTL_SECONDS": "60",
            "LOCAL_ALARM_MINUTE_SECONDS": str(self._alarm_minute),
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ENDPOINT_URL_REDSHIFT_DATA": self.redshift_endpoint,
            # The discard port: without mends, segments go nowhere. With them, local.emulator puts
            # the address of its own daemon here.
            "AWS_XRAY_DAEMON_ADDRESS": f"{HOST}:9",
        }


def start_warehouse(state: Path, s3_endpoint: str) -> Server:
    """Start a Redshift Data API on a free port, with its data and its log under `state`."""
    place = ["--port", "0", "--data", str(state / "redshift")]
    return Server(
        "local.redshift_data",
        [*place, "--s3-endpoint", s3_endpoint],
        log=state / "redshift-data.log",
        environment=clean_environment({}),
    )


def address_of_warehouse(server: Server, deadline: float) -> str:
    """Wait until a Redshift Data API is ready; raises ServerDidNotStart at the deadline."""
    return server.wait_for_line(r"redshift-data listening on (http://\S+)", deadline)


def api_url(cloud: LocalCloud, api_id: str, stage: str) -> str:
    """Where a plain HTTP client reaches a stage of a REST API."""
    return f"{cloud.endpoint}/_aws/execute-api/{api_id}/{stage}"


def function_url(cloud: LocalCloud, output: str) -> str:
    """Where a plain HTTP client reaches the Function URL that a stack's output names.

    On AWS it is a host of its own (`https://<id>.lambda-url.<region>.on.aws/`), which no local
    name server knows.
    """
    url_id = output.split("://", 1)[-1].split(".", 1)[0]
    return f"{cloud.endpoint}/_aws/lambda-url/{url_id}/"


def _session_without_user_settings() -> Any:
    """Open a session with fake credentials that reads no profile and no file."""
    core = botocore.session.Session(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
    core.set_credentials("test", "test")
    return boto3.session.Session(botocore_session=core)


def main() -> None:
    """Run a local cloud in the foreground until Ctrl-C or SIGTERM."""
    arguments = _read_arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with LocalCloud(
            arguments.state, port=arguments.port, redshift_endpoint=arguments.redshift_endpoint
        ) as cloud:
            print(f"local cloud ready on {cloud.endpoint}", flush=True)
            signal.pause()
    except KeyboardInterrupt:
        return
    except (PortTaken, ServerDidNotStart) as error:
        sys.exit(str(error))


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.cloud", description=__doc__)
    parser.add_argument("--port", type=int, default=4566)
    parser.add_argument("--state", type=Path, default=Path(".local"))
    parser.add_argument("--redshift-endpoint", default="", help="of a server that runs already")
    return parser.parse_args()


if __name__ == "__main__":
    main()

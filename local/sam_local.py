"""Runs functions in containers, by `sam local`, with a stack of the local cloud around them.

`make run` in one terminal; in another `make invoke FN=StageBatch EVENT=stage_batch`, or `make
start-api` for the endpoint on port 3000.
"""

import argparse
import fcntl
import json
import os
import platform
import signal
import socket
import socketserver
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from local.cloud import LocalCloud
from local.processes import HOST, PROJECT, clean_environment
from local.run import STACK_NAME
from local.sam import SAM

Variables = Mapping[str, Mapping[str, str]]

# What a function's environment says of where AWS is.
ENDPOINTS = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_REDSHIFT_DATA")
ARCHITECTURES = {"aarch64": "arm64", "AMD64": "x86_64"}
# Whom the local cloud takes its own functions for. Statements of the Data API are their caller's.
CALLER = "000000000000"
_SIOCGIFADDR = 0x8915
_LABEL = "sam.cli.container.type=lambda"


class NoContainers(RuntimeError):
    """Functions cannot run in containers here and now; the message says what is missing."""


@dataclass(frozen=True)
class SamLocal:
    """SAM's commands, as they have to be called for containers that reach a local cloud."""

    cloud: str
    variables: Path
    addresses: frozenset[str]

    def start(self, *arguments: str, **streams: Any) -> subprocess.Popen[str]:
        """Start `sam local` with these arguments, blind to the user's own AWS settings.

        Its exit status is 0 even if the handler raised. SIGTERM ends it and its containers.
        """
        machine = platform.machine()
        options = [
            *("--template", ".aws-sam/build/template.yaml"),
            *("--parameter-overrides", f"Architecture={ARCHITECTURES.get(machine, machine)}"),
            *("--env-vars", str(self.variables)),
        ]
        docker = {name: value for name, value in os.environ.items() if name.startswith("DOCKER_")}
        # An image that is here is used as it is; one that is not is still pulled.
        switches = {"SAM_CLI_TELEMETRY": "0", "SAM_SKIP_PULL_IMAGE": "1"}
        # SAM asks STS who calls; where AWS is out of reach it would try for ten seconds.
        caller = {"AWS_ACCESS_KEY_ID": CALLER, "AWS_ENDPOINT_URL_STS": self.cloud}
        return subprocess.Popen(
            [SAM, "local", *arguments, *options],
            cwd=PROJECT,
            env=clean_environment({**docker, **switches, **caller}),
            text=True,
            **streams,
        )

    def remove_leftovers(self) -> None:
        """Remove the containers that `sam local` left behind, and nobody else's."""
        for container in docker("ps", "--all", "--quiet", "--filter", f"label={_LABEL}").split():
            # Another run's container may go between the two questions.
            with suppress(subprocess.CalledProcessError):
                environment = docker("inspect", "--format", "{{json .Config.Env}}", container)
                if any(address in environment for address in self.addresses):
                    docker("rm", "--force", container)


@contextmanager
def around(cloud: LocalCloud, stack: str = STACK_NAME) -> Iterator[SamLocal]:
    """Give SAM's commands for containers that live in a stack of this cloud, while it is open.

    Raises NoContainers if there is no such stack, or no bridge to containers.
    """
    with ExitStack() as opened, tempfile.TemporaryDirectory() as folder:
        variables = variables_of(cloud, stack)
        named = {at for own in variables.values() for name in ENDPOINTS if (at := own.get(name))}
        relays = {endpoint: opened.enter_context(relay(endpoint)) for endpoint in sorted(named)}
        file = Path(folder) / "variables.json"
        file.write_text(json.dumps(readdressed(variables, relays)), encoding="utf-8")
        sam = SamLocal(cloud.endpoint, file, frozenset(relays.values()))
        try:
            yield sam
        finally:
            sam.remove_leftovers()


def variables_of(cloud: LocalCloud, stack: str) -> Variables:
    """Read the environment of every function of a stack, by its name in the template."""
    functions = cloud.client("lambda")
    try:
        socket.create_connection((HOST, cloud.port)).close()  # the client would try for seconds
        described = cloud.client("cloudformation").describe_stack_resources(StackName=stack)
    except (OSError, ClientError) as error:
        raise NoContainers(
            f"No stack {stack} on {cloud.endpoint}. Start it in another terminal: make run"
        ) from error
    return {
        resource["LogicalResourceId"]: functions.get_function_configuration(
            FunctionName=resource["PhysicalResourceId"]
        )["Environment"]["Variables"]
        for resource in described["StackResources"]
        if resource["ResourceType"] == "AWS::Lambda::Function"
    }


def readdressed(variables: Variables, relays: Mapping[str, str]) -> Variables:
    """Name the relays wherever the variables name what they relay to."""
    return {
        function: {
            name: relays.get(value, value) if name in ENDPOINTS else value
            for name, value in own.items()
        }
        for function, own in variables.items()
    }


@contextmanager
def relay(endpoint: str) -> Iterator[str]:
    """Let containers reach a server of 127.0.0.1; gives the address by which they do.

    It listens on the address of Docker's bridge, which other machines do not reach. An IP address
    it has to be: with a name, S3's client would look for the bucket as a host below that name.
    """
    target = urlsplit(endpoint)
    with _Relay((bridge_address(), 0), (target.hostname or HOST, target.port or 80)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        host, port = server.server_address[:2]
        try:
            yield f"http://{host!s}:{port}"
        finally:
            server.shutdown()


def bridge_address() -> str:
    """Tell this machine's own address on Docker's bridge; raises NoContainers without one."""
    try:
        option = '{{index .Options "com.docker.network.bridge.name"}}'
        name = docker("network", "inspect", "bridge", "--format", option).strip()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            answer = fcntl.ioctl(probe, _SIOCGIFADDR, struct.pack("256s", name.encode()))
    except (OSError, subprocess.CalledProcessError) as error:
        raise NoContainers(
            "Docker does not run, or its bridge is not on this machine, as with Docker Desktop."
        ) from error
    return socket.inet_ntoa(answer[20:24])


def docker(*arguments: str) -> str:
    """Ask Docker; raises CalledProcessError, or FileNotFoundError where it is not installed."""
    asked = subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True)
    return asked.stdout


class _Relay(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], target: tuple[str, int]) -> None:
        self.target = target
        super().__init__(address, _Connection)


class _Connection(socketserver.BaseRequestHandler):
    """One connection, passed on byte by byte in both directions."""

    server: _Relay

    def handle(self) -> None:
        # Whoever breaks off ends the connection for both.
        with suppress(OSError), socket.create_connection(self.server.target) as onward:
            answers = threading.Thread(target=_copy, args=(onward, self.request), daemon=True)
            answers.start()
            _copy(self.request, onward)
            answers.join()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def main() -> int:
    """Run one command of `sam local` in the foreground; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m local.sam_local", description=__doc__)
    parser.add_argument("--cloud", type=int, default=4566, metavar="PORT", help="of `make run`")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="of `sam local`")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with (
            around(LocalCloud(Path(".local"), port=options.cloud)) as sam,
            sam.start(*options.arguments) as process,
        ):
            try:
                return process.wait()
            except KeyboardInterrupt:
                process.terminate()
                return process.wait()
    except NoContainers as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())

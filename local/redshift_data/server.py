"""Speaks HTTP/1.1 with AWS JSON 1.1 on asyncio, and runs in a thread of its own."""

import asyncio
import json
import logging
import threading
import uuid
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from local.redshift_data.dialect.plans import ObjectStore
from local.redshift_data.engine import Engine
from local.redshift_data.errors import (
    ApiError,
    InternalServerException,
    ValidationException,
)
from local.redshift_data.execution import Executor
from local.redshift_data.limits import Limits
from local.redshift_data.operations import Operations

HOST = "127.0.0.1"
DATABASE_FILE = "warehouse.duckdb"
_LARGEST_HEAD = 64 * 1024
_GOODBYE_SECONDS = 5
_REASONS = {200: "OK", 400: "Bad Request", 500: "Internal Server Error"}

_log = logging.getLogger(__name__)


class RedshiftDataServer:
    """A server on one port of this machine; as a context manager it starts and stops."""

    def __init__(
        self,
        data: Path | None,
        objects: ObjectStore,
        *,
        port: int = 0,
        limits: Limits | None = None,
    ) -> None:
        """Open the database in the folder `data`, or in memory; port 0 is any free one."""
        limits = limits or Limits()
        if data:
            data.mkdir(parents=True, exist_ok=True)
        self._engine = Engine(data / DATABASE_FILE if data else ":memory:", objects)
        self._executor = Executor(self._engine, limits)
        self._operations = Operations(self._executor, limits)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="redshift-data", daemon=True)
        self._listening = threading.Event()
        self._connections = set[asyncio.StreamWriter]()
        self._failure: OSError | None = None
        self.port = port

    @property
    def url(self) -> str:
        """The endpoint to give to boto3."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Listen; returns when calls are answered, raises OSError where the port is taken."""
        self._thread.start()
        self._listening.wait()
        if self._failure:
            self.stop()
            raise self._failure

    def stop(self) -> None:
        """Cancel what runs, end every connection and close the database."""
        if not self._failure:
            asyncio.run_coroutine_threadsafe(self._operations.stop(), self._loop).result()
        self._executor.close()
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._engine.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            server = self._loop.run_until_complete(self._listen())
        except OSError as error:
            self._failure = error
            self._listening.set()
            return
        self._listening.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._close(server))

    async def _listen(self) -> asyncio.Server:
        server = await asyncio.start_server(self._converse, HOST, self.port, limit=_LARGEST_HEAD)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _close(self, server: asyncio.Server) -> None:
        server.close()
        for connection in list(self._connections):
            connection.close()
        # Closed connections read to their end, and cancelled statements wake who waits.
        conversations = asyncio.all_tasks() - {asyncio.current_task()}
        if conversations:
            _, stuck = await asyncio.wait(conversations, timeout=_GOODBYE_SECONDS)
            for conversation in stuck:
                conversation.cancel()
            await asyncio.gather(*stuck, return_exceptions=True)
        await server.wait_closed()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's requests, one after another."""
        self._connections.add(writer)
        try:
            while True:
                headers = await _read_head(reader)
                if headers.get("expect", "").lower() == "100-continue":
                    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                status, answer = await self._answer(headers.get("x-amz-target", ""), body)
                writer.write(_response(status, answer))
                await writer.drain()
        except (
            asyncio.CancelledError,
            asyncio.IncompleteReadError,
            asyncio.LimitOverrunError,
            ConnectionError,
            ValueError,
        ):
            # The client went away or does not speak HTTP, or the server stops: a task that ended
            # as cancelled would be logged by asyncio's streams as a fault.
            pass
        finally:
            self._connections.discard(writer)
            writer.close()

    async def _answer(self, target: str, body: bytes) -> tuple[int, dict[str, Any]]:
        operation = target.rpartition(".")[2]
        try:
            return 200, await self._operations.call(operation, _decoded(body))
        except ApiError as error:
            return error.status, error.body()
        except Exception as error:  # noqa: BLE001 - a defect must be answered, and is logged
            _log.exception("a defect while answering %s", operation)
            return 500, InternalServerException(f"defect in the local server: {error!r}").body()


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        decoded = json.loads(body or b"{}")
    except ValueError as error:
        raise ValidationException("The request is not JSON") from error
    if not isinstance(decoded, dict):
        raise ValidationException("The request is not a JSON object")
    return decoded


async def _read_head(reader: asyncio.StreamReader) -> dict[str, str]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    lines = (line.partition(":") for line in head.split("\r\n")[1:] if line)
    return {name.strip().lower(): value.strip() for name, _, value in lines}


def _response(status: int, answer: dict[str, Any]) -> bytes:
    body = json.dumps(answer, separators=(",", ":")).encode()
    head = (
        f"HTTP/1.1 {status} {_REASONS[status]}\r\n"
        "Content-Type: application/x-amz-json-1.1\r\n"
        f"x-amzn-RequestId: {uuid.uuid4()}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body

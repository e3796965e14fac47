"""Answers the API's calls on asyncio, in a thread of its own."""

import asyncio
import json
import logging
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from local.redshift_data.callers import caller_of
from local.redshift_data.dialect.plans import ObjectStore
from local.redshift_data.engine import Engine
from local.redshift_data.errors import (
    ApiError,
    InternalServerException,
    SerializationException,
)
from local.redshift_data.http import LARGEST_HEAD, Request, read_request, response
from local.redshift_data.limits import Limits
from local.redshift_data.operations import Operations
from local.redshift_data.settings import Settings

HOST = "127.0.0.1"
DATABASE_FILE = "warehouse.duckdb"
USAGE = "Local.DescribeUsage"
"""The target of a request that AWS doesn't have: for how many seconds workgroups are charged."""
_GOODBYE_SECONDS = 5
_SECONDS_BETWEEN_LOOKS = 0.25
"""How late a session is closed at most whose time is over."""

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
        settings: Settings | None = None,
    ) -> None:
        """Open the database in the folder `data`, or in memory; port 0 is any free one.

        `limits` is short for settings that say nothing else.
        """
        self._settings = settings or Settings(limits=limits or Limits())
        if data:
            data.mkdir(parents=True, exist_ok=True)
        file = data / DATABASE_FILE if data else ":memory:"
        self._engine = Engine(file, objects, self._settings.database_megabytes)
        self._operations = Operations(self._engine, self._settings)
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
        self._operations.close()
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
        tidying = self._loop.create_task(self._tidy())
        self._loop.run_forever()
        tidying.cancel()
        self._loop.run_until_complete(self._close(server))

    async def _listen(self) -> asyncio.Server:
        server = await asyncio.start_server(self._converse, HOST, self.port, limit=LARGEST_HEAD)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _tidy(self) -> None:
        with suppress(asyncio.CancelledError):
            while True:
                self._operations.tidy()
                await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)

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
            while await self._answer_one(reader, writer):
                pass
        except (
            asyncio.CancelledError,
            asyncio.IncompleteReadError,
            asyncio.LimitOverrunError,
            ConnectionError,
        ):
            # The client went away, or the server stops: a task that ended as cancelled would be
            # logged by asyncio's streams as a fault.
            pass
        finally:
            self._connections.discard(writer)
            writer.close()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer a request; returns whether the connection can take another."""
        try:
            request = await read_request(reader, writer)
        except ApiError as error:
            # Where the request ends is not known, so that nothing more can be read.
            writer.write(response(error.status, error.body(), keep_alive=False))
            await writer.drain()
            return False
        status, answer = await self._answer(request)
        writer.write(response(status, answer, keep_alive=request.keep_alive))
        await writer.drain()
        return request.keep_alive

    async def _answer(self, request: Request) -> tuple[int, dict[str, Any]]:
        if request.headers.get("x-amz-target") == USAGE:
            return 200, {"ChargedSeconds": self._operations.usage.charged()}
        try:
            caller = caller_of(request.headers.get("authorization", ""), self._settings.roles)
            body = _decoded(request.body)
            return 200, await self._operations.call(request.operation, body, caller)
        except ApiError as error:
            return error.status, error.body()
        except Exception as error:  # noqa: BLE001 - a defect must be answered, and is logged
            _log.exception("a defect while answering %s", request.operation)
            return 500, InternalServerException(f"defect in the local server: {error!r}").body()


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        decoded = json.loads(body or b"{}")
    except ValueError as error:
        raise SerializationException("The request is not JSON") from error
    if not isinstance(decoded, dict):
        raise SerializationException("The request is not a JSON object")
    return decoded

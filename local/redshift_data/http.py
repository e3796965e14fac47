"""Reads HTTP/1.1 requests from a stream, and writes AWS JSON 1.1 answers."""

import asyncio
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.redshift_data.errors import ApiError, RequestEntityTooLargeException

LARGEST_HEAD = 64 * 1024
LARGEST_BODY = 32 * 1024 * 1024
"""Bytes; 40 statements of 200 KB and their parameters fit four times."""
_REASONS = {200: "OK", 400: "Bad Request", 413: "Payload Too Large", 500: "Internal Server Error"}


class MalformedRequest(ApiError):
    """What came is not HTTP as this server reads it; the connection is of no more use."""


@dataclass(frozen=True)
class Request:
    """A request with its whole body; header names are in lower case."""

    method: str
    headers: Mapping[str, str]
    body: bytes
    keep_alive: bool

    @property
    def operation(self) -> str:
        """The operation that X-Amz-Target names, or nothing."""
        return self.headers.get("x-amz-target", "").rpartition(".")[2]


async def read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request:
    """Read one request; raises MalformedRequest, IncompleteReadError where the client left."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.LimitOverrunError as error:
        raise MalformedRequest("The headers are too long") from error
    first, *lines = head.split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):  # noqa: PLR2004 - method, path, version
        raise MalformedRequest(f"Not an HTTP/1.1 request: {first[:100]!r}")
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines if line)
    }
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = await _body(reader, headers)
    closes = headers.get("connection", "").lower() == "close" or words[2] == "HTTP/1.0"
    return Request(words[0], headers, body, keep_alive=not closes)


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    coding = headers.get("transfer-encoding", "").lower()
    if coding == "chunked":
        return await _chunks(reader)
    if coding:
        raise MalformedRequest(f"Transfer-Encoding {coding} is not known")
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise MalformedRequest("Content-Length is not a number")
    return await reader.readexactly(_checked(int(length)))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while size := await _chunk_size(reader):
        _checked(len(body) + size)
        body += await reader.readexactly(size)
        await reader.readexactly(len(b"\r\n"))
    while (await reader.readuntil(b"\r\n")) != b"\r\n":
        pass  # trailers say nothing here
    return bytes(body)


async def _chunk_size(reader: asyncio.StreamReader) -> int:
    line = await reader.readuntil(b"\r\n")
    try:
        return int(line.split(b";")[0], 16)
    except ValueError as error:
        raise MalformedRequest("A chunk has no size") from error


def _checked(length: int) -> int:
    if length > LARGEST_BODY:
        raise RequestEntityTooLargeException(
            f"The request is larger than {LARGEST_BODY // 1024 // 1024} MB"
        )
    return length


def response(status: int, answer: Mapping[str, Any], *, keep_alive: bool = True) -> bytes:
    """Return an answer's bytes."""
    body = json.dumps(answer, separators=(",", ":")).encode()
    head = (
        f"HTTP/1.1 {status} {_REASONS[status]}\r\n"
        "Content-Type: application/x-amz-json-1.1\r\n"
        f"x-amzn-RequestId: {uuid.uuid4()}\r\n"
        f"Connection: {'keep-alive' if keep_alive else 'close'}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body

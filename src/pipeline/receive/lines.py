"""Streams an uploaded object as lines, plain or gzip, with bounded memory."""

import gzip
import io
import zlib
from collections.abc import Iterator
from typing import Any, Protocol

from pipeline.errors import MalformedEvent

MAX_LINE_BYTES = 1_048_576
MAX_DOCUMENT_BYTES = 16 * 1_048_576  # decoding takes some ten times as much memory
MAX_UNPACKED_BYTES = 4 * 1024**3  # no honest day of events; stops a gzip bomb
CHUNK = 65_536
GZIP = b"\x1f\x8b"
UTF8_BOM = b"\xef\xbb\xbf"
OTHER_FORMATS = {
    b"PK\x03\x04": "zip",
    b"PAR1": "Parquet",
    b"Obj\x01": "Avro",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "Zstandard",
}
CODEC_FAULTS = (EOFError, zlib.error, gzip.BadGzipFile)


class Body(Protocol):
    """What S3 answers to be streamed: botocore's StreamingBody, or a fake."""

    def read(self, amount: int | None = None) -> bytes:
        """Return the next bytes, none at the end."""


class _Raw(io.RawIOBase):
    """A body as a raw stream, so that the standard library buffers it."""

    def __init__(self, body: Body) -> None:
        super().__init__()
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        content = self._body.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)


def open_stream(body: Body, name: str) -> io.BufferedIOBase:
    """Open an object's bytes, unpacked if they are gzip, which their first bytes tell.

    Raises MalformedEvent (CODEC) if the name promises gzip and the bytes are not, or if the bytes
    are a format that is not read.
    """
    plain = io.BufferedReader(_Raw(body), CHUNK)
    head = plain.peek(len(GZIP))
    if head.startswith(GZIP):
        return gzip.GzipFile(fileobj=plain)
    if name.lower().endswith(".gz"):
        raise MalformedEvent("CODEC", "$", "is named .gz but is not gzip")
    for magic, format_name in OTHER_FORMATS.items():
        if head.startswith(magic):
            raise MalformedEvent("CODEC", "$", f"is {format_name}, which is not read")
    return plain


def read_lines(stream: io.BufferedIOBase) -> Iterator[bytes | None]:
    """Yield the lines with their ends, and None for each line of more than 1 MiB.

    Such lines are skipped without being held. A byte order mark at the beginning is dropped.

    Raises MalformedEvent (CODEC) where gzip data is damaged or cut off.
    """
    try:
        yield from _lines(stream)
    except CODEC_FAULTS:
        raise _damaged() from None


def read_document(stream: io.BufferedIOBase) -> bytes:
    """Return a whole document, for it cannot be decoded in pieces.

    Raises MalformedEvent if it holds more than 16 MiB (TOO_LARGE) or is damaged gzip (CODEC).
    """
    try:
        document = stream.read(MAX_DOCUMENT_BYTES + 1)
    except CODEC_FAULTS:
        raise _damaged() from None
    if len(document) > MAX_DOCUMENT_BYTES:
        limit = MAX_DOCUMENT_BYTES // 1_048_576
        message = f"a .json document holds at most {limit} MiB; send JSON Lines (.jsonl)"
        raise MalformedEvent("TOO_LARGE", "$", message)
    return document.removeprefix(UTF8_BOM)


def _lines(stream: io.BufferedIOBase) -> Iterator[bytes | None]:
    unpacked = 0
    for index, line in enumerate(iter(lambda: stream.readline(MAX_LINE_BYTES + 1), b"")):
        unpacked += len(line)
        if len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
            unpacked += _skip_line(stream)
            yield None
        else:
            yield line if index else line.removeprefix(UTF8_BOM)
        if unpacked > MAX_UNPACKED_BYTES:
            raise _too_large()


def _skip_line(stream: io.BufferedIOBase) -> int:
    skipped = 0
    while chunk := stream.readline(CHUNK):
        skipped += len(chunk)
        if chunk.endswith(b"\n"):
            break
        if skipped > MAX_UNPACKED_BYTES:
            raise _too_large()
    return skipped


def _damaged() -> MalformedEvent:
    return MalformedEvent("CODEC", "$", "its gzip data is damaged or cut off")


def _too_large() -> MalformedEvent:
    limit = MAX_UNPACKED_BYTES // 1024**3
    return MalformedEvent("CODEC", "$", f"unpacks to more than {limit} GiB")

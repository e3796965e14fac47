"""The objects that a COPY loads: by prefix or manifest, fetched side by side and unpacked."""

import bz2
import gzip
import json
import re
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from local.redshift_data.dialect.plans import ObjectStore
from local.redshift_data.errors import StatementError

_READERS = 16
_WITHIN_A_LINE = "\x01"
"""What no text holds, for a reader of lines that insists on a delimiter."""


@dataclass(frozen=True)
class Object:
    """One object's address and its bytes as stored."""

    url: str
    body: bytes


def location(url: str) -> tuple[str, str]:
    """Split an address into bucket and key or prefix; raises StatementError."""
    found = re.fullmatch(r"s3://([^/]+)/(.*)", url, re.DOTALL)
    if not found:
        raise StatementError(f"Invalid S3 URL: {url}")
    return found[1], found[2]


def objects_of_prefix(store: ObjectStore, url: str) -> list[Object]:
    """Fetch every object whose key starts so; raises StatementError where there is none."""
    bucket, prefix = location(url)
    addresses = [f"s3://{bucket}/{key}" for key in store.list(bucket, prefix)]
    found = [each for each in _fetched(store, addresses) if each]
    if not found:
        raise StatementError(f"The specified S3 prefix '{prefix}' does not exist")
    return found


def objects_of_manifest(store: ObjectStore, url: str) -> list[Object]:
    """Fetch what a manifest lists; raises StatementError for a mandatory object missing."""
    manifest = store.read(*location(url))
    if manifest is None:
        raise StatementError(f"Manifest file is not found: {url}")
    entries = _entries(manifest)
    found = _fetched(store, [address for address, _ in entries])
    for (address, mandatory), each in zip(entries, found, strict=True):
        if each is None and mandatory:
            raise StatementError(f"Problem reading manifest file: {address} does not exist")
    if not any(found):
        # "Regardless of any mandatory settings, COPY terminates if no files are found."
        raise StatementError("Problem reading manifest file: none of its files exists")
    return [each for each in found if each]


def _fetched(store: ObjectStore, addresses: Sequence[str]) -> list[Object | None]:
    def fetch(address: str) -> Object | None:
        body = store.read(*location(address))
        return None if body is None else Object(address, body)

    if len(addresses) == 1:
        return [fetch(addresses[0])]
    with ThreadPoolExecutor(_READERS) as readers:
        return list(readers.map(fetch, addresses))


def _entries(manifest: bytes) -> list[tuple[str, bool]]:
    try:
        entries = json.loads(manifest)["entries"]
        found = [(entry["url"], bool(entry.get("mandatory", False))) for entry in entries]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StatementError("Problem reading manifest file: invalid JSON") from error
    for address, _ in found:
        if not isinstance(address, str):
            raise StatementError("Problem reading manifest file: invalid JSON")
        location(address)
    return found


def unpacked(body: bytes, compression: str) -> bytes:
    """Return what is compressed; raises StatementError for what is not in that form."""
    try:
        return _UNPACK[compression](body)
    except (OSError, EOFError, ValueError, zlib.error, duckdb.Error) as error:
        raise StatementError(f"Failed to read {compression} compressed data") from error


def _unpack_zstd(body: bytes) -> bytes:
    """Have DuckDB unpack it, as lines: the standard library cannot."""
    with TemporaryDirectory(prefix="redshift-copy-") as folder, duckdb.connect() as lines:
        path = Path(folder) / "body.zst"
        path.write_bytes(body)
        rows = lines.execute(
            f"SELECT c FROM read_csv('{path}', compression = 'zstd', columns = {{c: 'VARCHAR'}}, "
            f"header = false, auto_detect = false, quote = '', escape = '', new_line = '\\n', "
            f"delim = '{_WITHIN_A_LINE}', null_padding = true, max_line_size = 16777216)"
        ).fetchall()
    return "".join(f"{line or ''}\n" for (line,) in rows).encode()


_UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "GZIP": gzip.decompress,
    "BZIP2": bz2.decompress,
    "ZSTD": _unpack_zstd,
}

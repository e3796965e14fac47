"""Packs what is unloaded, and writes it under the names that UNLOAD gives."""

import bz2
import gzip
import json
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.redshift_data.catalog import Column
from local.redshift_data.dialect.load.sources import location
from local.redshift_data.dialect.plans import ObjectStore
from local.redshift_data.dialect.unloading.options import UnloadOptions
from local.redshift_data.errors import StatementError

_ZSTD_BLOCK_BYTES = 128 * 1024
_NOT_EMPTY = (
    "Specified unload destination on S3 is not empty. Consider using a different bucket / "
    "prefix, manually removing the target files in S3, or using the ALLOWOVERWRITE option."
)


@dataclass(frozen=True)
class File:
    """One file to be written: the folder of its partition, its bytes and its rows."""

    folder: str
    body: bytes
    rows: int


def split(folder: str, lines: Iterable[str], head: str, options: UnloadOptions) -> list[File]:
    """Make files of lines, each of them no larger than MAXFILESIZE before it is packed."""
    files, held, size = list[File](), [head.encode()], len(head)
    for line in lines:
        body = line.encode()
        if size + len(body) > options.max_bytes:
            files.append(_file(folder, held, options))
            held, size = [head.encode()], len(head)
        held.append(body)
        size += len(body)
    return [*files, _file(folder, held, options)]


def _file(folder: str, pieces: Sequence[bytes], options: UnloadOptions) -> File:
    rows = len(pieces) - (0 if pieces[0] else 1)
    return File(folder, _PACK[options.compression](b"".join(pieces)), rows)


def _pack_zstd(body: bytes) -> bytes:
    """Write a Zstandard frame of blocks that are stored as they are (RFC 8878)."""
    frame = [struct.pack("<IBB", 0xFD2FB528, 0x00, 0x58)]
    for at in range(0, max(len(body), 1), _ZSTD_BLOCK_BYTES):
        block = body[at : at + _ZSTD_BLOCK_BYTES]
        is_last = at + _ZSTD_BLOCK_BYTES >= len(body)
        frame += [struct.pack("<I", len(block) << 3 | is_last)[:3], block]
    return b"".join(frame)


_PACK: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "gz": lambda body: gzip.compress(body, mtime=0),
    "bz2": bz2.compress,
    "zst": _pack_zstd,
}


def write(
    store: ObjectStore, url: str, files: Sequence[File], columns: Sequence[Column],
    options: UnloadOptions,
) -> None:  # fmt: skip
    """Write the files and the manifest; raises StatementError where they are in the way."""
    bucket, prefix = location(url)
    if options.partition_by and not prefix.endswith("/"):
        prefix += "/"
    _make_room(store, bucket, prefix, {file.folder for file in files}, options)
    named = list(_named(files, prefix, options))
    for key, file in named:
        store.write(bucket, key, file.body)
    if options.manifest:
        described = _manifest(bucket, named, columns, options)
        store.write(bucket, f"{prefix}manifest", json.dumps(described, indent=2).encode())


def _make_room(
    store: ObjectStore, bucket: str, prefix: str, folders: Iterable[str], options: UnloadOptions
) -> None:
    if options.has("ALLOWOVERWRITE"):
        return
    if options.has("CLEANPATH"):
        for folder in folders:
            for key in store.list(bucket, prefix + folder):
                store.delete(bucket, key)
    elif store.list(bucket, prefix):
        raise StatementError(_NOT_EMPTY)


def _named(
    files: Sequence[File], prefix: str, options: UnloadOptions
) -> Iterable[tuple[str, File]]:
    """Yield the files with their keys, numbered in each folder; there is but one slice."""
    parts: dict[str, int] = {}
    for file in files:
        part = parts.get(file.folder, 0)
        parts[file.folder] = part + 1
        number = f"0000_part_{part:02}" if options.parallel else f"{part:03}"
        yield f"{prefix}{file.folder}{number}{options.suffix}", file


def _manifest(
    bucket: str, named: Sequence[tuple[str, File]], columns: Sequence[Column],
    options: UnloadOptions,
) -> Mapping[str, Any]:  # fmt: skip
    verbose = options.manifest == "VERBOSE"
    entries = [
        {"url": f"s3://{bucket}/{key}", "meta": _meta([file], verbose=verbose)}
        for key, file in named
    ]
    if not verbose:
        return {"entries": entries}
    elements = [{"name": column.name, "type": _described(column)} for column in columns]
    return {
        "entries": entries,
        "schema": {"elements": elements},
        "meta": _meta([file for _, file in named], verbose=True),
        "author": {"name": "Amazon Redshift", "version": "1.0.0"},
    }


def _meta(files: Sequence[File], *, verbose: bool) -> dict[str, int]:
    length = {"content_length": sum(len(file.body) for file in files)}
    return {**length, "record_count": sum(file.rows for file in files)} if verbose else length


def _described(column: Column) -> dict[str, Any]:
    type_ = column.type
    if type_.name == "numeric":
        return {"base": type_.family, "precision": type_.size, "scale": type_.scale}
    sized = {"max_length": type_.size} if type_.name in ("varchar", "bpchar") else {}
    return {"base": type_.family, **sized}

"""Reads the files of exports back, with values as JSON has them."""

import csv
import gzip
import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from pipeline.serve.asking.moments import format_moment

Row = dict[str, Any]


def read_csv(body: bytes, _: Path) -> list[Row]:
    return list(csv.DictReader(io.StringIO(gzip.decompress(body).decode(), newline="")))


def read_ndjson(body: bytes, _: Path) -> list[Row]:
    return [json.loads(line) for line in gzip.decompress(body).decode().split("\n") if line]


def read_parquet(body: bytes, folder: Path) -> list[Row]:
    path = folder / "file.parquet"
    path.write_bytes(body)
    with duckdb.connect() as connection:
        found = connection.execute("SELECT * FROM read_parquet(?)", [str(path)])
        names = [name for name, *_ in found.description or ()]
        return [
            {name: of_parquet(value) for name, value in zip(names, row, strict=True)}
            for row in found.fetchall()
        ]


def of_parquet(value: Any) -> Any:
    if isinstance(value, datetime):
        return format_moment(value.replace(tzinfo=UTC))
    return int(value) if isinstance(value, Decimal) else value


READERS = {"csv": read_csv, "ndjson": read_ndjson, "parquet": read_parquet}

"""Exports as SQL: rows gathered in a temporary table, and that table unloaded to the lake.

UNLOAD takes its query as a quoted text, in which the Data API binds no parameters. So the question,
with its parameters, fills a temporary table first, and the quoted query only reads that table.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pipeline.sql import ROLE_ARN, quoted, statement

# UNLOAD takes no parameters, so what goes into its text is checked here, whoever made it.
PREFIX_URI = re.compile(r"s3://[a-z0-9.-]{3,63}/exports/[\w-]{1,64}/part-\Z", re.ASCII)
# PARALLEL OFF: one file in the order asked for, and one more only after each 6.2 GB.
OPTIONS = {
    "csv": "FORMAT CSV HEADER GZIP EXTENSION 'csv.gz' PARALLEL OFF",
    "ndjson": "FORMAT JSON GZIP EXTENSION 'ndjson.gz' PARALLEL OFF",
    "parquet": "FORMAT PARQUET PARALLEL OFF",
}
# The place in the transaction of the statement that gathers the rows.
GATHERING = 1

# As RFC 3339 writes it. A format of TO_CHAR would do all of it, but it would hold `:MI`, and whether
# the Data API looks for parameters within texts is not documented.
MOMENT = (
    "REPLACE(LEFT(CAST({0} AS VARCHAR(32)), 19), ' ', 'T')"
    " || REPLACE('.' || TO_CHAR({0}, 'US') || 'Z', '.000000Z', 'Z')"
)
# UNLOAD shortens doubles and writes truth as t and f; SUPER has them as JSON has, to the last digit.
JSON_TEXT = "CASE WHEN {0} IS NOT NULL THEN JSON_SERIALIZE(CAST({0} AS SUPER)) END"
# JSON_SERIALIZE makes of NULL the text 'null', and fails for what no VARCHAR holds.
SERIALIZED = "CASE WHEN {0} IS NOT NULL AND JSON_SIZE({0}) <= 65535 THEN JSON_SERIALIZE({0}) END"
NATIVE = {
    "string": ("VARCHAR({bytes})", "{0}"),
    "integer": ("BIGINT", "CAST({0} AS BIGINT)"),
    "total": ("NUMERIC(38, 0)", "{0}"),
    "number": ("DOUBLE PRECISION", "{0}"),
    "boolean": ("BOOLEAN", "{0}"),
    "timestamp": ("TIMESTAMPTZ", "{0}"),
    "json": ("VARCHAR({bytes})", SERIALIZED),
}
Forms = Mapping[str, tuple[str, str]]
# By format and kind: the type of the column that is unloaded, and how a value is put into it.
FORMS: Mapping[str, Forms] = {
    "csv": {
        **NATIVE,
        "number": ("VARCHAR(64)", JSON_TEXT),
        "boolean": ("VARCHAR(8)", JSON_TEXT),
        "timestamp": ("VARCHAR(32)", MOMENT),
    },
    "ndjson": {
        **NATIVE,
        "number": ("SUPER", "CAST({0} AS SUPER)"),
        "boolean": ("SUPER", "CAST({0} AS SUPER)"),
        "timestamp": ("VARCHAR(32)", MOMENT),
        "json": ("SUPER", "{0}"),
    },
    "parquet": NATIVE,
}


@dataclass(frozen=True)
class Field:
    """One column of an export: the kinds of the catalogue, `total` for sums of integers, `json`.

    `written` is another column of the selection, with the text that a value came in as: it is taken
    where the format has texts for JSON.
    """

    name: str
    kind: str
    max_bytes: int = 0
    written: str = ""

    @property
    def column(self) -> str:
        """Its column in the table; an underscore begins what the catalogue can never name."""
        return self.name if self.name.startswith("_") else quoted(self.name)


@dataclass(frozen=True)
class Selection:
    """Rows to be exported: parts of a WITH clause, the last of which is called `selected`.

    `selected` has a column for each field; those of `order` need not be among the exported ones.
    `rollup` is the (quoted) table of one that it reads, and `instead` selects the same without it.
    """

    sql: str
    parameters: Mapping[str, str]
    fields: tuple[Field, ...]
    order: tuple[Field, ...]
    rollup: str = ""
    instead: "Selection | None" = None


@dataclass(frozen=True)
class Target:
    """Where an export goes: the s3:// address its files' names begin with, and who writes there."""

    uri: str
    role_arn: str


def export_statements(selection: Selection, format_: str, target: Target) -> list[str]:
    """Make the statements of one transaction, which leaves the files of an export."""
    forms = FORMS[format_]
    columns = dict.fromkeys((*selection.fields, *selection.order))
    return [
        statement("serve/create_exported", columns=_listed(_defined(columns, forms))),
        statement(
            "serve/insert_exported",
            selection=selection.sql,
            columns=_listed(_put(columns, forms)),
        ),
        _unload(selection, format_, target),
    ]


def _unload(selection: Selection, format_: str, target: Target) -> str:
    if not PREFIX_URI.match(target.uri) or not ROLE_ARN.match(target.role_arn):
        raise ValueError("an UNLOAD would hold an address or a role that is not one")
    return statement(
        "serve/unload_exported",
        columns=", ".join(field.column for field in selection.fields),
        order=", ".join(field.column for field in selection.order),
        uri=target.uri,
        role=target.role_arn,
        options=OPTIONS[format_],
    )


def _defined(fields: Iterable[Field], forms: Forms) -> Iterator[str]:
    for field in fields:
        yield f"{field.column} {forms[field.kind][0].format(bytes=field.max_bytes)}"


def _put(fields: Iterable[Field], forms: Forms) -> Iterator[str]:
    for field in fields:
        form = forms[field.kind][1]
        if field.written and form == SERIALIZED:
            yield f"selected.{field.written}"
        else:
            yield form.format(f"selected.{field.column}")


def _listed(parts: Iterable[str]) -> str:
    return ",\n    ".join(parts)

"""COPY of gzip JSON Lines that a manifest names, by keys equal to column names."""

import gzip
import json
import re
import tempfile
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from local.redshift_data.catalog import Column, Table, quoted
from local.redshift_data.dialect.conversions import assign, cast
from local.redshift_data.dialect.plans import ObjectStore, Outcome, Session, Values
from local.redshift_data.dialect.scope import Compiled, Reads
from local.redshift_data.dialect.syntax import Text
from local.redshift_data.dialect.types import SUPER, UNKNOWN
from local.redshift_data.dialect.words import Words
from local.redshift_data.errors import NotEmulated, StatementError, statement_error

LARGEST_OBJECT_BYTES = 4 * 1024 * 1024
"""COPY's limit for one JSON object, braces included."""

_READERS = 16
_FLAGS = ("MANIFEST", "GZIP")
_WITHOUT_EFFECT = ("COMPUPDATE", "STATUPDATE")
_IAM_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/.+")


@dataclass(frozen=True)
class Copy:
    """Loads the objects that a manifest lists into a table."""

    table: Table
    manifest: str

    def run(self, session: Session, values: Values) -> Outcome:
        """Load every object or nothing; the first bad value fails the load."""
        del values
        objects = _listed_objects(session.objects, self.manifest)
        if any(map(_has_long_row, objects)):
            raise _load_failed(self.table, "a JSON object is larger than 4 MB")
        with tempfile.TemporaryDirectory(prefix="redshift-copy-") as folder:
            files = _write(objects, Path(folder))
            if not files:
                return Outcome()
            try:
                counted = session.connection.execute(_insertion(self.table, files)).fetchone()
            except duckdb.InterruptException:
                raise
            except duckdb.Error as error:
                raise _load_failed(self.table, str(statement_error(error))) from error
        return Outcome(changed=int(counted[0]) if counted else 0)


def _load_failed(table: Table, reason: str) -> StatementError:
    # The part in brackets is ours: there is no sys_load_error_detail to look into here.
    return StatementError(
        f"Load into table '{table.name}' failed.  Check 'sys_load_error_detail' system table "
        f"for details. [{reason.removeprefix('ERROR: ')}]"
    )


def copy(text: Text, reads: Reads) -> Copy:
    """Read a COPY statement; the options that this project does not use are refused."""
    words = Words(text)
    words.expect("COPY")
    table = reads.table(*words.table_name())
    words.expect("FROM")
    url = words.string()
    options = set[str]()
    while not words.done:
        options.add(_option(words))
    for required in ("IAM_ROLE", "JSON", *_FLAGS):
        if required not in options:
            raise NotEmulated(f"COPY without {required}")
    return Copy(table, url)


def _option(words: Words) -> str:
    if flag := words.one_of(*_FLAGS):
        return flag
    if setting := words.one_of(*_WITHOUT_EFFECT):
        words.one_of("ON", "OFF", "TRUE", "FALSE", "PRESET")
        return setting
    if words.take("IAM_ROLE"):
        _check_role(words)
        return "IAM_ROLE"
    if words.take("TIMEFORMAT"):
        words.take("AS")
        _must_be_auto("TIMEFORMAT", words)
        return "TIMEFORMAT"
    if words.take("FORMAT"):
        words.take("AS")
    if words.take("JSON"):
        words.take("AS")
        _must_be_auto("JSON", words)
        return "JSON"
    raise NotEmulated(f"COPY option {words.next().text.upper()}")


def _check_role(words: Words) -> None:
    if words.take("DEFAULT"):
        return
    if not _IAM_ROLE.fullmatch(words.string()):
        raise StatementError("Invalid IAM role ARN in COPY")


def _must_be_auto(option: str, words: Words) -> None:
    value = words.string()
    # The word is case-sensitive.
    if value != "auto":
        raise NotEmulated(f"COPY with {option} '{value}'")


def _listed_objects(store: ObjectStore, url: str) -> list[bytes]:
    """Return the objects of a manifest; raises StatementError for a mandatory one missing."""
    manifest = store.read(*_location(url))
    if manifest is None:
        raise StatementError(f"Manifest file is not found: {url}")
    entries = _entries(manifest)
    with ThreadPoolExecutor(_READERS) as readers:
        found = list(readers.map(lambda entry: store.read(*_location(entry["url"])), entries))
    for entry, body in zip(entries, found, strict=True):
        if body is None and entry.get("mandatory", False):
            raise StatementError(f"Problem reading manifest file: {entry['url']} does not exist")
    return [body for body in found if body is not None]


def _entries(manifest: bytes) -> list[dict[str, str]]:
    try:
        entries = json.loads(manifest)["entries"]
        return [entry for entry in entries if _location(entry["url"])]
    except (ValueError, KeyError, TypeError) as error:
        raise StatementError("Problem reading manifest file: invalid JSON") from error


def _location(url: str) -> tuple[str, str]:
    found = re.fullmatch(r"s3://([^/]+)/(.+)", url)
    if not found:
        raise StatementError(f"Invalid S3 URL: {url}")
    return found[1], found[2]


def _write(objects: Sequence[bytes], folder: Path) -> list[Path]:
    files = []
    for at, body in enumerate(objects):
        files.append(folder / f"{at:06}.gz")
        files[-1].write_bytes(body)
    return files


def _has_long_row(body: bytes) -> bool:
    # The last four bytes tell the size of the text; what is no gzip fails where it is read.
    if int.from_bytes(body[-4:], "little") <= LARGEST_OBJECT_BYTES:
        return False
    with suppress(OSError, EOFError, zlib.error):
        return any(len(line) > LARGEST_OBJECT_BYTES for line in gzip.decompress(body).split(b"\n"))
    return False


def _insertion(table: Table, files: Sequence[Path]) -> str:
    names = ", ".join(quoted(column.name) for column in table.columns)
    values = ", ".join(_value(at, column) for at, column in enumerate(table.columns))
    types = ", ".join(f"{_string(c.name)}: '{_read_as(c)}'" for c in table.columns)
    aliases = ", ".join(f"c{at}" for at in range(len(table.columns)))
    paths = ", ".join(_string(str(path)) for path in files)
    return (
        f"INSERT INTO {table.sql} ({names}) SELECT {values} FROM read_json([{paths}], "
        f"format = 'newline_delimited', records = 'true', compression = 'gzip', "
        f"maximum_object_size = {LARGEST_OBJECT_BYTES}, columns = {{{types}}}) AS r({aliases})"
    )


def _read_as(column: Column) -> str:
    return "JSON" if column.type == SUPER else "VARCHAR"


def _value(at: int, column: Column) -> str:
    if column.type == SUPER:
        return f"c{at}"
    text = Compiled(f"c{at}", UNKNOWN)
    if column.type.is_text:
        return assign(text, column)
    # "Empty fields for other data types, such as INT, are always loaded with NULL."
    filled = f"nullif(c{at}, '')"
    if column.type.name == "numeric":
        # COPY cuts digits off where INSERT rounds.
        filled = f"rs_truncate({filled}, {column.type.scale})"
    return cast(Compiled(filled, UNKNOWN), column.type).sql


def _string(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"'{escaped}'"

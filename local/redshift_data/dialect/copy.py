"""COPY from objects in S3: text, CSV, fixed width, JSON or Parquet."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from local.redshift_data.catalog import Column, Table
from local.redshift_data.dialect.changes import chosen_columns
from local.redshift_data.dialect.load import delimited, json_documents
from local.redshift_data.dialect.load.lines import can_load, is_simple, load_lines
from local.redshift_data.dialect.load.load_errors import load_failed, record_errors
from local.redshift_data.dialect.load.options import JSON, PARQUET, CopyOptions, read_options
from local.redshift_data.dialect.load.parquet import load_parquet
from local.redshift_data.dialect.load.records import Record
from local.redshift_data.dialect.load.sources import (
    Object,
    location,
    objects_of_manifest,
    objects_of_prefix,
    unpacked,
)
from local.redshift_data.dialect.load.staging import Staged, Target
from local.redshift_data.dialect.load.text_encoding import decoded
from local.redshift_data.dialect.plans import ObjectStore, Outcome, Session, Values
from local.redshift_data.dialect.scope import Reads
from local.redshift_data.dialect.syntax import Text
from local.redshift_data.dialect.types import SUPER
from local.redshift_data.dialect.words import Words
from local.redshift_data.errors import (
    NotEmulated,
    StatementAborted,
    StatementError,
    statement_error,
)


@dataclass(frozen=True)
class Copy:
    """Loads objects into a table's columns."""

    target: Target
    url: str

    @property
    def options(self) -> CopyOptions:
        """What the statement asks for."""
        return self.target.options

    def run(self, session: Session, values: Values) -> Outcome:
        """Load every row but those that MAXERROR allows to be wrong, or nothing."""
        del values
        fetch = objects_of_manifest if self.options.has("MANIFEST") else objects_of_prefix
        objects = fetch(session.objects, self.url)
        session.check()
        with TemporaryDirectory(prefix="redshift-copy-") as folder:
            return Outcome(changed=self._loaded(session, objects, Path(folder)))

    def _loaded(self, session: Session, objects: Sequence[Object], folder: Path) -> int:
        table = self.target.table
        if not objects:
            return 0
        if self.options.format == PARQUET:
            with _failing(table):
                return load_parquet(session.connection, self.target, objects, folder)
        if (counted := self._loaded_by_line(session, objects, folder)) is not None:
            return counted
        with _failing(table):
            staged = self._staged(session, objects, folder)
        _record(session, staged)
        if staged.is_over():
            raise load_failed(table, _said(staged))
        if self.options.has("NOLOAD"):
            return 0
        with _failing(table):
            return staged.load(session.connection)

    def _loaded_by_line(
        self, session: Session, objects: Sequence[Object], folder: Path
    ) -> int | None:
        """Load JSON Lines at once; None where that is not to be had."""
        table = self.target.table
        if not is_simple(self.options):
            return None
        try:
            with _failing(table):
                if not can_load(objects, self.target):
                    return None
                return load_lines(session.connection, self.target, objects, folder)
        except StatementAborted:
            raise
        except StatementError as error:
            # Which row it was is looked for only now that the load has failed.
            with _failing(table):
                staged = self._staged(session, objects, folder)
            if not staged.errors and "not emulated" in str(error):
                raise
            if not staged.errors:
                other = NotEmulated("COPY of JSON with some objects in one line and some in more")
                raise load_failed(table, str(other)) from error
            _record(session, staged)
            raise load_failed(table, _said(staged)) from None

    def _staged(self, session: Session, objects: Sequence[Object], folder: Path) -> Staged:
        """Read every object and try every value, until there are too many errors."""
        staged = Staged(self.target, folder / "staged.json")
        staged.stage(self._records(session.objects, objects), session.check)
        if not staged.is_over():
            staged.find_errors(session.connection, session.check)
        return staged

    def _records(
        self, store: ObjectStore, objects: Sequence[Object]
    ) -> Iterator[tuple[str, Record]]:
        read = self._reader(store)
        for each in objects:
            text = decoded(unpacked(each.body, self.options.compression), self.options)
            yield from ((each.url, record) for record in read(text))

    def _reader(self, store: ObjectStore) -> Callable[[str], Iterator[Record]]:
        options, columns = self.options, self.target.columns
        if options.format != JSON:
            return lambda text: delimited.records(text, options, columns)
        pick = _pick(store, options, [column.name for column in columns])
        of_super = [column.type == SUPER for column in columns]
        return lambda text: json_documents.records(text, options, pick, of_super)


@contextmanager
def _failing(table: Table) -> Iterator[None]:
    """Say what goes wrong inside as the failure of the load."""
    try:
        yield
    except (StatementAborted, duckdb.InterruptException):
        raise
    except StatementError as error:
        raise load_failed(table, str(error)) from error
    except duckdb.Error as error:
        raise load_failed(table, str(statement_error(error))) from error


def _record(session: Session, staged: Staged) -> None:
    if staged.errors:
        record_errors(session, list(staged.errors.values()))


def _said(staged: Staged) -> str:
    first = next(iter(staged.errors.values()))
    column = f", column {first.column.name}" if first.column else ""
    return f"{first.reason or first.flaw.message}; {first.file} line {first.line}{column}"


def _pick(store: ObjectStore, options: CopyOptions, names: Sequence[str]) -> json_documents.Pick:
    if options.json == "noshred":
        return json_documents.whole(names)
    if options.json == "auto ignorecase":
        return json_documents.by_folded_name(names)
    if options.json == "auto":
        return json_documents.by_name(names)
    body = store.read(*location(options.json))
    if body is None:
        raise StatementError(f"JSONPaths file is not found: {options.json}")
    paths = json_documents.read_paths(body, len(names))
    # Under any other name than `jsonpaths` the file is ignored.
    return json_documents.by_name(names) if paths is None else json_documents.by_paths(paths)


def copy(text: Text, reads: Reads) -> Copy:
    """Read a COPY statement; options that are not emulated are refused."""
    words = Words(text)
    words.expect("COPY")
    table = reads.table(*words.table_name()).check_writable()
    listed = words.names() if words.ahead("(") else ()
    words.expect("FROM")
    url = words.string()
    if not url.startswith("s3://"):
        raise NotEmulated("COPY from other than S3")
    location(url)
    options = read_options(words)
    columns = _columns(table, listed, options)
    if options.widths and len(options.widths) != len(columns):
        raise StatementError("FIXEDWIDTH must name as many columns as are loaded")
    target = Target(table, columns, options)
    if not target.values:
        raise StatementError("COPY needs a column")
    return Copy(target, url)


def _columns(table: Table, listed: Sequence[str], options: CopyOptions) -> Sequence[Column]:
    columns = chosen_columns(table, listed)
    explicit = options.has("EXPLICIT_IDS")
    numbered = [column for column in columns if column.identity]
    if explicit and not numbered:
        raise StatementError("EXPLICIT_IDS needs an IDENTITY column")
    if explicit or not numbered:
        return columns
    if any(column.identity and column.identity.by_default for column in numbered) and not listed:
        raise NotEmulated("COPY without a column list and with IDENTITY by default")
    if listed:
        if all(column.identity and column.identity.by_default for column in numbered):
            return columns
        raise StatementError("cannot copy into an IDENTITY column without EXPLICIT_IDS")
    return [column for column in columns if not column.identity]

"""UNLOAD: the rows of a query as objects in S3."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlglot import exp

from local.redshift_data.catalog import Column, quoted
from local.redshift_data.dialect.load.sources import location
from local.redshift_data.dialect.plans import Outcome, Plan, Session, Values
from local.redshift_data.dialect.queries import Query, compile_query, settled
from local.redshift_data.dialect.scope import Reads, Scope
from local.redshift_data.dialect.syntax import Text, parse, read
from local.redshift_data.dialect.types import TIMESTAMPTZ
from local.redshift_data.dialect.unloading.files import File, split, write
from local.redshift_data.dialect.unloading.lines import header, line_writer, shown, text_of
from local.redshift_data.dialect.unloading.options import (
    JSON,
    PARQUET,
    UnloadOptions,
    read_options,
)
from local.redshift_data.dialect.words import Words
from local.redshift_data.errors import NotEmulated, StatementError

_FETCHED = 10_000
_KEYS = ("int2", "int4", "int8", "numeric", "bpchar", "varchar", "date")
_OTHER_KEYS = ("float4", "bool", "timestamp")
_PLAIN = frozenset(" -_.")
_TO_PARQUET = (
    "int2", "int4", "int8", "float4", "float8", "numeric", "bool", "bpchar", "varchar", "date",
    "timestamp", "timestamptz", "super",
)  # fmt: skip


@dataclass(frozen=True)
class Unload:
    """Writes a query's rows under a prefix."""

    query: Query
    url: str
    options: UnloadOptions
    keys: tuple[int, ...] = ()
    """The places of the columns that partition the rows."""

    @property
    def kept(self) -> list[int]:
        """The places of the columns that are in the files."""
        places = range(len(self.query.columns))
        return [at for at in places if self.options.include or at not in self.keys]

    @property
    def columns(self) -> list[Column]:
        """The columns that are in the files."""
        return [self.query.columns[at] for at in self.kept]

    def run(self, session: Session, values: Values) -> Outcome:
        """Return how many rows were written."""
        del values
        parquet = self.options.format == PARQUET
        count, files = self._parquet(session) if parquet else self._lines(session)
        session.check()
        write(session.objects, self.url, files, self.columns, self.options)
        return Outcome(changed=count)

    def _lines(self, session: Session) -> tuple[int, list[File]]:
        line = line_writer(self.columns, self.options)
        head = header(self.columns, self.options) if self.options.has("HEADER") else ""
        folders: dict[str, list[str]] = {}
        count = 0
        for row in self._rows(session):
            kept = [row[at] for at in self.kept]
            folders.setdefault(self._folder(row), []).append(line(kept))
            count += 1
        if not folders and self.options.format != JSON and not self.keys:
            folders[""] = []
        files = [split(name, lines, head, self.options) for name, lines in folders.items()]
        return count, [file for each in files for file in each]

    def _rows(self, session: Session) -> Iterator[Sequence[Any]]:
        values = ", ".join(shown(at, column) for at, column in enumerate(self.query.columns))
        found = session.connection.execute(f"SELECT {values} FROM {self.query.relation()}")
        while rows := found.fetchmany(_FETCHED):
            session.check()
            yield from rows

    def _folder(self, row: Sequence[Any]) -> str:
        return "".join(f"{self._partition(at, row[at])}/" for at in self.keys)

    def _partition(self, at: int, value: Any) -> str:
        column = self.query.columns[at]
        if value is None:
            return f"{column.name}=__HIVE_DEFAULT_PARTITION__"
        text = text_of(value, column)
        if not text or not all(each.isalnum() or each in _PLAIN for each in text):
            raise NotEmulated(f'UNLOAD with "{text}" as the name of a partition')
        return f"{column.name}={text}"

    def _parquet(self, session: Session) -> tuple[int, list[File]]:
        """Have DuckDB write one file for each partition."""
        connection = session.connection
        rank = ", ".join(f"c{at}" for at in self.keys) or "1"
        connection.execute(
            f"CREATE TEMP TABLE rs_unloaded AS SELECT *, dense_rank() OVER (ORDER BY {rank}) "
            f"AS part, row_number() OVER () AS place FROM {self.query.relation()}"
        )
        shown_keys = ", ".join(f"first({shown(at, self.query.columns[at])})" for at in self.keys)
        parts = connection.execute(
            f"SELECT part, count(*){', ' * bool(self.keys)}{shown_keys} FROM rs_unloaded "
            f"GROUP BY part ORDER BY part"
        ).fetchall()
        if not parts:
            raise NotEmulated("UNLOAD of no rows to PARQUET")
        with TemporaryDirectory(prefix="redshift-unload-") as folder:
            files = [self._parquet_file(session, Path(folder), part) for part in parts]
        connection.execute("DROP TABLE rs_unloaded")
        return sum(file.rows for file in files), files

    def _parquet_file(self, session: Session, folder: Path, part: Sequence[Any]) -> File:
        session.check()
        number, count, *keys = part
        path = folder / f"{number}.parquet"
        values = ", ".join(_in_parquet(at, self.query.columns[at]) for at in self.kept)
        session.connection.execute(
            f"COPY (SELECT {values} FROM rs_unloaded WHERE part = {number} ORDER BY place) "
            f"TO '{path}' (FORMAT parquet, COMPRESSION snappy)"
        )
        pairs = zip(self.keys, keys, strict=True)
        name = "".join(f"{self._partition(at, key)}/" for at, key in pairs)
        body = path.read_bytes()
        if len(body) > self.options.max_bytes:
            raise NotEmulated("UNLOAD to more than one Parquet file")
        return File(name, body, count)


def _in_parquet(at: int, column: Column) -> str:
    if column.type.name not in _TO_PARQUET:
        raise NotEmulated(f"UNLOAD of {column.type.spelled} to PARQUET")
    value = f"c{at}"
    if column.type == TIMESTAMPTZ:
        # "Only the timestamp values are unloaded."
        value = f"(c{at} AT TIME ZONE 'UTC')"
    return f"{value} AS {quoted(column.name)}"


def unload(text: Text, reads: Reads) -> Plan:
    """Read UNLOAD ('query') TO 'prefix' with its options."""
    words = Words(text)
    words.expect("UNLOAD")
    words.expect("(")
    query = _query(words.raw_string(), reads)
    words.expect(")")
    words.expect("TO")
    url = words.string()
    location(url)
    options = read_options(words)
    return Unload(query, url, options, _keys(query, options))


def _query(sql: str, reads: Reads) -> Query:
    text = read(sql)
    tree = parse(text)
    if not isinstance(tree, exp.Query):
        raise StatementError("UNLOAD needs a SELECT query")
    if text.parameters:
        raise StatementError(f'syntax error at or near ":{text.parameters[0]}"')
    if tree.args.get("limit") or tree.args.get("offset"):
        raise StatementError(
            "Limit clause is not supported in the outermost select of an UNLOAD statement"
        )
    return settled(compile_query(tree, Scope(reads)))


def _keys(query: Query, options: UnloadOptions) -> tuple[int, ...]:
    names = [column.name for column in query.columns]
    for name in options.partition_by:
        if names.count(name) != 1:
            raise StatementError(f'partition column "{name}" is not in the query')
        type_ = query.columns[names.index(name)].type
        if type_.name in _OTHER_KEYS:
            raise NotEmulated(f"UNLOAD partitioned by {type_.spelled}")
        if type_.name not in _KEYS:
            raise StatementError(f"{type_.spelled} cannot be a partition column")
    if options.partition_by and len(options.partition_by) == len(names):
        raise StatementError("UNLOAD needs a column that is no partition column")
    return tuple(names.index(name) for name in options.partition_by)

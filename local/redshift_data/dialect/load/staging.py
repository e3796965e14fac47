"""Loads records row by row: what a column does not take is noted, and the rest goes in."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import duckdb

from local.redshift_data.catalog import Column, Table, quoted
from local.redshift_data.dialect.load.load_errors import LoadError, missing, rejected
from local.redshift_data.dialect.load.options import JSON, CopyOptions
from local.redshift_data.dialect.load.records import INVALID_CHARACTERS, Flaw, Record
from local.redshift_data.dialect.load.values import value
from local.redshift_data.errors import StatementError, statement_error

_BETWEEN_CHECKS = 10_000
_LONGEST_LINE = 32 * 1024 * 1024


@dataclass(frozen=True)
class Target:
    """The columns that are loaded, and the SQL of their values."""

    table: Table
    columns: Sequence[Column]
    options: CopyOptions

    @property
    def values(self) -> list[str]:
        """Return the value of each column, of fields named c0, c1 and so on."""
        return [value(at, column, self.options) for at, column in enumerate(self.columns)]

    @property
    def insert(self) -> str:
        """Return INSERT INTO with the columns' names."""
        names = ", ".join(quoted(column.name) for column in self.columns)
        return f"INSERT INTO {self.table.sql} ({names})"


@dataclass
class Staged:
    """Records written to a file for DuckDB, and the errors found so far."""

    target: Target
    path: Path
    origins: list[tuple[str, int]] = field(default_factory=list)
    """File and line of each record that is staged."""
    errors: dict[int, LoadError] = field(default_factory=dict)
    """By record where it is staged, else by a number below zero."""

    def is_over(self) -> bool:
        """Whether there are as many errors as make the load fail."""
        most = self.target.options.max_error
        return most is not None and len(self.errors) >= max(most, 1)

    def stage(self, records: Iterable[tuple[str, Record]], check: Callable[[], None]) -> None:
        """Write the records that have their fields; `check` may raise to stop."""
        pairs = iter(records)
        with self.path.open("wb") as lines:
            while batch := list(islice(pairs, _BETWEEN_CHECKS)):
                check()
                for file, record in batch:
                    line = self._line(file, record)
                    lines.write(line)
                    if self.is_over():
                        return

    def _line(self, file: str, record: Record) -> bytes:
        flaw = record.flaw
        try:
            fields = self._filled(record.fields)
            number = len(self.origins)
            named: dict[str, object] = {f"c{at}": text for at, text in enumerate(fields)}
            line = json.dumps({"n": number, **named}, ensure_ascii=False).encode() + b"\n"
        except UnicodeEncodeError:
            flaw = flaw or INVALID_CHARACTERS
        if flaw:
            self.errors[-1 - len(self.errors)] = LoadError(file, record.line, flaw)
            return b""
        self.origins.append((file, record.line))
        return line

    def _filled(self, fields: Sequence[str | None]) -> Sequence[str | None]:
        """Fill up a short record: with empty text, or NULL where the column is no VARCHAR."""
        lacking = self.target.columns[len(fields) :]
        empty = "" if self.target.options.format != JSON else None
        return [*fields, *(empty if c.type.name == "varchar" else None for c in lacking)]

    def find_errors(self, connection: duckdb.DuckDBPyConnection, check: Callable[[], None]) -> None:
        """Try every value apart from the transaction, which an error would end."""
        with connection.cursor() as apart:
            apart.execute(f"CREATE TEMP TABLE rs_staged AS SELECT * FROM {self.source}")
            self._search(apart, 0, len(self.origins), check)

    @property
    def source(self) -> str:
        """Return the staged fields as a FROM item."""
        fields = "".join(f", c{at}: 'VARCHAR'" for at in range(len(self.target.columns)))
        return (
            f"read_json(['{self.path}'], format = 'newline_delimited', records = 'true', "
            f"maximum_object_size = {_LONGEST_LINE}, columns = {{n: 'BIGINT'{fields}}})"
        )

    def _search(
        self,
        apart: duckdb.DuckDBPyConnection,
        first: int,
        end: int,
        check: Callable[[], None],
    ) -> None:
        """Halve the rows until those that fail stand alone."""
        check()
        if first >= end or self.is_over() or self._fits(apart, first, end):
            return
        if end - first == 1:
            self.errors[first] = self._explained(apart, first)
            return
        middle = (first + end) // 2
        self._search(apart, first, middle, check)
        self._search(apart, middle, end, check)

    def _fits(self, apart: duckdb.DuckDBPyConnection, first: int, end: int) -> bool:
        columns = self.target.columns
        counted = ", ".join(f"count({value_})" for value_ in self.target.values)
        rows = f"FROM rs_staged WHERE n >= {first} AND n < {end}"
        try:
            (*counts,) = apart.execute(f"SELECT {counted} {rows}").fetchone() or ()
        except duckdb.InterruptException:
            raise
        except duckdb.Error:
            return False
        filled = end - first
        pairs = zip(columns, counts, strict=True)
        return all(count == filled for column, count in pairs if column.not_null)

    def _explained(self, apart: duckdb.DuckDBPyConnection, number: int) -> LoadError:
        """Return the first error of one row; raises StatementError for what is not emulated."""
        for at, (column, value_) in enumerate(
            zip(self.target.columns, self.target.values, strict=True)
        ):
            found = _flaw(apart, column, f"c{at}", value_, number)
            if found:
                flaw, reason = found
                return LoadError(*self.origins[number], flaw, column, reason)
        raise StatementError("a row cannot be loaded")

    def load(self, connection: duckdb.DuckDBPyConnection) -> int:
        """Insert the rows without errors, and return how many they are."""
        left_out = ", ".join(str(number) for number in self.errors if number >= 0)
        where = f" WHERE n NOT IN ({left_out})" if left_out else ""
        values = ", ".join(self.target.values)
        sql = f"{self.target.insert} SELECT {values} FROM {self.source}{where}"
        counted = connection.execute(sql).fetchone()
        return int(counted[0]) if counted else 0


def _flaw(
    apart: duckdb.DuckDBPyConnection, column: Column, name: str, value_: str, number: int
) -> tuple[Flaw, str] | None:
    row = f"FROM rs_staged WHERE n = {number}"
    try:
        found = apart.execute(f"SELECT {value_} IS NULL {row}").fetchone()
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        reason = statement_error(error)
        if "not emulated locally" in str(reason):
            raise reason from error
        text = apart.execute(f"SELECT {name} {row}").fetchone()
        said = str(reason).removeprefix("ERROR: ")
        return rejected(column, text[0] if text else None, said), said
    return missing(column) if column.not_null and found and found[0] else None

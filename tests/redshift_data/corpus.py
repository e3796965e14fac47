"""The corpus: statements with what AWS's guide prints for them, and ones that it refuses."""

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
GUIDE = "https://docs.aws.amazon.com/redshift/latest/"
_TRUE, _FALSE = ("t", "true"), ("f", "false")


@dataclass(frozen=True)
class Example:
    """A statement, what it prints, and the page that says so."""

    topic: str
    number: int
    page: str
    sql: str
    prints: str
    setup: tuple[str, ...] = ()
    cleanup: tuple[str, ...] = ()
    ordered: bool = False
    """Whether the rows come in the order printed."""
    rule: str = ""
    """What the page says in words where it prints no result."""
    differs: str = ""
    """Why this server answers something else, or refuses."""

    @property
    def name(self) -> str:
        """Its place in the corpus."""
        return f"{self.topic}-{self.number:03}"

    @property
    def key(self) -> str:
        """Its name in golden files, which changes with the statements."""
        return _key(self.topic, self.setup, self.sql)

    @property
    def header(self) -> list[str]:
        """The column names printed."""
        return _cells(self.prints.strip("\n").split("\n", maxsplit=1)[0])

    @property
    def rows(self) -> list[list[str]]:
        """The rows printed."""
        return [_cells(line) for line in self.prints.strip("\n").split("\n")[1:]]


@dataclass(frozen=True)
class Refused:
    """A statement that Redshift refuses, why, and a part of the error."""

    topic: str
    number: int
    page: str
    sql: str
    error: str
    reason: str
    setup: tuple[str, ...] = ()
    cleanup: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its place in the corpus."""
        return f"{self.topic}-{self.number:03}"

    @property
    def key(self) -> str:
        """Its name in golden files, which changes with the statements."""
        return _key(self.topic, self.setup, self.sql)


@dataclass(frozen=True)
class Scenario:
    """Calls of the API one after another; `{Id}` stands for the latest answer's."""

    topic: str
    number: int
    about: str
    steps: tuple[Mapping[str, Any], ...]
    ends: str = ""
    """The last call's error code as documented, empty where it succeeds."""

    @property
    def name(self) -> str:
        """Its place in the corpus."""
        return f"{self.topic}-{self.number:03}"

    @property
    def key(self) -> str:
        """Its name in golden files, which changes with the calls."""
        return _key(self.topic, self.steps)


def scenarios() -> list[Scenario]:
    """Return every scenario of calls, by topic."""
    return [
        Scenario(topic, number, **_tuples(entry))
        for topic, number, entry in _entries("calls", "scenario")
    ]


def examples() -> list[Example]:
    """Return every documented example, by topic."""
    return [
        Example(topic, number, **_tuples(entry))
        for topic, number, entry in _entries("examples", "example")
    ]


def refusals() -> list[Refused]:
    """Return every statement to be refused, by topic."""
    return [
        Refused(topic, number, **_tuples(entry))
        for topic, number, entry in _entries("refused", "refused")
    ]


def _entries(folder: str, key: str) -> Iterator[tuple[str, int, dict[str, Any]]]:
    for path in sorted((FOLDER / folder).glob("*.toml")):
        for number, entry in enumerate(tomllib.loads(path.read_text())[key], start=1):
            yield f"{folder}-{path.stem}", number, entry


def _key(topic: str, *content: object) -> str:
    return f"{topic}-{hashlib.sha256(repr(content).encode()).hexdigest()[:12]}"


def _tuples(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("|")]


def unlike(example: Example, result: Mapping[str, Any]) -> str:
    """Say how a GetStatementResult differs from what the guide prints; empty where it does not."""
    labels = [column["label"] for column in result["ColumnMetadata"]]
    if labels != [name.lower() for name in example.header]:
        return f"columns {labels} for {example.header}"
    wanted, found = example.rows, list(result["Records"])
    if len(found) != len(wanted):
        return f"{len(found)} rows for {len(wanted)}: {found}"
    if not example.ordered:
        wanted = sorted(wanted)
        found = sorted(found, key=lambda record: [_shown(field) for field in record])
    if all(map(_same_row, wanted, found)):
        return ""
    if not example.ordered and all(any(_same_row(w, f) for f in found) for w in wanted):
        # Sorted as text, numbers printed with other digits come in another order.
        return ""
    return f"{found} for {wanted}"


def _same_row(wanted: Sequence[str], record: Sequence[Mapping[str, Any]]) -> bool:
    return len(wanted) == len(record) and all(map(_same_cell, wanted, record))


def _same_cell(wanted: str, field: Mapping[str, Any]) -> bool:
    if field.get("isNull"):
        return wanted.upper() in ("", "NULL")
    if "booleanValue" in field:
        return wanted.lower() in (_TRUE if field["booleanValue"] else _FALSE)
    if "doubleValue" in field:
        return _same_number(wanted, field["doubleValue"])
    return wanted == _shown(field)


def _same_number(wanted: str, value: float) -> bool:
    """Compare with as many digits as are printed."""
    digits = re.sub(r"[eE].*|[^0-9]", "", wanted).lstrip("0")
    return float(wanted) == float(f"{value:.{max(len(digits), 1)}g}")


def _shown(field: Mapping[str, Any]) -> str:
    if field.get("isNull"):
        return ""
    (value,) = field.values()
    if isinstance(value, bool):
        return "t" if value else "f"
    return value.hex() if isinstance(value, bytes) else str(value).strip()

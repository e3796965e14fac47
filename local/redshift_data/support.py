"""Says what is emulated, from the allow-lists: python -m local.redshift_data.support [--write]."""

import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from local.redshift_data.catalog import Catalog, Column, Table
from local.redshift_data.dialect.aggregates import AGGREGATES
from local.redshift_data.dialect.expressions import FUNCTIONS, KEYWORDS
from local.redshift_data.dialect.gate import translate
from local.redshift_data.dialect.types import INT4, varchar
from local.redshift_data.errors import NotEmulated, StatementError

README = Path(__file__).with_name("README.md")
_GUIDE = Path(__file__).with_name("guide.toml")
_BEGIN, _END = "<!-- generated: what is emulated -->\n", "<!-- end of what is generated -->\n"
_COLUMNS = (Column("n", INT4), Column("x", varchar(1)))
_CATALOG = Catalog().with_table(Table("t", _COLUMNS)).with_table(Table("s", _COLUMNS))

Chapters = Mapping[str, Sequence[Any]]


def allowed() -> set[str]:
    """Return every name on an allow-list of functions."""
    return {*FUNCTIONS, *AGGREGATES, *KEYWORDS}


def is_translated(sql: str) -> bool:
    """Whether a statement has a plan here; one that fails for another reason has."""
    try:
        translate(sql, _CATALOG)
    except NotEmulated:
        return False
    except StatementError as error:
        return "syntax error" not in str(error)
    return True


def tables_of_support() -> str:
    """Return the tables in Markdown: each documented name is emulated or refused."""
    guide = tomllib.loads(_GUIDE.read_text())
    known = allowed()
    documented = {name for names in guide["functions"].values() for name in names}
    tables = [
        _table("Functions", guide["functions"], str, known.__contains__),
        _table("Types", guide["types"], str, _is_type),
        _table(
            "Statements", guide["statements"], lambda e: str(e[0]), lambda e: is_translated(e[1])
        ),
    ]
    others = ", ".join(f"`{name}`" for name in sorted(known - documented))
    return "\n".join([*tables, f"Other names, syntax and operators: {others}.", ""])


def _table(
    title: str, chapters: Chapters, name: Callable[[Any], str], emulated: Callable[[Any], bool]
) -> str:
    lines = [f"| {title} | emulated | refused |", "|---|---|---|"]
    for chapter, entries in chapters.items():
        yes = [name(entry) for entry in entries if emulated(entry)]
        no = [name(entry) for entry in entries if not emulated(entry)]
        lines.append(f"| {chapter} | {_listed(yes)} | {_listed(no)} |")
    return "\n".join([*lines, ""])


def _is_type(name: str) -> bool:
    return is_translated(f"CREATE TABLE other (c {name})")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def readme_with(tables: str) -> str:
    """Return the README with its generated part replaced."""
    before, _, rest = README.read_text().partition(_BEGIN)
    return before + _BEGIN + tables + _END + rest.partition(_END)[2]


def main() -> None:
    """Print the tables, or write them into the README."""
    tables = tables_of_support()
    if "--write" in sys.argv[1:]:
        README.write_text(readme_with(tables))
    else:
        print(tables)


if __name__ == "__main__":
    main()

"""Every statement, written or generated, is Redshift's SQL as far as a parser can tell."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from sqlfluff.core import FluffConfig, Linter

from pipeline.catalogue import load_catalogue
from pipeline.catalogue.types import Column, EventType
from pipeline.load import ddl
from pipeline.load.plan import EVENTS, FACTS, Pointer
from pipeline.load.statements import Copying, load_statements
from pipeline.serve.moments import INTERVALS
from pipeline.serve.query import metrics_query
from pipeline.serve.question import STATS, read_question
from pipeline.serve.state import status_query
from pipeline.sql import FOLDER, quoted, statement
from pipeline.warehouse import TOKENS

CATALOGUE = load_catalogue()
ROLE = "arn:aws:iam::123456789012:role/copy"
FILES = sorted(path.relative_to(FOLDER) for path in FOLDER.rglob("*.sql"))
# Parts of other statements, which are parsed as a whole below.
FRAGMENTS = {"serve/status_facts.sql", "schema/add_column.sql"}


def awkward_type() -> EventType:
    kinds = ("string", "integer", "number", "boolean", "timestamp")
    names = ("user", "order", "verdict", "turn", "select")
    columns = tuple(
        Column(name=name, path=name, kind=kind, role="dimension", max_bytes=12)  # type: ignore[arg-type]
        for name, kind in zip(names, kinds, strict=True)
    )
    measure = Column(name="table", path="table", kind="number", role="measure", max_bytes=0)
    return EventType("a.b-c", "", "", {}, (*columns, measure))


ALL_TYPES = {**CATALOGUE, "a.b-c": awkward_type()}


@cache
def linter() -> Linter:
    return Linter(
        config=FluffConfig(
            overrides={"dialect": "redshift", "templater": "placeholder"},
            configs={"templater": {"placeholder": {"param_style": "colon"}}},
        )
    )


def unparsable(sql: str) -> list[str]:
    parsed = linter().parse_string(sql + ";\n")
    return [fault.desc() for fault in parsed.violations]


def loads() -> Iterator[str]:
    for event_type in ALL_TYPES.values():
        kinds = (EVENTS, FACTS + event_type.name)
        pointers = [Pointer(kind, "b", "batches/b.jsonl.gz", 1) for kind in kinds]
        copying = Copying(ROLE, dict.fromkeys(kinds, "s3://lake/manifests/a.manifest"))
        yield from load_statements(pointers, ALL_TYPES, copying)


def definitions() -> Iterator[str]:
    narrow = {"old": ("character varying", 1)}
    tables = {event_type.table: narrow for event_type in ALL_TYPES.values()}
    short = {c.name: ("character varying", 1) for c in CATALOGUE["page.viewed"].columns[:4]}
    yield from ddl.create_tables(ALL_TYPES)
    yield from ddl.add_columns(ALL_TYPES, ddl.Existing(tables, frozenset()))
    texts = ddl.Existing({CATALOGUE["page.viewed"].table: short}, frozenset())
    yield from ddl.widen_columns(CATALOGUE, texts)
    yield from ddl.create_users(("IAMR:a-b", "IAMR:c+d=e,f.g@h"), texts)
    yield from ddl.grant(ALL_TYPES, "events", "IAMR:a-b", "IAMR:c+d=e,f.g@h")
    yield statement("schema/read_columns")
    yield statement("schema/read_users")


def questions() -> Iterator[str]:
    for event_type in ALL_TYPES.values():
        names = [column.name for column in event_type.dimensions]
        given = {"group_by": ",".join(names), "from": "2013-01-01", "to": "2013-02-01"}
        if event_type.measures:
            given |= {"measure": event_type.measures[0].name}
        for stat in STATS if event_type.measures else ("count",):
            yield metrics_query(read_question(event_type, given | {"stat": stat}))[0]
    for interval in INTERVALS:
        yield metrics_query(read_question(CATALOGUE["page.viewed"], {"interval": interval}))[0]
    values = {"filter": "user:a|,order:1|2,verdict:1.5,turn:true,select:2013-01-01"}
    yield metrics_query(read_question(awkward_type(), values))[0]
    yield statement("serve/event")
    yield status_query(ALL_TYPES)


@pytest.mark.parametrize("made", [loads, definitions, questions])
def test_every_generated_statement_parses_as_redshift_sql(made: object) -> None:
    assert callable(made)
    faults = {sql: found for sql in set(made()) if (found := unparsable(sql))}
    assert not faults


@pytest.mark.parametrize("path", FILES, ids=str)
def test_every_file_is_used_by_a_generated_statement(path: Path) -> None:
    text = (FOLDER / path).read_text()
    body = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("--"))
    first_words = re.split(r"\$\{", body.strip().removesuffix(";"), maxsplit=1)[0]
    generated = [*loads(), *definitions(), *questions()]
    assert any(first_words.replace("$$", "$") in sql for sql in generated)


@pytest.mark.parametrize("path", FILES, ids=str)
def test_every_file_says_its_purpose_and_its_tables(path: Path) -> None:
    text = (FOLDER / path).read_text()
    comment = "\n".join(line for line in text.splitlines() if line.startswith("--"))
    assert text.startswith("-- ")
    assert re.search(r"(Creates|Reads|Writes|Alters|Locks|Grants on)[^\n]*:? ", comment)


def test_a_transaction_keeps_the_limit_of_40_statements() -> None:
    kinds = [EVENTS, *(FACTS + name for name in list(CATALOGUE)[:4])]
    copying = Copying(ROLE, dict.fromkeys(kinds, "s3://lake/manifests/a.manifest"))
    pointers = [Pointer(kind, "b", "batches/b.jsonl.gz", 1) for kind in kinds]
    assert len(load_statements(pointers, CATALOGUE, copying)) <= 40


def test_a_column_may_be_called_as_a_word_of_sql() -> None:
    assert quoted("order") == '"order"'


@pytest.mark.parametrize("name", ['a"b', "", "A", "a b", "a;", "é", "a\n"])
def test_what_is_no_identifier_is_not_quoted(name: str) -> None:
    with pytest.raises(ValueError, match="identifier"):
        quoted(name)


def test_statements_go_out_without_comments() -> None:
    assert not any("--" in sql for sql in (*loads(), *definitions(), *questions()))


def test_only_parameters_look_like_parameters() -> None:
    found = {name for sql in loads() for name in TOKENS.findall(sql) if name}
    assert found == {f"{name}_{n}" for name in ("batch", "kind", "key", "rows") for n in (0, 1)}

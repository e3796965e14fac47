"""Every statement, written or generated, is Redshift's SQL as far as a parser can tell."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from sqlfluff.core import FluffConfig, Linter

from pipeline.catalogue import Column, EventType, load_catalogue
from pipeline.load import ddl
from pipeline.load.plan import EVENTS, FACTS, TYPES_WITH_EVENTS, Pointer
from pipeline.load.statements import Copying, load_statements
from pipeline.serve.asking.contract import STATS
from pipeline.serve.asking.cursor import Position
from pipeline.serve.asking.filters import read_filter
from pipeline.serve.asking.listing import COLUMNS, Listing
from pipeline.serve.asking.moments import INTERVALS
from pipeline.serve.asking.question import read_question
from pipeline.serve.querying.listing_query import listing_query, listing_selection
from pipeline.serve.querying.query import metrics_query, metrics_selection
from pipeline.serve.querying.source import choose, facts
from pipeline.serve.querying.unloading import FORMS, Target, export_statements
from pipeline.serve.telling.record import event_query
from pipeline.serve.telling.state import status_query
from pipeline.sql import FOLDER, quoted, statement
from pipeline.warehouse import TOKENS
from pipeline.watch.questions import balance_query, known_query, objects_query, totals_query

CATALOGUE = load_catalogue()
ROLE = "arn:aws:iam::123456789012:role/copy"
TARGET = Target("s3://lake/exports/e1/part-", ROLE)
FILES = sorted(path.relative_to(FOLDER) for path in FOLDER.rglob("*.sql"))
# Parts of other statements, which are parsed as a whole below.
FRAGMENTS = {
    "serve/status_facts.sql",
    "serve/aggregate.sql",
    "serve/selected_events.sql",
    "serve/selected_metrics.sql",
    "serve/percentile.sql",
    "serve/parts.sql",
    "load/measured.sql",
    "load/touched_hours.sql",
    "load/told_events.sql",
    "load/told_facts.sql",
    "schema/add_column.sql",
}


def awkward_type() -> EventType:
    kinds = ("string", "integer", "number", "boolean", "timestamp")
    names = ("user", "order", "verdict", "turn", "select")
    columns = tuple(
        Column(name=name, path=name, kind=kind, role="dimension", max_bytes=12)  # type: ignore[arg-type]
        for name, kind in zip(names, kinds, strict=True)
    )
    measure = Column("table", "table", "number", "measure", 0, percentiles=True)
    rollups = ((), ("user", "order"), ("turn", "select"))
    return EventType("a.b-c", "", "", {}, (*columns, measure), rollups)


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
    names = ("events", "loads", "rollup_old_12345678")
    earlier: dict[str, dict[str, tuple[str, int | None]]] = {name: {} for name in names}
    for batch in ddl.rebuild_rollups(ALL_TYPES, ddl.Existing(earlier, frozenset())):
        yield from batch
    yield from ddl.add_later_columns(ddl.Existing(earlier, frozenset()))
    yield from ddl.add_columns(ALL_TYPES, ddl.Existing(tables, frozenset()))
    texts = ddl.Existing({CATALOGUE["page.viewed"].table: short}, frozenset())
    yield from ddl.widen_columns(CATALOGUE, texts)
    yield from ddl.create_users(("IAMR:a-b", "IAMR:c+d=e,f.g@h"), texts)
    yield from ddl.grant(ALL_TYPES, "events", ddl.Users("IAMR:a-b", "IAMR:c+d=e,f.g@h", "IAMR:i"))
    yield statement("schema/read_columns")
    yield statement("schema/read_users")


def asked(event_type: EventType, given: dict[str, str]) -> Iterator[str]:
    question = read_question(event_type, given)
    for source in (choose(question), facts(question)):
        yield metrics_query(question, source)[0]
    yield from export_statements(metrics_selection(question, source), "csv", TARGET)


def pages() -> Iterator[str]:
    whole = Listing(None, None, None, (), None, 1_000, "csv", {})
    start, end = datetime(2013, 1, 1, tzinfo=UTC), datetime(2014, 1, 1, tzinfo=UTC)
    terms = read_filter("source:a|,subject!:b,entrance>c,id<=d", COLUMNS)
    part = Listing(awkward_type(), start, end, terms, Position(7, "k"), 1, "json", {})
    for listing in (whole, part):
        yield listing_query(listing)[0]
        for format_ in FORMS:
            yield from export_statements(listing_selection(listing), format_, TARGET)


def questions() -> Iterator[str]:
    for event_type in CATALOGUE.values():
        names = ",".join(event_type.rollups[-1])
        yield from asked(event_type, {"group_by": names, "order": "-count"} if names else {})
    awkward = {"group_by": "user,order", "measure": "table", "order": "-value,user"}
    for stat in STATS:
        yield from asked(awkward_type(), awkward | {"stat": stat, "from": "2013-01-01"})
    for interval in INTERVALS:
        for zone in ("UTC", "Asia/Kolkata"):
            given = {"interval": interval, "timezone": zone}
            yield from asked(CATALOGUE["page.viewed"], given)
    p50 = {"measure": "duration_ms", "stat": "p50", "interval": "day", "timezone": "Asia/Tokyo"}
    yield from asked(CATALOGUE["page.viewed"], p50)
    values = "user:a|,order!:1|2,verdict>1.5,turn:true,select<=2013-01-01,table<5"
    yield from asked(awkward_type(), {"filter": values})
    yield from pages()
    yield event_query()
    yield status_query(ALL_TYPES)


def checks() -> Iterator[str]:
    yield balance_query()
    yield totals_query()
    yield objects_query()
    yield known_query(["k", "l"])


@pytest.mark.parametrize("made", [loads, definitions, questions, checks])
def test_every_generated_statement_parses_as_redshift_sql(made: object) -> None:
    assert callable(made)
    faults = {sql: found for sql in set(made()) if (found := unparsable(sql))}
    assert not faults


@pytest.mark.parametrize("path", FILES, ids=str)
def test_every_file_is_used_by_a_generated_statement(path: Path) -> None:
    text = (FOLDER / path).read_text()
    body = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("--"))
    first_words = re.split(r"\$\{", body.strip().removesuffix(";"), maxsplit=1)[0]
    generated = [*loads(), *definitions(), *questions(), *checks()]
    assert any(first_words.replace("$$", "$") in sql for sql in generated)


@pytest.mark.parametrize("path", FILES, ids=str)
def test_every_file_says_its_purpose_and_its_tables(path: Path) -> None:
    text = (FOLDER / path).read_text()
    comment = "\n".join(line for line in text.splitlines() if line.startswith("--"))
    assert text.startswith("-- ")
    assert re.search(r"(Creates|Reads|Writes|Alters|Locks|Grants on)[^\n]*:? ", comment)


def test_a_transaction_keeps_the_limit_of_40_statements() -> None:
    kinds = [EVENTS, *(FACTS + name for name in list(CATALOGUE)[:TYPES_WITH_EVENTS])]
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
    assert not any("--" in sql for sql in (*loads(), *definitions(), *questions(), *checks()))


def test_only_parameters_look_like_parameters() -> None:
    found = {name for sql in loads() for name in TOKENS.findall(sql) if name}
    assert found == {
        f"{name}_{n}" for name in ("batch", "kind", "key", "rows", "at") for n in (0, 1)
    }

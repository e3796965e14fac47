"""The schema's custom resource: what it adds, what it refuses, and that it always answers."""

import importlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pipeline.catalogue import Column, EventType, load_catalogue
from pipeline.errors import SchemaConflict, StatementFailed
from pipeline.load import ddl
from pipeline.load.summing import rollup_tables
from pipeline.sql import statement
from pipeline.warehouse import Statement

REQUEST = json.loads((Path(__file__).parents[2] / "events/create_schema.json").read_text())
CATALOGUE = load_catalogue()
VIEWS = CATALOGUE["page.viewed"]
ONLY_VIEWS = {"page.viewed": VIEWS}
NOBODY: frozenset[str] = frozenset()
USERS = ddl.Users("IAMR:w", "IAMR:r", "IAMR:c")
KINDS = ddl.DATA_TYPES


def columns_of(event_type: EventType) -> dict[str, tuple[str, int | None]]:
    return {
        c.name: (KINDS[c.sql_type], None) if c.sql_type in KINDS else (ddl.TEXT, c.max_bytes)
        for c in event_type.columns
    }


def existing(**changes: tuple[str, int | None]) -> ddl.Existing:
    return ddl.Existing({VIEWS.table: columns_of(VIEWS) | changes}, NOBODY)


class FakeWarehouse:
    """Has nothing yet; remembers what it is told, or fails."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault
        self.batches: list[list[str]] = []

    def execute_batch(
        self, statements: Sequence[str], _parameters: Any = None, *, seconds: float
    ) -> Statement:
        assert seconds > 0
        if self.fault:
            raise self.fault
        self.batches.append(list(statements))
        return Statement("s-1")

    def result(self, _statement_id: str) -> list[dict[str, Any]]:
        return []


@pytest.fixture
def schema(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    for name, value in {
        "WORKGROUP_NAME": "wg",
        "DATABASE_NAME": "events",
        "ADMIN_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:admin",
        "LOADER_ROLE_NAME": "app-loader",
        "READER_ROLE_NAME": "app-reader",
        "CHECKER_ROLE_NAME": "app-checker",
    }.items():
        monkeypatch.setenv(name, value)
    return importlib.import_module("pipeline.load.schema")


def test_an_up_to_date_table_is_left_alone() -> None:
    assert not ddl.add_columns(ONLY_VIEWS, existing())
    assert not ddl.widen_columns(ONLY_VIEWS, existing())


def test_a_missing_column_is_added() -> None:
    kept = {name: kind for name, kind in columns_of(VIEWS).items() if name != "device"}
    there = ddl.Existing({VIEWS.table: kept}, NOBODY)
    (sql,) = ddl.add_columns(ONLY_VIEWS, there)
    assert sql == 'ALTER TABLE "facts_page_viewed" ADD COLUMN "device" VARCHAR(28)'


def test_a_new_table_needs_no_added_columns() -> None:
    assert not ddl.add_columns(ONLY_VIEWS, ddl.Existing({}, NOBODY))


def test_a_text_that_grew_is_widened() -> None:
    (sql,) = ddl.widen_columns(ONLY_VIEWS, existing(page=(ddl.TEXT, 10)))
    assert sql == 'ALTER TABLE "facts_page_viewed" ALTER COLUMN "page" TYPE VARCHAR(4096)'


def test_a_text_that_shrank_stays_wide() -> None:
    assert not ddl.widen_columns(ONLY_VIEWS, existing(page=(ddl.TEXT, 65_535)))


def test_every_changed_type_is_told() -> None:
    with pytest.raises(SchemaConflict) as caught:
        ddl.widen_columns(ONLY_VIEWS, existing(page=("bigint", None), duration_ms=(ddl.TEXT, 9)))
    assert "facts_page_viewed.page is bigint, not VARCHAR(4096)" in str(caught.value)
    assert "facts_page_viewed.duration_ms" in str(caught.value)


def test_a_dimension_of_every_kind_has_a_column() -> None:
    column = Column("seen", "seen", "timestamp", "dimension", 0)
    grown = {"page.viewed": replace(VIEWS, columns=(*VIEWS.columns, column))}
    (sql,) = ddl.add_columns(grown, existing())
    assert sql.endswith('ADD COLUMN "seen" TIMESTAMPTZ')


def test_a_user_who_is_there_is_not_created_again() -> None:
    there = ddl.read_existing([], [{"user_name": "iamr:app-loader"}])
    (sql,) = ddl.create_users(("IAMR:app-loader", "IAMR:app-reader"), there)
    assert sql == 'CREATE USER "IAMR:app-reader" PASSWORD DISABLE'


def test_the_reader_only_selects_and_never_sees_the_mutex() -> None:
    grants = ddl.grant(CATALOGUE, "events", USERS)
    tables, temporary = sorted(sql for sql in grants if '"IAMR:r"' in sql)
    assert tables.startswith("GRANT SELECT ON TABLE")
    assert "load_mutex" not in tables
    assert temporary.startswith("GRANT TEMP ON DATABASE")


def test_the_check_only_selects_from_the_tables_that_it_compares() -> None:
    grants = ddl.grant(CATALOGUE, "events", USERS)
    assert [sql for sql in grants if '"IAMR:c"' in sql] == [
        'GRANT SELECT ON TABLE events, quarantine, loads TO "IAMR:c"'
    ]


@pytest.mark.parametrize("name", ['a"; DROP TABLE events', "", "a b", "a" * 65, "a\n", "é"])
def test_what_is_no_role_gets_into_no_statement(name: str) -> None:
    with pytest.raises(ValueError, match="role"):
        ddl.user_name(name)


def tables_of(*names: str) -> ddl.Existing:
    return ddl.Existing({name: {} for name in names}, NOBODY)


def test_rollups_that_are_there_are_left_alone() -> None:
    assert not ddl.rebuild_rollups(ONLY_VIEWS, tables_of(*rollup_tables(VIEWS)))


def test_a_rollup_is_created_and_filled_in_one_transaction() -> None:
    ((lock, *rest),) = ddl.rebuild_rollups(ONLY_VIEWS, tables_of())
    assert lock == "LOCK load_mutex"
    assert [sql.split()[0] for sql in rest] == ["CREATE", "INSERT", "CREATE", "INSERT"]


def test_a_rollup_of_another_definition_is_dropped_before_the_new_one_is_filled() -> None:
    fewer = {"page.viewed": replace(VIEWS, rollups=((), ("device",)))}
    dropped, filled = ddl.rebuild_rollups(fewer, tables_of(*rollup_tables(VIEWS)))
    assert [sql.split()[0] for sql in dropped] == ["LOCK", "DROP", "DROP"]
    assert not set(rollup_tables(VIEWS)) & set(rollup_tables(fewer["page.viewed"]))
    assert filled[0] == "LOCK load_mutex"


def test_tables_of_an_earlier_release_get_their_columns() -> None:
    first: dict[str, dict[str, tuple[str, int | None]]] = {
        "events": {}, "quarantine": {}, "loads": {}
    }  # fmt: skip
    assert ddl.add_later_columns(ddl.Existing(first, NOBODY)) == [
        'ALTER TABLE "events" ADD COLUMN "version" BIGINT DEFAULT 0',
        'ALTER TABLE "events" ADD COLUMN "correlation_id" VARCHAR(64)',
        'ALTER TABLE "quarantine" ADD COLUMN "correlation_id" VARCHAR(64)',
        'ALTER TABLE "loads" ADD COLUMN "announced_at" TIMESTAMPTZ',
    ]


def test_tables_of_this_release_have_all_their_columns() -> None:
    for table, columns in ddl.LATER_COLUMNS.items():
        created = statement(f"schema/create_{table}")
        for name, kind in columns.items():
            assert f" {name} {kind.partition(' ')[0]}" in created
    found: tuple[str, int | None] = ("x", None)
    there = {table: dict.fromkeys(columns, found) for table, columns in ddl.LATER_COLUMNS.items()}
    assert not ddl.add_later_columns(ddl.Existing(there, NOBODY))


def test_a_first_deploy_costs_three_transactions_and_one_a_rollup(
    schema: ModuleType, answers: list[Any], context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = FakeWarehouse()
    monkeypatch.setattr(schema, "warehouse", warehouse)
    schema.handler(REQUEST, context)
    assert len(warehouse.batches) == 3 + len(CATALOGUE)
    assert answers[0]["Status"] == "SUCCESS"


def test_a_failure_is_answered_with_its_reason(
    schema: ModuleType, answers: list[Any], context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = StatementFailed("s-1", "permission denied" + "x" * 5_000)
    monkeypatch.setattr(schema, "warehouse", FakeWarehouse(fault))
    schema.handler(REQUEST, context)
    assert answers[0]["Status"] == "FAILED"
    assert "permission denied" in answers[0]["Reason"]
    assert len(json.dumps(answers[0])) < 4_096


def test_a_deleted_stack_keeps_its_data(
    schema: ModuleType, answers: list[Any], context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "warehouse", FakeWarehouse(AssertionError("called")))
    schema.handler(REQUEST | {"RequestType": "Delete", "PhysicalResourceId": "kept"}, context)
    assert answers[0]["Status"] == "SUCCESS"
    assert answers[0]["PhysicalResourceId"] == "kept"


def test_a_schema_that_is_none_ends_the_deployment(
    schema: ModuleType, answers: list[Any], context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = replace(VIEWS, schema={"$id": "page.viewed", "type": "nonsense"})
    monkeypatch.setattr(schema, "catalogue", {"page.viewed": broken})
    monkeypatch.setattr(schema, "warehouse", FakeWarehouse(AssertionError("called")))
    schema.handler(REQUEST, context)
    assert answers[0]["Status"] == "FAILED"
    assert "page.viewed.json: not a JSON Schema" in answers[0]["Reason"]


def test_the_answer_repeats_what_cloudformation_asks_for(
    schema: ModuleType, answers: list[Any], context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "warehouse", FakeWarehouse())
    schema.handler(REQUEST, context)
    for key in ("StackId", "RequestId", "LogicalResourceId"):
        assert answers[0][key] == REQUEST[key]
    assert answers[0]["PhysicalResourceId"] == "wg/events/schema"

"""The SQL of one load: a single transaction from the lake's objects to the ledger."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.catalogue import EventType
from pipeline.load.plan import EVENTS, FACTS, Pointer
from pipeline.load.summing import refresh_rollups
from pipeline.sql import ROLE_ARN, quoted, statement

# COPY takes no parameters, so what goes into its text is checked here, whoever made it.
MANIFEST_URI = re.compile(r"s3://[a-z0-9.-]{3,63}/[\w=./-]{1,900}\Z", re.ASCII)
# How prove_count counts a batch's rows: two events at one position count as none.
COUNT_EVENTS = 'CASE WHEN COUNT(*) = COUNT(DISTINCT "position") THEN COUNT(*) END'
COUNT_FACTS = "COUNT(*)"
UNKNOWN = "-"  # the Data API binds neither NULL nor an empty text
FACTS_COLUMNS = ("event_key", "fingerprint", "batch_id", "time", "anomalies")


@dataclass(frozen=True)
class Copying:
    """With which role, and by which manifests, the warehouse reads the lake."""

    role_arn: str
    manifests: Mapping[str, str]  # s3:// addresses by kind

    def statement(self, kind: str, staged: str) -> str:
        """Make the COPY of one kind into its staging table."""
        uri = self.manifests[kind]
        if not MANIFEST_URI.match(uri) or not ROLE_ARN.match(self.role_arn):
            raise ValueError("a COPY would hold an address or a role that is not one")
        return statement("load/copy", staged=staged, manifest=uri, role=self.role_arn)


def load_statements(
    pointers: Sequence[Pointer], catalogue: Mapping[str, EventType], copying: Copying
) -> list[str]:
    """Make the statements of one transaction, the last of which tells the tallies."""
    kinds = sorted({pointer.kind for pointer in pointers})
    types = [catalogue[kind.removeprefix(FACTS)] for kind in kinds if kind != EVENTS]
    with_events = EVENTS in kinds
    return [
        statement("load/lock"),
        statement("load/insert_version"),
        statement("load/create_announced"),
        _insert_announced(len(pointers)),
        *(_stage_events(copying) if with_events else ()),
        *(sql for event_type in types for sql in _stage_facts(event_type, copying)),
        statement("load/drop_known"),
        *(_merge_events() if with_events else ()),
        *(sql for event_type in types for sql in _merge_facts(event_type)),
        statement("load/create_tallies", verdicts=_verdicts(types, with_events=with_events)),
        statement("load/delete_replaced_loads"),
        statement("load/insert_loads"),
        statement("load/read_tallies", parts=_told(catalogue, with_events=with_events)),
    ]


def load_parameters(pointers: Iterable[Pointer]) -> dict[str, str | int]:
    """Make the parameters of insert_announced."""
    return {
        f"{name}_{n}": value
        for n, pointer in enumerate(pointers)
        for name, value in (
            ("batch", pointer.batch_id),
            ("kind", pointer.kind),
            ("key", pointer.key),
            ("rows", pointer.rows),
            ("at", pointer.announced_at or UNKNOWN),
        )
    }


def _insert_announced(count: int) -> str:
    row = (
        "(:batch_{0}, :kind_{0}, :key_{0}, CAST(:rows_{0} AS BIGINT),"
        f" CAST(NULLIF(:at_{{0}}, '{UNKNOWN}') AS TIMESTAMPTZ))"
    )
    rows = ", ".join(row.format(n) for n in range(count))
    return statement("load/insert_announced", rows=rows)


def _stage_events(copying: Copying) -> list[str]:
    return [
        statement("load/create_staged_events"),
        copying.statement(EVENTS, "staged_events"),
        statement("load/prove_count", kind=EVENTS, staged="staged_events", counted=COUNT_EVENTS),
    ]


def _merge_events() -> list[str]:
    return [
        statement("load/judge_events"),
        statement("load/select_new_events"),
        statement("load/merge_events"),
        statement("load/insert_quarantine"),
    ]


def _names(event_type: EventType) -> dict[str, str]:
    table = event_type.table
    return {
        "table": quoted(table),
        "staged": quoted(f"staged_{table}"),
        "judged": quoted(f"judged_{table}"),
        "new": quoted(f"new_{table}"),
    }


def _stage_facts(event_type: EventType, copying: Copying) -> list[str]:
    kind, names = FACTS + event_type.name, _names(event_type)
    return [
        statement("load/create_staged_facts", **names),
        copying.statement(kind, names["staged"]),
        statement("load/prove_count", kind=kind, staged=names["staged"], counted=COUNT_FACTS),
    ]


def _merge_facts(event_type: EventType) -> list[str]:
    names = _names(event_type)
    columns = [quoted(c) for c in (*FACTS_COLUMNS, *(c.name for c in event_type.columns))]
    listed = ", ".join(columns)
    values = ", ".join(f"{names['new']}.{column}" for column in columns)
    assignments = ", ".join(f"{column} = {names['new']}.{column}" for column in columns)
    return [
        statement("load/judge_facts", **names),
        statement("load/select_new_facts", columns=listed, **names),
        statement(
            "load/merge_facts", columns=listed, values=values, assignments=assignments, **names
        ),
        *refresh_rollups(event_type, names["new"]),
    ]


def _verdicts(types: Iterable[EventType], *, with_events: bool) -> str:
    judged = {EVENTS: "judged_events"} if with_events else {}
    judged |= {FACTS + event_type.name: _names(event_type)["judged"] for event_type in types}
    parts = (
        statement("load/select_verdicts", kind=kind, judged=table) for kind, table in judged.items()
    )
    return "\nUNION ALL\n".join(parts)


def _told(catalogue: Mapping[str, EventType], *, with_events: bool) -> str:
    parts = [statement("load/told_facts")]
    if with_events:
        types = ", ".join(f"'{name}'" for name in sorted(catalogue))
        parts.append(statement("load/told_events", types=types))
    return "\nUNION ALL\n".join(parts)

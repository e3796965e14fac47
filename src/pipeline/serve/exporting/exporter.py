"""Exports from start to end: a transaction that nobody waits for, and signed addresses of its files.

What is known of an export is in its id, signed: no table, and nobody finds another's by guessing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from pipeline import telemetry
from pipeline.errors import NothingFound, StatementGone, WarehouseBusy, WarehouseUnavailable
from pipeline.lake import SigningLake, export_prefix
from pipeline.serve.asking.moments import format_moment
from pipeline.serve.asking.signing import Signer
from pipeline.serve.desk.desk import BUDGET_SECONDS, Tokens
from pipeline.serve.querying.source import is_unreadable
from pipeline.serve.querying.unloading import GATHERING, Selection, Target, export_statements
from pipeline.serve.telling.answers import CONTENT_TYPES, to_json
from pipeline.serve.telling.problems import Response, answer
from pipeline.warehouse import State, Warehouse

PATH = "/v1/exports"
ACCEPTED = 202
# As long the Data API can tell what became of a statement.
KEPT = timedelta(hours=24)
URL_SECONDS = 900
# A warehouse that is awake tells by then that a table is not there.
GLANCE_SECONDS = 1
# What is worth waiting before looking again.
RETRY_AFTER = "2"
FAILED = (
    "The warehouse could not write this export, and nothing of it is kept. Start it again; if it "
    "fails again, ask for less (from and to, filter, group_by)."
)


@dataclass(frozen=True)
class Exporter:
    """Starts exports and tells how far they are.

    Both raise what `signer` raises, which is asked every time: its secret may change. Only exports
    that read a rollup are looked at when they start, GLANCE_SECONDS later or as soon as they end.
    """

    warehouse: Warehouse
    lake: SigningLake
    budget: Tokens
    signer: Callable[[], Signer]
    role_arn: str

    def start(self, selection: Selection, format_: str) -> Response:
        """Start an export and answer 202; raises BudgetSpent and what the warehouse raises."""
        signer, name = self.signer(), str(uuid4())
        target = Target(self.lake.uri(export_prefix(name)), self.role_arn)
        statement_id = self._submit(selection, format_, target)
        if selection.instead and self._lacks(selection.rollup, statement_id):
            statement_id = self._submit(selection.instead, format_, target)
        expires_at = format_moment((datetime.now(UTC) + KEPT).replace(microsecond=0))
        known = {
            "statement": statement_id, "export": name, "format": format_, "expires_at": expires_at,
        }  # fmt: skip
        export_id = signer.sign(known, int(KEPT.total_seconds()))
        body = {
            "id": export_id,
            "status": "running",
            "format": format_,
            "location": f"{PATH}/{export_id}",
            "expires_at": expires_at,
        }
        # Relative to the path of the request, which may have a stage, or a domain's, before it.
        return _answer(body, ACCEPTED, Location=f"exports/{export_id}")

    def _submit(self, selection: Selection, format_: str, target: Target) -> str:
        statements = export_statements(selection, format_, target)
        self.budget.take(seconds=BUDGET_SECONDS)
        wait = GLANCE_SECONDS if selection.instead else 0
        return self.warehouse.start_batch(statements, selection.parameters, wait=wait)

    def _lacks(self, rollup: str, statement_id: str) -> bool:
        """Tell whether an export has failed already, since its rollup is not there (yet)."""
        try:
            state = self.warehouse.state(statement_id)
        except (WarehouseBusy, WarehouseUnavailable):
            return False  # it is on its way; how far, a later look will tell
        return state.status == "FAILED" and is_unreadable(rollup, state.error)

    def look(self, export_id: str) -> Response:
        """Tell how far an export is, with addresses of its files when it is done.

        Raises MalformedQuestion for an id that is none, NothingFound for an export that is over, and
        what warehouse and lake raise.
        """
        known = self.signer().read(export_id)
        state = self._state(known)
        own = {"id": export_id, "status": state.status.lower(), "format": known["format"]}
        end = {"expires_at": known["expires_at"]}
        if state.status == "DONE":
            rows = _rows(state)
            counted = {} if rows is None else {"rows": rows}
            return _answer({**own, **counted, "files": self._files(known), **end})
        if state.status == "RUNNING":
            return _answer({**own, "files": [], **end})
        return _answer({**own, "detail": FAILED, "files": [], **end})

    def _state(self, known: dict[str, Any]) -> State:
        try:
            state = self.warehouse.state(known["statement"])
        except StatementGone:
            raise NothingFound("this export is over; start it again") from None
        if state.status == "FAILED":
            if known["format"] == "parquet" and _rows(state) == 0:
                # What UNLOAD makes of no rows is documented for CSV (perhaps an empty file) and for
                # JSON (none). If it fails for Parquet, still nothing is missing.
                return State("DONE", state.rows)
            telemetry.logger.warning("export failed", extra={"error": state.error})
            telemetry.count("ExportsFailed", 1)
        return state

    def _files(self, known: dict[str, Any]) -> list[dict[str, Any]]:
        found = self.lake.list(export_prefix(known["export"]))
        return [
            {"url": self.lake.signed_url(key, URL_SECONDS), "bytes": size}
            for key, size in found.items()
        ]


def _rows(state: State) -> int | None:
    """Tell how many rows were gathered, if that is known."""
    rows = state.rows[GATHERING] if len(state.rows) > GATHERING else -1
    return rows if rows >= 0 else None


def _answer(body: dict[str, Any], status: int = 200, **headers: str) -> Response:
    again = {"Retry-After": RETRY_AFTER} if body["status"] == "running" else {}
    own = {"Content-Type": CONTENT_TYPES["json"], "Cache-Control": "no-store"}
    return answer(to_json(body), {**own, **again, **headers}, status)

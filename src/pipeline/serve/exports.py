"""POST /v1/exports and GET /v1/exports/{export_id}: results too large for an answer, as files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline import telemetry
from pipeline.budget import Budget
from pipeline.catalogue import EventType, load_catalogue
from pipeline.lake import SigningLake
from pipeline.origins import readable_from
from pipeline.secret import Secret
from pipeline.serve.asking.body import read_members
from pipeline.serve.asking.contract import EXPORT_ID
from pipeline.serve.asking.question import read_parameters
from pipeline.serve.asking.signing import Signer
from pipeline.serve.desk.answering import Event, report
from pipeline.serve.desk.reading import reading
from pipeline.serve.exporting.exporter import Exporter
from pipeline.serve.exporting.wanted import read_wanted
from pipeline.serve.telling import problems
from pipeline.serve.telling.problems import Response
from pipeline.settings import from_env
from pipeline.shared_table import SharedTable
from pipeline.warehouse import hurried_warehouse


@dataclass(frozen=True)
class Settings:
    """Which warehouse is asked, how often at most, whose role writes where, and what ids sign."""

    workgroup_name: str
    database_name: str
    lake_bucket: str
    budget_table: str
    reads_per_second: int
    cursor_secret_arn: str
    unload_role_arn: str
    allowed_origin: str = ""


settings = from_env(Settings)
secret = Secret(settings.cursor_secret_arn)
exporter = Exporter(
    hurried_warehouse(settings.workgroup_name, settings.database_name),
    SigningLake(settings.lake_bucket),
    Budget(SharedTable(settings.budget_table), settings.reads_per_second, report=telemetry.warn),
    lambda: Signer(secret.read(), EXPORT_ID.name),
    settings.unload_role_arn,
)
catalogue = load_catalogue()


@telemetry.observed
@reading(exporter.warehouse)
@readable_from(settings.allowed_origin)
def handler(event: dict[str, Any], _context: Any) -> Response:
    """Start an export, or tell how far one is; the warehouse is asked once, and nobody waits for it."""
    try:
        if event["httpMethod"] == "POST":
            return start(event, catalogue, exporter)
        return look(event, exporter)
    except problems.EXPECTED as fault:
        report(fault)
        return problems.problem(fault)


def start(event: Event, catalogue: Mapping[str, EventType], exporter: Exporter) -> Response:
    """Start the export that a body asks for.

    Raises BodyRefused, BodyTooLarge, MalformedQuestion, BudgetSpent and what the warehouse raises.
    """
    read_parameters(event, ())
    wanted = read_wanted(read_members(event), catalogue)
    return exporter.start(wanted.selection, wanted.format)


def look(event: Event, exporter: Exporter) -> Response:
    """Tell how far the export of the path is.

    Raises MalformedQuestion, NothingFound and what warehouse and lake raise.
    """
    read_parameters(event, ())
    return exporter.look((event.get("pathParameters") or {}).get(EXPORT_ID.name, ""))

"""Sends dead letters back to where they failed, or quarantined events that are valid by now.

Without a word it is the dead-letter queues. What cannot go back is left in place and named. Doing
it again is harmless: every event counts once.
"""

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

from local.progress import progress_bar
from local.recovery import quarantine
from local.recovery.announcing import Announcer
from local.recovery.changes import Changes
from local.recovery.command_line import deployment_of, parser_of, run
from local.recovery.deployment import Deployment
from local.recovery.ledger import Ledger
from local.recovery.letters import DeadLetters
from local.recovery.redriving import Report, Way, describe, redrive
from local.recovery.span import read_moment, written
from local.recovery.table import TableItems
from local.recovery.ways import Announced, Prepare, ToQueue, Upload
from pipeline.catalogue import EventType, load_catalogue
from pipeline.queue import RowQueue

Catalogue = dict[str, EventType]
QUEUES, QUARANTINE = "queues", "quarantine"
FILTERS = ("reason", "type", "since")


def main() -> int:
    """Redrive; returns 1 if something was left."""
    return run(lambda: work(read_options()))


def work(options: argparse.Namespace) -> int:
    """Do what the options say."""
    filters = filters_of(options)
    there = deployment_of(options)
    catalogue = dict(load_catalogue())
    if options.what == QUARANTINE:
        tally = redrive_quarantine(there, catalogue, filters, dry_run=options.dry_run)
        print(quarantine.describe(tally, dry_run=options.dry_run))
        return 0
    left = 0
    for name, way, report in redrive_queues(there, catalogue, dry_run=options.dry_run):
        print(describe(name, way, report, dry_run=options.dry_run), flush=True)
        left += len(report.left)
    return 1 if left else 0


def redrive_queues(
    there: Deployment, catalogue: Catalogue, *, dry_run: bool
) -> Iterator[tuple[str, Way, Report]]:
    """Empty one dead-letter queue after the other; yields what became of each."""
    sqs = there.client("sqs")
    for name, way in ways(there, catalogue).items():
        queue = DeadLetters(sqs, there.resources[name])
        yield name, way, redrive(queue, way, dry_run=dry_run)


def ways(there: Deployment, catalogue: Catalogue) -> dict[str, Way]:
    """Choose how each dead-letter queue is emptied, in the order of the flow."""
    sqs, s3, functions = map(there.client, ("sqs", "s3", "lambda"))
    announced = Announced(s3, there.bucket, catalogue)
    announcer = Announcer(there.client("events"), there.resources["PipelineBus"])
    return {
        "ChangeDlq": changes(there, catalogue),
        "UploadDlq": Upload(
            functions, there.resources["ReceiveUploadFunction"], s3, there.bucket
        ),
        "EventDlq": ToQueue(sqs, there.resources["EventQueue"], "EventQueue"),
        "PrepareDlq": Prepare(announcer, announced),
        "LoadDlq": ToQueue(sqs, there.resources["LoadQueue"], "LoadQueue", announced),
    }  # fmt: skip


def changes(there: Deployment, catalogue: Catalogue) -> Way:
    """Make the way of stream records; the warehouse is asked only if the stream forgot them."""
    items = TableItems(there.client("dynamodb"), lambda: Ledger(there.warehouse()), catalogue)
    return Changes(
        there.client("dynamodbstreams"),
        there.client("lambda"),
        there.resources["ReceiveChangeFunction"],
        there.outputs["EventTableName"],
        items,
    )


def redrive_quarantine(
    there: Deployment, catalogue: Catalogue, filters: dict[str, str], *, dry_run: bool
) -> quarantine.Resent:
    """Send quarantined events that are valid now, of types that are deployed."""
    ledger = Ledger(there.warehouse())
    tables = ledger.facts_tables()
    deployed = {name: one for name, one in catalogue.items() if one.table in tables}
    queue = None if dry_run else RowQueue(there.resources["EventQueue"], there.client("sqs"))
    rows = quarantine.read_quarantine(ledger, filters)
    tally = quarantine.Resent()
    with progress_bar("Quarantined events") as looked_at:
        for tally in quarantine.resend(rows, deployed, queue, datetime.now(UTC)):
            looked_at.update(tally.found - looked_at.n)
    return tally


def filters_of(options: argparse.Namespace) -> dict[str, str]:
    """Read which quarantined events are meant; raises MalformedMoment."""
    given = {name: value for name in FILTERS if (value := getattr(options, name))}
    if "since" in given:
        given["since"] = written(read_moment("--since", given["since"]))
    return given


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = parser_of("make redrive ARGS=…", __doc__)
    parser.add_argument("what", nargs="?", default=QUEUES, choices=(QUEUES, QUARANTINE))
    parser.add_argument("--reason", help="only quarantined for it, such as UNKNOWN_TYPE")
    parser.add_argument("--type", help="only quarantined events of this type")
    parser.add_argument("--since", help="only quarantined since this date or moment")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

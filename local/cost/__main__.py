"""Prints what an environment would cost a month: python -m local.cost ENV [Name=Value ...]."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, get_args

from samtranslator.yaml_helper import yaml_parse

from local.cost.assumptions import assumptions
from local.cost.prices import Prices, prices_of
from local.cost.report import Pricing, report, tables
from local.cost.system import System, system_of
from local.cost.template import Template
from local.cost.traffic import ZERO, Entrance, Traffic
from local.parameters import Refused, chosen, environment, pairs

ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / "statemachine/prepare_batch.asl.json"
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->\n"


def main(arguments: Sequence[str], today: date | None = None) -> int:
    """Print the report, or write its tables into a document; returns the exit status."""
    options = _parser().parse_intermixed_args(arguments)
    try:
        priced = pricing(options.environment, pairs(options.parameters), options)
    except Refused as fault:
        print(fault, file=sys.stderr)
        return 2
    if options.document:
        _write(options.document, tables(priced))
    else:
        print(report(priced), end="")
    if priced.prices.is_old(today or datetime.now(UTC).date()):
        print(_aged(priced.prices), file=sys.stderr)
    return 0


def pricing(env: str, overrides: Mapping[str, str], options: argparse.Namespace) -> Pricing:
    """Gather what a report needs; raises Refused for what cannot be priced."""
    document = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
    workflow = json.loads(WORKFLOW.read_text(encoding="utf-8"))
    config = (ROOT / "samconfig.toml").read_text(encoding="utf-8")
    of_environment = environment(config, env)
    declared = document["Parameters"]
    parameters = chosen(declared, of_environment.overrides, overrides)

    def system(changed: Mapping[str, str]) -> System:
        values = chosen(declared, of_environment.overrides, overrides, changed)
        return system_of(Template(document, values), workflow)

    prices = prices_of(options.region or of_environment.region)
    return Pricing(env, parameters, system, traffic_of(options), assumptions(), prices)


def traffic_of(options: argparse.Namespace) -> Traffic:
    """Read what is stated about the traffic; requests come with the report's columns."""
    return Traffic(
        requests=ZERO,
        events=options.events_per_second,
        event_bytes=options.bytes_per_event,
        events_per_delivery=options.events_per_delivery,
        entrance=options.entrance,
        questions=options.questions,
        answer_bytes=options.bytes_per_answer,
        months=options.months,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make cost", description=__doc__)
    parser.add_argument("environment", help="an environment of samconfig.toml: dev or prod")
    parser.add_argument("parameters", nargs="*", metavar="Name=Value", help="override a parameter")
    entrances = get_args(Entrance)
    parser.add_argument("--entrance", choices=entrances, default="request", help="how events come")
    parser.add_argument("--region", help="instead of the environment's")
    parser.add_argument("--document", type=Path, help="write the tables between its marks instead")
    for name, default, least, about in (
        ("--events-per-second", "10", 0, "events that come in"),
        ("--bytes-per-event", "350", 1, "their size; the sample's mean by default"),
        ("--events-per-delivery", "10", 1, "events in one request, webhook or object"),
        ("--questions", "50", 1, "different questions that are asked"),
        ("--bytes-per-answer", "2000", 0, "size of an answer as sent, compressed"),
        ("--months", "12", 0, "for how long data have been gathered"),
    ):
        kind = _number(least)
        parser.add_argument(
            name, type=kind, default=default, metavar="N", help=f"{about} ({default})"
        )
    return parser


def _number(least: int) -> Any:
    def number(text: str) -> Decimal:
        try:
            value = Decimal(text)
        except InvalidOperation:
            value = Decimal("NaN")
        if not (value.is_finite() and value >= least):
            raise argparse.ArgumentTypeError(f"{text} is no number from {least}")
        return value

    return number


def _write(document: Path, text: str) -> None:
    before, _, rest = document.read_text(encoding="utf-8").partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        sys.exit(f"{document} has no marks {BEGIN.strip()} and {END.strip()}")
    document.write_text(f"{before}{BEGIN}{text}\n{END}{after}", encoding="utf-8")


def _aged(prices: Prices) -> str:
    return f"Warning: the prices were looked up on {prices.checked}, more than a year ago."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

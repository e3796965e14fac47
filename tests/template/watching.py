"""Alarms and the dashboard as data: what they watch, where they stand, whom they tell."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.template.metrics import Metric

RUNBOOK = Path(__file__).parents[2] / "docs/runbook.md"
METRIC_ALARM, COMPOSITE = "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"

Properties = Mapping[str, Any]
Widget = dict[str, Any]


def of_type(resources: Mapping[str, Any], *kinds: str) -> dict[str, Properties]:
    return {name: one["Properties"] for name, one in resources.items() if one["Type"] in kinds}


def spelled(value: Any) -> str:
    """Write a reference as Fn::Sub writes it; text stays as it is."""
    match value:
        case {"Ref": name}:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"${{{name}.{attribute}}}"
        case {"Fn::GetAtt": str(place)}:
            return f"${{{place}}}"
    return str(value)


def metrics_of(alarm: Properties) -> Iterator[tuple[Metric, int]]:
    """Yield what a metric alarm watches, with the period in seconds."""
    stats = [part["MetricStat"] for part in alarm.get("Metrics", ()) if "MetricStat" in part]
    for stat in stats or [{"Metric": alarm, "Period": alarm["Period"]}]:
        metric = stat["Metric"]
        dimensions = {one["Name"]: spelled(one["Value"]) for one in metric["Dimensions"]}
        yield Metric(metric["Namespace"], metric["MetricName"], dimensions), stat["Period"]


def members_of(composite: Properties) -> list[str]:
    """Name the alarms that a composite is made of."""
    return re.findall(r'ALARM\("\$\{(\w+)\}"\)', composite["AlarmRule"]["Fn::Sub"])


def anchors() -> list[str]:
    """List the anchors of the runbook's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE)
    return [re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings]


def kebab(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def widgets_of(template: Mapping[str, Any]) -> list[Widget]:
    """Read the dashboard's body; references in it stay as Fn::Sub has them."""
    body, variables = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    limit = str(template["Parameters"]["UsageLimitRpuHours"]["Default"])
    optional = variables["CostAlarm"]["Fn::If"][1]["Fn::Sub"]
    text = body.replace("${CostAlarm}", optional).replace("${UsageLimitRpuHours}", limit)
    widgets: list[Widget] = json.loads(text)["widgets"]
    return widgets


def metrics_in(widget: Widget) -> Iterator[Metric]:
    """Yield what a chart shows, without its expressions."""
    for row in widget["properties"].get("metrics", ()):
        texts = [part for part in row if isinstance(part, str)]
        if texts:
            namespace, name, *pairs = texts
            yield Metric(namespace, name, dict(zip(pairs[::2], pairs[1::2], strict=True)))

"""The stack's alarms: their state, since when, what changed last, and what the runbook is called."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from local.operations.runbook import runbook
from local.resources import ALARMS, Resources

# How the template ends an alarm's description.
SECTION = re.compile(r";?\s*see (docs/runbook\.md#[\w-]+)\.?\s*$")
URGENCY = {"ALARM": 0, "INSUFFICIENT_DATA": 1, "OK": 2}
CHANGES = 20
KINDS = ["MetricAlarm", "CompositeAlarm"]

Alarm = dict[str, Any]


def read_alarms(cloudwatch: Any, resources: Resources) -> dict[str, list[Alarm]]:
    """Ask for the alarms of the stack and for their last changes of state."""
    ours = {physical: logical for logical, physical in resources.of_kind(*ALARMS).items()}
    pages = cloudwatch.get_paginator("describe_alarms").paginate(AlarmTypes=KINDS)
    found = [alarm for page in pages for kind in ("MetricAlarms", "CompositeAlarms")
             for alarm in page.get(kind, [])]  # fmt: skip
    history = cloudwatch.describe_alarm_history(
        AlarmTypes=KINDS, HistoryItemType="StateUpdate", MaxRecords=100,
        ScanBy="TimestampDescending",
    )  # fmt: skip
    return {
        "alarms": shape_alarms(found, ours),
        "changes": shape_changes(history["AlarmHistoryItems"], ours),
    }


def shape_alarms(alarms: Iterable[Mapping[str, Any]], ours: Mapping[str, str]) -> list[Alarm]:
    """Shape the alarms in `ours` (names to logical ids): firing ones first, the newest of them."""
    shaped = [_shape(alarm, ours) for alarm in alarms if alarm["AlarmName"] in ours]
    shaped.sort(key=lambda alarm: alarm["name"])
    shaped.sort(key=lambda alarm: alarm["since"] or 0, reverse=True)
    return sorted(shaped, key=lambda alarm: URGENCY.get(alarm["state"], 1))


def shape_changes(items: Iterable[Mapping[str, Any]], ours: Mapping[str, str]) -> list[Alarm]:
    """Shape the newest changes of state of the alarms in `ours`."""
    known = [item for item in items if item["AlarmName"] in ours]
    newest = sorted(known, key=lambda item: item["Timestamp"], reverse=True)[:CHANGES]
    return [
        {
            "name": ours[item["AlarmName"]],
            "at": item["Timestamp"].timestamp() * 1000,
            "summary": item.get("HistorySummary", ""),
        }
        for item in newest
    ]


def _shape(alarm: Mapping[str, Any], ours: Mapping[str, str]) -> Alarm:
    symptom, section = read_description(alarm.get("AlarmDescription", ""))
    # A composite alarm has no metric, and the newer of the two moments is the one of the state.
    since = alarm.get("StateTransitionedTimestamp") or alarm.get("StateUpdatedTimestamp")
    return {
        "name": ours[alarm["AlarmName"]],
        "symptom": symptom,
        "runbook": section,
        "advice": runbook().get(section.rpartition("#")[2], ""),
        "state": alarm["StateValue"],
        "reason": alarm.get("StateReason", ""),
        "since": since.timestamp() * 1000 if since else None,
        "tells": bool(alarm.get("ActionsEnabled", True) and alarm.get("AlarmActions")),
        "composed": "AlarmRule" in alarm,
    }


def read_description(description: str) -> tuple[str, str]:
    """Split a description into the symptom and the runbook's section, which may be empty."""
    found = SECTION.search(description)
    return (description[: found.start()], found[1]) if found else (description, "")

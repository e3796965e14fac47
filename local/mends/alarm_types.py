"""A stack may hold alarms on metric math, and composite alarms.

CloudFormation makes AWS::CloudWatch::Alarm with `Metrics` and AWS::CloudWatch::CompositeAlarm. Stock
ministack fails at the first and refuses a template with the second as having an unrecognised
resource type.
"""

import json
from typing import Any

from ministack.services import cloudwatch
from ministack.services.cloudformation import provisioners

from local.mends.alarm_clock import complete
from local.mends.seams import resource_type, seam
from local.monitoring.alarm import read_alarm

_COMPOSITE = "AWS::CloudWatch::CompositeAlarm"
_NUMBERS = ("Period", "Threshold", "EvaluationPeriods", "DatapointsToAlarm")
_BAD_REQUEST = 400

_handlers = seam(__name__, provisioners, "_RESOURCE_HANDLERS")
_record = seam(__name__, provisioners, "_cw_metric_alarm_record")
_physical_name = seam(__name__, provisioners, "_physical_name")
_put_composite = seam(__name__, cloudwatch, "_put_composite_alarm")
_delete_alarms = seam(__name__, cloudwatch, "_delete_alarms")
_composites = seam(__name__, cloudwatch, "_composite_alarms")
resource_type(__name__, _handlers, "AWS::CloudWatch::Alarm")

Properties = dict[str, Any]


def apply() -> None:
    """Keep metrics in the record of an alarm, and make the other type known."""
    provisioners._cw_metric_alarm_record = _record_alarm
    _handlers[_COMPOSITE] = {
        "create": _create,
        "update": lambda name, _old, new, stack, logical_id=None: _create(
            logical_id or name, new, stack
        ),
        "update_with_logical_id": True,
        "delete": lambda name, _properties: _delete(name),
    }


def _record_alarm(name: str, properties: Properties) -> Any:
    """Have stock make its record of a metric that is never read, where there are several."""
    told: Properties = {k: float(v) if k in _NUMBERS else v for k, v in properties.items()}
    if told.get("Metrics"):
        told["Metrics"] = [_with_numbers(one) for one in told["Metrics"]]
        alarm = _record(name, {**told, "Metrics": None, "MetricName": "-", "Namespace": "-"})
    else:
        alarm = _record(name, told)
    read_alarm(told)
    complete(alarm, told)
    return alarm


def _with_numbers(query: Properties) -> Properties:
    """Make booleans and numbers of what a template may have as text."""
    read = {**query, "ReturnData": str(query.get("ReturnData", True)).lower() != "false"}
    if stat := query.get("MetricStat"):
        read["MetricStat"] = {**stat, "Period": int(stat["Period"])}
    return read


def _create(logical_id: str, properties: Properties, stack: str) -> Any:
    """Put the alarm; CloudFormation itself deletes the one of another name that it replaces."""
    name = properties.get("AlarmName") or _physical_name(stack, logical_id, max_len=255)
    return _put(name, properties)


def _put(name: str, properties: Properties) -> Any:
    enabled = str(properties.get("ActionsEnabled", True)).lower() != "false"
    request = {**properties, "AlarmName": name, "ActionsEnabled": enabled}
    _check(_put_composite({}, request, is_cbor=False, is_json=True))
    return name, {"Arn": _composites[name]["AlarmArn"]}


def _delete(name: str) -> None:
    _check(_delete_alarms({}, {"AlarmNames": [name]}, is_cbor=False, is_json=True))


def _check(answer: tuple[int, Any, bytes]) -> None:
    status, _, body = answer
    if status >= _BAD_REQUEST:
        message = f"{_COMPOSITE}: {json.loads(body)['message']}"
        raise ValueError(message)

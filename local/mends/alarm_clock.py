"""Metric alarms are evaluated each minute, by all that PutMetricAlarm says of them.

AWS looks at dimensions, periods, DatapointsToAlarm, TreatMissingData and metric math, and brings an
alarm to ALARM and back; what SetAlarmState says lasts until the next evaluation. Stock ministack
evaluates only when PutMetricData is called, by the sum over all dimensions, never back to OK without
new data, and drops `Metrics`.

Chosen here: a period of several minutes slides by a minute. Alarms that EC2 and Auto Scaling act on
do nothing, nor do those on anomalies, which are refused. The history keeps 1,000 entries.
"""

import json
import time
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import cloudwatch

from local.mends.metric_store import store
from local.mends.seams import seam
from local.monitoring.alarm import MetricAlarm, read_alarm
from local.monitoring.clock import CLOCK
from local.monitoring.datapoints import UnknownStatistic
from local.monitoring.deciding import Points, reason, recent
from local.monitoring.expressions import InvalidExpression
from local.monitoring.queries import InvalidQuery

REFUSALS = (InvalidQuery, InvalidExpression, UnknownStatistic)

_MOST_ENTRIES = 1_000
_OF_ONE_METRIC = (
    "MetricName",
    "Namespace",
    "Statistic",
    "ExtendedStatistic",
    "Period",
    "Dimensions",
)
_BAD_REQUEST = 400

_alarms = seam(__name__, cloudwatch, "_alarms")
_put = seam(__name__, cloudwatch, "_put_metric_alarm")
_error = seam(__name__, cloudwatch, "_error")
_history = seam(__name__, cloudwatch, "_history_entries")
_record_history = seam(__name__, cloudwatch, "_record_history")
_act = seam(__name__, cloudwatch, "_dispatch_alarm_actions")
_evaluate_parents = seam(__name__, cloudwatch, "_evaluate_parent_alarms")
seam(__name__, cloudwatch, "_evaluate_alarm")

Alarm = dict[str, Any]


def apply() -> None:
    """Take over evaluation, and keep what stock drops of an alarm."""
    cloudwatch._evaluate_alarm = lambda _alarm: None  # its minute will come
    cloudwatch._put_metric_alarm = _put_alarm
    cloudwatch._record_history = _record_bounded
    CLOCK.evaluators.append(_evaluate_all)
    CLOCK.start()


def complete(alarm: Alarm, told: dict[str, Any]) -> None:
    """Put into stock's record of an alarm what it leaves out of the request."""
    if few := told.get("EvaluateLowSampleCountPercentile"):
        alarm["EvaluateLowSampleCountPercentile"] = few
    if told.get("ExtendedStatistic"):
        alarm.pop("Statistic", None)
    if told.get("Metrics"):
        for name in _OF_ONE_METRIC:
            alarm.pop(name, None)
        alarm["Metrics"] = told["Metrics"]


def _put_alarm(parameters: Any, request: Any, *protocol: bool) -> Any:
    is_cbor, is_json = protocol
    if not any(protocol):
        return _error("InvalidAction", "not emulated locally in the Query protocol", 400)
    try:
        read_alarm(request)
    except REFUSALS as error:
        code, how = "ValidationError", {"use_json": is_json, "use_cbor": is_cbor}
        return _error(code, str(error), _BAD_REQUEST, **how)
    answer = _put(parameters, request, *protocol)
    if answer[0] < _BAD_REQUEST:
        complete(_alarms[request["AlarmName"]], request)
    return answer


def _record_bounded(*change: Any, **more: Any) -> None:
    _record_history(*change, **more)
    del _history()[:-_MOST_ENTRIES]


def _evaluate_all(end: float) -> None:
    for (account, region, _), alarm in _alarms.all_items():
        with request_scope(account, region):
            _evaluate(alarm, end)


def _evaluate(alarm: Alarm, end: float) -> None:
    try:
        read = read_alarm(alarm)
        points = read.points(store(), CLOCK, end)
    except REFUSALS as error:
        alarm["EvaluationState"] = "EVALUATION_ERROR"
        alarm["StateReason"] = str(error)
        return
    state = read.state(store(), CLOCK, end, points)
    if state is not None and state != alarm["StateValue"]:
        _move(alarm, read, points, state)


def _move(alarm: Alarm, read: MetricAlarm, points: Points, state: str) -> None:
    old, now = alarm["StateValue"], time.time()
    why = reason(read.rule, points, old, state)
    data = _reason_data(alarm, read, points)
    alarm["StateValue"] = state
    alarm["StateReason"] = why
    alarm["StateReasonData"] = json.dumps(data)
    alarm["StateUpdatedTimestamp"] = alarm["StateTransitionedTimestamp"] = int(now)
    cloudwatch._record_history(alarm["AlarmName"], old, state, why, "MetricAlarm", data)
    _act(alarm, old, state, why)
    _evaluate_parents(alarm)


def _reason_data(alarm: Alarm, read: MetricAlarm, points: Points) -> dict[str, Any]:
    latest = recent(read.rule, points)
    return {
        "version": "1.0",
        "queryDate": time.strftime("%Y-%m-%dT%H:%M:%S.000+0000", time.gmtime()),
        "statistic": alarm.get("ExtendedStatistic") or alarm.get("Statistic"),
        "period": int(read.period),
        "recentDatapoints": [value for _, value in latest],
        "threshold": read.rule.threshold,
    }

"""What tests read from CloudWatch of one cloud."""

from datetime import UTC, datetime, timedelta
from typing import Any

from local.cloud import LocalCloud

_LONG = timedelta(hours=1)


def total(
    cloud: LocalCloud, metric: str, statistic: str = "Sum", /, **dimensions: str
) -> float | None:
    """A statistic of the last hour of `Namespace:Metric`; None where there is no data."""
    namespace, _, name = metric.partition(":")
    now = datetime.now(UTC)
    points = cloud.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - _LONG,
        EndTime=now + _LONG,
        Period=7200,
        Statistics=[statistic],
    )["Datapoints"]
    gather = sum if statistic in {"Sum", "SampleCount"} else max
    return gather(float(point[statistic]) for point in points) if points else None


def computed(cloud: LocalCloud, *queries: dict[str, Any]) -> list[dict[str, Any]]:
    """Answers of GetMetricData for the last hour."""
    now = datetime.now(UTC)
    answer = cloud.client("cloudwatch").get_metric_data(
        MetricDataQueries=list(queries), StartTime=now - _LONG, EndTime=now + _LONG
    )
    return list(answer["MetricDataResults"])


def query(name: str, metric: str, statistic: str = "Sum", **more: Any) -> dict[str, Any]:
    """One query for GetMetricData or an alarm, of a metric of namespace Probe."""
    about = {"Namespace": "Probe", "MetricName": metric}
    return {"Id": name, "MetricStat": {"Metric": about, "Period": 60, "Stat": statistic}, **more}


def put(cloud: LocalCloud, values: dict[str, float], **dimensions: str) -> None:
    """Put values of metrics of namespace Probe, all of the same moment."""
    now = datetime.now(UTC)
    named = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    data = [
        {"MetricName": name, "Value": value, "Dimensions": named, "Timestamp": now}
        for name, value in values.items()
    ]
    cloud.client("cloudwatch").put_metric_data(Namespace="Probe", MetricData=data)

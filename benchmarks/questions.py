"""What people ask of a year of arrivals: parameters of GET /v1/metrics/flight.arrived."""

BY_DAY = {"interval": "day", "timezone": "America/New_York"}
MEAN = {"measure": "arr_delay", "stat": "avg"}
QUESTIONS = {
    "mean delay by day in New York": {**MEAN, **BY_DAY},
    "mean delay by month and origin": {**MEAN, "interval": "month", "group_by": "origin"},
    "mean delay by day and airline": {**MEAN, **BY_DAY, "group_by": "airline", "limit": "10000"},
    "p95 by month and carrier": {
        "measure": "arr_delay", "stat": "p95", "interval": "month", "group_by": "carrier",
    },
    "arrivals by airline": {"group_by": "airline"},
    "worst routes": {**MEAN, "group_by": "route", "order": "-value", "limit": "10"},
}  # fmt: skip
# Sums, which rollups shrink; percentiles need every value.
ADDITIVE = [name for name, asked in QUESTIONS.items() if asked.get("stat") != "p95"]

"""Sampling rules and groups, as CloudFormation makes them and X-Ray tells them.

The rules are kept and told; the local cloud itself records every request.
"""

import time
from typing import Any

_DEFAULT = {
    "RuleName": "Default", "ResourceARN": "*", "Priority": 10_000, "FixedRate": 0.05,
    "ReservoirSize": 1, "ServiceName": "*", "ServiceType": "*", "Host": "*", "HTTPMethod": "*",
    "URLPath": "*", "Version": 1, "Attributes": {},
}  # fmt: skip
_INTEGERS = ("Priority", "ReservoirSize", "Version")
_TARGET_SECONDS = 10


class Registry:
    """The rules and groups of one local cloud, by their ARN."""

    def __init__(self) -> None:
        now = time.time()
        record = {"SamplingRule": _DEFAULT, "CreatedAt": now, "ModifiedAt": now}
        self._rules: dict[str, dict[str, Any]] = {"": record}
        self._groups: dict[str, dict[str, Any]] = {}

    def put_rule(self, arn: str, properties: dict[str, Any]) -> None:
        """Create or change a rule; numbers may be texts, as parameters make them."""
        now = time.time()
        created = self._rules.get(arn, {}).get("CreatedAt", now)
        rule = {**properties, "RuleARN": arn}
        rule |= {name: int(rule[name]) for name in _INTEGERS if name in rule}
        rule["FixedRate"] = float(rule["FixedRate"])
        self._rules[arn] = {"SamplingRule": rule, "CreatedAt": created, "ModifiedAt": now}

    def put_group(self, arn: str, properties: dict[str, Any]) -> None:
        """Create or change a group."""
        self._groups[arn] = {**properties, "GroupARN": arn}

    def remove(self, arn: str) -> None:
        """Forget a rule or a group."""
        self._rules.pop(arn, None)
        self._groups.pop(arn, None)

    def rules(self) -> list[dict[str, Any]]:
        """List the SamplingRuleRecords, the first that counts first."""
        return sorted(self._rules.values(), key=lambda record: record["SamplingRule"]["Priority"])

    def groups(self) -> list[dict[str, Any]]:
        """List the groups."""
        return list(self._groups.values())

    def targets(self, statistics: list[dict[str, Any]]) -> dict[str, Any]:
        """Answer GetSamplingTargets: each rule's reservoir whole, there is one sampler here."""
        known = {record["SamplingRule"]["RuleName"]: record for record in self.rules()}
        asked = [document["RuleName"] for document in statistics]
        return {
            "SamplingTargetDocuments": [
                _target(known[name]["SamplingRule"]) for name in asked if name in known
            ],
            "LastRuleModification": max(record["ModifiedAt"] for record in known.values()),
            "UnprocessedStatistics": [
                {"RuleName": name, "ErrorCode": "404", "Message": "There is no such rule."}
                for name in asked
                if name not in known
            ],
        }


def _target(rule: dict[str, Any]) -> dict[str, Any]:
    return {
        "RuleName": rule["RuleName"],
        "FixedRate": rule["FixedRate"],
        "ReservoirQuota": rule["ReservoirSize"],
        "ReservoirQuotaTTL": time.time() + _TARGET_SECONDS,
        "Interval": _TARGET_SECONDS,
    }
